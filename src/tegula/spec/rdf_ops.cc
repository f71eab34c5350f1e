// The pre- and postprocessing operations of formats 0.4 and 0.5.

#include <fmt/format.h>

#include "tegula/spec/rdf.h"

namespace tegula::spec::internal {
namespace {

// Axes of statistics: 0.4 writes letters and a mode, 0.5 a list of ids.
StatisticAxes ReadAxes(const Reader& kwargs, bool is_04) {
  const Reader axes = kwargs["axes"];
  if (!axes.present()) return is_04 ? StatisticAxes(std::nullopt) : std::nullopt;
  std::vector<std::string> ids;
  if (axes.is_scalar() && is_04) {
    if (kwargs["mode"].String() == "per_dataset") ids.emplace_back("batch");
    for (const char letter : axes.String()) ids.push_back(AxisIdFromLetter(letter));
  } else {
    for (const std::string& id : axes.Strings()) ids.push_back(id.size() == 1 ? AxisIdFromLetter(id[0]) : id);
  }
  return ids;
}

// 0.4 names the axes that are scaled jointly; what is left beside batch is the axis along which values differ.
std::string ReadAxisAlong(const Reader& kwargs, bool is_04) {
  if (!is_04) {
    const std::string id = kwargs["axis"].String();
    return id.size() == 1 ? AxisIdFromLetter(id[0]) : id;
  }
  return {};
}

void CheckPercentiles(const Reader& kwargs, double min, double max) {
  if (!(min >= 0 && max <= 100 && min < max)) kwargs.Note(fmt::format("the percentiles {} and {} must lie between 0 and 100, the smaller first", min, max));
}

double ReadEps(const Reader& kwargs) {
  const double eps = kwargs["eps"].Double(1e-6);
  if (!(eps > 0 && eps <= 0.1)) kwargs["eps"].Note("must be greater than 0 and at most 0.1");
  return eps;
}

OpDescription ReadBinarize(const Reader& kwargs, bool is_04) {
  kwargs.AllowKeys({"threshold", "axis"});
  kwargs["threshold"].Require();
  return Binarize{kwargs["threshold"].Doubles(), ReadAxisAlong(kwargs, is_04)};
}

OpDescription ReadClip(const Reader& kwargs, bool is_04) {
  kwargs.AllowKeys(is_04 ? std::set<std::string_view>{"min", "max"} : std::set<std::string_view>{"min", "max", "min_percentile", "max_percentile", "axes"});
  Clip clip{kwargs["min"].OptionalDouble(), kwargs["max"].OptionalDouble(), kwargs["min_percentile"].OptionalDouble(), kwargs["max_percentile"].OptionalDouble(), ReadAxes(kwargs, is_04)};
  if (!clip.min && !clip.max && !clip.min_percentile && !clip.max_percentile) kwargs.Note("clip needs a limit");
  if ((clip.min && clip.min_percentile) || (clip.max && clip.max_percentile)) kwargs.Note("a limit is a value or a percentile, not both");
  if (clip.min && clip.max && !(*clip.min < *clip.max)) kwargs.Note("min must be less than max");
  return clip;
}

OpDescription ReadEnsureDtype(const Reader& kwargs, bool) {
  kwargs.AllowKeys({"dtype"});
  kwargs["dtype"].Require();
  return EnsureDtype{ReadDType(kwargs["dtype"], DType::kF32)};
}

OpDescription ReadFixed(const Reader& kwargs, bool is_04) {
  FixedZeroMeanUnitVariance op{kwargs["mean"].Doubles(), kwargs["std"].Doubles(), ReadAxisAlong(kwargs, is_04)};
  if (op.mean.empty() || op.mean.size() != op.std.size()) kwargs.Note("mean and std must be given and have the same length");
  for (const double std : op.std)
    if (!(std >= 1e-6)) kwargs["std"].Note("must be at least 1e-6");
  if (is_04 && op.mean.size() > 1) op.axis = "channel";
  return op;
}

OpDescription ReadScaleLinear(const Reader& kwargs, bool is_04) {
  kwargs.AllowKeys(is_04 ? std::set<std::string_view>{"gain", "offset", "axes"} : std::set<std::string_view>{"gain", "offset", "axis"});
  ScaleLinear op{kwargs["gain"].Doubles(), kwargs["offset"].Doubles(), ReadAxisAlong(kwargs, is_04)};
  if (op.gain.empty()) op.gain = {1.0};
  if (op.offset.empty()) op.offset = {0.0};
  if (op.gain.size() != op.offset.size() && op.gain.size() != 1 && op.offset.size() != 1) kwargs.Note("gain and offset have different lengths");
  const bool is_list = op.gain.size() > 1 || op.offset.size() > 1;
  if (is_list && is_04) op.axis = "channel";
  if (is_list && op.axis.empty()) kwargs.Note("lists of gains or offsets need an axis");
  return op;
}

OpDescription ReadScaleMeanVariance(const Reader& kwargs, bool is_04) {
  kwargs["reference_tensor"].Require();
  return ScaleMeanVariance{kwargs["reference_tensor"].String(), ReadAxes(kwargs, is_04), ReadEps(kwargs)};
}

OpDescription ReadScaleRange(const Reader& kwargs, bool is_04) {
  if (is_04) kwargs.AllowKeys({"mode", "axes", "min_percentile", "max_percentile", "eps", "reference_tensor"});
  else kwargs.AllowKeys({"axes", "min_percentile", "max_percentile", "eps", "reference_tensor"});
  const ScaleRange op{ReadAxes(kwargs, is_04), kwargs["min_percentile"].Double(0), kwargs["max_percentile"].Double(100), ReadEps(kwargs), kwargs["reference_tensor"].String()};
  CheckPercentiles(kwargs, op.min_percentile, op.max_percentile);
  return op;
}

OpDescription ReadSigmoid(const Reader& kwargs, bool) {
  kwargs.AllowKeys({});
  return Sigmoid{};
}

OpDescription ReadSoftmax(const Reader& kwargs, bool is_04) {
  kwargs.AllowKeys({"axis"});
  const std::string axis = ReadAxisAlong(kwargs, is_04);
  return Softmax{axis.empty() ? "channel" : axis};
}

OpDescription ReadZeroMeanUnitVariance(const Reader& kwargs, bool is_04) {
  if (is_04 && kwargs["mode"].String("fixed") == "fixed") return ReadFixed(kwargs, is_04);
  if (is_04) kwargs.AllowKeys({"mode", "axes", "mean", "std", "eps"});
  else kwargs.AllowKeys({"axes", "eps"});
  return ZeroMeanUnitVariance{ReadAxes(kwargs, is_04), ReadEps(kwargs)};
}

template <const char* kId>
OpDescription ReadUnsupported(const Reader&, bool) {
  return UnsupportedOp{kId};
}
constexpr char kStardist[] = "stardist_postprocessing", kCellpose[] = "cellpose_flow_dynamics", kCustom[] = "custom";

// Which versions know an op, and on which side.
struct Row {
  std::string_view id;
  bool in_04, in_05, pre, post;
  OpDescription (*read)(const Reader& kwargs, bool is_04);
};
constexpr Row kRows[] = {
    {"binarize", true, true, true, true, &ReadBinarize},
    {"cellpose_flow_dynamics", false, true, false, true, &ReadUnsupported<kCellpose>},
    {"clip", true, true, true, true, &ReadClip},
    {"custom", false, true, false, true, &ReadUnsupported<kCustom>},
    {"ensure_dtype", false, true, true, true, &ReadEnsureDtype},
    {"fixed_zero_mean_unit_variance", false, true, true, true, &ReadFixed},
    {"scale_linear", true, true, true, true, &ReadScaleLinear},
    {"scale_mean_variance", true, true, false, true, &ReadScaleMeanVariance},
    {"scale_range", true, true, true, true, &ReadScaleRange},
    {"sigmoid", true, true, true, true, &ReadSigmoid},
    {"softmax", false, true, true, true, &ReadSoftmax},
    {"stardist_postprocessing", false, true, false, true, &ReadUnsupported<kStardist>},
    {"zero_mean_unit_variance", true, true, true, true, &ReadZeroMeanUnitVariance},
};

struct IdOf {
  std::string_view operator()(const Binarize&) const { return "binarize"; }
  std::string_view operator()(const Clip&) const { return "clip"; }
  std::string_view operator()(const EnsureDtype&) const { return "ensure_dtype"; }
  std::string_view operator()(const FixedZeroMeanUnitVariance&) const { return "fixed_zero_mean_unit_variance"; }
  std::string_view operator()(const ScaleLinear&) const { return "scale_linear"; }
  std::string_view operator()(const ScaleMeanVariance&) const { return "scale_mean_variance"; }
  std::string_view operator()(const ScaleRange&) const { return "scale_range"; }
  std::string_view operator()(const Sigmoid&) const { return "sigmoid"; }
  std::string_view operator()(const Softmax&) const { return "softmax"; }
  std::string_view operator()(const ZeroMeanUnitVariance&) const { return "zero_mean_unit_variance"; }
  std::string_view operator()(const UnsupportedOp& op) const { return op.id; }
};

}  // namespace

std::optional<OpDescription> ReadOp(const Reader& op, bool is_04, bool is_post) {
  const Reader id = op[is_04 ? "name" : "id"];
  if (!id.Require()) return std::nullopt;
  const std::string name = id.String();
  for (const Row& row : kRows)
    if (row.id == name && (is_04 ? row.in_04 : row.in_05) && (is_post ? row.post : row.pre)) return row.read(op["kwargs"], is_04);
  id.Note(fmt::format("'{}' is not an operation of the format for {}", name, is_post ? "postprocessing" : "preprocessing"));
  return std::nullopt;
}

std::string AxisIdFromLetter(char letter) {
  switch (letter) {
    case 'b': return "batch";
    case 'c': return "channel";
    case 'i': return "index";
    case 't': return "time";
    default: return std::string(1, letter);
  }
}

}  // namespace tegula::spec::internal

namespace tegula::spec {
std::string_view OpId(const OpDescription& op) { return std::visit(internal::IdOf{}, op); }
}  // namespace tegula::spec
