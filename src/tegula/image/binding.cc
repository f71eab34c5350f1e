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

std::string Count(std::int64_t n) { return fmt::format("{} channel{}", n, n == 1 ? "" : "s"); }

std::string WantedChannels(const ModelInput& wanted) {
  if (wanted.channel_names.empty()) return fmt::format("the model wants {}", Count(wanted.channels));
  return fmt::format("the model wants {} ({})", Count(wanted.channels), NamesText(wanted.channel_names));
}

std::string ToText(const PixelSize& size) {
  if (size.y_um == size.x_um) return fmt::format("{:.4g} µm", size.x_um);
  return fmt::format("{:.4g} x {:.4g} µm (y, x)", size.y_um, size.x_um);
}

Result<ChannelMix> BindChannels(const ImageInfo& info, const BindingRequest& request, const ModelInput& wanted,
                                std::vector<std::string>& decisions) {
  const DType planes = request.z_projection ? ProjectedType(*request.z_projection, info.dtype) : info.dtype;
  const auto asked = static_cast<std::int64_t>(request.channels.size());
  const auto unused_stains = [&] {
    return InvalidError("--stains says how stains are told apart, but none of them is among --channels; add one");
  };
  if (asked == 0) {
    if (request.stains) return unused_stains();
    if (wanted.channels > 0 && static_cast<std::int64_t>(info.channels.size()) != wanted.channels)
      return InvalidError(fmt::format("{} and {}; {}", ChannelsText(info), WantedChannels(wanted), HowToChoose(info)));
    decisions.push_back(fmt::format("all channels of the image in their order: {}", NamesText(NamesOf(info.channels))));
    return ChannelMix::All(info, planes);
  }
  const StainSet stains = request.stains.value_or(StainSet::Hed());
  TEGULA_ASSIGN_OR_RETURN(ChannelMix mix, ChannelMix::Of(info, request.channels, stains, planes));
  if (request.stains && !mix.has_stains()) return unused_stains();
  if (wanted.channels > 0 && asked != wanted.channels)
    return InvalidError(
        fmt::format("--channels names {}, but {}; {}", Count(asked), WantedChannels(wanted), ChannelsText(info)));
  decisions.push_back(fmt::format("channels as asked for: {}", NamesText(NamesOf(mix.list()))));
  if (mix.has_stains())
    decisions.push_back(
        fmt::format("stains by colour deconvolution with white at {}: {}", mix.white(), stains.ToText()));
  return mix;
}

// The image's planes of one axis. `all`: the model or a projection takes them together.
Result<Interval> BindPlanes(GridAxis axis, std::int64_t size, const std::optional<PlaneRange>& asked, bool all) {
  const char name = GridAxisName(axis);
  if (!asked && !all && size > 1)
    return InvalidError(fmt::format(
        "the image has {0} planes along {1}; choose one with --{1}, from 0 to {2}, or several, as --{1} 0:{0}{3}", size,
        name, size - 1, axis == GridAxis::kZ ? ", or one made of them with --z-projection max" : ""));
  return asked.value_or(PlaneRange::All()).Within(size).Context(fmt::format("--{}", name));
}

std::string PlanesText(GridAxis axis, Interval planes, std::int64_t size) {
  const char name = GridAxisName(axis);
  if (planes.size() == 1) return fmt::format("plane {}={} of {}", name, planes.begin, size);
  return fmt::format("planes {}={} to {} of {}", name, planes.begin, planes.end - 1, size);
}

PixelSize Scaled(const PixelSize& size, const Downsample& downsample) {
  return {size.y_um * downsample.y, size.x_um * downsample.x};
}

Downsample Of(const Level& level) { return {level.downsample_y, level.downsample_x}; }

// How far a grid is from the wanted one, as a ratio of sizes from 1 on.
double Ratio(const Downsample& a, const Downsample& b) {
  return std::max({a.y / b.y, b.y / a.y, a.x / b.x, b.x / a.x});
}

std::optional<std::size_t> NearestLevel(const ImageInfo& info, const Downsample& wanted, double tolerance) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const Downsample have = Of(info.levels[i]);
    if (std::abs(have.y / wanted.y - 1) > tolerance || std::abs(have.x / wanted.x - 1) > tolerance) continue;
    if (!best || Ratio(have, wanted) < Ratio(Of(info.levels[*best]), wanted)) best = i;
  }
  return best;
}

std::string LevelText(const PixelGrid& grid) {
  return fmt::format("level {} ({} x {} pixels, height x width) as it is", grid.level, grid.height(), grid.width());
}

std::string ResampledText(const PixelGrid& grid) {
  return fmt::format("{}, {} x {} pixels", grid.y.step >= 1 && grid.x.step >= 1 ? "mean of the area" : "linear",
                     grid.height(), grid.width());
}

class GridBinder {
 public:
  GridBinder(const ImageInfo& info, std::vector<std::string>& decisions) : info_(info), decisions_(decisions) {}

  Result<PixelGrid> Bind(const BindingRequest& request, const ModelInput& wanted) {
    if (int{request.level.has_value()} + int{request.pixel_size_um.has_value()} + int{request.downsample.has_value()} >
        1)
      return InvalidError("--level, --pixel-size and --downsample exclude each other; give one of them");
    if (request.level) return AskedLevel(*request.level);
    if (request.downsample) return AskedDownsample(*request.downsample);
    if (request.pixel_size_um) return AskedPixelSize(*request.pixel_size_um);
    if (wanted.pixel_size && info_.pixel_size) return ModelsPixelSize(*wanted.pixel_size);
    PixelGrid grid = PixelGrid::OfLevel(info_, 0);
    return Decided(grid, !wanted.pixel_size
                             ? LevelText(grid) + ": the model states no pixel size"
                             : fmt::format("{}: the pixel size of the image is unknown, the model's is {}",
                                           LevelText(grid), ToText(*wanted.pixel_size)));
  }

 private:
  PixelGrid Decided(const PixelGrid& grid, std::string sentence) {
    decisions_.push_back(std::move(sentence));
    return grid;
  }

  Result<PixelGrid> AskedLevel(int level) {
    if (level < 0 || static_cast<std::size_t>(level) >= info_.levels.size())
      return InvalidError(
          fmt::format("there is no level {}; the image has levels 0 to {}", level, info_.levels.size() - 1));
    const PixelGrid grid = PixelGrid::OfLevel(info_, static_cast<std::size_t>(level));
    return Decided(grid, LevelText(grid) + ", as asked for");
  }

  Result<PixelGrid> AskedDownsample(double factor) {
    if (!std::isfinite(factor) || factor <= 0)
      return InvalidError(fmt::format("--downsample {} is no factor; give a positive number, as 4", factor));
    for (std::size_t i = 0; i < info_.levels.size(); ++i) {
      const PixelGrid grid = PixelGrid::OfLevel(info_, i);
      if (IsMeantBy(grid, factor))
        return Decided(grid, fmt::format("{}: it is downsampled by {:.6g}, as asked for", LevelText(grid), factor));
    }
    TEGULA_ASSIGN_OR_RETURN(const PixelGrid grid, PixelGrid::WithDownsample(info_, {factor, factor}));
    return Decided(grid, fmt::format("level {} resampled to 1/{:.6g} of the full resolution, as asked for ({})",
                                     grid.level, factor, ResampledText(grid)));
  }

  // Levels have whole pixels, so that their factors are a little off what they are meant to be.
  bool IsMeantBy(const PixelGrid& grid, double factor) const {
    const Level& full = info_.levels.front();
    const auto is_rounded = [&](std::int64_t have, std::int64_t of) {
      return std::abs(static_cast<double>(have) - static_cast<double>(of) / factor) < 1;
    };
    return Ratio(grid.downsample, {factor, factor}) <= 1 + kPixelSizeTolerance &&
           is_rounded(grid.height(), full.height) && is_rounded(grid.width(), full.width);
  }

  Result<PixelGrid> AskedPixelSize(double um) {
    const PixelSize size{um, um};
    if (!std::isfinite(um) || um <= 0)
      return InvalidError(fmt::format("--pixel-size {} is no size; give a positive number of µm", um));
    if (!info_.pixel_size)
      return InvalidError(
          fmt::format("the image does not state its pixel size, so it cannot be resampled to {}; choose a level with "
                      "--level, or a factor with --downsample",
                      ToText(size)));
    const std::optional<std::size_t> same = NearestLevel(info_, For(size), kSameSize);
    if (!same) return Resampled(size, "the asked");
    const PixelGrid grid = PixelGrid::OfLevel(info_, *same);
    return Decided(grid, fmt::format("{}: its pixels are of {}, as asked for", LevelText(grid), ToText(SizeOf(grid))));
  }

  Result<PixelGrid> ModelsPixelSize(const PixelSize& size) {
    const std::optional<std::size_t> near = NearestLevel(info_, For(size), kPixelSizeTolerance);
    if (!near) return Resampled(size, "the model's");
    const PixelGrid grid = PixelGrid::OfLevel(info_, *near);
    return Decided(grid, fmt::format("{}: its pixels of {} are within {:.0f} % of the model's {}", LevelText(grid),
                                     ToText(SizeOf(grid)), kPixelSizeTolerance * 100, ToText(size)));
  }

  Result<PixelGrid> Resampled(const PixelSize& size, std::string_view whose) {
    TEGULA_ASSIGN_OR_RETURN(
        const PixelGrid grid,
        PixelGrid::WithDownsample(info_, For(size)).Context(fmt::format("pixels of {}", ToText(size))));
    const PixelSize have = SizeOf(PixelGrid::OfLevel(info_, static_cast<std::size_t>(grid.level)));
    return Decided(grid, fmt::format("level {} resampled from pixels of {} to {} {} ({})", grid.level, ToText(have),
                                     whose, ToText(size), ResampledText(grid)));
  }

  // These two only where the image states its pixel size.
  Downsample For(const PixelSize& size) const {
    return {size.y_um / info_.pixel_size->y_um, size.x_um / info_.pixel_size->x_um};
  }
  PixelSize SizeOf(const PixelGrid& grid) const { return Scaled(*info_.pixel_size, grid.downsample); }

  const ImageInfo& info_;
  std::vector<std::string>& decisions_;
};

}  // namespace

Result<BoundImage> Bind(const Source& source, const BindingRequest& request, const ModelInput& wanted) {
  const ImageInfo& info = source.info();
  std::vector<std::string> decisions;
  TEGULA_ASSIGN_OR_RETURN(ChannelMix channels, BindChannels(info, request, wanted, decisions));
  const bool projects = request.z_projection.has_value();
  TEGULA_ASSIGN_OR_RETURN(const Interval z, BindPlanes(GridAxis::kZ, info.size_z, request.z, wanted.has_z || projects));
  TEGULA_ASSIGN_OR_RETURN(const Interval t, BindPlanes(GridAxis::kT, info.size_t, request.t, wanted.has_t));
  if (projects)
    decisions.push_back(
        fmt::format("{} of {}", ProjectionName(*request.z_projection), PlanesText(GridAxis::kZ, z, info.size_z)));
  else if (info.size_z > 1)
    decisions.push_back(PlanesText(GridAxis::kZ, z, info.size_z));
  if (info.size_t > 1) decisions.push_back(PlanesText(GridAxis::kT, t, info.size_t));
  TEGULA_ASSIGN_OR_RETURN(const PixelGrid grid, GridBinder(info, decisions).Bind(request, wanted));

  BoundImage image(source, std::move(channels));
  image.projection_ = request.z_projection;
  image.projected_z_ = z;
  BoundInfo& bound = image.info_;
  bound.size = {{t.size(), projects ? 1 : z.size(), 0, 0}};
  bound.first = {{t.begin, z.begin, 0, 0}};
  bound.channels = image.channels_.count();
  bound.dtype = image.channels_.dtype();
  bound.channel_list = image.channels_.list();
  bound.source_channels = image.channels_.sources();
  bound.is_rgb =
      info.is_rgb && image.channels_.is_plain() && bound.source_channels == std::vector<std::int64_t>{0, 1, 2};
  bound.held_bytes = info.held_bytes;
  bound.decisions = std::move(decisions);
  image.Use(grid);
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

void BoundImage::Use(const PixelGrid& grid) {
  grid_ = grid;
  info_.size[GridAxis::kY] = grid.height();
  info_.size[GridAxis::kX] = grid.width();
  info_.level = grid.level;
  info_.resampled = grid.resampled;
  info_.downsample_y = grid.downsample.y;
  info_.downsample_x = grid.downsample.x;
  if (source_->info().pixel_size) info_.pixel_size = Scaled(*source_->info().pixel_size, grid.downsample);
}

BoundImage BoundImage::Shrunk(std::int64_t max_edge) const {
  BoundImage small = *this;
  small.Use(PixelGrid::WithEdge(source_->info(), max_edge));
  return small;
}

Status BoundImage::Read(const Block& block, const View& out_tczyx, Overlap overlap) const {
  const Interval ts = block[GridAxis::kT], zs = block[GridAxis::kZ];
  for (std::int64_t t = ts.begin; t < ts.end; ++t)
    for (std::int64_t z = zs.begin; z < zs.end; ++z)
      TEGULA_TRY(ReadPlane({.t = info_.first[GridAxis::kT] + t,
                            .z = info_.first[GridAxis::kZ] + z,
                            .box = PlaneBox(block),
                            .channels = channels_.sources(),
                            .overlap = overlap},
                           PlaneOf(out_tczyx, t - ts.begin, z - zs.begin)));
  return Ok();
}

// `request` counts the image's planes and the grid's pixels.
Status BoundImage::ReadPlane(ReadRequest request, const View& out_cyx) const {
  const auto read = [&](const View& out) {
    return projection_ ? ReadProjection(request, out) : grid_.Read(*source_, request, request.box, out);
  };
  if (channels_.is_plain()) return read(out_cyx);
  const DType dtype = projection_ ? ProjectedType(*projection_, source_->info().dtype) : source_->info().dtype;
  const auto sources = static_cast<std::int64_t>(channels_.sources().size());
  TEGULA_ASSIGN_OR_RETURN(Tensor planes, Tensor::Allocate(dtype, {sources, request.box.height(), request.box.width()}));
  TEGULA_TRY(read(planes.view()));
  return channels_.Make(planes.view(), out_cyx);
}

Status BoundImage::ReadProjection(ReadRequest request, const View& out_cyx) const {
  TEGULA_ASSIGN_OR_RETURN(Projector projector, Projector::Create(*projection_, source_->info().dtype, out_cyx.shape()));
  TEGULA_ASSIGN_OR_RETURN(Tensor plane, Tensor::Allocate(source_->info().dtype, out_cyx.shape()));
  for (request.z = projected_z_.begin; request.z < projected_z_.end; ++request.z) {
    TEGULA_TRY(grid_.Read(*source_, request, request.box, plane.view()));
    projector.Add(plane.view());
  }
  projector.Store(out_cyx);
  return Ok();
}

Status BoundImage::ReadPadded(const Block& block, PadMode mode, double constant, const View& out_tczyx,
                              Overlap overlap) const {
  const auto read = [&](const Block& part, const View& out) { return Read(part, out, overlap); };
  return image::ReadPadded(info_.size, block, mode, constant, read, out_tczyx);
}

}  // namespace tegula::image
