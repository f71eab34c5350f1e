#include "tegula/pipeline/statistics_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "tegula/core/interval.h"
#include "tegula/image/block_view.h"
#include "tegula/spec/sizes.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tiling/model_grid.h"

namespace tegula::pipeline {
namespace {

// Pixels in time and space, wherever they come from.
struct Volume {
  PerAxis<std::int64_t> size = {{1, 1, 1, 1}};
  DType dtype = DType::kF32;
  std::function<Status(const Block& block, const View& out_tczyx)> read;
  const objects::PolygonMask* mask = nullptr;  // of each plane; null: all pixels count
  objects::PixelGrid grid;                     // of the mask

  std::int64_t pixels() const noexcept {
    return size[GridAxis::kT] * size[GridAxis::kZ] * size[GridAxis::kY] * size[GridAxis::kX];
  }
  std::int64_t rows() const noexcept { return CeilDiv(size[GridAxis::kY], kStatisticsBlock); }
  std::int64_t columns() const noexcept { return CeilDiv(size[GridAxis::kX], kStatisticsBlock); }
  std::int64_t blocks() const noexcept { return size[GridAxis::kT] * size[GridAxis::kZ] * rows() * columns(); }
  // Blocks of one plane each.
  Block BlockAt(std::int64_t number) const noexcept {
    const auto part = [&](GridAxis axis, std::int64_t count) {
      const std::int64_t begin = number % count * kStatisticsBlock;
      number /= count;
      return Interval{begin, std::min(begin + kStatisticsBlock, size[axis])};
    };
    Box box;
    box.x = part(GridAxis::kX, columns());
    box.y = part(GridAxis::kY, rows());
    return BlockOf(box, number / size[GridAxis::kZ], number % size[GridAxis::kZ]);
  }
};

// What all volumes together are to be asked.
struct Question {
  const TensorLayout& layout;
  std::int64_t channels;
  std::vector<ops::StatisticRequest> requests;
  std::string_view progress;
};

class VolumesReader {
 public:
  VolumesReader(const Question& question, std::span<const Volume> volumes) : question_(question), volumes_(volumes) {
    for (const Volume& volume : volumes) {
      first_.push_back(blocks_);
      blocks_ += volume.blocks();
      // What holds the values of all: floats of 64 bits hold those of every type that images have but the largest
      // integers.
      if (volume.dtype != volumes[0].dtype) dtype_ = DType::kF64;
    }
  }

  std::int64_t blocks() const noexcept { return blocks_; }
  DType dtype() const noexcept { return dtype_; }

  // Adds one block; how many of its pixels counted.
  Result<std::int64_t> Add(std::int64_t number, int worker, ops::StatisticsCollector& collector,
                           const Limits& limits) const {
    const auto after = std::upper_bound(first_.begin(), first_.end(), number);
    const auto index = static_cast<std::size_t>(after - first_.begin() - 1);
    const Volume& volume = volumes_[index];
    const Block block = volume.BlockAt(number - first_[index]);
    const Box box = PlaneBox(block);
    const std::int64_t counted = volume.mask != nullptr ? volume.mask->Area(volume.grid, box) : box.area();
    if (counted == 0) return counted;
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, ReadBlock(volume, block, limits));
    std::vector<std::int64_t> begin =
        question_.layout.PositionOf({{block[GridAxis::kT].begin, block[GridAxis::kZ].begin, box.y.begin, box.x.begin}});
    if (volume.mask != nullptr) {
      TEGULA_ASSIGN_OR_RETURN(pixels, PixelsInside(volume, box, counted, pixels, limits));
      begin = question_.layout.PositionOf({});
    }
    const Tensor& values = pixels;
    collector.Add(number, begin, values.view(), worker);
    return counted;
  }

 private:
  Result<Tensor> ReadBlock(const Volume& volume, const Block& block, const Limits& limits) const {
    const Shape shape = question_.layout.ShapeOf(question_.channels, SizeOf(block));
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(volume.dtype, shape, limits));
    TEGULA_TRY(
        volume.read(block, question_.layout.ImageOf(pixels.view()))
            .Context(fmt::format("statistics at y={} x={}", block[GridAxis::kY].begin, block[GridAxis::kX].begin)));
    if (volume.dtype == dtype_) return pixels;
    TEGULA_ASSIGN_OR_RETURN(Tensor converted, Tensor::Allocate(dtype_, shape, limits));
    ConvertCopy(pixels.view(), converted.view());
    return converted;
  }

  // The pixels of a block that lie inside, side by side as one row: where they lie does not matter to what is asked.
  Result<Tensor> PixelsInside(const Volume& volume, const Box& box, std::int64_t count, const Tensor& block,
                              const Limits& limits) const {
    TEGULA_ASSIGN_OR_RETURN(
        Tensor row,
        Tensor::Allocate(block.dtype(), question_.layout.ShapeOf(question_.channels, {{1, 1, 1, count}}), limits));
    const ConstView from = question_.layout.ImageOf(block.view());
    const View to = question_.layout.ImageOf(row.view());
    constexpr int kY = image::BlockViewAxis(GridAxis::kY), kX = image::BlockViewAxis(GridAxis::kX);
    std::int64_t filled = 0;
    volume.mask->ForEachRun(volume.grid, box, [&](std::int64_t y, Interval x) {
      ConvertCopy(from.Slice(kY, y - box.y.begin, 1).Slice(kX, x.begin - box.x.begin, x.size()),
                  to.Slice(kX, filled, x.size()));
      filled += x.size();
    });
    return row;
  }

  const Question& question_;
  std::span<const Volume> volumes_;
  std::vector<std::int64_t> first_;  // number of each volume's first block
  std::int64_t blocks_ = 0;
  DType dtype_ = volumes_[0].dtype;
};

bool KeepsPosition(const ops::StatisticRequest& request, const std::vector<bool>& tiled) {
  for (std::size_t i = 0; i < request.axes.size(); ++i)
    if (!request.reduced[i] && tiled[i]) return true;
  return false;
}

Result<ops::Statistics> Collect(const RunContext& context, const Question& question, std::span<const Volume> volumes) {
  ops::Statistics statistics;
  if (question.requests.empty()) return statistics;
  const bool is_one = volumes.size() == 1 && volumes[0].mask == nullptr;
  for (const ops::StatisticRequest& request : question.requests)
    if (!is_one && KeepsPosition(request, question.layout.TiledAxes()))
      return UnsupportedError(
          fmt::format("the {} of tensor {} is wanted for every row, column or plane, which several images or outlines "
                      "do not have: take "
                      "the statistics of one whole image",
                      ops::MeasureName(request.measure), request.tensor_id));
  std::int64_t pixels = 0;
  for (const Volume& volume : volumes) pixels += volume.pixels();
  const VolumesReader reader(question, volumes);
  TEGULA_ASSIGN_OR_RETURN(
      ops::StatisticsCollector collector,
      ops::StatisticsCollector::Make(
          question.requests, reader.dtype(),
          question.layout.ShapeOf(question.channels,
                                  is_one ? volumes[0].size : PerAxis<std::int64_t>{{1, 1, 1, pixels}}),
          reader.blocks(), context.executor.workers()));
  while (!collector.done()) {
    std::atomic<std::int64_t> done{0}, counted{0};
    const auto add = [&](std::int64_t block, int worker) -> Status {
      TEGULA_ASSIGN_OR_RETURN(const std::int64_t added, reader.Add(block, worker, collector, context.limits));
      counted += added;
      context.progress.Update(question.progress, ++done, reader.blocks(), "blocks");
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, reader.blocks(), context.stop, add));
    if (counted == 0)
      return InvalidError("no pixel of the image lies in the region that statistics are to be taken of");
    collector.FinishPass();
  }
  for (ops::Statistic& statistic : collector.Take()) statistics.Set(std::move(statistic));
  return statistics;
}

Result<Volume> VolumeOf(const spec::ModelDescription& model, const spec::TensorDescription& input,
                        const StatisticsSource& source) {
  const image::BoundImage& image = *source.image;
  const bool is_padded = source.padded && spec::PadsByHalo(model);
  Volume volume;
  PerAxis<std::int64_t> halo = {};
  for (const GridAxis axis : kGridAxes) {
    const spec::Axis* described = tiling::FindAxis(input, axis);
    if (is_padded && described != nullptr) halo[axis] = spec::InputHalo(model, input.id, described->id);
    volume.size[axis] = image.info().size[axis] + 2 * halo[axis];
  }
  volume.dtype = image.info().dtype;
  volume.read = [&image, &pad = input.pad, halo](Block block, const View& out_tczyx) {
    for (const GridAxis axis : kGridAxes) block[axis] = block[axis].Shifted(-halo[axis]);
    return image.ReadPadded(block, pad.mode, pad.value, out_tczyx);
  };
  volume.mask = source.mask;
  TEGULA_ASSIGN_OR_RETURN(volume.grid.y, objects::PixelAxis::Create(image.info().downsample_y));
  TEGULA_ASSIGN_OR_RETURN(volume.grid.x, objects::PixelAxis::Create(image.info().downsample_x));
  return volume;
}

}  // namespace

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const spec::TensorDescription& input,
                                          std::vector<ops::StatisticRequest> requests,
                                          std::span<const StatisticsSource> images) {
  TEGULA_ASSIGN_OR_RETURN(const TensorLayout layout, TensorLayout::Of(input));
  std::vector<Volume> volumes;
  for (const StatisticsSource& source : images) {
    if (source.image->info().channels != images[0].image->info().channels)
      return InvalidError(fmt::format("statistics of images with {} and with {} channels cannot be taken together",
                                      images[0].image->info().channels, source.image->info().channels));
    TEGULA_ASSIGN_OR_RETURN(Volume volume, VolumeOf(model, input, source));
    volumes.push_back(std::move(volume));
  }
  return Collect(
      context,
      {layout, images[0].image->info().channels, std::move(requests),
       images.size() == 1 ? "computing whole-image statistics" : "computing statistics of all images together"},
      volumes);
}

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const image::BoundImage& image) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  const spec::TensorDescription& input = model.inputs.front();
  const StatisticsSource source{&image};
  return ComputeStatistics(context, model, input, ops::RequestsOf(input.id, requests), {&source, 1});
}

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const TensorLayout& layout,
                                          std::vector<ops::StatisticRequest> requests,
                                          const outputs::StorePart& store) {
  Volume volume;
  volume.size = store.size();
  volume.dtype = store.dtype();
  volume.read = [&store](const Block& block, const View& out_tczyx) { return store.Read(block, out_tczyx); };
  return Collect(context, {layout, store.channels(), std::move(requests), "computing statistics of the whole output"},
                 {&volume, 1});
}

}  // namespace tegula::pipeline
