#include "tegula/image/tiff_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tegula/core/text.h"
#include "tegula/image/ome_xml.h"

namespace tegula::image {
namespace {

constexpr std::string_view kImageJ = "ImageJ=";
constexpr double kSmallestUm = 0.01, kLargestUm = 100;
constexpr int kInch = 2, kCentimetre = 3;

constexpr double kPrinters[] = {300,  360,  400,  600,  720, 800,
                                1200, 1440, 2400, 2880, 4800};  // coarser ones exceed 100 µm

bool IsPrinterResolution(double per_inch) {
  return std::any_of(std::begin(kPrinters), std::end(kPrinters),
                     [&](double dots) { return std::abs(per_inch - dots) < 1e-4 * dots; });
}

Status Count(std::string_view key, std::string_view value, std::int64_t& out) {
  const std::optional<std::int64_t> number = ParseInt(Trim(value));
  if (!number || *number < 1)
    return CorruptError(fmt::format("its ImageJ description says {}={}, which is no count", key, value));
  out = *number;
  return Ok();
}

}  // namespace

bool LooksLikeImageJ(std::string_view description) { return description.starts_with(kImageJ); }

Result<ImageJDescription> ParseImageJ(std::string_view description) {
  ImageJDescription result;
  for (const std::string& line : Split(description, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view key = std::string_view(line).substr(0, equals),
                           value = std::string_view(line).substr(equals + 1);
    if (key == "images") TEGULA_TRY(Count(key, value, result.images));
    if (key == "channels") TEGULA_TRY(Count(key, value, result.channels.emplace()));
    if (key == "slices") TEGULA_TRY(Count(key, value, result.slices.emplace()));
    if (key == "frames") TEGULA_TRY(Count(key, value, result.frames.emplace()));
    if (key == "unit") result.unit = Trim(value);
    if (key == "mode") result.composite = Trim(value) == "composite";
  }
  return result;
}

std::optional<PixelSize> ImageJPixelSize(const TiffPage& page, std::string_view unit) {
  if (page.x_resolution <= 0 || page.y_resolution <= 0) return std::nullopt;
  const std::optional<double> y = Micrometres(1 / page.y_resolution, unit),
                              x = Micrometres(1 / page.x_resolution, unit);
  if (!y || !x) return std::nullopt;
  return PixelSize{*y, *x};
}

std::optional<PixelSize> ResolutionPixelSize(const TiffPage& page) {
  if (page.x_resolution <= 0 || page.y_resolution <= 0) return std::nullopt;
  if (page.resolution_unit != kInch && page.resolution_unit != kCentimetre) return std::nullopt;
  const double unit_um = page.resolution_unit == kInch ? 25400 : 10000;
  const PixelSize size{unit_um / page.y_resolution, unit_um / page.x_resolution};
  const auto sensible = [](double um) {
    return um >= kSmallestUm && um <= kLargestUm && !IsPrinterResolution(25400 / um);
  };
  if (!sensible(size.y_um) || !sensible(size.x_um)) return std::nullopt;
  return size;
}

}  // namespace tegula::image
