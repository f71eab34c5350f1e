#include "tegula/outputs/zarr_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>

#include "tegula/core/executor.h"
#include "tegula/core/folders.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

using zarr::Compressor;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Small whole numbers, so that every type holds them; 0 and 1 for bool.
Tensor RandomTensor(DType dtype, const Shape& shape, std::uint32_t seed) {
  std::mt19937 random(seed);
  Tensor numbers = Tensor::Allocate(DType::kU8, shape).value();
  for (std::uint8_t& value : numbers.values<std::uint8_t>())
    value = static_cast<std::uint8_t>(random() % (dtype == DType::kBool ? 2 : 100));
  Tensor tensor = Tensor::Allocate(dtype, shape).value();
  ConvertCopy(numbers.view(), tensor.view());
  return tensor;
}

bool SameBytes(const ConstView& a, const ConstView& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.elements() * DTypeSize(a.dtype()))) == 0;
}

ConstView BoxOf(ConstView view, const Shape& begin, const Shape& size) {
  for (int axis = 0; axis < begin.rank(); ++axis) view = view.Slice(axis, begin[axis], size[axis]);
  return view;
}

StoreOptions ImageOptions() {
  StoreOptions options;
  options.name = "nuclei \"probability\"";
  options.axes = {{.name = 'c', .size = 2, .chunk = 1},
                  {.name = 'y', .size = 1100, .chunk = 64, .step = 0.25, .origin = 3.125},
                  {.name = 'x', .size = 70, .chunk = 48, .step = 0.26}};
  options.channels = {{.name = "background", .colour = {1, 2, 250}},
                      {.name = "κύτταρο", .colour = kPalette[0], .min = -1, .max = 2, .start = 0.1, .end = 0.9}};
  return options;
}

constexpr Compressor kCompressors[] = {Compressor::kNone, Compressor::kBloscLz4, Compressor::kBloscZstd,
                                       Compressor::kZstd, Compressor::kGzip};

class Store : public ::testing::Test {
 protected:
  // A small store of 3 x 4 chunks with all pixels written.
  ChunkStore Small(DType dtype = DType::kF32) {
    StoreOptions options;
    options.name = "small";
    options.axes = {{.name = 'y', .size = 20, .chunk = 8}, {.name = 'x', .size = 30, .chunk = 8}};
    options.dtype = dtype;
    ChunkStore store = ChunkStore::Create(At("small"), options).value();
    pixels_ = RandomTensor(dtype, store.LevelShape(0), 3);
    EXPECT_TRUE(store.WriteBox(0, {0, 0}, pixels_.view()).ok());
    return store;
  }
  Path At(const std::string& name) const { return folder_.path() / name; }
  std::string Content(const std::string& name) const { return ReadFile(At(name), 1 << 20).value(); }
  void Overwrite(const std::string& name, const std::string& content) const {
    ASSERT_TRUE(WriteFileWhole(At(name), content).ok());
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Tensor pixels_;
};

TEST_F(Store, OptionsAreReadBackAsTheyWereWritten) {
  int number = 0;
  for (const ZarrFormat format : {ZarrFormat::k2, ZarrFormat::k3})
    for (const Compressor compressor : kCompressors) {
      for (const Reduction reduction : {Reduction::kMean, Reduction::kNanMean, Reduction::kMode, Reduction::kNearest}) {
        StoreOptions options = ImageOptions();
        options.format = format;
        options.coding.encoding = {compressor, zarr::LevelsOf(compressor).most};
        options.reduction = reduction;
        options.fill = -std::numeric_limits<double>::infinity();
        if (reduction == Reduction::kMean) options.scale = StoredScale{0.25, -3};
        if (format == ZarrFormat::k3 && reduction == Reduction::kNearest)
          options.axes[1].shard = 3, options.coding.filter = Filter::kDifferences;
        const Path folder = At(std::to_string(number++));
        const ChunkStore written = ChunkStore::Create(folder, options).value();
        options.levels = 3;
        EXPECT_EQ(written.options(), options);
        EXPECT_EQ(ChunkStore::Open(folder).value().options(), options);
      }
    }
}

TEST_F(Store, LabelsAndTheirClassesAreReadBack) {
  for (const ZarrFormat format : {ZarrFormat::k2, ZarrFormat::k3}) {
    StoreOptions options = ImageOptions();
    options.format = format;
    options.channels.clear();
    options.dtype = DType::kU16;
    options.is_label = true;
    options.classes = {{"background", {0, 0, 0}}, {"κύτταρο", {255, 1, 2}}};
    const Path folder = At(format == ZarrFormat::k2 ? "labels2" : "labels3");
    const ChunkStore written = ChunkStore::Create(folder, options).value();
    EXPECT_EQ(ChunkStore::Open(folder).value().options(), written.options());
  }
}

TEST_F(Store, LevelsAreHalvedRoundedUpUntilTheLongerEdgeHas512Pixels) {
  const ChunkStore store = ChunkStore::Create(At("a"), ImageOptions()).value();
  ASSERT_EQ(store.levels(), 3);
  EXPECT_EQ(store.LevelShape(1), (Shape{2, 550, 35}));
  EXPECT_EQ(store.LevelShape(2), (Shape{2, 275, 18}));
  EXPECT_EQ(store.Grid(0), (Shape{2, 18, 2}));
  EXPECT_EQ(store.ChunkExtent(0, {1, 17, 1}), (Shape{1, 12, 22}));
}

TEST_F(Store, PixelsOfAnyTypeAreReadBack) {
  for (const DType dtype : {DType::kBool, DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kU32, DType::kI32,
                            DType::kU64, DType::kI64, DType::kF16, DType::kF32, DType::kF64}) {
    StoreOptions options;
    options.axes = {{.name = 't', .size = 2, .chunk = 2},
                    {.name = 'c', .size = 3, .chunk = 2},
                    {.name = 'z', .size = 2, .chunk = 1},
                    {.name = 'y', .size = 17, .chunk = 8},
                    {.name = 'x', .size = 9, .chunk = 16}};
    options.dtype = dtype;
    const Path folder = At(std::string(DTypeName(dtype)));
    const ChunkStore store = ChunkStore::Create(folder, options).value();
    const Tensor pixels = RandomTensor(dtype, store.LevelShape(0), 1);
    ASSERT_TRUE(store.WriteBox(0, {0, 0, 0, 0, 0}, pixels.view()).ok());

    const ChunkStore reopened = ChunkStore::Open(folder).value();
    Tensor back = Tensor::Allocate(dtype, pixels.shape()).value();
    ASSERT_TRUE(reopened.ReadBox(0, {0, 0, 0, 0, 0}, back.view()).ok());
    EXPECT_TRUE(SameBytes(back.view(), pixels.view())) << DTypeName(dtype);
  }
}

TEST_F(Store, AnyBoxIsReadAndConverted) {
  const ChunkStore store = Small(DType::kU16);
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    Shape begin{0, 0}, size{0, 0};
    for (int axis = 0; axis < 2; ++axis) {
      const std::int64_t all = store.LevelShape(0)[axis];
      begin[axis] = std::uniform_int_distribution<std::int64_t>(0, all - 1)(random);
      size[axis] = std::uniform_int_distribution<std::int64_t>(1, all - begin[axis])(random);
    }
    Tensor box = Tensor::Allocate(DType::kF32, size).value(), expected = Tensor::Allocate(DType::kF32, size).value();
    ASSERT_TRUE(store.ReadBox(0, begin, box.view()).ok());
    ConvertCopy(BoxOf(pixels_.view(), begin, size), expected.view());
    EXPECT_TRUE(SameBytes(box.view(), expected.view()));
  }
}

TEST_F(Store, MissingChunksAreTheFillValue) {
  StoreOptions options = ImageOptions();
  options.fill = kNan;
  const ChunkStore store = ChunkStore::Create(At("a"), options).value();
  EXPECT_FALSE(store.HasChunk(0, {0, 0, 0}));
  const Tensor chunk = store.ReadChunk(0, {0, 0, 0}).value();
  EXPECT_TRUE(std::ranges::all_of(chunk.values<float>(), [](float v) { return std::isnan(v); }));

  const Tensor pixels = RandomTensor(DType::kF32, {1, 64, 48}, 1);
  ASSERT_TRUE(store.WriteChunk(0, {0, 0, 0}, pixels.view()).ok());
  EXPECT_TRUE(store.HasChunk(0, {0, 0, 0}));
  EXPECT_TRUE(SameBytes(store.ReadChunk(0, {0, 0, 0}).value().view(), pixels.view()));
}

TEST_F(Store, ChunksAtTheFarEdgesAreStoredWhole) {
  const ChunkStore store = Small();
  const std::string file = Content("small/0/c/2/3");
  std::uint32_t unpacked = 0;
  std::memcpy(&unpacked, file.data() + 4, sizeof(unpacked));  // Blosc's header
  EXPECT_EQ(unpacked, 8 * 8 * sizeof(float));
  EXPECT_EQ(store.ReadChunk(0, {2, 3}).value().shape(), (Shape{4, 6}));
}

TEST_F(Store, HoldsTheSameBytesWhateverTheOrderOfWorkersIs) {
  StoreOptions options = ImageOptions();
  std::vector<std::string> folders = {"serial", "threads", "shuffled"};
  const SerialExecutor serial;
  const auto threads = NewThreadExecutor(4);
  const testing::ShuffledExecutor shuffled(7, 3);
  const Executor* executors[] = {&serial, threads.get(), &shuffled};
  const Tensor pixels = RandomTensor(DType::kF32, {2, 1100, 70}, 9);
  for (std::size_t i = 0; i < 3; ++i) {
    const ChunkStore store = ChunkStore::Create(At(folders[i]), options).value();
    ASSERT_TRUE(ForEach(*executors[i], store.ChunkCount(0), {}, [&](std::int64_t number, int) {
                  const Shape index = store.ChunkIndex(0, number);
                  return store.WriteChunk(0, index,
                                          BoxOf(pixels.view(), store.ChunkBegin(index), store.ChunkExtent(0, index)));
                }).ok());
  }
  for (int c = 0; c < 2; ++c)
    for (int y = 0; y < 18; ++y)
      for (int x = 0; x < 2; ++x) {
        const std::string chunk = "/0/c/" + std::to_string(c) + "/" + std::to_string(y) + "/" + std::to_string(x);
        EXPECT_EQ(Content("serial" + chunk), Content("threads" + chunk));
        EXPECT_EQ(Content("serial" + chunk), Content("shuffled" + chunk));
      }
}

TEST_F(Store, ChunksGoIntoTheirShardsAndAreReadFromThere) {
  StoreOptions options;
  options.axes = {{.name = 'c', .size = 2, .chunk = 1},
                  {.name = 'y', .size = 50, .chunk = 8, .shard = 3},
                  {.name = 'x', .size = 30, .chunk = 8, .shard = 2}};
  options.levels = 1;
  const ChunkStore store = ChunkStore::Create(At("sharded"), options).value();
  const Tensor pixels = RandomTensor(DType::kF32, store.LevelShape(0), 5);
  ASSERT_TRUE(store.WriteBox(0, {0, 0, 0}, pixels.view()).ok());
  std::filesystem::remove(At("sharded/0/.chunks/1/2/2"));  // a chunk that is missing
  const auto expect_pixels = [&](const ChunkStore& from) {
    EXPECT_FALSE(from.HasChunk(0, {1, 2, 2}));
    EXPECT_TRUE(from.HasChunk(0, {1, 2, 1}));
    for (std::int64_t number = 0; number < from.ChunkCount(0); ++number) {
      const Shape index = from.ChunkIndex(0, number);
      if (index == Shape{1, 2, 2}) continue;
      Tensor expected = Tensor::Allocate(DType::kF32, from.ChunkExtent(0, index)).value();
      ConvertCopy(BoxOf(pixels.view(), from.ChunkBegin(index), expected.shape()), expected.view());
      ASSERT_TRUE(SameBytes(from.ReadChunk(0, index).value().view(), std::as_const(expected).view()));
    }
  };
  expect_pixels(store);
  SilentProgress silent;
  const auto threads = NewThreadExecutor(3);
  ASSERT_TRUE(store.FinishShards({.executor = *threads, .progress = silent}).ok());
  EXPECT_FALSE(std::filesystem::exists(At("sharded/0/.chunks")));
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(At("sharded/0/c")))
    files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 2 * 3 * 2);
  expect_pixels(ChunkStore::Open(At("sharded")).value());
}

TEST_F(Store, ShardsThatWereCutOffAreFinishedToTheSameBytes) {
  StoreOptions options;
  options.axes = {{.name = 'y', .size = 40, .chunk = 8, .shard = 2}, {.name = 'x', .size = 30, .chunk = 8, .shard = 2}};
  SilentProgress silent;
  std::map<std::string, std::string> bytes[2];
  for (const bool is_cut_off : {false, true}) {
    const std::string name = is_cut_off ? "cut" : "whole";
    const ChunkStore store = ChunkStore::Create(At(name), options).value();
    const Tensor pixels = RandomTensor(DType::kF32, store.LevelShape(0), 5);
    ASSERT_TRUE(store.WriteBox(0, {0, 0}, pixels.view()).ok());
    if (is_cut_off) {  // one shard is there, its chunks are not all gone, the next one is half written
      const ChunkStore other = ChunkStore::Open(At("whole")).value();
      std::filesystem::create_directories(At("cut/0/c/0"));
      std::filesystem::copy_file(At("whole/0/c/0/0"), At("cut/0/c/0/0"));
      std::filesystem::remove(At("cut/0/.chunks/0/0"));
      Overwrite("cut/0/c/0/.1.12.3.partial", "half");
      ASSERT_TRUE(RemoveLeftovers(At(name)).ok());
    }
    ASSERT_TRUE(store.FinishShards({.executor = SerialExecutor(), .progress = silent}).ok());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(At(name)))
      if (entry.is_regular_file())
        bytes[is_cut_off ? 1 : 0][std::filesystem::relative(entry.path(), At(name)).string()] =
            ReadFile(entry.path(), 1 << 20).value();
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST_F(Store, DamagedShardsAreErrors) {
  StoreOptions options;
  options.axes = {{.name = 'y', .size = 16, .chunk = 8, .shard = 2}, {.name = 'x', .size = 16, .chunk = 8, .shard = 2}};
  const ChunkStore store = ChunkStore::Create(At("s"), options).value();
  const Tensor pixels = RandomTensor(DType::kF32, store.LevelShape(0), 5);
  ASSERT_TRUE(store.WriteBox(0, {0, 0}, pixels.view()).ok());
  SilentProgress silent;
  ASSERT_TRUE(store.FinishShards({.executor = SerialExecutor(), .progress = silent}).ok());
  const std::string good = Content("s/0/c/0/0");
  std::string flipped = good;
  flipped[good.size() - 30] ^= 4;  // in the index
  for (const std::string& bad : {good.substr(0, 40), good.substr(1), flipped, std::string()}) {
    Overwrite("s/0/c/0/0", bad);
    EXPECT_EQ(store.ReadChunk(0, {1, 1}).error().code, Code::kCorrupt);
  }
}

TEST_F(Store, ContradictingOptionsAreRefused) {
  const auto code = [&](auto change) {
    StoreOptions options = ImageOptions();
    change(options);
    const auto store = ChunkStore::Create(At("refused"), options);
    return store.ok() ? "accepted" : CodeName(store.error().code);
  };
  EXPECT_EQ(code([](StoreOptions& o) { std::swap(o.axes[1], o.axes[2]); }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[0].name = 'y'; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes.clear(); }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[1].chunk = 0; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[1].size = -1; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[1].size = 1LL << 40; }), "exhausted");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[1].chunk = o.axes[2].chunk = 1 << 16; }), "exhausted");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[1].step = kNan; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.channels.pop_back(); }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.channels[0].max = kNan; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.fill = 0.1; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.dtype = DType::kU8, o.fill = 256; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.dtype = DType::kI64, o.fill = 0x1p63; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.coding.encoding.level = 10; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.levels = 33; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.axes[1].shard = 0; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.format = ZarrFormat::k2, o.axes[1].shard = 2; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.dtype = DType::kF64, o.coding.filter = Filter::kDifferences; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.is_label = true; }), "invalid");
  EXPECT_EQ(code([](StoreOptions& o) { o.scale = StoredScale{0, 1}; }), "invalid");
  EXPECT_EQ(code([](StoreOptions&) {}), "accepted");
  EXPECT_EQ(code([](StoreOptions&) {}), "invalid") << "the folder holds a store now";
}

TEST_F(Store, MetadataThatDiffersIsRefusedWithTheField) {
  Small();
  const std::string group = Content("small/zarr.json"), array = Content("small/0/zarr.json");
  const auto open = [&](const std::string& file, const std::string& text, std::string_view what, std::string_view by) {
    std::string changed = text;
    const std::size_t at = changed.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    changed.replace(at, what.size(), by);
    Overwrite(file, changed);
    const auto store = ChunkStore::Open(At("small"));
    Overwrite(file, text);
    return store.ok() ? std::string("opened")
                      : std::string(CodeName(store.error().code)) + ": " + ToString(store.error());
  };
  const auto says = [](std::string_view code, std::string_view word) {
    return ::testing::AllOf(::testing::StartsWith(std::string(code)), ::testing::HasSubstr(std::string(word)));
  };
  EXPECT_THAT(open("small/zarr.json", group, "\"0.5\"", "\"0.4\""), says("unsupported", "0.5"));
  EXPECT_THAT(open("small/zarr.json", group, "{", "["), says("corrupt", "JSON"));
  EXPECT_THAT(open("small/zarr.json", group, "\"space\"", "\"channel\""), says("unsupported", "axes"));
  EXPECT_THAT(open("small/zarr.json", group, "\"path\": \"0\"", "\"path\": \"../..\""),
              says("unsupported", "datasets"));
  EXPECT_THAT(open("small/zarr.json", group, "\"mean\"", "\"gaussian\""), says("unsupported", "type"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"float32\"", "\"complex64\""), says("unsupported", "data_type"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"float32\"", "\"int16\""), says("unsupported", "codecs"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"regular\"", "\"rectilinear\""), says("unsupported", "chunk_grid"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"/\"", "\".\""), says("unsupported", "chunk_key_encoding"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"little\"", "\"big\""), says("unsupported", "codecs"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"lz4\"", "\"snappy\""), says("unsupported", "codecs"));
  EXPECT_THAT(open("small/0/zarr.json", array, "30", "9007199254740993"), says("exhausted", "axis x"));
  EXPECT_THAT(open("small/0/zarr.json", array, "30", "99999999999999999999"), says("corrupt", "axis x"));
  EXPECT_THAT(open("small/0/zarr.json", array, "30", "-30"), says("corrupt", "axis x"));
  EXPECT_THAT(open("small/0/zarr.json", array, "30", "3.5"), says("corrupt", "axis x"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"attributes\": {}", "\"attributes\": " + std::string(1000000, '[')),
              says("corrupt", "JSON"));
  EXPECT_THAT(open("small/0/zarr.json", array, "\"attributes\": {}",
                   "\"attributes\": " + std::string(100000, '[') + std::string(100000, ']')),
              says("corrupt", "JSON"));
  EXPECT_EQ(open("small/0/zarr.json", array, "\"attributes\": {}", "\"attributes\": {\"of\": \"others\"}"), "opened");
  EXPECT_EQ(ChunkStore::Open(At("nowhere")).error().code, Code::kNotFound);
}

TEST_F(Store, TextCutAnywhereIsAnErrorAndNeverACrash) {
  Small();
  for (const std::string file : {"small/zarr.json", "small/0/zarr.json"}) {
    const std::string text = Content(file);
    for (std::size_t size = 0; size + 2 < text.size(); ++size) {
      Overwrite(file, text.substr(0, size));
      EXPECT_FALSE(ChunkStore::Open(At("small")).ok());
    }
    Overwrite(file, text);
  }
  EXPECT_TRUE(ChunkStore::Open(At("small")).ok());
}

TEST_F(Store, DamagedChunksAreErrorsThatNameTheFile) {
  const ChunkStore store = Small();
  const std::string good = Content("small/0/c/1/2");
  const Tensor pixels = store.ReadChunk(0, {1, 2}).value();
  const auto read = [&](const std::string& content) {
    Overwrite("small/0/c/1/2", content);
    return store.ReadChunk(0, {1, 2});
  };
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto chunk = read(good.substr(0, size));
    ASSERT_FALSE(chunk.ok()) << size;
    EXPECT_EQ(chunk.error().code, Code::kCorrupt);
    EXPECT_THAT(ToString(chunk.error()), ::testing::HasSubstr("small/0/c/1/2"));
  }
  EXPECT_EQ(read(std::string(1 << 20, 'x')).error().code, Code::kCorrupt);
  EXPECT_EQ(read(Content("small/0/zarr.json").substr(0, 200)).error().code, Code::kCorrupt);
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {  // some flips only change pixels; none may do harm
    std::string bad = good;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    const auto chunk = read(bad);
    EXPECT_TRUE(chunk.ok() || chunk.error().code == Code::kCorrupt);
  }
  EXPECT_TRUE(SameBytes(read(good).value().view(), pixels.view()));
}

TEST_F(Store, BytesThatAreNotBoolAreCorrupt) {
  const ChunkStore numbers = Small(DType::kU8);
  StoreOptions options = numbers.options();
  options.dtype = DType::kBool;
  const ChunkStore flags = ChunkStore::Create(At("flags"), options).value();
  ASSERT_TRUE(MakeFolders(At("flags/0/c/0")).ok());
  Overwrite("flags/0/c/0/0", Content("small/0/c/0/0"));
  EXPECT_EQ(flags.ReadChunk(0, {0, 0}).error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace tegula::outputs
