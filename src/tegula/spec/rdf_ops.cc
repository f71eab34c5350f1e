// The pre- and postprocessing operations of formats 0.4 and 0.5: one row and one function each.

#include <fmt/format.h>

#include <algorithm>

#include "tegula/spec/rdf_parts.h"

namespace tegula::spec::internal {
namespace {

// An op's arguments and where it stands.
struct Arguments {
  Reader op;
  Reader kwargs;
  const Reading& reading;
  Side side;
  const std::vector<Axis>& axes;  ///< of the tensor

  bool is_04() const noexcept { return reading.is_04(); }
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
std::vector<std::string> ReadLetters04(const Arguments& from, const Reader& axes) {
  constexpr std::string_view kLetters = "czyx";
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

// 0.4 allows ops to go without axes, but the reference refuses that after the network.
void CheckAxesAfter04(const Arguments& from) {
  if (from.is_04() && from.side == Side::kOutput && !from.kwargs["axes"].present())
    from.kwargs["axes"].Note("is missing: operations on outputs need the axes that share a value");
}

// 0.4: those letters and a mode; per_dataset takes the batch axis with them.
StatisticAxes ReadAxes04(const Arguments& from) {
  const bool is_dataset =
      from.kwargs.Required("mode").Choice({"per_sample", "per_dataset"}, "per_sample") == "per_dataset";
  std::vector<std::string> ids = ReadLetters04(from, from.kwargs.Nullable("axes"));
  if (is_dataset) ids.insert(ids.begin(), "batch");
  return ids;
}

// 0.5: ids; nothing said: all axes.
StatisticAxes ReadAxes05(const Arguments& from) {
  const Reader axes = from.kwargs.Nullable("axes");
  if (!axes.is_there()) return std::nullopt;
  std::vector<std::string> ids;
  for (const Reader& id : axes.Items()) AddAxis(from, id, ReadAxisId(id), ids);
  return ids;
}

StatisticAxes ReadAxes(const Arguments& from) { return from.is_04() ? ReadAxes04(from) : ReadAxes05(from); }

// 0.4 names the axes that share a value; the one that is left beside batch is the axis along which a list runs.
std::string ReadListAxis04(const Arguments& from, bool has_list) {
  const std::vector<std::string> shared = ReadLetters04(from, from.kwargs.Nullable("axes"));
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
  if (has_list && !axis.is_there()) axis.Note("is missing: a list needs the axis along which it runs");
  if (!has_list && axis.is_there()) axis.Note("is only for lists of values");
  std::vector<std::string> ids;
  if (axis.is_there()) AddAxis(from, axis, ReadAxisId(axis), ids);
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

std::optional<double> ReadMinPercentile(const Reader& percentile) {
  if (!percentile.is_there()) return std::nullopt;
  const double value = percentile.Number(0, 0, 100);
  if (value == 100) percentile.Note("must be less than 100");
  return value;
}

// Above 1, so that a fraction is not taken for a percentage.
std::optional<double> ReadMaxPercentile(const Reader& percentile) {
  if (!percentile.is_there()) return std::nullopt;
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
  const auto value = [&](std::string_view key) { return from.is_04() ? kwargs[key] : kwargs.Nullable(key); };
  Clip op{value("min").Number(), value("max").Number(), {}, {}, std::nullopt};
  if (!from.is_04()) {
    op.min_percentile = ReadMinPercentile(kwargs.Nullable("min_percentile"));
    op.max_percentile = ReadMaxPercentile(kwargs.Nullable("max_percentile"));
    op.axes = ReadAxes05(from);
    const bool has_percentile = op.min_percentile || op.max_percentile;
    if (!op.min && !op.max && !has_percentile)
      kwargs.Note("needs at least one of min, max, min_percentile, max_percentile");
    if (op.min && op.min_percentile) kwargs.Note("has both min and min_percentile");
    if (op.max && op.max_percentile) kwargs.Note("has both max and max_percentile");
    if (op.axes && !has_percentile) kwargs["axes"].Note("is only for percentiles");
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
    if (!from.is_04() && !(std >= 1e-6)) from.kwargs["std"].Note(fmt::format("must be at least 1e-6, is {}", std));
  op.axis = ReadListAxis(from, IsList(from, "mean") || IsList(from, "std"));
  return op;
}

OpDescription ReadScaleLinear(const Arguments& from) {
  from.kwargs.AllowOnly({"gain", "offset", from.is_04() ? "axes" : "axis"});
  CheckAxesAfter04(from);
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
  CheckAxesAfter04(from);
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
  ScaleRange op{ReadAxes(from), 0, 100, ReadEps(from), kwargs.Nullable("reference_tensor").Text()};
  op.min_percentile = ReadMinPercentile(kwargs["min_percentile"]).value_or(0);
  op.max_percentile = ReadMaxPercentile(kwargs["max_percentile"]).value_or(100);
  if (!(op.min_percentile < op.max_percentile))
    kwargs.Note(
        fmt::format("min_percentile {} must be less than max_percentile {}", op.min_percentile, op.max_percentile));
  return op;
}

OpDescription ReadSigmoid(const Arguments& from) {
  if (from.kwargs.is_there()) from.kwargs.Note("is not a field of sigmoid, which has no parameters");
  return Sigmoid{};
}

OpDescription ReadSoftmax(const Arguments& from) {
  from.kwargs.AllowOnly({"axis"});
  std::vector<std::string> ids;
  AddAxis(from, from.kwargs["axis"], ReadAxisId(from.kwargs["axis"], "channel"), ids);
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

// So many items, as `read` reads them; notes if it is another number.
template <class Read>
auto ReadTuple(const Reader& list, std::size_t size, Read read) {
  const std::vector<Reader> items = list.Items();
  if (list.is_sequence() && items.size() != size)
    list.Note(fmt::format("must be {} values, has {}", size, items.size()));
  std::vector<decltype(read(list))> values;
  for (const Reader& item : items) values.push_back(read(item));
  values.resize(size);
  return values;
}

OpDescription ReadStardist(const Arguments& from) {
  const Reader& kwargs = from.kwargs;
  const bool is_3d =
      kwargs["anisotropy"].is_there() || (kwargs["grid"].is_sequence() && kwargs["grid"].Items().size() == 3);
  const auto whole = [](const Reader& item) { return item.Int(0, -kAnyInt, kAnyInt); };
  const auto pair = [&](const Reader& item) {
    const std::vector<std::int64_t> ends = ReadTuple(item, 2, whole);
    return std::array<std::int64_t, 2>{ends[0], ends[1]};
  };
  const std::size_t axes = is_3d ? 3 : 2;
  if (is_3d)
    kwargs.AllowOnly({"prob_threshold", "nms_threshold", "n_rays", "grid", "b", "anisotropy", "overlap_label"});
  else
    kwargs.AllowOnly({"prob_threshold", "nms_threshold", "n_rays", "grid", "b"});
  StardistPostprocessing op;
  op.prob_threshold = kwargs.Required("prob_threshold").Number().value_or(0);
  op.nms_threshold = kwargs.Required("nms_threshold").Number().value_or(0);
  op.n_rays = whole(kwargs.Required("n_rays"));
  op.grid = ReadTuple(kwargs.Required("grid"), axes, whole);
  const Reader border = kwargs.Required("b");
  if (border.is_sequence())
    op.border = ReadTuple(border, axes, pair);
  else
    op.border.assign(axes, {whole(border), whole(border)});
  if (is_3d)
    op.anisotropy =
        ReadTuple(kwargs.Required("anisotropy"), axes, [](const Reader& item) { return item.Number().value_or(1); });
  if (const Reader label = kwargs.Nullable("overlap_label"); label.is_there()) op.overlap_label = whole(label);
  return op;
}

OpDescription ReadCellpose(const Arguments& from) {
  const Reader& kwargs = from.kwargs;
  kwargs.AllowOnly({"cellprob_threshold", "flow_threshold", "do_3D", "min_size", "output_dtype"});
  CellposeFlowDynamics op;
  op.cellprob_threshold = kwargs.Required("cellprob_threshold").Number().value_or(0);
  op.flow_threshold = kwargs.Required("flow_threshold").Number().value_or(0);
  op.do_3d = kwargs.Required("do_3D").Bool(false);
  op.min_size = kwargs["min_size"].Int(15, -kAnyInt, kAnyInt);
  const bool is_wide = kwargs["output_dtype"].Choice({"uint16", "uint32"}, "uint16") == "uint32";
  op.output_dtype = is_wide ? DType::kU32 : DType::kU16;
  return op;
}

OpDescription ReadCustom(const Arguments& from) {
  ReadFileFields(from.op, from.reading);
  from.op.Required("callable").Text();
  from.kwargs.Keys();
  return UnsupportedOp{"custom"};
}

// Which versions know an op and on which side, and in which of them it needs arguments.
struct Row {
  std::string_view id;
  bool in_04, in_05, before, after;
  bool needs_kwargs_04, needs_kwargs_05;
  OpDescription (*read)(const Arguments& from);
};
constexpr Row kRows[] = {
    {"binarize", true, true, true, true, true, true, &ReadBinarize},
    {"cellpose_flow_dynamics", false, true, false, true, true, true, &ReadCellpose},
    {"clip", true, true, true, true, true, true, &ReadClip},
    {"custom", false, true, false, true, false, false, &ReadCustom},
    {"ensure_dtype", false, true, true, true, true, true, &ReadEnsureDtype},
    {"fixed_zero_mean_unit_variance", false, true, true, true, true, true, &ReadFixed},
    {"scale_linear", true, true, true, true, true, true, &ReadScaleLinear},
    {"scale_mean_variance", true, true, false, true, true, true, &ReadScaleMeanVariance},
    {"scale_range", true, true, true, true, true, false, &ReadScaleRange},
    {"sigmoid", true, true, true, true, false, false, &ReadSigmoid},
    {"softmax", false, true, true, true, false, false, &ReadSoftmax},
    {"stardist_postprocessing", false, true, false, true, true, true, &ReadStardist},
    {"zero_mean_unit_variance", true, true, true, true, true, false, &ReadZeroMeanUnitVariance},
};

const Row* FindRow(std::string_view id, const Reading& reading, Side side) {
  for (const Row& row : kRows) {
    const bool in_format = reading.is_04() ? row.in_04 : row.in_05;
    if (row.id == id && in_format && (side == Side::kInput ? row.before : row.after)) return &row;
  }
  return nullptr;
}

std::optional<OpDescription> ReadOp(const Reader& op, const Reading& reading, Side side,
                                    const std::vector<Axis>& axes) {
  const std::string_view id_key = reading.is_04() ? "name" : "id";
  if (!op.is_mapping()) {
    op.Note(fmt::format("must be a mapping with {} and kwargs", id_key));
    return std::nullopt;
  }
  const Reader id = op.Required(id_key);
  const Row* row = FindRow(id.Text(), reading, side);
  if (row == nullptr) {
    if (id.is_there()) id.Note(fmt::format("'{}' is not an operation of the format for {}", id.Text(), OpsKey(side)));
    return std::nullopt;
  }
  if (row->id == "custom")
    op.AllowOnly({id_key, "kwargs", "source", "sha256", "callable"});
  else
    op.AllowOnly({id_key, "kwargs"});
  const bool needs_kwargs = reading.is_04() ? row->needs_kwargs_04 : row->needs_kwargs_05;
  const Reader kwargs = needs_kwargs ? op.Required("kwargs") : op["kwargs"];
  return row->read({op, kwargs, reading, side, axes});
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
  std::string_view operator()(const StardistPostprocessing&) const { return "stardist_postprocessing"; }
  std::string_view operator()(const CellposeFlowDynamics&) const { return "cellpose_flow_dynamics"; }
  std::string_view operator()(const ZeroMeanUnitVariance&) const { return "zero_mean_unit_variance"; }
  std::string_view operator()(const UnsupportedOp& op) const { return op.id; }
};

}  // namespace

std::vector<OpDescription> ReadOps(const Reader& tensor, const Reading& reading, Side side,
                                   const std::vector<Axis>& axes) {
  std::vector<OpDescription> ops;
  for (const Reader& op : tensor[OpsKey(side)].Items())
    if (std::optional<OpDescription> read = ReadOp(op, reading, side, axes)) ops.push_back(*std::move(read));
  return ops;
}

}  // namespace tegula::spec::internal

namespace tegula::spec {
std::string_view OpId(const OpDescription& op) { return std::visit(internal::IdOf{}, op); }

bool MakesObjects(const OpDescription& op) {
  return std::holds_alternative<StardistPostprocessing>(op) || std::holds_alternative<CellposeFlowDynamics>(op);
}
}  // namespace tegula::spec
