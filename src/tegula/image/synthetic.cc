#include "tegula/image/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tegula/core/random.h"
#include "tegula/core/text.h"
#include "tegula/image/formats.h"

namespace tegula::image {
namespace {

constexpr std::string_view kPrefix = "synthetic:";
constexpr std::string_view kKeys =
    "height, width, channels, dtype, seed, levels, z, t, pixel_size, background, density";
constexpr std::int64_t kMaxLevels = 16;

// Nuclei stand in cells of this edge, one or none in each, wholly inside it.
constexpr std::int64_t kCell = 40;
constexpr double kSmallest = 6.5, kLargest = 13.0;  // radii in pixels
constexpr double kSoftEdge = 2.0;                   // half the width of the outline's ramp, in pixels

constexpr double kNoise = 0.04;
constexpr std::uint64_t kShapeSalt = 0x6e75636c6569ULL, kNoiseSalt = 0x6e6f697365ULL;

// What brightness a nucleus and its surroundings have: in fluorescence, and per channel of a stained section.
constexpr double kDarkBackground = 0.08, kFluorescence = 0.65, kFluorescenceSpread = 0.2;
constexpr double kBrightBackground[3] = {0.92, 0.86, 0.91};
constexpr double kStain[3] = {-0.52, -0.60, -0.33};

std::optional<Nucleus> NucleusIn(const SyntheticSpec& spec, std::int64_t cell_y, std::int64_t cell_x) {
  const auto draw = [&](std::int64_t which) { return UniformAt(spec.seed ^ kShapeSalt, which, cell_y, cell_x); };
  if (cell_y < 0 || cell_x < 0 || (cell_y + 1) * kCell > spec.height || (cell_x + 1) * kCell > spec.width)
    return std::nullopt;
  if (draw(0) >= spec.density) return std::nullopt;
  Nucleus n;
  n.long_radius = kSmallest + draw(1) * (kLargest - kSmallest);
  n.short_radius = std::max(kSmallest, n.long_radius * (0.65 + 0.35 * draw(2)));
  n.long_radius = std::max(n.long_radius, n.short_radius);
  const double margin = n.long_radius + kSoftEdge;
  const double room = static_cast<double>(kCell) - 2 * margin;
  n.y = static_cast<double>(cell_y * kCell) + margin + draw(3) * room;
  n.x = static_cast<double>(cell_x * kCell) + margin + draw(4) * room;
  n.angle = draw(5) * std::numbers::pi;
  return n;
}

// 1 inside, 0 outside, half on the outline, by a smooth ramp.
double Coverage(const Nucleus& n, double cos, double sin, double y, double x) {
  const double dy = y - n.y, dx = x - n.x;
  const double u = (dx * cos + dy * sin) / n.long_radius, v = (dy * cos - dx * sin) / n.short_radius;
  const double inside = (1.0 - std::sqrt(u * u + v * v)) * n.short_radius;  // pixels from the outline, nearly
  const double ramp = std::clamp(0.5 + inside / (2 * kSoftEdge), 0.0, 1.0);
  return ramp * ramp * (3 - 2 * ramp);
}

template <class T>
T Quantise(double value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value >= 0.5;
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    const double steps = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const double below_one = std::clamp(value, 0.0, 1.0 - 0x1.0p-53);
    return static_cast<T>(std::min(std::floor(below_one * steps), std::nextafter(steps, 0.0)));
  }
}

/// One row of one plane is made at a time. Immutable and thread-safe.
class SyntheticSource final : public Source {
 public:
  SyntheticSource(const SyntheticSpec& spec, ImageInfo info) : spec_(spec), info_(std::move(info)) {}
  const ImageInfo& info() const noexcept override { return info_; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info_, request, out_cyx);
    std::vector<double> row(static_cast<std::size_t>(request.box.width()));
    for (std::int64_t i = 0; i < request.planes(info_); ++i) {
      for (std::int64_t y = request.box.y.begin; y < request.box.y.end; ++y) {
        FillRow(request, request.channel(i), y, row);
        const View out = out_cyx.Slice(0, i, 1).Slice(1, y - request.box.y.begin, 1);
        VisitDType(info_.dtype, [&](auto tag) {
          using T = typename decltype(tag)::type;
          T* const to = out.as<T>();
          for (std::size_t x = 0; x < row.size(); ++x)
            to[static_cast<std::int64_t>(x) * out.strides()[2]] = Quantise<T>(row[x]);
        });
      }
    }
    return Ok();
  }

 private:
  void FillRow(const ReadRequest& request, std::int64_t c, std::int64_t y, std::vector<double>& row) const {
    // Another seed for every plane and level, so that noise is fresh in each.
    const auto plane = static_cast<std::uint64_t>((request.t * spec_.size_z + request.z) * kMaxLevels + request.level);
    const std::uint64_t seed = Mix(spec_.seed ^ kNoiseSalt) + plane;
    const std::int64_t first = request.box.x.begin;
    const double scale = std::ldexp(1.0, request.level);
    const double y0 = (static_cast<double>(y) + 0.5) * scale;
    switch (spec_.kind) {
      case SyntheticKind::kNoise:
        for (std::size_t i = 0; i < row.size(); ++i)
          row[i] = UniformAt(seed, c, y, first + static_cast<std::int64_t>(i));
        return;
      case SyntheticKind::kGradient:
        for (std::size_t i = 0; i < row.size(); ++i) {
          const double x0 = (static_cast<double>(first) + static_cast<double>(i) + 0.5) * scale;
          const double value =
              std::min(1.0, (y0 / static_cast<double>(spec_.height) + x0 / static_cast<double>(spec_.width)) / 2);
          row[i] = c % 2 == 0 ? value : 1 - value;
        }
        return;
      case SyntheticKind::kNuclei: break;
    }
    FillNuclei(seed, c, y, first, scale, row);
  }

  void FillNuclei(std::uint64_t seed, std::int64_t c, std::int64_t y, std::int64_t first, double scale,
                  std::vector<double>& row) const {
    const double y0 = (static_cast<double>(y) + 0.5) * scale;
    const auto cell_y = static_cast<std::int64_t>(y0) / kCell;
    const auto tint = static_cast<std::size_t>(spec_.channels == 3 ? c : 0);
    const double background = spec_.bright ? kBrightBackground[tint] : kDarkBackground;
    std::int64_t cell_x = -1;
    std::optional<Nucleus> nucleus;
    double cos = 1, sin = 0, contrast = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::int64_t x = first + static_cast<std::int64_t>(i);
      const double x0 = (static_cast<double>(x) + 0.5) * scale;
      if (const auto cell = static_cast<std::int64_t>(x0) / kCell; cell != cell_x) {
        cell_x = cell;
        nucleus = NucleusIn(spec_, cell_y, cell_x);
        if (nucleus) {
          cos = std::cos(nucleus->angle), sin = std::sin(nucleus->angle);
          contrast = spec_.bright
                         ? kStain[tint]
                         : kFluorescence + kFluorescenceSpread * UniformAt(spec_.seed ^ kShapeSalt, 6, cell_y, cell_x);
        }
      }
      row[i] = background + (nucleus ? contrast * Coverage(*nucleus, cos, sin, y0, x0) : 0) +
               kNoise * (UniformAt(seed, c, y, x) - 0.5);
    }
  }

  SyntheticSpec spec_;
  ImageInfo info_;
};

Error BadValue(std::string_view key, std::string_view value, std::string_view wanted) {
  return InvalidError(fmt::format("in a synthetic image, {}={} is not possible; {} is {}", key, value, key, wanted));
}

Status SetSize(std::string_view key, std::string_view value, std::int64_t limit, std::int64_t& out) {
  const std::optional<std::int64_t> number = ParseInt(value);
  if (!number || *number < 1 || *number > limit)
    return BadValue(key, value, fmt::format("a number from 1 to {}", limit));
  out = *number;
  return Ok();
}

Status SetKey(SyntheticSpec& spec, std::string_view key, std::string_view value, const Limits& limits) {
  if (key == "height") return SetSize(key, value, limits.axis_size, spec.height);
  if (key == "width") return SetSize(key, value, limits.axis_size, spec.width);
  if (key == "channels") return SetSize(key, value, limits.channels, spec.channels);
  if (key == "z") return SetSize(key, value, limits.axis_size, spec.size_z);
  if (key == "t") return SetSize(key, value, limits.axis_size, spec.size_t);
  if (key == "levels") return SetSize(key, value, kMaxLevels, spec.levels);
  if (key == "seed") {
    const std::optional<std::int64_t> seed = ParseInt(value);
    if (!seed || *seed < 0) return BadValue(key, value, "a number from 0");
    spec.seed = static_cast<std::uint64_t>(*seed);
    return Ok();
  }
  if (key == "dtype") {
    const std::optional<DType> dtype = DTypeFromName(value);
    if (!dtype) return BadValue(key, value, "an element type such as uint8, uint16 or float32");
    spec.dtype = *dtype;
    return Ok();
  }
  if (key == "pixel_size") {
    const std::optional<double> size = ParseDouble(value);
    if (!size || !std::isfinite(*size) || *size <= 0) return BadValue(key, value, "a positive number of µm");
    spec.pixel_size_um = *size;
    return Ok();
  }
  if (key == "background") {
    if (value != "dark" && value != "bright") return BadValue(key, value, "dark or bright");
    spec.bright = value == "bright";
    return Ok();
  }
  if (key == "density") {
    const std::optional<double> density = ParseDouble(value);
    if (!density || !(*density >= 0 && *density <= 1)) return BadValue(key, value, "a number from 0 to 1");
    spec.density = *density;
    return Ok();
  }
  return InvalidError(fmt::format("a synthetic image has no '{}'; it has {}", key, kKeys));
}

}  // namespace

Result<SyntheticSpec> ParseSynthetic(std::string_view name, const Limits& limits) {
  if (!name.starts_with(kPrefix)) return InvalidError(fmt::format("'{}' does not begin with '{}'", name, kPrefix));
  const std::vector<std::string> parts = Split(name.substr(kPrefix.size()), ',');
  SyntheticSpec spec;
  const std::string kind = parts.empty() ? "" : std::string(Trim(parts.front()));
  if (kind == "noise") {
    spec.kind = SyntheticKind::kNoise;
  } else if (kind == "gradient") {
    spec.kind = SyntheticKind::kGradient;
  } else if (kind == "nuclei") {
    spec.kind = SyntheticKind::kNuclei;
  } else {
    return InvalidError(fmt::format("there is no synthetic image '{}'; there are noise, gradient and nuclei", kind));
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = Trim(parts[i]);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      return InvalidError(fmt::format("'{}' in a synthetic image is not of the form key=value", part));
    TEGULA_TRY(SetKey(spec, Trim(part.substr(0, equals)), Trim(part.substr(equals + 1)), limits));
  }
  return spec;
}

std::vector<Nucleus> SyntheticNuclei(const SyntheticSpec& spec, const Box& box) {
  std::vector<Nucleus> nuclei;
  if (spec.kind != SyntheticKind::kNuclei || box.empty()) return nuclei;
  const Box inside = Intersect(box, Box{{0, spec.height}, {0, spec.width}});
  for (std::int64_t cell_y = inside.y.begin / kCell; cell_y * kCell < inside.y.end; ++cell_y) {
    for (std::int64_t cell_x = inside.x.begin / kCell; cell_x * kCell < inside.x.end; ++cell_x) {
      const std::optional<Nucleus> n = NucleusIn(spec, cell_y, cell_x);
      if (n && inside.y.Contains(static_cast<std::int64_t>(n->y)) && inside.x.Contains(static_cast<std::int64_t>(n->x)))
        nuclei.push_back(*n);
    }
  }
  return nuclei;
}

bool ProbeSynthetic(const ProbeInput& input) { return input.name.starts_with(kPrefix); }

Result<std::unique_ptr<Source>> OpenSynthetic(const std::string& name, const Access& access) {
  TEGULA_ASSIGN_OR_RETURN(const SyntheticSpec spec, ParseSynthetic(name, access.limits));
  ImageInfo info;
  info.format = "synthetic";
  info.dtype = spec.dtype;
  info.is_rgb = spec.channels == 3 && spec.dtype == DType::kU8;
  info.channels = DefaultChannels(spec.channels, info.is_rgb);
  info.size_z = spec.size_z;
  info.size_t = spec.size_t;
  if (spec.pixel_size_um) info.pixel_size = PixelSize{*spec.pixel_size_um, *spec.pixel_size_um};
  for (std::int64_t i = 0; i < spec.levels; ++i) {
    const std::int64_t factor = std::int64_t{1} << i;
    Level level{.height = CeilDiv(spec.height, factor), .width = CeilDiv(spec.width, factor)};
    level.downsample_y = level.downsample_x = static_cast<double>(factor);
    info.levels.push_back(level);
  }
  return std::unique_ptr<Source>(new SyntheticSource(spec, std::move(info)));
}

}  // namespace tegula::image
