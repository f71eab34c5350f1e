#include "tegula/app/given_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tegula::app {
namespace {

constexpr const char* kOpen = "as it comes";

struct BorderRow {
  const char* word;
  bool as_reference;
  tiling::Border border;
};
constexpr BorderRow kBorders[] = {{"auto", true, tiling::Border::kPad},
                                  {"pad", false, tiling::Border::kPad},
                                  {"network", false, tiling::Border::kNetwork}};

std::string OrOpen(std::string text) { return text.empty() ? kOpen : text; }

template <class T>
std::string OrOpen(const std::optional<T>& number) {
  return number ? fmt::format("{}", *number) : kOpen;
}

}  // namespace

RunKey GivenBy(const PredictRequest& request) {
  const image::BindingRequest& binding = request.binding;
  RunKey given;
  given.Add("choice of channels", OrOpen(fmt::format("{}", fmt::join(binding.channels, ", "))));
  given.Add("set of stains", OrOpen(binding.stains ? binding.stains->ToText() : ""));
  given.Add(kRangeZ, OrOpen(TextOf(binding.z)));
  given.Add(kRangeT, OrOpen(TextOf(binding.t)));
  given.Add(kProjectionZ,
            OrOpen(binding.z_projection ? std::string(image::ProjectionName(*binding.z_projection)) : ""));
  given.Add("level", OrOpen(binding.level));
  given.Add("pixel size", OrOpen(binding.pixel_size_um));
  given.Add("downsample", OrOpen(binding.downsample));
  given.Add("border", BorderOf(request));
  given.Add(kStatistics, request.statistics_from);
  for (const GridAxis axis : kGridAxes)
    if (request.tiling.stride[axis])
      given.Add(fmt::format("stride along {}", GridAxisName(axis)), OrOpen(request.tiling.stride[axis]));
  return given;
}

RunKey GivenBy(const outputs::RunRecord& record) {
  RunKey given;
  for (const outputs::FactRecord& fact : record.given) given.Add(fact.what, fact.value);
  return given;
}

std::vector<outputs::FactRecord> RecordOf(const RunKey& given) {
  std::vector<outputs::FactRecord> facts;
  for (const auto& [what, value] : given.facts()) facts.push_back({what, value});
  return facts;
}

std::string TextOf(const std::optional<image::PlaneRange>& range) {
  if (!range) return "";
  return fmt::format("{}:{}", range->first, range->end ? std::to_string(*range->end) : "");
}

std::string BorderOf(const PredictRequest& request) {
  for (const BorderRow& row : kBorders)
    if (row.as_reference == request.border_as_reference && (row.as_reference || row.border == request.tiling.border))
      return row.word;
  return "";
}

Status SetBorder(const std::string& word, PredictRequest& request) {
  for (const BorderRow& row : kBorders) {
    if (word != row.word) continue;
    request.border_as_reference = row.as_reference, request.tiling.border = row.border;
    return Ok();
  }
  return InvalidError(fmt::format("border '{}' is neither auto, pad nor network", word));
}

bool IsOfAnyImage(const std::string& statistics_from) {
  return statistics_from == "image" || statistics_from == "padded";
}

}  // namespace tegula::app
