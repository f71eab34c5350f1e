#include "tegula/spec/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace tegula::spec {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string ReferenceInWords(const SizeReference& size) {
  std::string text = fmt::format("{}.{}", size.tensor_id, size.axis_id);
  if (size.scale.is_one() && size.offset == 0) return "as " + text;
  if (!size.scale.is_one())
    text += size.scale.den == 1 ? fmt::format(" * {}", size.scale.num)
                                : fmt::format(" * {}/{}", size.scale.num, size.scale.den);
  if (size.offset != 0) text += fmt::format(" {} {}", size.offset < 0 ? '-' : '+', std::abs(size.offset));
  return text;
}

std::string Over(const StatisticAxes& axes) {
  if (!axes) return "over the whole image";
  return axes->empty() ? "pixel by pixel" : fmt::format("over {}", fmt::join(*axes, ", "));
}
// Four digits say what a value is; one that is the same everywhere is said once.
std::string Values(const std::vector<double>& values) {
  constexpr std::size_t kShown = 8;
  const bool is_one = std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
  const std::size_t shown = is_one ? std::min<std::size_t>(1, values.size()) : std::min(kShown, values.size());
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += fmt::format("{}{:.4g}", i == 0 ? "" : ", ", values[i]);
  return !is_one && shown < values.size() ? text + ", ..." : text;
}
std::string Along(const std::string& axis) { return axis.empty() ? "" : " along " + axis; }
std::string Of(const std::string& tensor) { return tensor.empty() ? "" : " of " + tensor; }

// 0.1 + 0.2 as people write it.
std::string Bound(const std::optional<double>& value, std::string_view otherwise) {
  return value ? fmt::format("{}", *value) : std::string(otherwise);
}

// What BibTeX would take for commands.
std::string EscapeBibtex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '{' || c == '}' || c == '\\') continue;
    if (c == '&' || c == '%' || c == '$' || c == '#' || c == '_') escaped += '\\';
    escaped += c == '\n' || c == '\r' ? ' ' : c;
  }
  return escaped;
}

}  // namespace

std::string SizeInWords(const AxisSize& size) {
  return std::visit(Overloaded{[](const FixedSize& s) { return fmt::format("{}", s.size); },
                               [](const ParameterizedSize& s) {
                                 return fmt::format("{}, {}, {}, ...", s.min, s.min + s.step, s.min + 2 * s.step);
                               },
                               [](const SizeReference& s) { return ReferenceInWords(s); },
                               [](const DataDependentSize&) { return std::string("decided by the data"); },
                               [](const AnySize&) { return std::string("any"); }},
                    size);
}

std::string InWords(const Axis& axis, std::size_t most_names) {
  std::string text = SizeInWords(axis.size);
  if (axis.type == AxisType::kChannel && !axis.channel_names.empty()) {
    const std::size_t all = axis.channel_names.size(), shown = std::min(most_names, all);
    const auto begin = axis.channel_names.begin();
    text = fmt::format("{}", fmt::join(begin, begin + static_cast<std::ptrdiff_t>(shown), ", "));
    if (shown < all) text += fmt::format(", ... ({})", all);
  }
  if (!axis.unit.empty())
    text += fmt::format(" pixels of {:.4g} {}", axis.scale, axis.unit == "micrometer" ? "µm" : axis.unit);
  if (axis.halo > 0) text += fmt::format(", {} to be cropped at each end", axis.halo);
  return text;
}

std::string InWords(const OpDescription& op) {
  return std::visit(
      Overloaded{
          [](const Binarize& o) { return fmt::format("1 above {}, else 0{}", Values(o.threshold), Along(o.axis)); },
          [](const Clip& o) {
            if (o.min_percentile || o.max_percentile)
              return fmt::format("limited to the percentiles {} to {} {}", Bound(o.min_percentile, "0"),
                                 Bound(o.max_percentile, "100"), Over(o.axes));
            return fmt::format("limited to {} to {}", Bound(o.min, "any"), Bound(o.max, "any"));
          },
          [](const EnsureDtype& o) { return fmt::format("as {}", DTypeName(o.dtype)); },
          [](const FixedZeroMeanUnitVariance& o) {
            return fmt::format("minus {}, divided by {}{}", Values(o.mean), Values(o.std), Along(o.axis));
          },
          [](const ScaleLinear& o) {
            return fmt::format("times {}, plus {}{}", Values(o.gain), Values(o.offset), Along(o.axis));
          },
          [](const ScaleMeanVariance& o) {
            return fmt::format("given the mean and the deviation of {} {}", o.reference_tensor, Over(o.axes));
          },
          [](const ScaleRange& o) {
            return fmt::format("scaled so that the percentiles {} and {}{} {} become 0 and 1", o.min_percentile,
                               o.max_percentile, Of(o.reference_tensor), Over(o.axes));
          },
          [](const Sigmoid&) { return std::string("sigmoid, which gives probabilities"); },
          [](const Softmax& o) { return fmt::format("softmax along {}, which gives probabilities", o.axis); },
          [](const StardistPostprocessing& o) {
            return fmt::format(
                "objects from {} rays where the probability is above {}; of two that overlap by more "
                "than {} the likelier stays",
                o.n_rays, o.prob_threshold, o.nms_threshold);
          },
          [](const CellposeFlowDynamics& o) {
            return fmt::format("objects of pixels whose flows meet, where the third channel is above {}",
                               o.cellprob_threshold);
          },
          [](const ZeroMeanUnitVariance& o) {
            return fmt::format("scaled to mean 0 and deviation 1 {}", Over(o.axes));
          },
          [](const UnsupportedOp& o) { return o.id; }},
      op);
}

std::string InWords(const DataDescription& data) {
  const std::string_view type = DTypeName(data.dtype);
  if (!data.values.empty()) {
    constexpr std::size_t kShown = 8;
    const std::size_t shown = std::min(kShown, data.values.size());
    return fmt::format("one of {}{} ({})",
                       fmt::join(data.values.begin(), data.values.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                       shown < data.values.size() ? ", ..." : "", type);
  }
  const std::string_view what = data.dtype == DType::kBool ? "true or false"
                                : IsFloat(data.dtype)      ? "numbers"
                                                           : "whole numbers";
  std::string text(what);
  if (data.min && data.max)
    text += fmt::format(" from {} to {}", *data.min, *data.max);
  else if (data.min)
    text += fmt::format(" from {}", *data.min);
  else if (data.max)
    text += fmt::format(" up to {}", *data.max);
  if (!data.unit.empty() && data.unit != "arbitrary unit") text += " in " + data.unit;
  return fmt::format("{} ({})", text, type);
}

std::string AsBibtex(const Resource& resource) {
  std::string stem;
  for (const char c : resource.name.substr(0, 40))
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      stem += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string text;
  for (std::size_t i = 0; i < resource.cite.size(); ++i) {
    const Citation& cite = resource.cite[i];
    text += fmt::format("@misc{{{}{},\n  note = {{{}}}", stem.empty() ? "model" : stem, i + 1, EscapeBibtex(cite.text));
    if (!cite.doi.empty()) text += fmt::format(",\n  doi = {{{}}}", EscapeBibtex(cite.doi));
    const std::string url = !cite.url.empty() ? cite.url : cite.doi.empty() ? "" : "https://doi.org/" + cite.doi;
    if (!url.empty()) text += fmt::format(",\n  url = {{{}}}", url);
    text += "\n}\n";
  }
  return text;
}

}  // namespace tegula::spec
