#include "tegula/image/binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/image/block_view.h"
#include "tegula/image/padding.h"

namespace tegula::image {
namespace {

constexpr double kSameSize = 1e-6;  // relative: sizes that differ only by how they were written
constexpr std::size_t kChannelsInMessage = 12;

std::string Names(const std::vector<std::string>& names) {
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kChannelsInMessage)));
  if (shown.size() < names.size()) shown.push_back(fmt::format("and {} more", names.size() - shown.size()));
  return Join(shown, ", ");
}

std::vector<std::string> NamesOf(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  for (const Channel& channel : channels) names.push_back(channel.name);
  return names;
}

std::string Count(std::int64_t n) { return fmt::format("{} channel{}", n, n == 1 ? "" : "s"); }

std::string ImageChannels(const ImageInfo& info) {
  return fmt::format("the image has {} ({})", Count(static_cast<std::int64_t>(info.channels.size())),
                     Names(NamesOf(info.channels)));
}

std::string WantedChannels(const ModelInput& wanted) {
  if (wanted.channel_names.empty()) return fmt::format("the model wants {}", Count(wanted.channels));
  return fmt::format("the model wants {} ({})", Count(wanted.channels), Names(wanted.channel_names));
}

std::string ToText(const PixelSize& size) {
  if (size.y_um == size.x_um) return fmt::format("{:.4g} µm", size.x_um);
  return fmt::format("{:.4g} x {:.4g} µm (y, x)", size.y_um, size.x_um);
}

Result<std::int64_t> FindChannel(const ImageInfo& info, const std::string& name) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < info.channels.size(); ++i)
    if (info.channels[i].name == name) found.push_back(static_cast<std::int64_t>(i));
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    return InvalidError(
        fmt::format("the image has {} channels named '{}'; choose by index, from 0", found.size(), name));
  const std::optional<std::int64_t> index = ParseInt(name);
  if (index && *index >= 0 && *index < static_cast<std::int64_t>(info.channels.size())) return *index;
  return NotFoundError(fmt::format("there is no channel '{}': {}; choose with --channels by name, or by index from 0",
                                   name, ImageChannels(info)));
}

Status BindChannels(const ImageInfo& info, const BindingRequest& request, const ModelInput& wanted, BoundInfo& bound) {
  const auto there = static_cast<std::int64_t>(info.channels.size());
  for (const std::string& name : request.channels) {
    TEGULA_ASSIGN_OR_RETURN(const std::int64_t channel, FindChannel(info, name));
    bound.source_channels.push_back(channel);
  }
  const auto asked = static_cast<std::int64_t>(request.channels.size());
  if (asked > 0 && wanted.channels > 0 && asked != wanted.channels)
    return InvalidError(
        fmt::format("--channels names {}, but {}; {}", Count(asked), WantedChannels(wanted), ImageChannels(info)));
  if (asked == 0) {
    if (wanted.channels > 0 && there != wanted.channels)
      return InvalidError(fmt::format("{} and {}; choose with --channels, by name or by index from 0",
                                      ImageChannels(info), WantedChannels(wanted)));
    for (std::int64_t c = 0; c < there; ++c) bound.source_channels.push_back(c);
  }
  for (const std::int64_t c : bound.source_channels)
    bound.channel_list.push_back(info.channels[static_cast<std::size_t>(c)]);
  bound.channels = static_cast<std::int64_t>(bound.source_channels.size());
  bound.is_rgb = info.is_rgb && bound.source_channels == std::vector<std::int64_t>{0, 1, 2};
  bound.decisions.push_back(
      asked > 0 ? fmt::format("channels as asked for: {}", Names(NamesOf(bound.channel_list)))
                : fmt::format("all channels of the image in their order: {}", Names(NamesOf(bound.channel_list))));
  return Ok();
}

// The planes of one axis. `all`: the model takes them together.
Status BindPlanes(GridAxis axis, std::int64_t size, const std::optional<PlaneRange>& asked, bool all,
                  BoundInfo& bound) {
  const char name = GridAxisName(axis);
  if (!asked && !all && size > 1)
    return InvalidError(fmt::format(
        "the image has {0} planes along {1}; choose one with --{1}, from 0 to {2}, or several, as --{1} 0:{0}", size,
        name, size - 1));
  TEGULA_ASSIGN_OR_RETURN(const Interval planes,
                          asked.value_or(PlaneRange::All()).Within(size).Context(fmt::format("--{}", name)));
  bound.first[axis] = planes.begin;
  bound.size[axis] = planes.size();
  if (size == 1) return Ok();
  bound.decisions.push_back(planes.size() == 1
                                ? fmt::format("plane {}={} of {}", name, planes.begin, size)
                                : fmt::format("planes {}={} to {} of {}", name, planes.begin, planes.end - 1, size));
  return Ok();
}

PixelSize Scaled(const PixelSize& size, const Level& level) {
  return {size.y_um * level.downsample_y, size.x_um * level.downsample_x};
}

bool Within(const PixelSize& a, const PixelSize& wanted, double tolerance) {
  return std::abs(a.y_um / wanted.y_um - 1) <= tolerance && std::abs(a.x_um / wanted.x_um - 1) <= tolerance;
}

// How far a pixel size is from the wanted one.
double Distance(const PixelSize& a, const PixelSize& wanted) {
  return std::max(std::abs(std::log(a.y_um / wanted.y_um)), std::abs(std::log(a.x_um / wanted.x_um)));
}

std::optional<std::size_t> NearestLevel(const ImageInfo& info, const PixelSize& wanted, double tolerance) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const PixelSize size = Scaled(*info.pixel_size, info.levels[i]);
    if (!Within(size, wanted, tolerance)) continue;
    if (!best || Distance(size, wanted) < Distance(Scaled(*info.pixel_size, info.levels[*best]), wanted)) best = i;
  }
  return best;
}

// The coarsest level that is nowhere coarser than wanted; the finest if all are.
std::size_t BestLevelToResample(const ImageInfo& info, const PixelSize& wanted) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const PixelSize size = Scaled(*info.pixel_size, info.levels[i]);
    if (size.y_um <= wanted.y_um * (1 + kSameSize) && size.x_um <= wanted.x_um * (1 + kSameSize)) best = i;
  }
  return best;
}

void UseLevel(const ImageInfo& info, std::size_t index, BoundInfo& bound) {
  const Level& level = info.levels[index];
  bound.level = static_cast<int>(index);
  bound.size[GridAxis::kY] = level.height;
  bound.size[GridAxis::kX] = level.width;
  bound.downsample_y = level.downsample_y;
  bound.downsample_x = level.downsample_x;
  if (info.pixel_size) bound.pixel_size = Scaled(*info.pixel_size, level);
}

std::string LevelText(const BoundInfo& bound) {
  return fmt::format("level {} ({} x {} pixels, height x width) as it is", bound.level, bound.height(), bound.width());
}

struct Grid {
  AxisGrid y, x;
};

Result<Grid> ResampleTo(const ImageInfo& info, const PixelSize& wanted, std::string_view whose, BoundInfo& bound) {
  UseLevel(info, BestLevelToResample(info, wanted), bound);
  const PixelSize have = *bound.pixel_size;
  const Grid grid{AxisGrid::WithStep(bound.height(), wanted.y_um / have.y_um),
                  AxisGrid::WithStep(bound.width(), wanted.x_um / have.x_um)};
  constexpr std::int64_t kLargestAxis = std::int64_t{1} << 31;
  if (grid.y.out_size > kLargestAxis || grid.x.out_size > kLargestAxis)
    return UnsupportedError(
        fmt::format("the image with pixels of {} would have {} x {} pixels, which is more than allowed", ToText(wanted),
                    grid.y.out_size, grid.x.out_size));
  bound.resampled = true;
  bound.size[GridAxis::kY] = grid.y.out_size;
  bound.size[GridAxis::kX] = grid.x.out_size;
  bound.downsample_y *= grid.y.step;
  bound.downsample_x *= grid.x.step;
  bound.pixel_size = wanted;
  bound.decisions.push_back(fmt::format("level {} resampled from pixels of {} to {} {} ({}), {} x {} pixels",
                                        bound.level, ToText(have), whose, ToText(wanted),
                                        grid.y.step >= 1 && grid.x.step >= 1 ? "mean of the area" : "linear",
                                        bound.height(), bound.width()));
  return grid;
}

// Nothing if a level is used as it is.
Result<std::optional<Grid>> BindGrid(const ImageInfo& info, const BindingRequest& request, const ModelInput& wanted,
                                     BoundInfo& bound) {
  if (request.level && request.pixel_size_um)
    return InvalidError("--level and --pixel-size exclude each other; give one of them");
  if (request.level) {
    if (*request.level < 0 || static_cast<std::size_t>(*request.level) >= info.levels.size())
      return InvalidError(
          fmt::format("there is no level {}; the image has levels 0 to {}", *request.level, info.levels.size() - 1));
    UseLevel(info, static_cast<std::size_t>(*request.level), bound);
    bound.decisions.push_back(LevelText(bound) + ", as asked for");
    return std::optional<Grid>();
  }
  const auto resample = [&](const PixelSize& size, std::string_view whose) -> Result<std::optional<Grid>> {
    TEGULA_ASSIGN_OR_RETURN(const Grid grid, ResampleTo(info, size, whose, bound));
    return std::optional<Grid>(grid);
  };
  if (request.pixel_size_um) {
    const PixelSize size{*request.pixel_size_um, *request.pixel_size_um};
    if (!std::isfinite(size.y_um) || size.y_um <= 0)
      return InvalidError(fmt::format("--pixel-size {} is no size; give a positive number of µm", size.y_um));
    if (!info.pixel_size)
      return InvalidError(fmt::format(
          "the image does not state its pixel size, so it cannot be resampled to {}; choose a level with --level",
          ToText(size)));
    const std::optional<std::size_t> same = NearestLevel(info, size, kSameSize);
    if (!same) return resample(size, "the asked");
    UseLevel(info, *same, bound);
    bound.decisions.push_back(
        fmt::format("{}: its pixels are of {}, as asked for", LevelText(bound), ToText(*bound.pixel_size)));
    return std::optional<Grid>();
  }
  if (wanted.pixel_size && info.pixel_size) {
    const std::optional<std::size_t> near = NearestLevel(info, *wanted.pixel_size, kPixelSizeTolerance);
    if (!near) return resample(*wanted.pixel_size, "the model's");
    UseLevel(info, *near, bound);
    bound.decisions.push_back(fmt::format("{}: its pixels of {} are within {:.0f} % of the model's {}",
                                          LevelText(bound), ToText(*bound.pixel_size), kPixelSizeTolerance * 100,
                                          ToText(*wanted.pixel_size)));
    return std::optional<Grid>();
  }
  UseLevel(info, 0, bound);
  bound.decisions.push_back(!wanted.pixel_size
                                ? LevelText(bound) + ": the model states no pixel size"
                                : fmt::format("{}: the pixel size of the image is unknown, the model's is {}",
                                              LevelText(bound), ToText(*wanted.pixel_size)));
  return std::optional<Grid>();
}

}  // namespace

Result<BoundImage> Bind(const Source& source, const BindingRequest& request, const ModelInput& wanted) {
  const ImageInfo& info = source.info();
  BoundImage image(source);
  BoundInfo& bound = image.info_;
  bound.dtype = info.dtype;
  TEGULA_TRY(BindChannels(info, request, wanted, bound));
  TEGULA_TRY(BindPlanes(GridAxis::kZ, info.size_z, request.z, wanted.has_z, bound));
  TEGULA_TRY(BindPlanes(GridAxis::kT, info.size_t, request.t, wanted.has_t, bound));
  TEGULA_ASSIGN_OR_RETURN(const std::optional<Grid> grid, BindGrid(info, request, wanted, bound));
  if (grid) image.grid_y_ = grid->y, image.grid_x_ = grid->x;
  return image;
}

BoundImage BoundImage::Planes(Interval t, Interval z) const {
  BoundImage part = *this;
  for (const auto& [axis, planes] : {std::pair(GridAxis::kT, t), std::pair(GridAxis::kZ, z)}) {
    TEGULA_ASSERT((Interval{0, info_.size[axis]}.Contains(planes)));
    part.info_.first[axis] += planes.begin;
    part.info_.size[axis] = planes.size();
  }
  return part;
}

Status BoundImage::Read(const Block& block, const View& out_tczyx) const {
  ReadRequest request{.level = info_.level, .channels = info_.source_channels};
  const auto read = [&](const Box& part, const View& out) -> Status {
    request.box = part;
    return source_->Read(request, out);
  };
  const Interval ts = block[GridAxis::kT], zs = block[GridAxis::kZ];
  for (std::int64_t t = ts.begin; t < ts.end; ++t)
    for (std::int64_t z = zs.begin; z < zs.end; ++z) {
      request.t = info_.first[GridAxis::kT] + t;
      request.z = info_.first[GridAxis::kZ] + z;
      const View plane_cyx = PlaneOf(out_tczyx, t - ts.begin, z - zs.begin);
      TEGULA_TRY(info_.resampled ? Resample(grid_y_, grid_x_, PlaneBox(block), read, plane_cyx)
                                 : read(PlaneBox(block), plane_cyx));
    }
  return Ok();
}

Status BoundImage::ReadPadded(const Block& block, PadMode mode, double constant, const View& out_tczyx) const {
  const auto read = [&](const Block& part, const View& out) { return Read(part, out); };
  return image::ReadPadded(info_.size, block, mode, constant, read, out_tczyx);
}

}  // namespace tegula::image
