// Whole slides by OpenSlide. It renders regions that are given in pixels of level 0; where a level's downsample is no
// whole number, the same place of the level would be rendered a little differently for every origin. Such levels are
// read in fixed blocks, so that a pixel does not depend on the box it is read with.
#include <fmt/format.h>

#include <cmath>

#include "tegula/core/text.h"
#include "tegula/image/formats.h"
#include "tegula/image/openslide_library.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kBlock = 1024;  // pixels along an edge that are rendered at once: 4 MiB
constexpr std::string_view kGenericTiff = "generic-tiff";

struct CloseSlide {
  const OpenSlideLibrary* library = nullptr;
  void operator()(OpenSlideLibrary::Slide* slide) const noexcept { library->close(slide); }
};
using SlidePointer = std::unique_ptr<OpenSlideLibrary::Slide, CloseSlide>;

std::string Property(const OpenSlideLibrary& library, OpenSlideLibrary::Slide* slide, const char* name) {
  const char* value = library.get_property_value(slide, name);
  return value == nullptr ? "" : value;
}

// Premultiplied ARGB over the background.
constexpr std::uint8_t Over(std::uint32_t argb, int shift, std::uint32_t background) {
  const std::uint32_t transparent = 255 - (argb >> 24);
  const std::uint32_t value = ((argb >> shift) & 255) + (background * transparent + 127) / 255;
  return static_cast<std::uint8_t>(value > 255 ? 255 : value);
}

/// OpenSlide itself caches tiles. Immutable and thread-safe.
class SlideSource final : public Source {
 public:
  SlideSource(std::string name, const OpenSlideLibrary& library, SlidePointer slide, ImageInfo info, Rgb background)
      : name_(std::move(name)),
        library_(library),
        slide_(std::move(slide)),
        info_(std::move(info)),
        background_(background) {}
  const ImageInfo& info() const noexcept override { return info_; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info_, request, out_cyx);
    if (request.box.empty()) return Ok();
    const Level& level = info_.levels[static_cast<std::size_t>(request.level)];
    const bool exact = level.downsample_x == std::floor(level.downsample_x);
    TEGULA_ASSIGN_OR_RETURN(Tensor argb, Tensor::Allocate(DType::kU32, {kBlock, kBlock}));
    // Blocks from the box's own corner, or from a grid that is the same for every box.
    const std::int64_t from_y = exact ? request.box.y.begin : FloorDiv(request.box.y.begin, kBlock) * kBlock;
    const std::int64_t from_x = exact ? request.box.x.begin : FloorDiv(request.box.x.begin, kBlock) * kBlock;
    const std::int64_t end_y = exact ? request.box.y.end : level.height,
                       end_x = exact ? request.box.x.end : level.width;
    for (std::int64_t y = from_y; y < request.box.y.end; y += kBlock) {
      for (std::int64_t x = from_x; x < request.box.x.end; x += kBlock) {
        const Box block{{y, std::min(y + kBlock, end_y)}, {x, std::min(x + kBlock, end_x)}};
        TEGULA_TRY(Render(request.level, level.downsample_x, block, argb).Context(name_));
        Copy(argb, block, request, out_cyx);
      }
    }
    return Ok();
  }

 private:
  Status Render(int level, double downsample, const Box& block, Tensor& argb) const {
    const auto origin = [&](std::int64_t at) {
      return static_cast<std::int64_t>(std::llround(static_cast<double>(at) * downsample));
    };
    library_.read_region(slide_.get(), argb.values<std::uint32_t>().data(), origin(block.x.begin),
                         origin(block.y.begin), level, block.width(), block.height());
    // After an error a slide stays unusable; every later read reports the same.
    if (const char* error = library_.get_error(slide_.get())) return CorruptError(fmt::format("OpenSlide: {}", error));
    return Ok();
  }

  void Copy(const Tensor& argb, const Box& block, const ReadRequest& request, const View& out_cyx) const noexcept {
    const Box part{Intersect(block.y, request.box.y), Intersect(block.x, request.box.x)};
    const std::uint32_t* const pixels = argb.values<std::uint32_t>().data();
    for (std::int64_t i = 0; i < request.planes(info_); ++i) {
      const std::int64_t c = request.channel(i);
      const int shift = 16 - 8 * static_cast<int>(c);
      const std::uint32_t background = c == 0 ? background_.r : c == 1 ? background_.g : background_.b;
      const View plane = out_cyx.Slice(0, i, 1);
      auto* const out = plane.as<std::uint8_t>();
      for (std::int64_t y = part.y.begin; y < part.y.end; ++y) {
        const std::uint32_t* const from = pixels + (y - block.y.begin) * block.width() + (part.x.begin - block.x.begin);
        std::uint8_t* const to = out + (y - request.box.y.begin) * plane.strides()[1] +
                                 (part.x.begin - request.box.x.begin) * plane.strides()[2];
        for (std::int64_t x = 0; x < part.width(); ++x) to[x * plane.strides()[2]] = Over(from[x], shift, background);
      }
    }
  }

  std::string name_;
  const OpenSlideLibrary& library_;
  SlidePointer slide_;
  ImageInfo info_;
  Rgb background_;
};

std::optional<double> Objective(const OpenSlideLibrary& library, OpenSlideLibrary::Slide* slide) {
  const std::optional<double> power = ParseDouble(Property(library, slide, "openslide.objective-power"));
  return power && std::isfinite(*power) && *power > 0 ? power : std::nullopt;
}

std::optional<PixelSize> MicronsPerPixel(const OpenSlideLibrary& library, OpenSlideLibrary::Slide* slide) {
  const std::optional<double> y = ParseDouble(Property(library, slide, "openslide.mpp-y")),
                              x = ParseDouble(Property(library, slide, "openslide.mpp-x"));
  if (!y || !x || !std::isfinite(*y) || !std::isfinite(*x) || *y <= 0 || *x <= 0) return std::nullopt;
  return PixelSize{*y, *x};
}

// "RRGGBB" in hexadecimal; white if the slide does not say.
Rgb Background(const OpenSlideLibrary& library, OpenSlideLibrary::Slide* slide) {
  const std::string text = Property(library, slide, "openslide.background-color");
  if (text.size() != 6) return {};
  std::uint32_t value = 0;
  for (const char c : ToLower(text)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return {};
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return {static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value)};
}

Result<std::vector<Level>> Levels(const OpenSlideLibrary& library, OpenSlideLibrary::Slide* slide,
                                  const Limits& limits) {
  std::vector<Level> levels;
  for (std::int32_t i = 0; i < library.get_level_count(slide); ++i) {
    Level level;
    library.get_level_dimensions(slide, i, &level.width, &level.height);
    if (level.width < 1 || level.height < 1 || level.width > limits.axis_size || level.height > limits.axis_size)
      return ExhaustedError(
          fmt::format("level {} of {} x {} pixels is larger than allowed", i, level.height, level.width));
    level.downsample_y = level.downsample_x = library.get_level_downsample(slide, i);
    const auto tile = [&](const char* edge) {
      return ParseInt(Property(library, slide, fmt::format("openslide.level[{}].tile-{}", i, edge).c_str()))
          .value_or(0);
    };
    level.tile_height = tile("height");
    level.tile_width = tile("width");
    levels.push_back(level);
  }
  if (levels.empty()) return CorruptError("the slide has no levels");
  return levels;
}

Result<std::unique_ptr<Source>> OpenWith(const OpenSlideLibrary& library, const std::string& name,
                                         const Limits& limits) {
  const char* const vendor = library.detect_vendor(name.c_str());
  SlidePointer slide(library.open(name.c_str()), CloseSlide{&library});
  if (slide == nullptr) return CorruptError("OpenSlide recognises the slide but cannot open it");
  if (const char* error = library.get_error(slide.get())) return CorruptError(fmt::format("OpenSlide: {}", error));
  ImageInfo info;
  info.format = fmt::format("openslide ({})", vendor == nullptr ? "unknown" : vendor);
  info.dtype = DType::kU8;
  TEGULA_ASSIGN_OR_RETURN(info.levels, Levels(library, slide.get(), limits));
  info.is_rgb = true;
  info.channels = DefaultChannels(3, true);
  info.pixel_size = MicronsPerPixel(library, slide.get());
  info.objective = Objective(library, slide.get());
  const Rgb background = Background(library, slide.get());
  return std::unique_ptr<Source>(new SlideSource(name, library, std::move(slide), std::move(info), background));
}

}  // namespace

Status SlidesAvailable() {
  const Result<OpenSlideLibrary>& library = OpenSlideLibrary::Get();
  if (!library.ok()) return library.error();
  return Ok();
}

std::string SlidesDetail() {
  const Result<OpenSlideLibrary>& library = OpenSlideLibrary::Get();
  return library.ok() ? library->Description() : "";
}

bool ProbeSlide(const ProbeInput& input) {
  if (!OpenSlideLibrary::Get().ok()) return false;
  const char* const vendor = OpenSlideLibrary::Get()->detect_vendor(input.name.c_str());
  return vendor != nullptr && vendor != kGenericTiff;
}

Result<std::unique_ptr<Source>> OpenSlide(const std::string& name, const Access& access) {
  TEGULA_TRY(SlidesAvailable());
  return OpenWith(OpenSlideLibrary::Get().value(), name, access.limits).Context(name);
}

}  // namespace tegula::image
