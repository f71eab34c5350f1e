#include "tegula/tiling/model_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tegula/spec/object_output.h"

namespace tegula::tiling {
namespace {

// Poolings halve, and few networks do it more than five times.
constexpr std::int64_t kLargestAssumedGrid = 32;

std::int64_t AssumedGrid(std::int64_t fixed_size) {
  std::int64_t grid = 1;
  while (grid < kLargestAssumedGrid && fixed_size % (2 * grid) == 0) grid *= 2;
  return grid;
}

// An axis that the network adds to what it gives changes nothing.
bool IsOne(const spec::AxisSize& size) {
  const auto* fixed = std::get_if<spec::FixedSize>(&size);
  return fixed != nullptr && fixed->size == 1;
}

std::string NameOf(const spec::TensorDescription& tensor, const spec::Axis& axis) {
  return fmt::format("axis {} of {}", axis.id, tensor.id);
}

// size = other size * scale + offset.
struct Follows {
  Rational scale;
  std::int64_t offset = 0;
};

Result<Follows> Chain(const Follows& first, const spec::SizeReference& then) {
  Follows chained;
  TEGULA_ASSIGN_OR_RETURN(chained.scale,
                          Rational::Make(first.scale.num * then.scale.num, first.scale.den * then.scale.den));
  if (!then.scale.Divides(first.offset))
    return UnsupportedError(fmt::format("an offset of {} pixels is not a whole number of pixels at scale {}/{}",
                                        first.offset, then.scale.num, then.scale.den));
  chained.offset = then.scale.Floor(first.offset) + then.offset;
  return chained;
}

// An explicit size says how much is lost or gained, but not whether by cropping or by scaling: equal sizes and smaller
// ones are cropping unless the ratio is whole.
Result<Follows> FixedAfterFixed(std::int64_t from, std::int64_t to) {
  if (to != from && (from % to == 0 || to % from == 0)) {
    TEGULA_ASSIGN_OR_RETURN(const Rational scale, Rational::Make(to, from));
    return Follows{scale, 0};
  }
  return Follows{{}, to - from};
}

// One axis of a model.
class AxisReader {
 public:
  AxisReader(const spec::ModelDescription& model, GridAxis axis) : model_(model), axis_(axis) {
    for (const spec::TensorDescription& input : model.inputs) {
      const spec::Axis* found = FindAxis(input, axis);
      if (found == nullptr || std::holds_alternative<spec::SizeReference>(found->size)) continue;
      lead_ = &input;
      lead_index_ = static_cast<std::size_t>(&input - model.inputs.data());
      lead_axis_ = found;
      break;
    }
  }

  bool has_lead() const noexcept { return lead_ != nullptr; }
  std::size_t lead_index() const noexcept { return lead_index_; }

  Result<SizeRule> Sizes() const {
    if (const auto* fixed = std::get_if<spec::FixedSize>(&lead_axis_->size)) return SizeRule{fixed->size, 0};
    if (const auto* free = std::get_if<spec::ParameterizedSize>(&lead_axis_->size))
      return SizeRule{free->min, free->step};
    return UnsupportedError(NameOf(*lead_, *lead_axis_) + " has a size that only the data decide");
  }

  Result<InputRule> Input(const spec::TensorDescription& tensor) const {
    const spec::Axis* axis = FindAxis(tensor, axis_);
    if (axis == nullptr) return InputRule{};
    TEGULA_ASSIGN_OR_RETURN(const Follows follows, FollowsLead(tensor, *axis));
    return InputRule{true, follows.scale, follows.offset};
  }

  Result<OutputRule> Output(const spec::TensorDescription& tensor) const {
    const spec::Axis* axis = FindAxis(tensor, axis_);
    if (axis == nullptr) return OutputRule{.collapses = true};
    if (std::holds_alternative<spec::DataDependentSize>(axis->size))
      return UnsupportedError(NameOf(tensor, *axis) + " has a size that is not known before the network has run");
    TEGULA_ASSIGN_OR_RETURN(const Follows follows, FollowsLead(tensor, *axis));
    const std::int64_t finished = spec::PixelsPerNetworkPixel(tensor, axis->id);
    if (follows.offset % finished != 0)
      return UnsupportedError(
          fmt::format("{} is {} pixels smaller than its image, which is not a whole number of the "
                      "{} pixels that the network gives at once",
                      NameOf(tensor, *axis), -follows.offset, finished));
    TEGULA_ASSIGN_OR_RETURN(const Rational scale, Rational::Make(follows.scale.num, follows.scale.den * finished));
    return OutputRule{scale, follows.offset / finished, CeilDiv(axis->halo, finished), finished};
  }

 private:
  Result<Follows> FollowsLead(const spec::TensorDescription& tensor, const spec::Axis& axis) const {
    if (&tensor == lead_) return Follows{};
    const auto* lead_fixed = std::get_if<spec::FixedSize>(&lead_axis_->size);
    if (const auto* reference = std::get_if<spec::SizeReference>(&axis.size)) return Referred(tensor, axis, *reference);
    if (const auto* fixed = std::get_if<spec::FixedSize>(&axis.size); fixed != nullptr && lead_fixed != nullptr)
      return FixedAfterFixed(lead_fixed->size, fixed->size);
    const auto* free = std::get_if<spec::ParameterizedSize>(&axis.size);
    const auto* lead_free = std::get_if<spec::ParameterizedSize>(&lead_axis_->size);
    if (free != nullptr && lead_free != nullptr && free->min * lead_free->step == free->step * lead_free->min) {
      TEGULA_ASSIGN_OR_RETURN(const Rational scale, Rational::Make(free->step, lead_free->step));
      return Follows{scale, 0};
    }
    return UnsupportedError(fmt::format("the size of {} does not follow from that of {}", NameOf(tensor, axis),
                                        NameOf(*lead_, *lead_axis_)));
  }

  Result<Follows> Referred(const spec::TensorDescription& tensor, const spec::Axis& axis,
                           const spec::SizeReference& reference) const {
    const spec::TensorDescription* other = model_.FindInput(reference.tensor_id);
    const spec::Axis* other_axis = other != nullptr ? FindAxis(*other, axis_) : nullptr;
    if (other_axis == nullptr || other_axis->id != reference.axis_id)
      return UnsupportedError(fmt::format("{} follows axis {} of {}, not the same axis of an input",
                                          NameOf(tensor, axis), reference.axis_id, reference.tensor_id));
    Follows first;
    // The format allows one step from input to input.
    if (other != lead_ && std::holds_alternative<spec::SizeReference>(other_axis->size)) {
      const auto& next = std::get<spec::SizeReference>(other_axis->size);
      if (next.tensor_id != lead_->id || next.axis_id != lead_axis_->id)
        return UnsupportedError(fmt::format("{} follows {} by way of {}", NameOf(tensor, axis),
                                            NameOf(*lead_, *lead_axis_), next.tensor_id));
      TEGULA_ASSIGN_OR_RETURN(first, Chain({}, next));
    } else {
      TEGULA_ASSIGN_OR_RETURN(first, FollowsLead(*other, *other_axis));
    }
    return Chain(first, reference).Context(NameOf(tensor, axis));
  }

  const spec::ModelDescription& model_;
  GridAxis axis_;
  const spec::TensorDescription* lead_ = nullptr;
  const spec::Axis* lead_axis_ = nullptr;
  std::size_t lead_index_ = 0;
};

Result<AxisRules> RulesOf(const AxisReader& reader, const spec::ModelDescription& model, GridAxis axis,
                          const ModelGrid& grid, const TileRequest& request) {
  AxisRules rules;
  TEGULA_ASSIGN_OR_RETURN(rules.sizes, reader.Sizes());
  rules.grid = request.grid[axis].value_or(rules.sizes.is_fixed() ? AssumedGrid(rules.sizes.min) : rules.sizes.step);
  rules.outputs.clear();
  for (const std::size_t output : grid.outputs) {
    TEGULA_ASSIGN_OR_RETURN(const OutputRule rule, reader.Output(model.outputs[output]));
    rules.outputs.push_back(rule);
    rules.grid = std::lcm(rules.grid, rule.scale.den);
  }
  for (const PerAxis<InputRule>& input : grid.inputs) rules.unit = std::lcm(rules.unit, input[axis].scale.den);
  rules.grid = std::lcm(rules.grid, rules.unit);
  rules.context = std::max(rules.declared_context(), request.context[axis].value_or(0));
  return rules;
}

}  // namespace

void TileRequest::SetTile(std::int64_t edge) noexcept { tile[GridAxis::kY] = tile[GridAxis::kX] = edge; }
void TileRequest::SetContext(std::int64_t pixels) noexcept { context[GridAxis::kY] = context[GridAxis::kX] = pixels; }

const spec::Axis* FindAxis(const spec::TensorDescription& tensor, GridAxis axis) {
  if (axis == GridAxis::kT) return tensor.FindAxis(spec::AxisType::kTime);
  const spec::Axis* found = tensor.FindAxis(std::string(1, GridAxisName(axis)));
  return found != nullptr && found->type == spec::AxisType::kSpace ? found : nullptr;
}

Result<ModelGrid> GridOf(const spec::ModelDescription& model, std::vector<std::size_t> outputs,
                         const TileRequest& request) {
  ModelGrid grid;
  grid.outputs = std::move(outputs);
  grid.inputs.resize(model.inputs.size());
  for (const GridAxis axis : kGridAxes) {
    const AxisReader reader(model, axis);
    if (!reader.has_lead()) {
      if (axis == GridAxis::kY || axis == GridAxis::kX)
        return UnsupportedError(
            fmt::format("no input has an axis {} with a size of its own; models are applied to "
                        "images in y and x",
                        GridAxisName(axis)));
      for (const std::size_t output : grid.outputs)
        if (const spec::Axis* own = FindAxis(model.outputs[output], axis); own != nullptr && !IsOne(own->size))
          return UnsupportedError(
              fmt::format("output {} has an axis {} that no input has", model.outputs[output].id, GridAxisName(axis)));
      continue;
    }
    grid.lead[axis] = reader.lead_index();
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      TEGULA_ASSIGN_OR_RETURN(grid.inputs[i][axis], reader.Input(model.inputs[i]));
    }
    TEGULA_ASSIGN_OR_RETURN(grid.axes[axis], RulesOf(reader, model, axis, grid, request));
  }
  return grid;
}

}  // namespace tegula::tiling
