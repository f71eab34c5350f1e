// The pre- and postprocessing operations of formats 0.4 and 0.5: one row and one function each.

#include <fmt/format.h>

#include <algorithm>

#include "tegula/spec/rdf_parts.h"

namespace tegula::spec::internal {
namespace {

// An op's arguments and where it stands.
struct Arguments {
  Reader kwargs;
  Format format;
  const std::vector<Axis>& axes;  ///< of the tensor

  bool is_04() const noexcept { return format == Format::k04; }
  bool HasAxis(std::string_view id) const {
    return std::any_of(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.id == id; });
  }
};

// Every id must be an axis of the tensor: what is not is noted and left out.
void AddAxis(const Arguments& from, const Reader& at, std::string id, std::vector<std::string>& ids) {
  if (from.HasAxis(id))
    ids.push_back(std::move(id));
  else
    at.Note(fmt::format("'{}' is not an axis of this tensor", id));
}

// 0.4: letters of the axes that share a value. Batch, time and index are not among them.
std::vector<std::string> ReadLetters04(const Arguments& from) {
  constexpr std::string_view kLetters = "czyx";
  const Reader axes = from.kwargs["axes"];
  const std::string written = axes.Text();
  if (written.find_first_not_of(kLetters) != std::string::npos) {
    axes.Note(fmt::format("must hold letters of {}, is '{}'", kLetters, Shortened(written, 40)));
    return {};
  }
  std::vector<std::string> ids;
  for (const char letter : kLetters)
    if (written.find(letter) != std::string::npos)
      AddAxis(from, axes, AxisIdFromShort(std::string_view(&letter, 1)), ids);
  return ids;
}

// 0.4: those letters and a mode; per_dataset takes the batch axis with them.
StatisticAxes ReadAxes04(const Arguments& from) {
  const bool is_dataset =
      from.kwargs.Required("mode").Choice({"per_sample", "per_dataset"}, "per_sample") == "per_dataset";
  std::vector<std::string> ids = ReadLetters04(from);
  if (!from.kwargs["axes"].present())  // nothing said: all but the batch axis
    for (const Axis& axis : from.axes)
      if (axis.type != AxisType::kBatch) ids.push_back(axis.id);
  if (is_dataset) ids.insert(ids.begin(), "batch");
  return ids;
}

// 0.5: ids; nothing said: all axes.
StatisticAxes ReadAxes05(const Arguments& from) {
  const Reader axes = from.kwargs["axes"];
  if (!axes.present()) return std::nullopt;
  std::vector<std::string> ids;
  for (const Reader& id : axes.Items()) AddAxis(from, id, AxisIdFromShort(id.Text()), ids);
  return ids;
}

StatisticAxes ReadAxes(const Arguments& from) { return from.is_04() ? ReadAxes04(from) : ReadAxes05(from); }

// 0.4 names the axes that share a value; the one that is left beside batch is the axis along which a list runs.
std::string ReadListAxis04(const Arguments& from, bool has_list) {
  const std::vector<std::string> shared = ReadLetters04(from);
  if (!has_list) return {};
  std::vector<std::string> left;
  for (const Axis& axis : from.axes)
    if (axis.type != AxisType::kBatch && std::find(shared.begin(), shared.end(), axis.id) == shared.end())
      left.push_back(axis.id);
  if (left.size() == 1) return left[0];
  from.kwargs["axes"].Note(
      fmt::format("must leave out exactly one axis beside b for a list of values, leaves out {}", left.size()));
  return {};
}

// The axis along which lists of values run; empty if there are only single values.
std::string ReadListAxis(const Arguments& from, bool has_list) {
  if (from.is_04()) return ReadListAxis04(from, has_list);
  const Reader axis = from.kwargs["axis"];
  if (has_list && !axis.present()) axis.Note("is missing: a list needs the axis along which it runs");
  if (!has_list && axis.present()) axis.Note("is only for lists of values");
  std::vector<std::string> ids;
  if (axis.present()) AddAxis(from, axis, AxisIdFromShort(axis.Text()), ids);
  return ids.empty() ? std::string() : ids[0];
}

bool IsList(const Arguments& from, std::string_view key) {
  const Reader value = from.kwargs[key];
  // A list of one is a single value in 0.4, which broadcasts it.
  return value.is_sequence() && !(from.is_04() && value.Items().size() == 1);
}

double ReadEps(const Arguments& from) {
  const double eps = from.kwargs["eps"].Number(1e-6, 0, 0.1);
  if (eps == 0) from.kwargs["eps"].Note("must be greater than 0");
  return eps;
}

std::optional<double> ReadMinPercentile(const Reader& kwargs) {
  const Reader percentile = kwargs["min_percentile"];
  return percentile.present() ? std::optional(percentile.Number(0, 0, 100)) : std::nullopt;
}

// Above 1, so that a fraction is not taken for a percentage.
std::optional<double> ReadMaxPercentile(const Reader& kwargs) {
  const Reader percentile = kwargs["max_percentile"];
  if (!percentile.present()) return std::nullopt;
  const double value = percentile.Number(100, 0, 100);
  if (value <= 1) percentile.Note(fmt::format("must be greater than 1, is {}", value), "percentiles run from 0 to 100");
  return value;
}

OpDescription ReadBinarize(const Arguments& from) {
  if (from.is_04())
    from.kwargs.AllowOnly({"threshold"});
  else
    from.kwargs.AllowOnly({"threshold", "axis"});
  Binarize op{from.kwargs.Required("threshold").Numbers(), {}};
  if (from.is_04() && op.threshold.size() > 1) from.kwargs["threshold"].Note("must be a single number");
  op.axis = ReadListAxis(from, IsList(from, "threshold"));
  return op;
}

OpDescription ReadClip(const Arguments& from) {
  const Reader& kwargs = from.kwargs;
  if (from.is_04()) {
    kwargs.AllowOnly({"min", "max"});
    kwargs.Required("min"), kwargs.Required("max");
  } else {
    kwargs.AllowOnly({"min", "max", "min_percentile", "max_percentile", "axes"});
  }
  Clip op{kwargs["min"].Number(), kwargs["max"].Number(), {}, {}, std::nullopt};
  if (!from.is_04()) {
    op.min_percentile = ReadMinPercentile(kwargs);
    op.max_percentile = ReadMaxPercentile(kwargs);
    op.axes = ReadAxes05(from);
    const bool has_percentile = op.min_percentile || op.max_percentile;
    if (!op.min && !op.max && !has_percentile)
      kwargs.Note("needs at least one of min, max, min_percentile, max_percentile");
    if (op.min && op.min_percentile) kwargs.Note("has both min and min_percentile");
    if (op.max && op.max_percentile) kwargs.Note("has both max and max_percentile");
    if (kwargs["axes"].present() && !has_percentile) kwargs["axes"].Note("is only for percentiles");
  }
  if (op.min && op.max && !(*op.min < *op.max))
    kwargs.Note(fmt::format("min {} must be less than max {}", *op.min, *op.max));
  if (op.min_percentile && op.max_percentile && !(*op.min_percentile < *op.max_percentile))
    kwargs.Note(
        fmt::format("min_percentile {} must be less than max_percentile {}", *op.min_percentile, *op.max_percentile));
  return op;
}

OpDescription ReadEnsureDtype(const Arguments& from) {
  from.kwargs.AllowOnly({"dtype"});
  return EnsureDtype{ReadDType(from.kwargs.Required("dtype"), DType::kF32)};
}

// Of format 0.5, and zero_mean_unit_variance of 0.4 in mode fixed.
OpDescription ReadFixed(const Arguments& from) {
  if (from.is_04()) from.kwargs.Required("axes");
  if (from.is_04())
    from.kwargs.AllowOnly({"mode", "axes", "mean", "std", "eps"});
  else
    from.kwargs.AllowOnly({"mean", "std", "axis"});
  FixedZeroMeanUnitVariance op{from.kwargs.Required("mean").Numbers(), from.kwargs.Required("std").Numbers(), {}};
  if (op.mean.size() != op.std.size())
    from.kwargs.Note(fmt::format("has {} means and {} stds", op.mean.size(), op.std.size()));
  for (const double std : op.std)
    if (!(std >= 1e-6)) from.kwargs["std"].Note(fmt::format("must be at least 1e-6, is {}", std));
  op.axis = ReadListAxis(from, IsList(from, "mean") || IsList(from, "std"));
  return op;
}

OpDescription ReadScaleLinear(const Arguments& from) {
  from.kwargs.AllowOnly({"gain", "offset", from.is_04() ? "axes" : "axis"});
  ScaleLinear op{from.kwargs["gain"].Numbers(), from.kwargs["offset"].Numbers(), {}};
  if (op.gain.empty()) op.gain = {1.0};
  if (op.offset.empty()) op.offset = {0.0};
  const bool has_lists = IsList(from, "gain") && IsList(from, "offset");
  if (has_lists && op.gain.size() != op.offset.size())
    from.kwargs.Note(fmt::format("has {} gains and {} offsets", op.gain.size(), op.offset.size()));
  const auto all = [](const std::vector<double>& values, double value) {
    return std::all_of(values.begin(), values.end(), [=](double v) { return v == value; });
  };
  if (all(op.gain, 1.0) && all(op.offset, 0.0)) from.kwargs.Note("does nothing with gain 1 and offset 0");
  op.axis = ReadListAxis(from, IsList(from, "gain") || IsList(from, "offset"));
  return op;
}

OpDescription ReadScaleMeanVariance(const Arguments& from) {
  if (from.is_04())
    from.kwargs.AllowOnly({"mode", "reference_tensor", "axes", "eps"});
  else
    from.kwargs.AllowOnly({"reference_tensor", "axes", "eps"});
  ScaleMeanVariance op{from.kwargs.Required("reference_tensor").Text(), std::nullopt, ReadEps(from)};
  op.axes = ReadAxes(from);
  return op;
}

OpDescription ReadScaleRange(const Arguments& from) {
  const Reader& kwargs = from.kwargs;
  if (from.is_04())
    kwargs.AllowOnly({"mode", "axes", "min_percentile", "max_percentile", "eps", "reference_tensor"});
  else
    kwargs.AllowOnly({"axes", "min_percentile", "max_percentile", "eps", "reference_tensor"});
  if (from.is_04()) kwargs.Required("axes");
  ScaleRange op{ReadAxes(from), 0, 100, ReadEps(from), kwargs["reference_tensor"].Text()};
  op.min_percentile = ReadMinPercentile(kwargs).value_or(0);
  op.max_percentile = ReadMaxPercentile(kwargs).value_or(100);
  if (!(op.min_percentile < op.max_percentile))
    kwargs.Note(
        fmt::format("min_percentile {} must be less than max_percentile {}", op.min_percentile, op.max_percentile));
  return op;
}

OpDescription ReadSigmoid(const Arguments& from) {
  from.kwargs.AllowOnly({});
  return Sigmoid{};
}

OpDescription ReadSoftmax(const Arguments& from) {
  from.kwargs.AllowOnly({"axis"});
  std::vector<std::string> ids;
  AddAxis(from, from.kwargs["axis"], AxisIdFromShort(from.kwargs["axis"].Text("channel")), ids);
  return Softmax{ids.empty() ? "channel" : ids[0]};
}

OpDescription ReadZeroMeanUnitVariance(const Arguments& from) {
  const Reader& kwargs = from.kwargs;
  if (!from.is_04()) {
    kwargs.AllowOnly({"axes", "eps"});
    return ZeroMeanUnitVariance{ReadAxes05(from), ReadEps(from)};
  }
  if (kwargs["mode"].Choice({"fixed", "per_sample", "per_dataset"}, "fixed") == "fixed") return ReadFixed(from);
  kwargs.AllowOnly({"mode", "axes", "mean", "std", "eps"});
  for (const std::string_view key : {"mean", "std"})
    if (kwargs[key].present()) kwargs[key].Note("is only for mode fixed");
  kwargs.Required("axes");
  return ZeroMeanUnitVariance{ReadAxes04(from), ReadEps(from)};
}

// Which versions know an op and on which side; ops without a function are known and not run.
struct Row {
  std::string_view id;
  bool in_04, in_05, before, after;
  OpDescription (*read)(const Arguments& from);
};
constexpr Row kRows[] = {
    {"binarize", true, true, true, true, &ReadBinarize},
    {"cellpose_flow_dynamics", false, true, false, true, nullptr},
    {"clip", true, true, true, true, &ReadClip},
    {"custom", false, true, false, true, nullptr},
    {"ensure_dtype", false, true, true, true, &ReadEnsureDtype},
    {"fixed_zero_mean_unit_variance", false, true, true, true, &ReadFixed},
    {"scale_linear", true, true, true, true, &ReadScaleLinear},
    {"scale_mean_variance", true, true, false, true, &ReadScaleMeanVariance},
    {"scale_range", true, true, true, true, &ReadScaleRange},
    {"sigmoid", true, true, true, true, &ReadSigmoid},
    {"softmax", false, true, true, true, &ReadSoftmax},
    {"stardist_postprocessing", false, true, false, true, nullptr},
    {"zero_mean_unit_variance", true, true, true, true, &ReadZeroMeanUnitVariance},
};

const Row* FindRow(std::string_view id, Format format, Side side) {
  for (const Row& row : kRows) {
    const bool in_format = format == Format::k04 ? row.in_04 : row.in_05;
    if (row.id == id && in_format && (side == Side::kInput ? row.before : row.after)) return &row;
  }
  return nullptr;
}

std::optional<OpDescription> ReadOp(const Reader& op, Format format, Side side, const std::vector<Axis>& axes) {
  const std::string_view id_key = format == Format::k04 ? "name" : "id";
  if (!op.is_mapping()) {
    op.Note(fmt::format("must be a mapping with {} and kwargs", id_key));
    return std::nullopt;
  }
  const Reader id = op.Required(id_key);
  const Row* row = FindRow(id.Text(), format, side);
  if (row == nullptr) {
    if (id.present()) id.Note(fmt::format("'{}' is not an operation of the format for {}", id.Text(), OpsKey(side)));
    return std::nullopt;
  }
  if (row->read == nullptr) return UnsupportedOp{std::string(row->id)};
  op.AllowOnly({id_key, "kwargs"});
  return row->read({op["kwargs"], format, axes});
}

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

std::vector<OpDescription> ReadOps(const Reader& tensor, Format format, Side side, const std::vector<Axis>& axes) {
  std::vector<OpDescription> ops;
  for (const Reader& op : tensor[OpsKey(side)].Items())
    if (std::optional<OpDescription> read = ReadOp(op, format, side, axes)) ops.push_back(*std::move(read));
  return ops;
}

}  // namespace tegula::spec::internal

namespace tegula::spec {
std::string_view OpId(const OpDescription& op) { return std::visit(internal::IdOf{}, op); }
}  // namespace tegula::spec
