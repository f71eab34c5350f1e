// What it costs to keep an image that is in memory: a store with its pyramid, written by boxes as tiles of a prediction
// come, or an OME-TIFF of it. tools/bench/beside_writers.py runs it beside other writers of the same pixels.
//
//   writing_bench PIXELS.npy FOLDER FORMAT COMPRESSION [afterwards]     prints one JSON object
//
// `afterwards` makes the levels when level 0 is finished, to see what it saves to make them while boxes come.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/tensor/npy.h"

namespace tegula::outputs {
namespace {

constexpr std::int64_t kChunk = 512, kBox = 2048;
constexpr int kWorkers = 2;

Result<std::vector<ChosenFormat>> Choose(const std::string& format, const std::string& compression) {
  const std::vector<std::string> words = Split(compression, ':');
  std::optional<int> level;
  if (words.size() > 1) level = static_cast<int>(ParseInt(words[1]).value_or(-1));
  return ChooseFormats({{format}, {{format, words.front(), level}}, 0});
}

Status Write(const Tensor& pixels, const Path& folder, const std::vector<ChosenFormat>& formats, bool afterwards,
             const RunContext& context) {
  const std::int64_t height = pixels.shape()[0], width = pixels.shape()[1];
  StoreOptions options;
  options.name = "bench";
  options.dtype = pixels.dtype();
  options.axes = {{.name = 'y', .size = height, .chunk = kChunk}, {.name = 'x', .size = width, .chunk = kChunk}};
  const auto [work, is_kept] = SetWorkingStore(formats, 0, options);
  TEGULA_ASSIGN_OR_RETURN(const ChunkStore store, ChunkStore::Create(folder / "store.ome.zarr", options));
  const std::int64_t across = (width + kBox - 1) / kBox, down = (height + kBox - 1) / kBox;
  const auto write = [&](std::int64_t number, int) {
    const std::int64_t y = number / across * kBox, x = number % across * kBox;
    const ConstView box = pixels.view().Slice(0, y, std::min(kBox, height - y)).Slice(1, x, std::min(kBox, width - x));
    return afterwards ? store.WriteBox(0, {y, x}, box) : WriteBoxAndAbove(store, {y, x}, box);
  };
  TEGULA_TRY(ForEach(context.executor, across * down, context.stop, write));
  TEGULA_TRY(FinishPyramid(context, store));
  const ChosenFormat& chosen = formats.front();
  if (is_kept) return Ok();
  return chosen.format->write(context, store, folder / ("out" + std::string(chosen.format->suffix)),
                              {"bench", chosen.compression});
}

Status Run(const Path& image, const Path& folder, const std::string& format, const std::string& compression,
           bool afterwards) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ChosenFormat> formats, Choose(format, compression));
  TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, ReadNpy(image));
  const std::unique_ptr<Executor> executor = NewThreadExecutor(kWorkers);
  SilentProgress silent;
  const double wall = MonotonicSeconds(), cpu = CpuSeconds();
  TEGULA_TRY(Write(pixels, folder, formats, afterwards, {.executor = *executor, .progress = silent}));
  const nlohmann::json answer = {{"wall_s", MonotonicSeconds() - wall}, {"cpu_s", CpuSeconds() - cpu}};
  fmt::print("{}\n", answer.dump());
  return Ok();
}

}  // namespace
}  // namespace tegula::outputs

int main(int argc, char** argv) {
  const bool afterwards = argc == 6 && std::string_view(argv[5]) == "afterwards";
  if (argc != 5 && !afterwards) return 2;
  const tegula::Status done = tegula::outputs::Run(argv[1], argv[2], argv[3], argv[4], afterwards);
  if (done.ok()) return 0;
  fmt::print(stderr, "{}\n", tegula::ToString(done.error()));
  return 1;
}
