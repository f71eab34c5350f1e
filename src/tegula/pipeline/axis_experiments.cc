#include "tegula/pipeline/axis_experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kSlab = 17;             // odd, so that its two ends have different phases
constexpr std::int64_t kNoOpenSide = 1 << 12;  // farther than any context

}  // namespace

void AxisExperiments::SetSize(std::int64_t size) {
  size_ = size;
  bases_.clear();
}

Result<double> AxisExperiments::LargestOf(ProbeBase base) {
  TEGULA_ASSIGN_OR_RETURN(const Base* const found, BaseOf(base));
  return found->largest;
}

bool AxisExperiments::MovesWhole(std::int64_t shift) const {
  return probe_->MovesWhole(axis_, shift) &&
         std::all_of(followers_.begin(), followers_.end(), [&](const OutputAxis& f) { return f.scale.Divides(shift); });
}

// As Probe::Run, with outputs of the sizes that were learned.
Result<std::vector<Tensor>> AxisExperiments::Run(const ProbeScene& scene) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, probe_->Run(scene));
  for (const OutputAxis& follower : followers_) {
    Shape expected = follower.others;
    expected[follower.position] = follower.scale.Floor(scene.size) + follower.offset;
    if (follower.output >= outputs.size() || outputs[follower.output].shape() != expected)
      return UnsupportedError(fmt::format(
          "the size of output {} does not follow that of the input, so that nothing can be compared: for {} pixels it "
          "should be {}",
          follower.output, scene.size, ToString(expected)));
  }
  return outputs;
}

Result<const AxisExperiments::Base*> AxisExperiments::BaseOf(ProbeBase base) {
  auto found = bases_.find(base);
  if (found == bases_.end()) {
    TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, Run({axis_, size_, 0, base, {}}));
    const double largest = LargestOutput(outputs, followers_);
    found = bases_.emplace(base, Base{std::move(outputs), largest}).first;
  }
  return &found->second;
}

Result<Reach> AxisExperiments::ReachOf(const Interval& slab, const Way& way, std::int64_t grid) {
  TEGULA_ASSIGN_OR_RETURN(const Base* const base, BaseOf(way.base));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> changed,
                          Run({axis_, size_, 0, way.base, ProbeChange{slab, way.amplitude, way.pattern}}));
  Reach reach;
  for (const OutputAxis& follower : followers_) {
    const std::vector<double> profile =
        DifferencesAlong(follower.position, changed[follower.output].view(), base->outputs[follower.output].view());
    const auto moved = [&](double difference) { return difference > 2 * noise_; };
    const auto first = std::find_if(profile.begin(), profile.end(), moved);
    if (first == profile.end()) continue;
    const auto last = std::find_if(profile.rbegin(), profile.rend(), moved);
    const std::int64_t first_o = first - profile.begin(), last_o = profile.rend() - last - 1;
    // What moved at `o` needs a context that ends short of the slab.
    reach.before = std::max(reach.before, follower.Begin(last_o) - slab.end + 1);
    reach.after = std::max(reach.after, slab.begin - follower.End(first_o) + 1);
    reach.is_open_before |= last_o + 1 == std::ssize(profile);
    reach.is_open_after |= first_o == 0;
  }
  const tiling::SizeRule& sizes = axis().sizes;
  if (slab.end % grid == 0) reach.window_before = reach.before;
  if ((slab.begin - sizes.min) % std::gcd(sizes.step, grid) == 0) reach.window_after = reach.after;
  return reach;
}

Interval AxisExperiments::SlabAt(std::int64_t phase) const {
  const std::int64_t slab = std::clamp<std::int64_t>(size_ / 8, 1, kSlab);
  const std::int64_t begin = (size_ - slab) / 2 + phase;
  return Intersect(Interval{begin, begin + slab}, Interval{0, size_});
}

// A slab in the middle shows both sides. Where a window cannot be made longer, one at each end sees twice as far.
Result<Reach> AxisExperiments::ReachAt(std::int64_t phase, const Way& way, std::int64_t grid) {
  TEGULA_ASSIGN_OR_RETURN(Reach reach, ReachOf(SlabAt(phase), way, grid));
  if (!axis().sizes.is_fixed() || !reach.is_open()) return reach;
  const std::int64_t edge = std::min(size_, phase + 1);
  TEGULA_ASSIGN_OR_RETURN(const Reach from_begin, ReachOf({0, edge}, way, grid));
  TEGULA_ASSIGN_OR_RETURN(const Reach from_end, ReachOf({size_ - edge, size_}, way, grid));
  // What left the window on the far side of a change at its end is no reach, so sides are taken where they were looked
  // at.
  reach.is_open_before = reach.is_open_after = false;
  reach.Add({.before = from_begin.before,
             .window_before = from_begin.window_before,
             .is_open_before = from_begin.is_open_before});
  reach.Add({.after = from_end.after, .window_after = from_end.window_after, .is_open_after = from_end.is_open_after});
  return reach;
}

Result<double> AxisExperiments::ShiftDifference(std::int64_t shift, ProbeBase base, const Reach& margins,
                                                ByDistance* by_distance) {
  TEGULA_ASSIGN_OR_RETURN(const Base* const first, BaseOf(base));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> second, Run({axis_, size_, shift, base, {}}));
  double worst = -1;
  for (const OutputAxis& follower : followers_) {
    const std::int64_t by = follower.scale.Floor(shift);
    const ConstView a = first->outputs[follower.output].view(), b = second[follower.output].view();
    const std::int64_t common = a.shape()[follower.position] - by;
    if (common < 1) continue;
    const std::vector<double> profile = DifferencesAlong(follower.position, a.Slice(follower.position, by, common),
                                                         b.Slice(follower.position, 0, common));
    for (std::int64_t o = 0; o < common; ++o) {
      const double difference = profile[static_cast<std::size_t>(o)] / first->largest;
      const std::int64_t before = follower.Begin(o), after = size_ - follower.End(o + by);
      if (by_distance != nullptr) by_distance->Add(std::min(before, after), difference);
      if (before >= margins.before && after >= margins.after) worst = std::max(worst, difference);
    }
  }
  return worst;
}

Result<std::optional<double>> AxisExperiments::ChangeBeyond(std::int64_t distance) {
  const std::int64_t at = size_ / 2;
  TEGULA_ASSIGN_OR_RETURN(const Base* const base, BaseOf(ProbeBase::kImage));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> changed, Run({axis_, size_, 0, ProbeBase::kImage,
                                                                  ProbeChange{{at, at + 1}, 1, ProbePattern::kPoint}}));
  std::optional<double> worst;
  for (const OutputAxis& follower : followers_) {
    const std::vector<double> profile =
        DifferencesAlong(follower.position, changed[follower.output].view(), base->outputs[follower.output].view());
    for (std::int64_t o = 0; o < std::ssize(profile); ++o)
      if (follower.Begin(o) - at >= distance || at - follower.End(o) >= distance)
        worst = std::max(worst.value_or(0), profile[static_cast<std::size_t>(o)]);
  }
  return worst;
}

Status AxisExperiments::CompareWindows(std::int64_t window, std::int64_t whole, std::int64_t grid, ProbeBase base,
                                       ByDistance& by_distance) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> all, Run({axis_, whole, 0, base, {}}));
  const double largest = LargestOutput(all, followers_);
  const std::int64_t last = whole - window, steps = last / grid;
  constexpr std::int64_t kWindows = 4;
  for (std::int64_t i = 0; i <= kWindows; ++i) {
    const std::int64_t start = i * steps / kWindows * grid;
    TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> part, Run({axis_, window, start, base, {}}));
    for (const OutputAxis& follower : followers_) {
      const std::int64_t first = follower.scale.Floor(start);
      const ConstView view = part[follower.output].view();
      const std::int64_t length = view.shape()[follower.position];
      if (first + length > all[follower.output].shape()[follower.position]) continue;
      const std::vector<double> profile = DifferencesAlong(
          follower.position, all[follower.output].view().Slice(follower.position, first, length), view);
      for (std::int64_t o = 0; o < length; ++o) {
        std::int64_t distance = kNoOpenSide;
        if (start > 0) distance = std::min(distance, follower.Begin(first + o) - start);
        if (start < last) distance = std::min(distance, start + window - follower.End(first + o));
        by_distance.Add(distance, profile[static_cast<std::size_t>(o)] / largest);
      }
    }
  }
  return Ok();
}

}  // namespace tegula::pipeline
