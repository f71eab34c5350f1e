#include "tegula/tiling/axis_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace tegula::tiling {
namespace {

// Pixels that a window of patches is to have, and patches along it: what is read at once, and a chunk of the map.
constexpr std::int64_t kPatchWindow = 2048, kMostPatches = 64;

// An output of the padded axis, before it is cut.
struct PaddedOutput {
  std::int64_t network = 0;  // pixels the network would give for all of it
  std::int64_t crop = 0;     // of these, before output pixel 0
  std::int64_t size = 0;
};

// An axis after padding.
struct Padded {
  std::int64_t size = 0;    // of the padded axis
  std::int64_t before = 0;  // padding before the image
  std::vector<PaddedOutput> outputs;
};

std::int64_t NetworkSize(const OutputRule& rule, std::int64_t input) {
  return rule.collapses ? 1 : rule.scale.Floor(input) + rule.offset;
}

// The distance between window sizes that end at the padded end and start on the grid.
std::int64_t WindowStep(const AxisRules& rules) {
  return std::lcm(rules.grid, std::max<std::int64_t>(rules.sizes.step, 1));
}

Status CheckRules(const AxisRules& rules) {
  if (rules.sizes.min < 1 || rules.sizes.step < 0 || rules.grid < 1 || rules.context < 0 || rules.unit < 1)
    return InvalidError("sizes, grid, context and unit of an axis must not be negative");
  for (const OutputRule& rule : rules.outputs) {
    if (rule.scale.num < 1 || rule.halo < 0)
      return InvalidError("the scale of an axis must be positive and its halo not negative");
    if (!rule.scale.Divides(rules.grid))
      return InvalidError(fmt::format("a stride grid of {} does not give whole output pixels at scale {}/{}",
                                      rules.grid, rule.scale.num, rule.scale.den));
  }
  return Ok();
}

Result<Padded> Pad(const AxisRules& rules, const AxisRequest& request) {
  Padded padded;
  padded.before = request.border == Border::kPad ? rules.halo() : 0;
  padded.size = PaddedSize(rules, request.image + 2 * padded.before);
  for (const OutputRule& rule : rules.outputs) {
    if (rule.collapses) {
      padded.outputs.push_back({1, 0, 1});
      continue;
    }
    padded.outputs.push_back({NetworkSize(rule, padded.size), rule.scale.Floor(padded.before),
                              rule.scale.Ceil(request.image) + rule.offset});
    if (request.image < 1 || padded.outputs.back().size < 1)
      return InvalidError(
          fmt::format("an image of {} pixels is too small for this model, which gives output pixels from {} pixels on",
                      request.image, rule.scale.Inverse().Ceil(1 - rule.offset)));
  }
  return padded;
}

// Network output pixels (of the whole padded axis) that a window starting at `start` may give: those whose context lies
// inside the window, or that see the same edge as in the whole. offset / 2 of the output pixels are lost at each end.
Interval Trusted(const OutputRule& rule, std::int64_t context, std::int64_t padded, Interval window) {
  if (rule.collapses) return {0, window.size() == padded ? 1 : 0};
  const std::int64_t first = rule.scale.Floor(window.begin), last = first + NetworkSize(rule, window.size());
  const std::int64_t lost_before = FloorDiv(rule.offset, 2), lost_after = rule.offset - lost_before;
  Interval trusted{first, last};
  if (window.begin > 0) trusted.begin = std::max(first, rule.scale.Ceil(window.begin + context) + lost_after);
  if (window.end < padded) trusted.end = std::min(last, rule.scale.Floor(window.end - context) + lost_before);
  return {trusted.begin, std::max(trusted.begin, trusted.end)};
}

// The largest start whose trusted pixels (see Trusted) begin at `wanted` or before.
std::int64_t LatestStart(const OutputRule& rule, std::int64_t context, std::int64_t wanted) {
  if (rule.collapses) return 0;
  const Rational back = rule.scale.Inverse();
  return std::min(back.Floor(wanted), back.Floor(wanted - CeilDiv(rule.offset, 2)) - context);
}

// What an output writes per window when windows are `step` input pixels apart; nothing to divide where it collapses.
std::int64_t WriteStep(const OutputRule& rule, std::int64_t step) {
  return rule.collapses ? 1 : rule.scale.Floor(step);
}

// Windows that are `step` input pixels apart, or nothing if some write does not fit into its window.
std::optional<std::vector<Window>> Cut(const AxisRules& rules, const Padded& padded, std::int64_t window,
                                       std::int64_t step) {
  std::int64_t count = 0;
  for (std::size_t o = 0; o < rules.outputs.size(); ++o)
    count = std::max(count, CeilDiv(padded.outputs[o].size, WriteStep(rules.outputs[o], step)));
  std::vector<Window> windows;
  for (std::int64_t k = 0; k < count; ++k) {
    Window cut;
    std::int64_t start = padded.size - window;
    for (std::size_t o = 0; o < rules.outputs.size(); ++o) {
      const std::int64_t size = padded.outputs[o].size, by = WriteStep(rules.outputs[o], step);
      const Interval write{std::min(k * by, size), std::min((k + 1) * by, size)};
      cut.pieces.push_back({.write = write});
      if (write.empty()) continue;
      start = std::min(start, LatestStart(rules.outputs[o], rules.context, write.begin + padded.outputs[o].crop));
    }
    start = std::max<std::int64_t>(FloorDiv(start, rules.grid) * rules.grid, 0);
    cut.input = {start, start + window};
    for (std::size_t o = 0; o < rules.outputs.size(); ++o) {
      Piece& piece = cut.pieces[o];
      const Interval wanted = piece.write.Shifted(padded.outputs[o].crop);
      if (!wanted.empty() && !Trusted(rules.outputs[o], rules.context, padded.size, cut.input).Contains(wanted))
        return std::nullopt;
      piece.use = rules.outputs[o].collapses ? wanted : wanted.Shifted(-rules.outputs[o].scale.Floor(start));
      if (wanted.empty()) piece.use = {0, 0};
    }
    windows.push_back(std::move(cut));
  }
  return windows;
}

std::int64_t LargestChunk(std::int64_t step, const ChunkRule& rule, std::int64_t unit) {
  for (std::int64_t chunk = std::min(step, std::max(rule.most, unit)) / unit * unit; chunk > 0; chunk -= unit)
    if (step % chunk == 0) return chunk;
  return unit;
}

// The smallest distance of windows at which every output writes a multiple of `unit` pixels.
std::int64_t StepUnit(const AxisRules& rules, std::int64_t unit) {
  std::int64_t step = 1;
  for (const OutputRule& rule : rules.outputs) {
    if (rule.collapses) continue;
    const std::int64_t pixels = unit * rule.scale.den;
    step = std::lcm(step, pixels / std::gcd(rule.scale.num, pixels));
  }
  return step;
}

struct Cutting {
  std::int64_t step = 0;   // input pixels
  std::int64_t chunk = 0;  // the smallest of the outputs'
  std::int64_t unit = 1;   // of the chunks
  std::vector<Window> windows;
};

// The largest step a window allows, or up to a tenth less where that gives chunks that are not tiny.
std::optional<Cutting> BestCut(const AxisRules& rules, const Padded& padded, std::int64_t window,
                               const ChunkRule& chunks) {
  const std::int64_t longest = CeilDiv(padded.size, StepUnit(rules, chunks.unit)) * StepUnit(rules, chunks.unit);
  if (window == padded.size) {
    std::int64_t step = longest;
    for (std::size_t o = 0; o < rules.outputs.size(); ++o)
      while (WriteStep(rules.outputs[o], step) < padded.outputs[o].size && !rules.outputs[o].collapses) step += longest;
    if (std::optional<std::vector<Window>> windows = Cut(rules, padded, window, step))
      return Cutting{step, chunks.most, chunks.unit, std::move(*windows)};
    return std::nullopt;
  }
  std::optional<Cutting> best;
  for (std::int64_t unit = chunks.unit; unit > 0 && !best; unit /= 2) {
    const std::int64_t by = StepUnit(rules, unit);
    for (std::int64_t step = CeilDiv(window, by) * by; step > 0; step -= by) {
      if (best && step * 10 < best->step * 9) break;
      std::int64_t chunk = chunks.most;
      for (const OutputRule& rule : rules.outputs)
        if (!rule.collapses) chunk = std::min(chunk, LargestChunk(WriteStep(rule, step), chunks, unit));
      if (best && (best->chunk >= chunks.good || chunk < chunks.good)) continue;
      if (std::optional<std::vector<Window>> windows = Cut(rules, padded, window, step))
        best = {step, chunk, unit, std::move(*windows)};
    }
  }
  return best;
}

// Where windows of an axis may be looked for.
struct Search {
  const AxisRules& rules;
  const Padded& padded;
  const ChunkRule& chunks;

  std::optional<Cutting> Best(std::int64_t window) const { return BestCut(rules, padded, window, chunks); }

  // Window sizes at least `size` (or at most, with direction -1) that the network accepts and that leave something to
  // write.
  std::optional<std::int64_t> Nearest(std::int64_t size, int direction) const {
    const std::int64_t by = WindowStep(rules);
    std::int64_t window =
        padded.size - (direction > 0 ? FloorDiv(padded.size - size, by) : CeilDiv(padded.size - size, by)) * by;
    for (; window >= rules.sizes.min && window <= padded.size; window += direction * by)
      if (Best(window)) return window;
    return std::nullopt;
  }

  Error NoSuchWindow(std::int64_t size) const {
    std::string choices;
    if (rules.sizes.is_fixed()) {
      choices = fmt::format("this model takes {} only", rules.sizes.min);
    } else {
      const std::optional<std::int64_t> below = Nearest(std::min(size, padded.size), -1);
      const std::optional<std::int64_t> above = Nearest(std::min(size, padded.size), +1);
      choices = below && above && *below != *above
                    ? fmt::format("the nearest sizes that are possible are {} and {}", *below, *above)
                : above ? fmt::format("the smallest size that is possible here is {}", *above)
                        : fmt::format("the largest size that is possible here is {}", below.value_or(padded.size));
    }
    return InvalidError(
        fmt::format("a tile of {} pixels is not possible with a context of {}: {}", size, rules.context, choices));
  }

  // The fewest windows of at most `max_window`, then the smallest window that needs no more.
  std::optional<std::int64_t> Choose(std::int64_t max_window) const {
    if (rules.sizes.is_fixed()) return rules.sizes.min;
    if (padded.size <= max_window) return padded.size;
    std::optional<std::int64_t> window = Nearest(max_window, -1);
    if (!window) return Nearest(std::min(max_window, padded.size), +1);
    const std::size_t fewest = Best(*window)->windows.size();
    for (std::int64_t smaller = *window - WindowStep(rules); smaller >= rules.sizes.min; smaller -= WindowStep(rules)) {
      const std::optional<Cutting> cut = Best(smaller);
      if (!cut || cut->windows.size() > fewest) break;
      window = smaller;
    }
    return window;
  }
};

OutputAxis Describe(const OutputRule& rule, const PaddedOutput& padded, std::int64_t window, const Cutting& cut,
                    const ChunkRule& chunks) {
  OutputAxis output;
  output.size = padded.size;
  output.window = NetworkSize(rule, window);
  output.write_step = WriteStep(rule, cut.step);
  output.chunk = rule.collapses ? 1 : LargestChunk(output.write_step, chunks, cut.unit);
  if (cut.windows.size() == 1 && !rule.collapses) {
    output.chunk = std::min(chunks.most, CeilDiv(padded.size, chunks.unit) * chunks.unit);
    output.write_step = CeilDiv(padded.size, output.chunk) * output.chunk;
  }
  output.scale = rule.scale.value();
  output.origin = -0.5 * static_cast<double>(rule.offset) / rule.scale.value();
  return output;
}

bool CollapsesWholly(const AxisRules& rules) {
  return std::all_of(rules.outputs.begin(), rules.outputs.end(), [](auto& o) { return o.collapses; });
}

// Patches on a grid that begins with the image; the last ones are padded at the far end.
Result<AxisPlan> PlanPatches(const AxisRules& rules, const AxisRequest& request) {
  AxisPlan plan;
  plan.image = request.image;
  plan.patch = rules.sizes.is_fixed() || request.window == 0 ? rules.sizes.min : request.window;
  if (request.image < 1) return InvalidError("the image has no pixels");
  if (request.window != 0 && !rules.sizes.Accepts(request.window))
    return InvalidError(fmt::format("a patch of {} pixels is not possible: this model takes {}{}", request.window,
                                    rules.sizes.min,
                                    rules.sizes.is_fixed() ? " only" : fmt::format(" + n * {}", rules.sizes.step)));
  plan.stride = request.stride != 0 ? request.stride : plan.patch;
  if (plan.stride < 1 || plan.stride % rules.unit != 0)
    return InvalidError(fmt::format("patches cannot be {} pixels apart: it must be a positive multiple of {}",
                                    plan.stride, rules.unit));
  const std::int64_t size = std::max<std::int64_t>(0, CeilDiv(request.image - plan.patch, plan.stride)) + 1;
  const std::int64_t fits = (std::max(kPatchWindow, plan.patch) - plan.patch) / plan.stride + 1;
  const std::int64_t windows = CeilDiv(size, std::min(fits, kMostPatches)), each = CeilDiv(size, windows);
  plan.window = (each - 1) * plan.stride + plan.patch;
  for (std::int64_t first = 0; first < size; first += each) {
    const std::int64_t count = std::min(each, size - first);
    plan.windows.push_back({{first * plan.stride, first * plan.stride + plan.window},
                            std::vector<Piece>(rules.outputs.size(), {{0, count}, {first, first + count}})});
  }
  plan.padded = std::max(plan.windows.back().input.end, request.image);
  plan.pad_after = plan.padded - plan.image;
  plan.outputs.assign(rules.outputs.size(), {.size = size,
                                             .window = each,
                                             .write_step = each,
                                             .chunk = each,
                                             .scale = 1.0 / static_cast<double>(plan.stride),
                                             .origin = 0.5 * static_cast<double>(plan.patch - plan.stride)});
  return plan;
}

}  // namespace

std::int64_t AxisRules::halo() const noexcept {
  std::int64_t halo = 0, whole = unit;
  for (const OutputRule& rule : outputs) {
    halo = std::max(halo, rule.scale.Inverse().Ceil(rule.halo));
    whole = std::lcm(whole, rule.scale.den);
  }
  return CeilDiv(halo, whole) * whole;
}

std::int64_t AxisRules::declared_context() const noexcept {
  std::int64_t declared = halo();
  for (const OutputRule& rule : outputs) {
    const std::int64_t lost = std::max<std::int64_t>(0, CeilDiv(-rule.offset, 2));
    declared = std::max(declared, rule.scale.Inverse().Ceil(rule.halo + lost));
  }
  return declared;
}

std::int64_t PaddedSize(const AxisRules& rules, std::int64_t at_least) {
  const std::int64_t step = rules.sizes.is_fixed() ? rules.grid : rules.sizes.step;
  return rules.sizes.min + std::max<std::int64_t>(0, CeilDiv(at_least - rules.sizes.min, step)) * step;
}

Result<AxisPlan> PlanAxis(const AxisRules& rules, const AxisRequest& request) {
  TEGULA_TRY(CheckRules(rules));
  if (request.stride != 0 && !CollapsesWholly(rules))
    return InvalidError("a stride is for models whose outputs have no such axis; leave it out, or choose outputs");
  if (CollapsesWholly(rules) && (request.stride != 0 || (rules.sizes.is_fixed() && request.image > rules.sizes.min)))
    return PlanPatches(rules, request);
  TEGULA_ASSIGN_OR_RETURN(const Padded padded, Pad(rules, request));
  const Search search{rules, padded, request.chunks};

  const bool is_valid = request.window == 0 || rules.sizes.Accepts(request.window);
  if (!is_valid) return search.NoSuchWindow(request.window);
  std::optional<std::int64_t> window = std::min(request.window, padded.size);
  if (request.window == 0) window = search.Choose(request.max_window);
  std::optional<Cutting> cut;
  if (window && (padded.size - *window) % rules.grid == 0) cut = search.Best(*window);
  if (!cut) {
    const bool collapses = std::any_of(rules.outputs.begin(), rules.outputs.end(), [](auto& o) { return o.collapses; });
    if (collapses && rules.sizes.is_fixed())
      return InvalidError(fmt::format(
          "an output without this axis needs all of it in one window, which has {} pixels; the image, padded, has {}",
          rules.sizes.min, padded.size));
    return search.NoSuchWindow(window.value_or(request.max_window));
  }

  AxisPlan plan;
  plan.image = request.image;
  plan.pad_before = padded.before;
  plan.pad_after = padded.size - padded.before - request.image;
  plan.padded = padded.size;
  plan.window = *window;
  for (std::size_t o = 0; o < rules.outputs.size(); ++o)
    plan.outputs.push_back(Describe(rules.outputs[o], padded.outputs[o], *window, *cut, request.chunks));
  plan.windows = std::move(cut->windows);
  return plan;
}

}  // namespace tegula::tiling
