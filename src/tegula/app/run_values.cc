#include "tegula/app/run_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <variant>

namespace tegula::app {
namespace {

// What an op makes of any numbers; `before` is the range of what it is given.
struct RangeAfter {
  std::optional<outputs::ValueRange> before;

  std::optional<outputs::ValueRange> operator()(const spec::Sigmoid&) const { return outputs::ValueRange{0, 1}; }
  std::optional<outputs::ValueRange> operator()(const spec::Softmax&) const { return outputs::ValueRange{0, 1}; }
  std::optional<outputs::ValueRange> operator()(const spec::Binarize&) const { return outputs::ValueRange{0, 1}; }
  std::optional<outputs::ValueRange> operator()(const spec::Clip& clip) const {
    const std::optional<double> low = clip.min ? clip.min : before ? std::optional(before->low) : std::nullopt;
    const std::optional<double> high = clip.max ? clip.max : before ? std::optional(before->high) : std::nullopt;
    if (!low || !high) return std::nullopt;
    return outputs::ValueRange{*low, *high};
  }
  std::optional<outputs::ValueRange> operator()(const spec::EnsureDtype& op) const {
    return op.dtype == DType::kBool ? outputs::ValueRange{0, 1} : before;
  }
  template <class Op>
  std::optional<outputs::ValueRange> operator()(const Op&) const {
    return std::nullopt;
  }
};

}  // namespace

outputs::ValueRequest ValuesFor(std::span<const ValuesRequest> requests, const std::string& output) {
  outputs::ValueRequest request;
  for (const ValuesRequest& said : requests) {
    if (!said.output.empty() && said.output != output) continue;
    if (said.values) request.values = *said.values;
    if (said.range) request.range = said.range;
  }
  return request;
}

Result<outputs::ValueForm> FormOf(std::span<const ValuesRequest> requests, const spec::TensorDescription& output,
                                  const outputs::StoreOptions& own) {
  outputs::ValueRequest request = ValuesFor(requests, output.id);
  if (request.values == outputs::Values::kOwn && IsInteger(own.dtype) && !output.data.values.empty())
    request.values = outputs::Values::kLabels;
  return outputs::ValueForm::Bind(request, own, KnownRange(output));
}

Status CheckValues(std::span<const ValuesRequest> requests, const spec::ModelDescription& model,
                   std::span<const std::size_t> outputs) {
  for (const ValuesRequest& said : requests) {
    if (said.output.empty() || model.FindOutput(said.output) != nullptr) continue;
    std::vector<std::string> ids;
    for (const spec::TensorDescription& output : model.outputs) ids.push_back(output.id);
    return NotFoundError(fmt::format("the model has no output {} whose values could be stored otherwise; it has {}",
                                     said.output, fmt::join(ids, ", ")));
  }
  for (const std::size_t index : outputs) {
    const spec::TensorDescription& output = model.outputs[index];
    const spec::Axis* const channel = output.FindAxis(spec::AxisType::kChannel);
    outputs::StoreOptions own;
    own.name = output.id;
    own.dtype = output.data.dtype;
    own.axes = {
        {.name = 'c', .size = channel == nullptr ? 1 : std::max<std::int64_t>(1, std::ssize(channel->channel_names))}};
    TEGULA_TRY(FormOf(requests, output, own));
  }
  return Ok();
}

std::optional<outputs::ValueRange> KnownRange(const spec::TensorDescription& output) {
  if (output.data.min && output.data.max) return outputs::ValueRange{*output.data.min, *output.data.max};
  std::optional<outputs::ValueRange> range;
  for (const spec::OpDescription& op : output.ops) range = std::visit(RangeAfter{range}, op);
  return range;
}

outputs::StoredRecord DescribeValues(const std::string& output, const outputs::ValueForm& form,
                                     const outputs::ValueCounts& lost) {
  const outputs::StoreOptions& stored = form.stored();
  outputs::StoredRecord record;
  record.output = output;
  record.values = NameOf(form.values());
  record.dtype = DTypeName(stored.dtype);
  for (const outputs::StoreAxis& axis : stored.axes) {
    record.axes += axis.name;
    record.shape.push_back(axis.size);
  }
  if (stored.scale) record.scale_factor = stored.scale->factor, record.add_offset = stored.scale->offset;
  for (const outputs::StoreClass& of : stored.classes) record.classes.push_back(of.name);
  record.clipped_values = lost.clipped;
  record.not_numbers = lost.not_numbers;
  return record;
}

std::string NoteOf(const outputs::StoredRecord& stored) {
  if (!stored.classes.empty())
    return fmt::format("Output {} is stored as the class with the largest value: {}", stored.output,
                       fmt::join(stored.classes, ", "));
  if (stored.values == NameOf(outputs::Values::kOwn)) return "";
  if (stored.scale_factor == 1 && stored.add_offset == 0)
    return fmt::format("Output {} is stored as {}{}", stored.output,
                       stored.values == NameOf(outputs::Values::kLabels) ? "labels of " : "", stored.dtype);
  return fmt::format("Output {} is stored as {}: value = stored number * {:.9g} + {:.9g}", stored.output, stored.dtype,
                     stored.scale_factor, stored.add_offset);
}

std::vector<std::string> WarningsOf(const outputs::StoredRecord& stored) {
  std::vector<std::string> warnings;
  if (stored.clipped_values > 0 && stored.dtype.starts_with("float"))
    warnings.push_back(fmt::format("{} values of output {} are too large for {} and became infinite",
                                   stored.clipped_values, stored.output, stored.dtype));
  else if (stored.clipped_values > 0)
    warnings.push_back(fmt::format("{} values of output {} lay outside the range that {} stands for and were clipped",
                                   stored.clipped_values, stored.output, stored.dtype));
  if (stored.not_numbers > 0)
    warnings.push_back(stored.values == NameOf(outputs::Values::kArgmax)
                           ? fmt::format("{} pixels of output {} have no number in any channel and therefore no class: "
                                         "they are {}",
                                         stored.not_numbers, stored.output, stored.dtype == "uint8" ? 255 : 65535)
                           : fmt::format("{} values of output {} are not numbers and were stored as 0",
                                         stored.not_numbers, stored.output));
  return warnings;
}

}  // namespace tegula::app
