// Writes a report and a few stores into the folder that is named as the only argument, for checks by other software
// (tests/python/check_zarr.py, check_ome_tiff.py) and for the eye.
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "tegula/core/executor.h"
#include "tegula/core/random.h"
#include "tegula/outputs/ome_tiff.h"
#include "tegula/outputs/overlay.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/outputs/report.h"
#include "tegula/outputs/testing/sample_record.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/npy.h"

namespace tegula::outputs {
namespace {

// Blobs on a jittered grid: strength in [0, 1].
double BlobAt(double y, double x) {
  const double pitch = 26;
  double strength = 0;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      const auto row = static_cast<std::int64_t>(std::floor(y / pitch)) + dy,
                 column = static_cast<std::int64_t>(std::floor(x / pitch)) + dx;
      const double cy = (static_cast<double>(row) + UniformAt(1, 0, row, column)) * pitch,
                   cx = (static_cast<double>(column) + UniformAt(2, 0, row, column)) * pitch;
      const double radius = 4 + 6 * UniformAt(3, 0, row, column);
      strength = std::max(strength, 1 / (1 + std::exp(1.5 * (std::hypot(y - cy, x - cx) - radius))));
    }
  return strength;
}

Tensor Probability(std::int64_t height, std::int64_t width) {
  Tensor map = Tensor::Allocate(DType::kF32, {height, width}).value();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      map.values<float>()[static_cast<std::size_t>(y * width + x)] =
          static_cast<float>(BlobAt(static_cast<double>(y), static_cast<double>(x)));
  return map;
}

Tensor Thumbnail(const Tensor& probability) {
  const Shape& shape = probability.shape();
  Tensor picture = Tensor::Allocate(DType::kU8, {shape[0], shape[1], 3}).value();
  for (std::int64_t i = 0; i < probability.elements(); ++i) {
    const double p = static_cast<double>(probability.values<float>()[static_cast<std::size_t>(i)]),
                 grain = UniformAt(9, 0, 0, i) * 14;
    const double rgb[] = {233 - 130 * p - grain, 205 - 140 * p - grain, 222 - 70 * p - grain};
    for (std::int64_t c = 0; c < 3; ++c)
      picture.values<std::uint8_t>()[static_cast<std::size_t>(3 * i + c)] = static_cast<std::uint8_t>(rgb[c]);
  }
  return picture;
}

Status MakeReport(const Path& folder) {
  const Tensor probability = Probability(420, 600);
  const Tensor slide = Thumbnail(probability);
  Tensor with_probability = slide.Clone(), with_outlines = slide.Clone();
  OverlayValues(probability.view(), 0, 1, kPalette[0], 0.7, with_probability.view());
  std::vector<Ring> rings(40);
  for (std::size_t i = 0; i < rings.size(); ++i)
    for (int k = 0; k < 40; ++k) {
      const double angle = k * 0.15708, cy = 30 + 360 * UniformAt(5, 0, 0, static_cast<std::int64_t>(i)),
                   cx = 30 + 540 * UniformAt(6, 0, 0, static_cast<std::int64_t>(i));
      rings[i].push_back({cy + 14 * std::sin(angle), cx + 18 * std::cos(angle)});
    }
  TEGULA_TRY(DrawOutlines(rings, kPalette[1], 2, with_outlines.view()));

  const RunRecord record = testing::SampleRecord();
  std::mt19937 random(1);
  std::lognormal_distribution<double> area(3.7, 0.45);
  ObjectFigures figures{.measured = {{"Area µm^2", std::vector<double>(48523)}}};
  for (double& value : figures.measured[0].values) value = area(random);
  const ReportInput input{.title = "CMU-1.svs <nuclei>",
                          .record = record,
                          .pictures = {{"The slide, 1 pixel = 38 µm", slide.view()},
                                       {"Probability of \"nucleus\"", with_probability.view()},
                                       {"Outlines of objects", with_outlines.view()}},
                          .objects = &figures};
  TEGULA_TRY(WriteFileWhole(folder / "run_record.json", ToJson(record)));
  return WriteReport(input, folder / "report.html");
}

// A store, and beside it level 0 as .npy and all of it as OME-TIFF.
Status MakeStore(const Path& folder, const std::string& name, const StoreOptions& options, double scale) {
  TEGULA_ASSIGN_OR_RETURN(const ChunkStore store, ChunkStore::Create(folder / (name + ".ome.zarr"), options));
  TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kF64, store.LevelShape(0)));
  for (std::int64_t i = 0; i < numbers.elements(); ++i)
    numbers.values<double>()[static_cast<std::size_t>(i)] =
        std::floor(scale * UniformAt(3, 0, 0, i)) * (IsFloat(options.dtype) ? 1.0 / 64 : 1.0);
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(options.dtype, store.LevelShape(0)));
  ConvertCopy(numbers.view(), pixels.view());
  Shape begin = pixels.shape();
  for (int axis = 0; axis < begin.rank(); ++axis) begin[axis] = 0;
  TEGULA_TRY(store.WriteBox(0, begin, pixels.view()));
  SilentProgress silent;
  const std::unique_ptr<Executor> executor = NewThreadExecutor(2);
  const RunContext context{.executor = *executor, .progress = silent};
  TEGULA_TRY(FinishPyramid(context, store));
  TEGULA_TRY(WriteOmeTiff(context, store, folder / (name + ".ome.tif")));
  return WriteNpy(folder / (name + ".npy"), pixels.view());
}

Status MakeStores(const Path& folder) {
  StoreOptions probability;
  probability.name = "probability";
  probability.axes = {{.name = 'c', .size = 2, .chunk = 1},
                      {.name = 'y', .size = 1501, .chunk = 256, .step = 0.499, .origin = 12.5},
                      {.name = 'x', .size = 1037, .chunk = 256, .step = 0.499}};
  probability.fill = std::nan("");
  probability.channels = {{.name = "background", .colour = {128, 128, 128}},
                          {.name = "nucleus – \"κ\"", .colour = kPalette[0]}};
  probability.coding.encoding = {zarr::Compressor::kBloscZstd, 1};
  TEGULA_TRY(MakeStore(folder, "probability", probability, 64));

  StoreOptions classes;
  classes.name = "classes";
  classes.axes = {{.name = 'y', .size = 700, .chunk = 128}, {.name = 'x', .size = 1025, .chunk = 512}};
  classes.dtype = DType::kU8;
  classes.reduction = Reduction::kMode;
  TEGULA_TRY(MakeStore(folder, "classes", classes, 3));

  StoreOptions stack;
  stack.name = "stack";
  stack.axes = {{.name = 't', .size = 2, .chunk = 1, .step = 0.5},
                {.name = 'c', .size = 1, .chunk = 1},
                {.name = 'z', .size = 3, .chunk = 2, .step = 1.5},
                {.name = 'y', .size = 65, .chunk = 32, .step = 0.1},
                {.name = 'x', .size = 33, .chunk = 32, .step = 0.1}};
  stack.dtype = DType::kI16;
  stack.levels = 3;
  stack.fill = -7;
  TEGULA_TRY(MakeStore(folder, "stack", stack, 20000));

  StoreOptions mask;
  mask.name = "mask";
  mask.axes = {{.name = 'y', .size = 50, .chunk = 64}, {.name = 'x', .size = 30, .chunk = 64}};
  mask.dtype = DType::kBool;
  mask.levels = 2;
  mask.reduction = Reduction::kNearest;
  TEGULA_TRY(MakeStore(folder, "mask", mask, 2));

  // One small store for each other type that both formats hold.
  for (const DType dtype : {DType::kI8, DType::kU16, DType::kU32, DType::kI32, DType::kF64}) {
    StoreOptions other;
    other.name = fmt::format("<{}> & \"others\"", DTypeName(dtype));
    other.axes = {{.name = 'c', .size = 2, .chunk = 2},
                  {.name = 'y', .size = 71, .chunk = 32, .step = 0.3},
                  {.name = 'x', .size = 45, .chunk = 16, .step = 0.4}};
    other.dtype = dtype;
    other.levels = 3;
    other.channels = {{.name = "a\tb <&>", .colour = {1, 2, 255}}, {.name = "漢字", .colour = {255, 0, 0}}};
    TEGULA_TRY(MakeStore(folder, std::string(DTypeName(dtype)), other, dtype == DType::kI8 ? 127 : 60000));
  }
  return Ok();
}

}  // namespace
}  // namespace tegula::outputs

int main(int argc, char** argv) {
  using tegula::Path;
  if (argc != 2) return 2;
  const Path folder = argv[1];
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  tegula::Status status = tegula::MakeFolders(folder);
  if (status.ok()) status = tegula::outputs::MakeReport(folder);
  if (status.ok()) status = tegula::outputs::MakeStores(folder);
  if (!status.ok()) fmt::print(stderr, "{}\n", tegula::ToString(status.error()));
  return status.ok() ? 0 : 1;
}
