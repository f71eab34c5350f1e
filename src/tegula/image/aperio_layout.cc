#include "tegula/image/aperio_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"

namespace tegula::image {
namespace {

constexpr std::string_view kAperio = "Aperio";

// A positive number of "Aperio Image Library v11.2.1 ...|AppMag = 20|MPP = 0.4990|...": of equal names the last counts.
std::optional<double> NumberOf(std::string_view name, const std::string& description) {
  std::optional<double> number;
  const std::vector<std::string> parts = Split(description, '|');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string::npos || Trim(std::string_view(parts[i]).substr(0, equals)) != name) continue;
    std::string value(Trim(std::string_view(parts[i]).substr(equals + 1)));
    std::replace(value.begin(), value.end(), ',', '.');  // some scanners write the number as their country does
    number = ParseDouble(value);
  }
  return number && std::isfinite(*number) && *number > 0 ? number : std::nullopt;
}

Status CheckLevel(const TiffFile& file, const TiffPage& page, const Limits& limits) {
  TEGULA_TRY(page.CheckReadable(limits, false));
  if (!page.has_jpeg_tiles() || page.samples != 3) return UnsupportedError("its tiles are no JPEG of three colours");
  TEGULA_ASSIGN_OR_RETURN(const bool is_whole, file.HasAllTiles(page));
  return is_whole ? Ok() : UnsupportedError("some of its tiles are missing");
}

// One number for both axes, which rounding makes differ a little.
Level DescribeLevel(const TiffPage& full, const TiffPage& page) {
  const auto ratio = [](std::int64_t a, std::int64_t b) { return static_cast<double>(a) / static_cast<double>(b); };
  const double downsample = (ratio(full.height, page.height) + ratio(full.width, page.width)) / 2.0;
  return {page.height, page.width, downsample, downsample, page.block_height, page.block_width};
}

}  // namespace

bool IsAperio(const TiffPage& first) { return first.tiled && first.description.starts_with(kAperio); }

Result<TiffLayout> ReadAperioLayout(const TiffFile& file, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<TiffPage> pages, file.ReadPages());
  if (!IsAperio(pages.front())) return UnsupportedError("it is no slide of Aperio");
  TiffLayout layout;
  layout.info.format = "tiff (Aperio)";
  layout.info.dtype = DType::kU8;
  layout.info.is_rgb = true;
  layout.info.channels = DefaultChannels(3, true);
  if (const auto um = NumberOf("MPP", pages.front().description)) layout.info.pixel_size = PixelSize{*um, *um};
  layout.info.objective = NumberOf("AppMag", pages.front().description);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (!pages[i].tiled) continue;
    TEGULA_TRY(CheckLevel(file, pages[i], limits).Context(fmt::format("page {}", i)));
    const Level level = DescribeLevel(pages.front(), pages[i]);
    if (!layout.info.levels.empty() && level.downsample_x < layout.info.levels.back().downsample_x)
      return UnsupportedError("its levels are not in their order");
    layout.info.levels.push_back(level);
    for (std::int32_t sample = 0; sample < 3; ++sample) layout.planes.push_back({static_cast<std::int32_t>(i), sample});
  }
  layout.pages = std::move(pages);
  return layout;
}

}  // namespace tegula::image
