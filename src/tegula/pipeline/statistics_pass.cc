#include "tegula/pipeline/statistics_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "tegula/core/interval.h"
#include "tegula/spec/sizes.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

// One plane of pixels, wherever it comes from.
struct Plane {
  std::int64_t height = 0, width = 0;
  DType dtype = DType::kF32;
  std::function<Status(const Box& box, const View& out_cyx)> read;
  const objects::PolygonMask* mask = nullptr;  // null: all pixels count
  objects::PixelGrid grid;                     // of the mask

  std::int64_t columns() const noexcept { return CeilDiv(width, kStatisticsBlock); }
  std::int64_t blocks() const noexcept { return CeilDiv(height, kStatisticsBlock) * columns(); }
  Box BlockAt(std::int64_t number) const noexcept {
    const std::int64_t y = number / columns() * kStatisticsBlock, x = number % columns() * kStatisticsBlock;
    return {{y, std::min(y + kStatisticsBlock, height)}, {x, std::min(x + kStatisticsBlock, width)}};
  }
};

// What all planes together are to be asked.
struct Question {
  const PlaneLayout& layout;
  std::int64_t channels;
  std::vector<ops::StatisticRequest> requests;
  std::string_view progress;
};

class PlanesReader {
 public:
  PlanesReader(const Question& question, std::span<const Plane> planes) : question_(question), planes_(planes) {
    for (const Plane& plane : planes) {
      first_.push_back(blocks_);
      blocks_ += plane.blocks();
      // What holds the values of all: floats of 64 bits hold those of every type that images have but the largest
      // integers.
      if (plane.dtype != planes[0].dtype) dtype_ = DType::kF64;
    }
  }

  std::int64_t blocks() const noexcept { return blocks_; }
  DType dtype() const noexcept { return dtype_; }

  // Adds one block; how many of its pixels counted.
  Result<std::int64_t> Add(std::int64_t block, int worker, ops::StatisticsCollector& collector,
                           const Limits& limits) const {
    const auto after = std::upper_bound(first_.begin(), first_.end(), block);
    const auto index = static_cast<std::size_t>(after - first_.begin() - 1);
    const Plane& plane = planes_[index];
    const Box box = plane.BlockAt(block - first_[index]);
    const std::int64_t counted = plane.mask != nullptr ? plane.mask->Area(plane.grid, box) : box.area();
    if (counted == 0) return counted;
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, ReadBlock(plane, box, limits));
    std::vector<std::int64_t> begin = question_.layout.PositionOf(box.y.begin, box.x.begin);
    if (plane.mask != nullptr) {
      TEGULA_ASSIGN_OR_RETURN(pixels, PixelsInside(plane, box, counted, pixels, limits));
      begin = question_.layout.PositionOf(0, 0);
    }
    const Tensor& values = pixels;
    collector.Add(block, begin, values.view(), worker);
    return counted;
  }

 private:
  Result<Tensor> ReadBlock(const Plane& plane, const Box& box, const Limits& limits) const {
    const Shape shape = question_.layout.ShapeOf(question_.channels, box.height(), box.width());
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(plane.dtype, shape, limits));
    TEGULA_TRY(plane.read(box, question_.layout.PlanesOf(pixels.view()))
                   .Context(fmt::format("statistics at y={} x={}", box.y.begin, box.x.begin)));
    if (plane.dtype == dtype_) return pixels;
    TEGULA_ASSIGN_OR_RETURN(Tensor converted, Tensor::Allocate(dtype_, shape, limits));
    ConvertCopy(pixels.view(), converted.view());
    return converted;
  }

  // The pixels of a block that lie inside, side by side as one row: where they lie does not matter to what is asked.
  Result<Tensor> PixelsInside(const Plane& plane, const Box& box, std::int64_t count, const Tensor& block,
                              const Limits& limits) const {
    TEGULA_ASSIGN_OR_RETURN(
        Tensor row, Tensor::Allocate(block.dtype(), question_.layout.ShapeOf(question_.channels, 1, count), limits));
    const ConstView from = question_.layout.PlanesOf(block.view());
    const View to = question_.layout.PlanesOf(row.view());
    std::int64_t filled = 0;
    plane.mask->ForEachRun(plane.grid, box, [&](std::int64_t y, Interval x) {
      ConvertCopy(from.Slice(1, y - box.y.begin, 1).Slice(2, x.begin - box.x.begin, x.size()),
                  to.Slice(2, filled, x.size()));
      filled += x.size();
    });
    return row;
  }

  const Question& question_;
  std::span<const Plane> planes_;
  std::vector<std::int64_t> first_;  // number of each plane's first block
  std::int64_t blocks_ = 0;
  DType dtype_ = planes_[0].dtype;
};

bool KeepsPosition(const ops::StatisticRequest& request) {
  for (std::size_t i = 0; i < request.axes.size(); ++i)
    if (!request.reduced[i] && (request.axes[i] == "y" || request.axes[i] == "x")) return true;
  return false;
}

Result<ops::Statistics> Collect(const RunContext& context, const Question& question, std::span<const Plane> planes) {
  ops::Statistics statistics;
  if (question.requests.empty()) return statistics;
  const bool is_one = planes.size() == 1 && planes[0].mask == nullptr;
  for (const ops::StatisticRequest& request : question.requests)
    if (!is_one && KeepsPosition(request))
      return UnsupportedError(fmt::format(
          "the {} of tensor {} is wanted for every row or column, which several images or outlines do not have: take "
          "the statistics of one whole image",
          ops::MeasureName(request.measure), request.tensor_id));
  std::int64_t area = 0;
  for (const Plane& plane : planes) area += plane.height * plane.width;
  const PlanesReader reader(question, planes);
  TEGULA_ASSIGN_OR_RETURN(ops::StatisticsCollector collector,
                          ops::StatisticsCollector::Make(
                              question.requests, reader.dtype(),
                              is_one ? question.layout.ShapeOf(question.channels, planes[0].height, planes[0].width)
                                     : question.layout.ShapeOf(question.channels, 1, area),
                              reader.blocks(), context.executor.workers()));
  while (!collector.done()) {
    std::atomic<std::int64_t> done{0}, counted{0};
    const auto add = [&](std::int64_t block, int worker) -> Status {
      TEGULA_ASSIGN_OR_RETURN(const std::int64_t pixels, reader.Add(block, worker, collector, context.limits));
      counted += pixels;
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

Result<Plane> PlaneOf(const spec::ModelDescription& model, const StatisticsSource& source) {
  const spec::TensorDescription& input = model.inputs.front();
  const image::BoundImage& image = *source.image;
  const bool is_padded = source.padded && spec::PadsByHalo(model);
  const std::int64_t halo_y = is_padded ? spec::InputHalo(model, input.id, "y") : 0;
  const std::int64_t halo_x = is_padded ? spec::InputHalo(model, input.id, "x") : 0;
  Plane plane;
  plane.height = image.info().height + 2 * halo_y;
  plane.width = image.info().width + 2 * halo_x;
  plane.dtype = image.info().dtype;
  plane.read = [&image, &pad = input.pad, halo_y, halo_x](const Box& box, const View& out_cyx) {
    return image.ReadPadded({box.y.Shifted(-halo_y), box.x.Shifted(-halo_x)}, pad.mode, pad.value, out_cyx);
  };
  plane.mask = source.mask;
  TEGULA_ASSIGN_OR_RETURN(plane.grid.y, objects::PixelAxis::Create(image.info().downsample_y));
  TEGULA_ASSIGN_OR_RETURN(plane.grid.x, objects::PixelAxis::Create(image.info().downsample_x));
  return plane;
}

}  // namespace

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          std::vector<ops::StatisticRequest> requests,
                                          std::span<const StatisticsSource> images) {
  TEGULA_ASSIGN_OR_RETURN(const PlaneLayout layout, PlaneLayout::Of(model.inputs.front()));
  std::vector<Plane> planes;
  for (const StatisticsSource& source : images) {
    if (source.image->info().channels != images[0].image->info().channels)
      return InvalidError(fmt::format("statistics of images with {} and with {} channels cannot be taken together",
                                      images[0].image->info().channels, source.image->info().channels));
    TEGULA_ASSIGN_OR_RETURN(Plane plane, PlaneOf(model, source));
    planes.push_back(std::move(plane));
  }
  return Collect(
      context,
      {layout, images[0].image->info().channels, std::move(requests),
       images.size() == 1 ? "computing whole-image statistics" : "computing statistics of all images together"},
      planes);
}

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const image::BoundImage& image) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  const StatisticsSource source{&image};
  return ComputeStatistics(context, model, ops::RequestsOf(model.inputs.front().id, requests), {&source, 1});
}

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const PlaneLayout& layout,
                                          std::vector<ops::StatisticRequest> requests,
                                          const outputs::ChunkStore& store) {
  const Shape shape = store.LevelShape(0);
  Plane plane;
  plane.height = shape[1];
  plane.width = shape[2];
  plane.dtype = store.options().dtype;
  plane.read = [&store](const Box& box, const View& out_cyx) {
    return store.ReadBox(0, {0, box.y.begin, box.x.begin}, out_cyx);
  };
  return Collect(context, {layout, shape[0], std::move(requests), "computing statistics of the whole output"},
                 {&plane, 1});
}

}  // namespace tegula::pipeline
