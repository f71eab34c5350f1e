#include "tegula/app/pictures.h"

#include <algorithm>
#include <cmath>

#include "tegula/app/contrast.h"
#include "tegula/image/block_view.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/store_part.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kPictureEdge = 900;
constexpr double kOverlayOpacity = 0.6;
constexpr std::int64_t kDetailEdge = 480;                             // output pixels
constexpr std::int64_t kColours = 254;                                // of classes but the first, and of labels
constexpr outputs::Rgb kLine = {255, 255, 255}, kCasing = {0, 0, 0};  // of the region: seen on any background
constexpr std::int64_t kSpeck = 20;  // regions of fewer pixels do not make a place busy

// Channels added up in their colours, each stretched to its own contrast.
void Blend(const Tensor& floats_cyx, std::span<const outputs::Rgb> colours, Tensor& picture) {
  const auto pixels = static_cast<std::size_t>(floats_cyx.shape()[1] * floats_cyx.shape()[2]);
  const std::span<const float> values = floats_cyx.values<float>();
  std::vector<float> lows, ranges;
  for (std::size_t c = 0; c < colours.size(); ++c) {
    const std::span<const float> plane = values.subspan(c * pixels, pixels);
    std::vector<float> sorted(plane.begin(), plane.end());
    lows.push_back(TakeQuantile(sorted, kContrastLow));
    ranges.push_back(std::max(1e-12f, TakeQuantile(sorted, kContrastHigh) - lows.back()));
  }
  std::uint8_t* out = picture.values<std::uint8_t>().data();
  for (std::size_t i = 0; i < pixels; ++i) {
    float sum[3] = {};
    for (std::size_t c = 0; c < colours.size(); ++c) {
      const float share = std::clamp((values[c * pixels + i] - lows[c]) / ranges[c], 0.0f, 1.0f);
      const float rgb[] = {static_cast<float>(colours[c].r), static_cast<float>(colours[c].g),
                           static_cast<float>(colours[c].b)};
      for (std::size_t k = 0; k < 3; ++k) sum[k] += rgb[k] * share;
    }
    for (const float v : sum) *out++ = static_cast<std::uint8_t>(std::min(255.0f, v + 0.5f));
  }
}

std::vector<outputs::Rgb> ColoursOf(const image::BoundInfo& info) {
  std::vector<outputs::Rgb> colours;
  for (std::size_t c = 0; c < info.channel_list.size(); ++c) {
    const image::Rgb colour = ColourOf(info.channel_list, c);
    colours.push_back({colour.r, colour.g, colour.b});
  }
  return colours;
}

}  // namespace

Result<Tensor> ToPicture(const Tensor& pixels_cyx, const image::BoundInfo& info) {
  const Shape& shape = pixels_cyx.shape();
  TEGULA_ASSIGN_OR_RETURN(Tensor picture, Tensor::Allocate(DType::kU8, {shape[1], shape[2], 3}));
  if (info.is_rgb && info.dtype == DType::kU8) {
    ConvertCopy(pixels_cyx.view(), View(picture.view().data(), DType::kU8, shape, {1, 3 * shape[2], 3}));
    return picture;
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(DType::kF32, shape));
  ConvertCopy(pixels_cyx.view(), floats.view());
  Blend(floats, ColoursOf(info), picture);
  return picture;
}

namespace {

std::int64_t MiddlePlane(const outputs::ChunkStore& store) {
  return outputs::StorePart(store).size()[GridAxis::kZ] / 2;
}

// Which of the colours a label has: 0 and what is no class have none.
std::int64_t ColourOf(std::int64_t label, const outputs::StoreOptions& options) {
  const bool is_class = options.classes.empty() || label < std::ssize(options.classes);
  return label > 0 && is_class ? 1 + (label - 1) % kColours : 0;
}

// The coarsest level that is at least as large as the picture.
int LevelFor(const outputs::ChunkStore& store, const Shape& picture) {
  int level = 0;
  while (level + 1 < store.levels() && outputs::PlaneShape(store, level + 1)[1] >= picture[0] &&
         outputs::PlaneShape(store, level + 1)[2] >= picture[1])
    ++level;
  return level;
}

// A level's middle plane row by row, downwards. The level may be nearly twice as large as a picture along each axis, so
// it is held by rows of chunks.
class StoredRows {
 public:
  StoredRows(const outputs::ChunkStore& store, int level)
      : store_(store),
        level_(level),
        shape_(outputs::PlaneShape(store, level)),
        band_rows_(outputs::StorePart(store).chunk()[GridAxis::kY]) {}
  const Shape& shape_cyx() const noexcept { return shape_; }

  Status Seek(std::int64_t row) {
    const std::int64_t begin = row / band_rows_ * band_rows_;
    row_ = row - begin;
    if (begin == begin_) return Ok();
    const Interval rows{begin, std::min(begin + band_rows_, shape_[1])};
    band_ = {};
    TEGULA_ASSIGN_OR_RETURN(band_, Tensor::Allocate(DType::kF32, {shape_[0], rows.size(), shape_[2]}));
    begin_ = begin;
    return outputs::ReadPlane(store_, level_, 0, MiddlePlane(store_), {rows, {0, shape_[2]}}, band_.view());
  }
  /// Of the row that was sought.
  float At(std::int64_t channel, std::int64_t column) const {
    const Shape& band = band_.shape();
    return band_.values<float>()[static_cast<std::size_t>((channel * band[1] + row_) * band[2] + column)];
  }

 private:
  const outputs::ChunkStore& store_;
  int level_;
  Shape shape_;
  std::int64_t band_rows_, begin_ = -1, row_ = 0;
  Tensor band_;
};

}  // namespace

Result<Pictures> Pictures::Create(const image::BoundImage& image, const pipeline::OutputInfo& output) {
  const image::BoundInfo& info = image.info();
  const image::BoundImage small = image.Shrunk(kPictureEdge);
  const Shape shape{info.channels, small.info().height(), small.info().width()};
  TEGULA_ASSIGN_OR_RETURN(Tensor thumbnail, Tensor::Allocate(info.dtype, shape));
  TEGULA_TRY(small.Read(BlockOf({{0, shape[1]}, {0, shape[2]}}, 0, info.size[GridAxis::kZ] / 2),
                        image::AsBlock(thumbnail.view())));
  Pictures pictures;
  TEGULA_ASSIGN_OR_RETURN(pictures.slide_, ToPicture(thumbnail, info));
  pictures.image_y_ = static_cast<double>(info.height()) / static_cast<double>(shape[1]);
  pictures.image_x_ = static_cast<double>(info.width()) / static_cast<double>(shape[2]);
  pictures.output_ = output;
  pictures.rings_.resize(static_cast<std::size_t>(output.channels));
  pictures.cells_ = CeilDiv(output.width(), kDetailEdge);
  pictures.objects_in_cell_.resize(static_cast<std::size_t>(pictures.cells_ * CeilDiv(output.height(), kDetailEdge)));
  return pictures;
}

Result<Tensor> Pictures::Overlay(const outputs::ChunkStore& store) const {
  const Shape& shape = slide_.shape();
  const int level = LevelFor(store, shape);
  StoredRows values(store, level);
  const Shape& stored = values.shape_cyx();
  // The map in the picture's own field: the output may begin inside the image and have another scale.
  const bool is_label = store.options().is_label, is_single = output_.channels == 1 && !is_label;
  TEGULA_ASSIGN_OR_RETURN(Tensor map, Tensor::Allocate(is_single ? DType::kF32 : DType::kU8, {shape[0], shape[1]}));
  const double half = std::ldexp(1.0, -level);
  for (std::int64_t y = 0; y < shape[0]; ++y) {
    const auto row = static_cast<std::int64_t>(
        std::floor(((static_cast<double>(y) + 0.5) * image_y_ - output_.origin[GridAxis::kY]) *
                   output_.scale[GridAxis::kY] * half));
    const bool has_row = row >= 0 && row < stored[1];
    if (has_row) TEGULA_TRY(values.Seek(row));
    for (std::int64_t x = 0; x < shape[1]; ++x) {
      const auto column = static_cast<std::int64_t>(
          std::floor(((static_cast<double>(x) + 0.5) * image_x_ - output_.origin[GridAxis::kX]) *
                     output_.scale[GridAxis::kX] * half));
      const bool inside = has_row && column >= 0 && column < stored[2];
      const auto at = [&](std::int64_t c) { return values.At(c, column); };
      const auto i = static_cast<std::size_t>(y * shape[1] + x);
      if (is_single) {
        map.values<float>()[i] = inside ? at(0) : std::nanf("");
        continue;
      }
      std::int64_t best = 0;
      for (std::int64_t c = 1; inside && !is_label && c < stored[0]; ++c)
        if (at(c) > at(best)) best = c;
      if (is_label && inside) best = ColourOf(static_cast<std::int64_t>(at(0)), store.options());
      map.values<std::uint8_t>()[i] = static_cast<std::uint8_t>(std::min(best, kColours));
    }
  }
  Tensor picture = slide_.Clone();
  const Tensor& finished = map;
  if (is_single) {
    outputs::OverlayValues(finished.view(), 0.0, 1.0, outputs::ColourOf(output_.channel_colours, 0), kOverlayOpacity,
                           picture.view());
  } else {
    std::vector<outputs::Rgb> colours;
    for (std::int64_t c = 1; c <= kColours; ++c)
      colours.push_back(outputs::ColourOf(output_.channel_colours, static_cast<std::size_t>(c)));
    outputs::OverlayClasses(finished.view(), colours, kOverlayOpacity, picture.view());
  }
  TEGULA_TRY(DrawRegion(picture));
  return picture;
}

void Pictures::LookAt(std::span<const objects::RegionSpool::Entry> objects) {
  for (const objects::RegionSpool::Entry& object : objects) Count(object.first, object.area_px);
  busiest_ = BusiestBox();
}

void Pictures::ShowRegion(const std::vector<objects::PointRing>& outlines, const image::BoundInfo& info) {
  for (const objects::PointRing& outline : outlines) {
    outputs::Ring& ring = region_.emplace_back();
    for (const objects::Point& point : outline)
      ring.push_back({point.y / info.downsample_y / image_y_, point.x / info.downsample_x / image_x_});
  }
}

Status Pictures::DrawRegion(Tensor& picture) const {
  if (region_.empty()) return Ok();
  TEGULA_TRY(outputs::DrawOutlines(region_, kCasing, 3, picture.view()));
  return outputs::DrawOutlines(region_, kLine, 1.4, picture.view());
}

void Pictures::AddOutlines(const objects::Region& region) {
  constexpr double kLeastStep = 0.5;
  if (!busiest_) Count(region.first, region.area_px);
  if (busiest_ && !Intersect(region.bounds, *busiest_).empty()) in_busiest_.push_back(region);
  const auto add = [&](const objects::Ring& ring) {
    outputs::Ring& points = rings_[static_cast<std::size_t>(region.label)].emplace_back();
    for (const objects::Corner& corner : ring) {
      const outputs::Point point{(corner.y / output_.scale[GridAxis::kY] + output_.origin[GridAxis::kY]) / image_y_,
                                 (corner.x / output_.scale[GridAxis::kX] + output_.origin[GridAxis::kX]) / image_x_};
      if (points.empty() || std::hypot(point.y - points.back().y, point.x - points.back().x) >= kLeastStep)
        points.push_back(point);
    }
  };
  for (const objects::Polygon& polygon : region.polygons) {
    add(polygon.outer);
    for (const objects::Ring& hole : polygon.holes) add(hole);
  }
}

Result<Tensor> Pictures::Outlines() const {
  Tensor picture = slide_.Clone();
  TEGULA_TRY(DrawRegion(picture));
  for (std::size_t label = 0; label < rings_.size(); ++label)
    if (!rings_[label].empty())
      TEGULA_TRY(
          outputs::DrawOutlines(rings_[label], outputs::ColourOf(output_.channel_colours, label), 1.2, picture.view()));
  return picture;
}

void Pictures::Count(const objects::Corner& first, std::int64_t area_px) {
  if (area_px >= kSpeck)
    ++objects_in_cell_[static_cast<std::size_t>(first.y / kDetailEdge * cells_ + first.x / kDetailEdge)];
}

Box Pictures::BusiestBox() const {
  const auto cell = static_cast<std::int64_t>(std::max_element(objects_in_cell_.begin(), objects_in_cell_.end()) -
                                              objects_in_cell_.begin());
  const std::int64_t y = cell / cells_ * kDetailEdge, x = cell % cells_ * kDetailEdge;
  return {{y, std::min(y + kDetailEdge, output_.height())}, {x, std::min(x + kDetailEdge, output_.width())}};
}

Result<Tensor> Pictures::Detail(const image::BoundImage& image, const outputs::ChunkStore& store) const {
  const Box box = busiest_.value_or(BusiestBox());
  const image::BoundInfo& info = image.info();
  // The image pixels under the box.
  const auto under = [](Interval output, double scale, double origin, std::int64_t size) {
    const auto begin = static_cast<std::int64_t>(std::floor(static_cast<double>(output.begin) / scale + origin));
    const auto end = static_cast<std::int64_t>(std::ceil(static_cast<double>(output.end) / scale + origin));
    return Interval{std::clamp<std::int64_t>(begin, 0, size - 1), std::clamp<std::int64_t>(end, 1, size)};
  };
  const Box part{under(box.y, output_.scale[GridAxis::kY], output_.origin[GridAxis::kY], info.height()),
                 under(box.x, output_.scale[GridAxis::kX], output_.origin[GridAxis::kX], info.width())};
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(info.dtype, {info.channels, part.height(), part.width()}));
  TEGULA_TRY(image.Read(BlockOf(part), image::AsBlock(pixels.view())));
  TEGULA_ASSIGN_OR_RETURN(Tensor picture, ToPicture(pixels, info));
  std::vector<std::vector<outputs::Ring>> rings(static_cast<std::size_t>(output_.channels));
  const auto add = [&](const objects::Region& region, const Box& within) {
    const auto add_ring = [&](const objects::Ring& ring) {
      outputs::Ring& points = rings[static_cast<std::size_t>(region.label)].emplace_back();
      for (const objects::Corner& corner : ring)
        points.push_back({static_cast<double>(corner.y + within.y.begin) / output_.scale[GridAxis::kY] +
                              output_.origin[GridAxis::kY] - static_cast<double>(part.y.begin),
                          static_cast<double>(corner.x + within.x.begin) / output_.scale[GridAxis::kX] +
                              output_.origin[GridAxis::kX] - static_cast<double>(part.x.begin)});
    };
    for (const objects::Polygon& polygon : region.polygons) {
      add_ring(polygon.outer);
      for (const objects::Ring& hole : polygon.holes) add_ring(hole);
    }
  };
  for (const objects::Region& region : in_busiest_) add(region, {});
  if (output_.is_instances) {
    TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kU32, {1, box.height(), box.width()}));
    TEGULA_TRY(outputs::ReadPlane(store, 0, 0, 0, box, numbers.view()));
    TEGULA_ASSIGN_OR_RETURN(
        std::vector<objects::Region> regions,
        objects::TraceRegions(std::move(numbers).Reshaped({box.height(), box.width()}).view(), {.none = 0}));
    for (objects::Region& region : regions) {
      region.label = 0;
      add(region, box);
    }
  }
  for (std::size_t label = 0; label < rings.size(); ++label)
    if (!rings[label].empty())
      TEGULA_TRY(
          outputs::DrawOutlines(rings[label], outputs::ColourOf(output_.channel_colours, label), 1.5, picture.view()));
  return picture;
}

}  // namespace tegula::app
