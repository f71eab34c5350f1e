#include "tegula/app/view/rendering.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

std::int64_t HalvedUp(std::int64_t size, int times) { return (size + (std::int64_t{1} << times) - 1) >> times; }

// Screen values that channels add up to, one plane per colour.
void AddChannel(const ConstView& values_yx, const ChannelLook& look, std::vector<float>& sums_yxc) {
  const double range = look.high - look.low;
  const auto scale = static_cast<float>(range > 0 ? 1 / range : 0);
  const auto low = static_cast<float>(look.low);
  const float colour[3] = {static_cast<float>(look.colour.r), static_cast<float>(look.colour.g),
                           static_cast<float>(look.colour.b)};
  const float* const values = values_yx.as<float>();
  const std::int64_t pixels = values_yx.elements();
  for (std::int64_t i = 0; i < pixels; ++i) {
    // Not a number is shown as nothing.
    const float share = values[i] > low ? std::min(1.0F, (values[i] - low) * scale) : 0.0F;
    for (int c = 0; c < 3; ++c) sums_yxc[static_cast<std::size_t>(3 * i + c)] += share * colour[c];
  }
}

bool IsShownAsItIs(const image::ImageInfo& info) {
  return info.is_rgb && info.dtype == DType::kU8 && info.channels.size() == 3;
}

}  // namespace

int ShownLevels(std::int64_t height, std::int64_t width) {
  int levels = 1;
  while ((std::int64_t{1} << (levels - 1)) < std::max(height, width)) ++levels;
  return levels;
}

std::int64_t ShownSize(std::int64_t size, int levels, int level) { return HalvedUp(size, levels - 1 - level); }

image::PixelGrid ShownGrid(const image::ImageInfo& info, int level) {
  const image::Level& whole = info.levels.front();
  const int levels = ShownLevels(whole.height, whole.width);
  const auto downsample = static_cast<double>(std::int64_t{1} << (levels - 1 - level));
  // The coarsest level of the image that is nowhere coarser; a file that rounded its sizes is not read at a finer level
  // for that.
  constexpr double kRounded = 1.01;
  std::size_t best = 0;
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const image::Level& at = info.levels[i];
    if (std::max(at.downsample_y, at.downsample_x) <= downsample * kRounded) best = i;
  }
  const image::Level& from = info.levels[best];
  image::PixelGrid grid;
  grid.level = static_cast<int>(best);
  grid.downsample = {downsample, downsample};
  const std::int64_t height = ShownSize(whole.height, levels, level), width = ShownSize(whole.width, levels, level);
  grid.resampled = height != from.height || width != from.width;
  grid.y = image::AxisGrid{from.height, height, std::max(1.0, downsample / from.downsample_y)};
  grid.x = image::AxisGrid{from.width, width, std::max(1.0, downsample / from.downsample_x)};
  return grid;
}

Result<Box> ShownBox(std::int64_t height, std::int64_t width, int level, std::int64_t tile_y, std::int64_t tile_x) {
  const int levels = ShownLevels(height, width);
  if (level >= 0 && level < levels && tile_y >= 0 && tile_x >= 0) {
    const std::int64_t rows = ShownSize(height, levels, level), columns = ShownSize(width, levels, level);
    if (tile_y <= (rows - 1) / kShownTile && tile_x <= (columns - 1) / kShownTile)
      return Box{{tile_y * kShownTile, std::min(rows, (tile_y + 1) * kShownTile)},
                 {tile_x * kShownTile, std::min(columns, (tile_x + 1) * kShownTile)}};
  }
  return NotFoundError(fmt::format("there is no tile {}_{} at level {} of {}", tile_x, tile_y, level, levels));
}

Status CheckPlane(const image::ImageInfo& info, std::int64_t z, std::int64_t t) {
  if (z >= 0 && z < info.size_z && t >= 0 && t < info.size_t) return Ok();
  return InvalidError(fmt::format("the image has {} planes along z and {} along t, so there is no plane z {} and t {}",
                                  info.size_z, info.size_t, z, t));
}

Status CheckLook(const image::ImageInfo& info, const Look& look) {
  TEGULA_TRY(CheckPlane(info, look.z, look.t));
  if (look.channels.empty() && !IsShownAsItIs(info))
    return InvalidError("only RGB images of 8 bits are shown as they are; name channels with colours and ranges");
  for (const ChannelLook& channel : look.channels) {
    if (channel.channel < 0 || channel.channel >= static_cast<std::int64_t>(info.channels.size()))
      return InvalidError(
          fmt::format("the image has {} channels, so there is no channel {}", info.channels.size(), channel.channel));
    if (!std::isfinite(channel.low) || !std::isfinite(channel.high))
      return InvalidError("the range of a channel is two finite numbers");
  }
  return Ok();
}

Result<Tensor> RenderTile(const image::Source& source, const Look& look, int level, std::int64_t tile_y,
                          std::int64_t tile_x) {
  const image::ImageInfo& info = source.info();
  TEGULA_TRY(CheckLook(info, look));
  TEGULA_ASSIGN_OR_RETURN(const Box box,
                          ShownBox(info.levels.front().height, info.levels.front().width, level, tile_y, tile_x));
  const image::PixelGrid grid = ShownGrid(info, level);
  std::vector<std::int64_t> channels;
  for (const ChannelLook& channel : look.channels) channels.push_back(channel.channel);
  const image::ReadRequest request{.t = look.t, .z = look.z, .channels = channels};
  const std::int64_t height = box.y.size(), width = box.x.size();
  TEGULA_ASSIGN_OR_RETURN(Tensor planes_cyx, Tensor::Allocate(info.dtype, {request.planes(info), height, width}));
  TEGULA_TRY(grid.Read(source, request, box, planes_cyx.view()));
  TEGULA_ASSIGN_OR_RETURN(Tensor shown_yxc, Tensor::Allocate(DType::kU8, {height, width, 3}));
  const View out = shown_yxc.view();
  if (look.channels.empty()) {
    const View in = planes_cyx.view();
    ConvertCopy(
        ConstView(in.data(), DType::kU8, {height, width, 3}, {in.strides()[1], in.strides()[2], in.strides()[0]}), out);
    return shown_yxc;
  }
  std::vector<float> sums_yxc(static_cast<std::size_t>(height * width * 3), 0.0F);
  TEGULA_ASSIGN_OR_RETURN(Tensor values_yx, Tensor::Allocate(DType::kF32, {height, width}));
  for (std::size_t c = 0; c < look.channels.size(); ++c) {
    const View plane = planes_cyx.view().Slice(0, static_cast<std::int64_t>(c), 1);
    ConvertCopy(ConstView(plane.data(), plane.dtype(), {height, width}, {plane.strides()[1], plane.strides()[2]}),
                values_yx.view());
    AddChannel(values_yx.view(), look.channels[c], sums_yxc);
  }
  auto* const pixels = out.as<std::uint8_t>();
  for (std::size_t i = 0; i < sums_yxc.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(std::lround(std::min(255.0F, sums_yxc[i])));
  return shown_yxc;
}

}  // namespace tegula::app
