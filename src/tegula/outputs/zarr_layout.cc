#include "tegula/outputs/zarr_layout.h"

#include <cmath>
#include <limits>
#include <optional>

#include "tegula/outputs/ome_zarr_metadata.h"
#include "tegula/outputs/zarr_layout_formats.h"

namespace tegula::outputs {

using zarr::Count;
using zarr::Item;
using zarr::Json;
using zarr::Number;
using zarr::Text;

const ZarrLayout& LayoutOf(ZarrFormat format) noexcept { return format == ZarrFormat::k2 ? kZarr2 : kZarr3; }

std::vector<const ZarrLayout*> ZarrLayouts() { return {&kZarr3, &kZarr2}; }

Result<Json> ParseMetadataText(std::string_view text) {
  constexpr int kMaxDepth = 16;
  return zarr::ParseObject(text, kMaxDepth);
}

std::string MetadataText(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json FillJson(const StoreOptions& options) {
  if (options.dtype == DType::kBool) return options.fill != 0;
  if (options.dtype == DType::kU64) return static_cast<std::uint64_t>(options.fill);
  if (IsInteger(options.dtype)) return static_cast<std::int64_t>(options.fill);
  if (std::isnan(options.fill)) return "NaN";
  if (std::isinf(options.fill)) return options.fill > 0 ? "Infinity" : "-Infinity";
  return options.fill;
}

Result<double> ParseFill(const Json& json) {
  if (json.is_boolean()) return json.get<bool>() ? 1.0 : 0.0;
  if (const std::optional<double> number = Number(json)) return *number;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string text = Text(json);
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  return Differs("fill_value");
}

Status ParseSizes(const Json& shape, const Json& chunk, StoreOptions& options) {
  if (!shape.is_array() || shape.size() != options.axes.size())
    return CorruptError("its shape has not one size per axis");
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    options.axes[i].size = Count(Item(shape, i));
    options.axes[i].chunk = Count(Item(chunk, i));
  }
  return Ok();
}

Status CompleteParsed(StoreOptions& options, const Limits& limits) {
  Status checked = CompleteOptions(options, limits);
  if (!checked.ok() && checked.error().code == Code::kInvalid) return CorruptError(checked.error().what);
  return checked;
}

}  // namespace tegula::outputs
