#include "tegula/app/object_gallery.h"

#include <algorithm>
#include <cmath>

#include "tegula/app/pictures.h"
#include "tegula/core/random.h"
#include "tegula/image/block_view.h"
#include "tegula/outputs/overlay.h"
#include "tegula/outputs/palette.h"

namespace tegula::app {
namespace {

constexpr double kSmallestEdge = 48, kAround = 1.7;  // pixels of the image, and times the object
constexpr double kPictureEdge = 160;
constexpr double kLine = 1.6;

// Where a map lies on an image, along one axis.
struct Along {
  double scale, origin;
  double ToImage(double corner) const noexcept { return corner / scale + origin; }
};

// `edge` pixels around `centre`, moved into the image.
Interval Around(double centre, double edge, std::int64_t size) noexcept {
  const std::int64_t length = std::min(size, static_cast<std::int64_t>(std::ceil(edge)));
  const auto begin = static_cast<std::int64_t>(std::floor(centre - static_cast<double>(length) / 2));
  const std::int64_t first = std::clamp<std::int64_t>(begin, 0, size - length);
  return {first, first + length};
}

// Each pixel `times` times along both axes.
Result<Tensor> Enlarged(const Tensor& picture_yxc, std::int64_t times) {
  const std::int64_t height = picture_yxc.shape()[0], width = picture_yxc.shape()[1];
  TEGULA_ASSIGN_OR_RETURN(Tensor large, Tensor::Allocate(DType::kU8, {times * height, times * width, 3}));
  const auto from = picture_yxc.values<std::uint8_t>();
  auto to = large.values<std::uint8_t>().begin();
  for (std::int64_t y = 0; y < times * height; ++y)
    for (std::int64_t x = 0; x < times * width; ++x)
      to = std::copy_n(from.begin() + 3 * (y / times * width + x / times), 3, to);
  return large;
}

Result<Tensor> PictureOf(const objects::Region& region, const image::BoundImage& image,
                         const pipeline::OutputInfo& output) {
  const Along y{output.scale[GridAxis::kY], output.origin[GridAxis::kY]},
      x{output.scale[GridAxis::kX], output.origin[GridAxis::kX]};
  const double height = static_cast<double>(region.bounds.height()) / y.scale,
               width = static_cast<double>(region.bounds.width()) / x.scale;
  const double edge = std::max(kSmallestEdge, kAround * std::max(height, width));
  const auto longer = static_cast<double>(std::max(image.info().height(), image.info().width()));
  // Large ones on a smaller image.
  const bool is_large = edge > 2 * kPictureEdge;
  const image::BoundImage shown =
      is_large ? image.Shrunk(std::max<std::int64_t>(1, std::llround(longer * kPictureEdge / edge))) : image;
  const double step_y = static_cast<double>(image.info().height()) / static_cast<double>(shown.info().height()),
               step_x = static_cast<double>(image.info().width()) / static_cast<double>(shown.info().width());
  const auto middle = [](Interval bounds) { return static_cast<double>(bounds.begin + bounds.end) / 2; };
  const Box box{Around(y.ToImage(middle(region.bounds.y)) / step_y, edge / step_y, shown.info().height()),
                Around(x.ToImage(middle(region.bounds.x)) / step_x, edge / step_x, shown.info().width())};
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                          Tensor::Allocate(shown.info().dtype, {shown.info().channels, box.height(), box.width()}));
  TEGULA_TRY(shown.Read(BlockOf(box), image::AsBlock(pixels.view())));
  TEGULA_ASSIGN_OR_RETURN(const Tensor small, ToPicture(pixels, shown.info()));
  const std::int64_t times =
      std::max<std::int64_t>(1, std::llround(kPictureEdge / static_cast<double>(std::max(box.height(), box.width()))));
  TEGULA_ASSIGN_OR_RETURN(Tensor picture, Enlarged(small, times));
  std::vector<outputs::Ring> rings;
  const auto add = [&](const objects::Ring& ring) {
    outputs::Ring& points = rings.emplace_back();
    for (const objects::Corner& corner : ring)
      points.push_back(
          {(y.ToImage(corner.y) / step_y - static_cast<double>(box.y.begin)) * static_cast<double>(times),
           (x.ToImage(corner.x) / step_x - static_cast<double>(box.x.begin)) * static_cast<double>(times)});
  };
  for (const objects::Polygon& polygon : region.polygons) {
    add(polygon.outer);
    for (const objects::Ring& hole : polygon.holes) add(hole);
  }
  TEGULA_TRY(outputs::DrawOutlines(
      rings, outputs::ColourOf(output.channel_colours, static_cast<std::size_t>(region.label)), kLine, picture.view()));
  return picture;
}

}  // namespace

std::uint64_t ObjectGallery::LotOf(const objects::Region& region) const noexcept {
  const auto place = (static_cast<std::uint64_t>(region.first.y) << 32) | static_cast<std::uint32_t>(region.first.x);
  return Mix(Mix(Mix(seed_) ^ static_cast<std::uint64_t>(region.label)) ^ place);
}

bool ObjectGallery::IsDrawn(const objects::Region& region) const noexcept {
  return drawn_.size() < kObjects || LotOf(region) < drawn_.rbegin()->first;
}

void ObjectGallery::Add(objects::Region region, std::string caption) {
  const std::uint64_t lot = LotOf(region);
  drawn_.insert_or_assign(lot, std::pair(std::move(region), std::move(caption)));
  if (drawn_.size() > kObjects) drawn_.erase(std::prev(drawn_.end()));
}

Result<std::vector<outputs::ObjectPicture>> ObjectGallery::Pictures(const image::BoundImage& image,
                                                                    const pipeline::OutputInfo& output) const {
  std::vector<const std::pair<objects::Region, std::string>*> in_order;
  for (const auto& [lot, object] : drawn_) in_order.push_back(&object);
  std::ranges::sort(in_order, {}, [](const auto* object) { return object->first.first; });
  std::vector<outputs::ObjectPicture> pictures;
  for (const auto* object : in_order) {
    TEGULA_ASSIGN_OR_RETURN(Tensor picture, PictureOf(object->first, image, output));
    pictures.push_back({object->second, std::move(picture)});
  }
  return pictures;
}

}  // namespace tegula::app
