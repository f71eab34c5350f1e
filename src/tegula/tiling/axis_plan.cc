#include "tegula/tiling/axis_plan.h"

#include <fmt/format.h>

#include <numeric>
#include <optional>

namespace tegula::tiling {
namespace {

constexpr std::int64_t kChunkUnit = 16;  // what TIFF tiles and vector loops like
constexpr std::int64_t kChunkMax = 512;
constexpr std::int64_t kChunkGood = 192;  // smaller chunks cost more files than they save

// An axis after padding, before it is cut.
struct Padded {
  std::int64_t size = 0;     // of the padded axis
  std::int64_t before = 0;   // padding before the image
  std::int64_t network = 0;  // output pixels the network would give for all of it
  std::int64_t crop = 0;     // of these, before output pixel 0
  std::int64_t output = 0;
};

std::int64_t NetworkSize(const AxisRules& rules, std::int64_t input) { return rules.scale.Floor(input) + rules.offset; }

// The distance between window sizes that end at the padded end and start on the grid.
std::int64_t WindowStep(const AxisRules& rules) {
  return std::lcm(rules.grid, std::max<std::int64_t>(rules.sizes.step, 1));
}

Status CheckRules(const AxisRules& rules) {
  if (rules.sizes.min < 1 || rules.sizes.step < 0 || rules.grid < 1 || rules.context < 0 || rules.halo_out < 0)
    return InvalidError("sizes, grid, context and halo of an axis must not be negative");
  if (rules.scale.num < 1) return InvalidError("the scale of an axis must be positive");
  if (!rules.scale.Divides(rules.grid))
    return InvalidError(fmt::format("a stride grid of {} does not give whole output pixels at scale {}/{}", rules.grid,
                                    rules.scale.num, rules.scale.den));
  if (!rules.scale.Inverse().Divides(rules.halo_out))
    return InvalidError(fmt::format("a halo of {} output pixels is not a whole number of input pixels at scale {}/{}",
                                    rules.halo_out, rules.scale.num, rules.scale.den));
  return Ok();
}

Result<Padded> Pad(const AxisRules& rules, const AxisRequest& request) {
  const std::int64_t halo_in = request.border == Border::kPad ? rules.scale.Inverse().Floor(rules.halo_out) : 0;
  Padded padded;
  padded.before = halo_in;
  padded.size = PaddedSize(rules, request.image + 2 * halo_in);
  padded.network = NetworkSize(rules, padded.size);
  padded.crop = request.border == Border::kPad ? rules.halo_out : 0;
  padded.output = rules.scale.Ceil(request.image) + rules.offset;
  if (request.image < 1 || padded.output < 1)
    return InvalidError(
        fmt::format("an image of {} pixels is too small for this model, which gives output pixels from {} pixels on",
                    request.image, rules.scale.Inverse().Ceil(1 - rules.offset)));
  return padded;
}

// Network output pixels (of the whole padded axis) that a window starting at `start` may give: those whose context lies
// inside the window, or that see the same edge as in the whole. offset / 2 of the output pixels are lost at each end.
Interval Trusted(const AxisRules& rules, const Padded& padded, std::int64_t start, std::int64_t window) {
  const std::int64_t end = start + window;
  const std::int64_t first = rules.scale.Floor(start), last = first + NetworkSize(rules, window);
  const std::int64_t lost_before = FloorDiv(rules.offset, 2), lost_after = rules.offset - lost_before;
  Interval trusted{first, last};
  if (start > 0) trusted.begin = std::max(first, rules.scale.Ceil(start + rules.context) + lost_after);
  if (end < padded.size) trusted.end = std::min(last, rules.scale.Floor(end - rules.context) + lost_before);
  return {trusted.begin, std::max(trusted.begin, trusted.end)};
}

// Windows for writes of `step` output pixels, or nothing if some write does not fit into a window.
std::optional<std::vector<Window>> Cut(const AxisRules& rules, const Padded& padded, std::int64_t window,
                                       std::int64_t step) {
  std::vector<Window> windows;
  for (std::int64_t begin = 0; begin < padded.output; begin += step) {
    const Interval write{begin, std::min(begin + step, padded.output)};
    const Interval wanted = write.Shifted(padded.crop);
    // The last start on the grid whose trusted pixels (see Trusted) begin early enough.
    const Rational back = rules.scale.Inverse();
    std::int64_t start =
        std::min(back.Floor(wanted.begin), back.Floor(wanted.begin - CeilDiv(rules.offset, 2)) - rules.context);
    start = std::clamp<std::int64_t>(FloorDiv(start, rules.grid) * rules.grid, 0, padded.size - window);
    const Interval trusted = Trusted(rules, padded, start, window);
    if (!trusted.Contains(wanted)) return std::nullopt;
    windows.push_back({{start, start + window}, wanted.Shifted(-rules.scale.Floor(start)), write});
  }
  return windows;
}

std::int64_t LargestChunk(std::int64_t step) {
  for (std::int64_t chunk = std::min(step, kChunkMax) / kChunkUnit * kChunkUnit; chunk > 0; chunk -= kChunkUnit)
    if (step % chunk == 0) return chunk;
  return kChunkUnit;
}

struct Cutting {
  std::int64_t step = 0;
  std::int64_t chunk = 0;
  std::vector<Window> windows;
};

// The largest write step a window allows, or up to a tenth less where that gives a chunk that is not tiny.
std::optional<Cutting> BestCut(const AxisRules& rules, const Padded& padded, std::int64_t window) {
  if (window == padded.size) {
    const std::int64_t chunk = std::min(kChunkMax, CeilDiv(padded.output, kChunkUnit) * kChunkUnit);
    return Cutting{CeilDiv(padded.output, chunk) * chunk, chunk, *Cut(rules, padded, window, padded.output)};
  }
  std::optional<Cutting> best;
  const std::int64_t most = CeilDiv(std::min(NetworkSize(rules, window), padded.output), kChunkUnit) * kChunkUnit;
  for (std::int64_t step = most; step > 0; step -= kChunkUnit) {
    if (best && step * 10 < best->step * 9) break;
    const std::int64_t chunk = LargestChunk(step);
    if (best && (best->chunk >= kChunkGood || chunk < kChunkGood)) continue;
    if (std::optional<std::vector<Window>> windows = Cut(rules, padded, window, step))
      best = {step, chunk, std::move(*windows)};
  }
  return best;
}

// Window sizes at least `size` (or at most, with direction -1) that the network accepts and that leave something to
// write.
std::optional<std::int64_t> NearestWindow(const AxisRules& rules, const Padded& padded, std::int64_t size,
                                          int direction) {
  const std::int64_t by = WindowStep(rules);
  std::int64_t window =
      padded.size - (direction > 0 ? FloorDiv(padded.size - size, by) : CeilDiv(padded.size - size, by)) * by;
  for (; window >= rules.sizes.min && window <= padded.size; window += direction * by)
    if (BestCut(rules, padded, window)) return window;
  return std::nullopt;
}

Error NoSuchWindow(const AxisRules& rules, const Padded& padded, std::int64_t size) {
  std::string choices;
  if (rules.sizes.is_fixed()) {
    choices = fmt::format("this model takes {} only", rules.sizes.min);
  } else {
    const std::optional<std::int64_t> below = NearestWindow(rules, padded, std::min(size, padded.size), -1);
    const std::optional<std::int64_t> above = NearestWindow(rules, padded, std::min(size, padded.size), +1);
    choices = below && above && *below != *above
                  ? fmt::format("the nearest sizes that are possible are {} and {}", *below, *above)
              : above ? fmt::format("the smallest size that is possible here is {}", *above)
                      : fmt::format("the largest size that is possible here is {}", below.value_or(padded.size));
  }
  return InvalidError(
      fmt::format("a tile of {} pixels is not possible with a context of {}: {}", size, rules.context, choices));
}

// The fewest windows of at most `max_window`, then the smallest window that needs no more.
std::optional<std::int64_t> ChooseWindow(const AxisRules& rules, const Padded& padded, std::int64_t max_window) {
  if (rules.sizes.is_fixed()) return rules.sizes.min;
  if (padded.size <= max_window) return padded.size;
  std::optional<std::int64_t> window = NearestWindow(rules, padded, max_window, -1);
  if (!window) return NearestWindow(rules, padded, std::min(max_window, padded.size), +1);
  const std::size_t fewest = BestCut(rules, padded, *window)->windows.size();
  for (std::int64_t smaller = *window - WindowStep(rules); smaller >= rules.sizes.min; smaller -= WindowStep(rules)) {
    const std::optional<Cutting> cut = BestCut(rules, padded, smaller);
    if (!cut || cut->windows.size() > fewest) break;
    window = smaller;
  }
  return window;
}

}  // namespace

std::int64_t PaddedSize(const AxisRules& rules, std::int64_t at_least) {
  const std::int64_t step = rules.sizes.is_fixed() ? rules.grid : rules.sizes.step;
  return rules.sizes.min + std::max<std::int64_t>(0, CeilDiv(at_least - rules.sizes.min, step)) * step;
}

Result<AxisPlan> PlanAxis(const AxisRules& rules, const AxisRequest& request) {
  TEGULA_TRY(CheckRules(rules));
  TEGULA_ASSIGN_OR_RETURN(const Padded padded, Pad(rules, request));

  const bool is_valid = request.window == 0 || rules.sizes.Accepts(request.window);
  if (!is_valid) return NoSuchWindow(rules, padded, request.window);
  std::optional<std::int64_t> window = std::min(request.window, padded.size);
  if (request.window == 0) window = ChooseWindow(rules, padded, request.max_window);
  std::optional<Cutting> cut;
  if (window && (padded.size - *window) % rules.grid == 0) cut = BestCut(rules, padded, *window);
  if (!cut) return NoSuchWindow(rules, padded, window.value_or(request.max_window));

  AxisPlan plan;
  plan.image = request.image;
  plan.pad_before = padded.before;
  plan.pad_after = padded.size - padded.before - request.image;
  plan.padded = padded.size;
  plan.window = *window;
  plan.window_output = NetworkSize(rules, *window);
  plan.output = padded.output;
  plan.write_step = cut->step;
  plan.chunk = cut->chunk;
  plan.origin = -0.5 * static_cast<double>(rules.offset) / rules.scale.value();
  plan.windows = std::move(cut->windows);
  return plan;
}

}  // namespace tegula::tiling
