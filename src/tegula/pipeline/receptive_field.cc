#include "tegula/pipeline/receptive_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>

#include "tegula/pipeline/differences.h"
#include "tegula/pipeline/probe.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kLongest = 1024;          // windows are not made longer
constexpr std::int64_t kMostPixels = 2'000'000;  // nor larger
constexpr std::int64_t kMostGrid = 64;           // shifts are not tried beyond
constexpr std::int64_t kRoom = 56;               // beside what a change reaches, for its phases and first shifts
constexpr std::int64_t kSlab = 17;               // odd, so that its two ends have different phases
constexpr std::int64_t kLeastPhases = 4;
constexpr std::int64_t kLeastSeen = 8;  // lead pixels that a comparison needs to say anything
// The phases that saw farthest are probed in every way; fewer in windows with many lines, each of which is a trial.
constexpr std::size_t kPhasesTwice = 4, kPhasesTwiceLarge = 1;
constexpr std::int64_t kLargeWindow = 1 << 17;  // pixels
constexpr double kExact = 1e-5;
constexpr std::int64_t kFarDistances[] = {64, 128, 256};

struct Way {
  ProbeBase base;
  double amplitude;
  ProbePattern pattern;
};
// The first, with which all begins, shows most.
constexpr Way kWays[] = {
    {ProbeBase::kNoise, 100, ProbePattern::kAll},    {ProbeBase::kNoise, 1, ProbePattern::kAll},
    {ProbeBase::kImage, 1, ProbePattern::kAll},      {ProbeBase::kImage, 0.1, ProbePattern::kAll},
    {ProbeBase::kImage, 100, ProbePattern::kSparse},
};
constexpr ProbeBase kBases[] = {ProbeBase::kImage, ProbeBase::kNoise};

// What the network gives for a window without changes.
struct Base {
  std::vector<Tensor> outputs;
  double largest = 1;
};

// One axis of one network.
class AxisMeasurement {
 public:
  AxisMeasurement(Probe& probe, std::size_t axis, const RunContext& context, double noise)
      : probe_(probe), axis_(axis), context_(context), noise_(noise) {}

  Result<std::optional<AxisField>> Measure();

 private:
  bool is_fixed() const { return probe_.axes()[axis_].sizes.is_fixed(); }
  void Say(std::string_view what, std::int64_t done, std::int64_t total, std::string_view unit) const {
    context_.progress.Update(fmt::format("{} along {}", what, probe_.axes()[axis_].id), done, total, unit);
  }
  bool MovesWhole(std::int64_t shift) const;
  bool Fits(std::int64_t size) const { return size <= kLongest && probe_.Pixels(axis_, size) <= kMostPixels; }
  Result<std::vector<Tensor>> Run(const ProbeScene& scene);
  Result<const Base*> BaseOf(ProbeBase base);
  Result<Reach> ReachOf(const Interval& slab, const Way& way);
  Interval SlabAt(std::int64_t phase) const;
  Result<Reach> ReachAt(std::int64_t phase, const Way& way);
  Status FindWindow();
  Status FindGrid();
  Status FindContext();
  Status FindFarChanges();
  Result<double> ShiftDifference(std::int64_t shift, ProbeBase base, ByDistance* by_distance);
  Status CompareWindows(std::int64_t window, std::int64_t whole, ProbeBase base, ByDistance& by_distance);
  Status Prove();

  Probe& probe_;
  std::size_t axis_;
  const RunContext& context_;
  double noise_;
  AxisField field_;
  std::vector<OutputAxis> followers_;
  std::int64_t size_ = 0;  // of the window that changes are made in
  Reach reach_;
  std::map<ProbeBase, Base> bases_;  // of windows of size_ without changes
};

bool AxisMeasurement::MovesWhole(std::int64_t shift) const {
  return probe_.MovesWhole(axis_, shift) &&
         std::all_of(followers_.begin(), followers_.end(), [&](const OutputAxis& f) { return f.scale.Divides(shift); });
}

// As Probe::Run, with outputs of the sizes that were learned.
Result<std::vector<Tensor>> AxisMeasurement::Run(const ProbeScene& scene) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, probe_.Run(scene));
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

Result<const Base*> AxisMeasurement::BaseOf(ProbeBase base) {
  auto found = bases_.find(base);
  if (found == bases_.end()) {
    TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, Run({axis_, size_, 0, base, {}}));
    const double largest = LargestOutput(outputs, followers_);
    found = bases_.emplace(base, Base{std::move(outputs), largest}).first;
  }
  return &found->second;
}

Result<Reach> AxisMeasurement::ReachOf(const Interval& slab, const Way& way) {
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
  const tiling::SizeRule& sizes = probe_.axes()[axis_].sizes;
  if (slab.end % field_.grid == 0) reach.window_before = reach.before;
  if ((slab.begin - sizes.min) % std::gcd(sizes.step, field_.grid) == 0) reach.window_after = reach.after;
  return reach;
}

Interval AxisMeasurement::SlabAt(std::int64_t phase) const {
  const std::int64_t slab = std::clamp<std::int64_t>(size_ / 8, 1, kSlab);
  const std::int64_t begin = (size_ - slab) / 2 + phase;
  return Intersect(Interval{begin, begin + slab}, Interval{0, size_});
}

// A slab in the middle shows both sides. Where a window cannot be made longer, one at each end sees twice as far.
Result<Reach> AxisMeasurement::ReachAt(std::int64_t phase, const Way& way) {
  TEGULA_ASSIGN_OR_RETURN(Reach reach, ReachOf(SlabAt(phase), way));
  if (!is_fixed() || !reach.is_open()) return reach;
  const std::int64_t edge = std::min(size_, phase + 1);
  TEGULA_ASSIGN_OR_RETURN(const Reach from_begin, ReachOf({0, edge}, way));
  TEGULA_ASSIGN_OR_RETURN(const Reach from_end, ReachOf({size_ - edge, size_}, way));
  // What left the window on the far side of a change at its end is no reach, so sides are taken where they were looked
  // at.
  reach.is_open_before = reach.is_open_after = false;
  reach.Add({.before = from_begin.before,
             .window_before = from_begin.window_before,
             .is_open_before = from_begin.is_open_before});
  reach.Add({.after = from_end.after, .window_after = from_end.window_after, .is_open_after = from_end.is_open_after});
  return reach;
}

// A window that is long enough for changes in its middle not to reach its ends.
Status AxisMeasurement::FindWindow() {
  while (true) {
    bases_.clear();
    TEGULA_ASSIGN_OR_RETURN(reach_, ReachAt(0, kWays[0]));
    for (const std::int64_t phase : {1, 3}) {
      if (reach_.is_open()) break;
      TEGULA_ASSIGN_OR_RETURN(const Reach other, ReachAt(phase, kWays[0]));
      reach_.Add(other);
    }
    // Room for all phases, and for shifts to compare something.
    const std::int64_t wanted = 2 * reach_.farthest() + kRoom;
    if (is_fixed() || (!reach_.is_open() && size_ >= wanted)) return Ok();
    const std::int64_t longer = probe_.ValidSize(axis_, reach_.is_open() ? std::max(2 * size_, wanted) : wanted);
    if (!Fits(longer)) return Ok();
    size_ = longer;
    Say("making the window longer", size_, kLongest, "pixels");
  }
}

// Of two windows, the second `shift` pixels further, where both are far enough from their ends; in largest outputs.
Result<double> AxisMeasurement::ShiftDifference(std::int64_t shift, ProbeBase base, ByDistance* by_distance) {
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
      if (before >= reach_.before && after >= reach_.after) worst = std::max(worst, difference);
    }
  }
  return worst;  // -1: nothing is far enough from the ends
}

Status AxisMeasurement::FindGrid() {
  field_.is_grid_measured = false;
  field_.grid = std::max<std::int64_t>(1, field_.declared_step);
  // A fixed size states no step: the largest power of two that divides it, as poolings halve.
  if (is_fixed())
    while (field_.grid < kMostGrid / 2 && size_ % (2 * field_.grid) == 0) field_.grid *= 2;
  const auto room = [&] { return size_ - reach_.before - reach_.after - kLeastSeen; };
  bool was_tried = false;
  for (std::int64_t shift = 1; shift <= kMostGrid; ++shift) {
    if (shift > room()) {
      const std::int64_t longer = probe_.ValidSize(axis_, size_ + 2 * kMostGrid);
      if (is_fixed() || !Fits(longer)) break;
      size_ = longer;
      bases_.clear();
    }
    if (!MovesWhole(shift)) continue;
    Say("moving the window", shift, kMostGrid, "pixels");
    bool agrees = true;
    for (const ProbeBase base : kBases) {
      TEGULA_ASSIGN_OR_RETURN(const double difference, ShiftDifference(shift, base, nullptr));
      agrees = difference >= 0 && difference <= kExact;
      was_tried |= difference >= 0;
      if (!agrees) break;
    }
    if (!agrees) continue;
    field_.grid = shift;
    field_.is_grid_measured = true;
    return Ok();
  }
  field_.remark =
      !was_tried || room() < kMostGrid
          ? fmt::format("the grid was not measured, as windows of {} pixels leave no room to move them: {} is assumed",
                        size_, field_.grid)
          : fmt::format("no shift of up to {} pixels leaves the result as it was: a grid of {} is assumed", kMostGrid,
                        field_.grid);
  return Ok();
}

Status AxisMeasurement::FindContext() {
  reach_.window_before = reach_.window_after = 0;  // the grid was not known yet
  const std::int64_t phases = std::max(field_.grid, kLeastPhases);
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;  // how far, negative, at which phase
  for (std::int64_t phase = 0; phase < phases; ++phase) {
    Say("changing pixels", phase, phases, "phases");
    TEGULA_ASSIGN_OR_RETURN(const Reach reach, ReachAt(phase, kWays[0]));
    reach_.Add(reach);
    seen.emplace_back(-reach.farthest(), phase);
  }
  std::sort(seen.begin(), seen.end());
  const std::size_t twice = probe_.Pixels(axis_, size_) > kLargeWindow ? kPhasesTwiceLarge : kPhasesTwice;
  std::set<std::int64_t> again;  // the phases that saw farthest, and those whose changes end where windows do
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Interval slab = SlabAt(seen[i].second);
    if (i < twice || slab.begin % field_.grid == 0 || slab.end % field_.grid == 0) again.insert(seen[i].second);
  }
  std::int64_t done = 0;
  for (const std::int64_t phase : again)
    for (const Way& way : std::span(kWays).subspan(1)) {
      Say("changing pixels in other ways", done++, std::ssize(again) * (std::ssize(kWays) - 1), "runs");
      TEGULA_ASSIGN_OR_RETURN(const Reach reach, ReachAt(phase, way));
      reach_.Add(reach);
    }
  return Ok();
}

Status AxisMeasurement::FindFarChanges() {
  const std::int64_t at = size_ / 2;
  TEGULA_ASSIGN_OR_RETURN(const Base* const base, BaseOf(ProbeBase::kImage));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> changed, Run({axis_, size_, 0, ProbeBase::kImage,
                                                                  ProbeChange{{at, at + 1}, 1, ProbePattern::kPoint}}));
  for (const std::int64_t distance : kFarDistances) {
    std::optional<double> worst;
    for (const OutputAxis& follower : followers_) {
      const std::vector<double> profile =
          DifferencesAlong(follower.position, changed[follower.output].view(), base->outputs[follower.output].view());
      for (std::int64_t o = 0; o < std::ssize(profile); ++o)
        if (follower.Begin(o) - at >= distance || at - follower.End(o) >= distance)
          worst = std::max(worst.value_or(0), profile[static_cast<std::size_t>(o)]);
    }
    if (worst) field_.far.push_back({distance, *worst});
  }
  return Ok();
}

// Windows at multiples of the grid, the first and the last among them, against the whole.
Status AxisMeasurement::CompareWindows(std::int64_t window, std::int64_t whole, ProbeBase base,
                                       ByDistance& by_distance) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> all, Run({axis_, whole, 0, base, {}}));
  const double largest = LargestOutput(all, followers_);
  const std::int64_t last = whole - window, steps = last / field_.grid;
  constexpr std::int64_t kWindows = 4;
  for (std::int64_t i = 0; i <= kWindows; ++i) {
    const std::int64_t start = i * steps / kWindows * field_.grid;
    TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> part, Run({axis_, window, start, base, {}}));
    for (const OutputAxis& follower : followers_) {
      const std::int64_t first = follower.scale.Floor(start);
      const ConstView view = part[follower.output].view();
      const std::int64_t length = view.shape()[follower.position];
      if (first + length > all[follower.output].shape()[follower.position]) continue;
      const std::vector<double> profile = DifferencesAlong(
          follower.position, all[follower.output].view().Slice(follower.position, first, length), view);
      for (std::int64_t o = 0; o < length; ++o) {
        std::int64_t distance = kLongest;
        if (start > 0) distance = std::min(distance, follower.Begin(first + o) - start);
        if (start < last) distance = std::min(distance, start + window - follower.End(first + o));
        by_distance.Add(distance, profile[static_cast<std::size_t>(o)] / largest);
      }
    }
  }
  return Ok();
}

Status AxisMeasurement::Prove() {
  ByDistance image, noise;  // differences in largest outputs
  const std::int64_t farthest =
      field_.is_finite ? std::max(reach_.farthest(), field_.declared_halo) : field_.declared_halo;
  const std::int64_t step = std::lcm(field_.grid, std::max<std::int64_t>(1, probe_.axes()[axis_].sizes.step));
  if (is_fixed()) {
    // There is no whole: windows must agree with each other.
    for (std::int64_t i = 1; i <= 3 && i * field_.grid < size_; ++i)
      for (const ProbeBase base : kBases) {
        Say("comparing windows", i, 3, "sizes");
        TEGULA_TRY(ShiftDifference(i * field_.grid, base, base == ProbeBase::kImage ? &image : &noise));
      }
  }
  for (std::int64_t i = 0; i < 3 && !is_fixed(); ++i) {
    const std::int64_t long_enough = 2 * std::min(farthest, kLongest / 4) + 2 * field_.grid + kLeastSeen;
    const std::int64_t window = probe_.ValidSize(axis_, long_enough + 1) + i * probe_.axes()[axis_].sizes.step;
    const std::int64_t whole = window + (i + 1) * CeilDiv(window / 2, step) * step;
    for (const ProbeBase base : kBases) {
      Say("comparing windows", i, 3, "sizes");
      TEGULA_TRY(CompareWindows(window, whole, base, base == ProbeBase::kImage ? image : noise));
    }
  }
  TEGULA_ASSIGN_OR_RETURN(const Base* const example, BaseOf(ProbeBase::kImage));
  field_.tolerance = kExact * example->largest;
  field_.declared_deviation = image.Beyond(field_.declared_halo).value_or(0) * example->largest;
  const auto left = [&](std::int64_t context) -> std::optional<double> {
    const std::optional<double> a = image.Beyond(context), b = noise.Beyond(context);
    return a || b ? std::optional(std::max(a.value_or(0), b.value_or(0))) : std::nullopt;
  };
  if (field_.is_finite) {
    const std::int64_t needed = std::max(reach_.window_before, reach_.window_after);
    const std::optional<double> first = left(needed);
    std::int64_t more = 0;
    std::optional<double> deviation = first;
    while (deviation && *deviation > kExact) deviation = left(needed + ++more);
    // A fixed window may be too small to be moved and large enough to be used.
    const bool is_unproven = !first && is_fixed() && 2 * needed < size_;
    field_.is_finite = deviation.has_value() || is_unproven;
    field_.deviation = image.Beyond(needed + more).value_or(first.value_or(0)) * example->largest;
    for (std::int64_t* const side : {&reach_.before, &reach_.after, &reach_.window_before, &reach_.window_after})
      *side += more;
    if (is_unproven) field_.remark += "; for the same reason no windows were compared";
    if (!field_.is_finite)
      field_.remark = first
                          ? fmt::format(
                                "changes reach {} pixels, but there windows still differ from the whole by "
                                "{:.2g} of the largest output",
                                needed, *first)
                          : fmt::format("no pixel of a window of {} pixels is {} pixels from its ends", size_, needed);
  }
  const std::int64_t declared = probe_.axes()[axis_].sizes.step;
  if (field_.is_finite && declared > 0 && declared % field_.grid != 0 && MovesWhole(declared)) {
    for (std::int64_t shift = declared; shift < field_.grid; shift += declared) {
      TEGULA_ASSIGN_OR_RETURN(const double difference, ShiftDifference(shift, ProbeBase::kImage, nullptr));
      field_.step_deviation = std::max(field_.step_deviation, difference * example->largest);
    }
  }
  return Ok();
}

Result<std::optional<AxisField>> AxisMeasurement::Measure() {
  const ProbeAxis& axis = probe_.axes()[axis_];
  field_.axis = axis.id;
  field_.declared_halo = axis.declared_halo;
  field_.declared_step = axis.sizes.step;
  TEGULA_ASSIGN_OR_RETURN(followers_, probe_.FollowersOf(axis_));
  if (followers_.empty()) return std::optional<AxisField>();
  size_ = probe_.ValidSize(axis_, 3 * std::min(axis.declared_halo, kLongest / 3) + 2 * kSlab);
  while (true) {
    TEGULA_TRY(FindWindow());
    if (reach_.is_open()) break;
    TEGULA_TRY(FindGrid());
    TEGULA_TRY(FindContext());
    // Another way of changing pixels may have reached farther than that with which the window was found.
    const std::int64_t longer = probe_.ValidSize(axis_, 2 * size_);
    if (!reach_.is_open() || is_fixed() || !Fits(longer)) break;
    size_ = longer;
  }
  field_.is_finite = !reach_.is_open();
  if (!field_.is_finite) {
    field_.is_grid_measured = false;
    field_.grid = std::max<std::int64_t>(1, axis.sizes.step);
    field_.remark = fmt::format("a change reaches the ends of a window of {} pixels", size_);
    TEGULA_TRY(FindFarChanges());
  }
  TEGULA_TRY(Prove());
  if (!field_.is_finite && field_.far.empty()) TEGULA_TRY(FindFarChanges());
  if (field_.is_finite) {
    field_.before = reach_.before, field_.after = reach_.after;
    field_.window_before = reach_.window_before, field_.window_after = reach_.window_after;
  }
  return std::optional(field_);
}

// The largest difference between runs of the same input: in one session, and in a new one.
Result<double> NoiseOf(Probe& probe) {
  const ProbeScene scene{.axis = 0, .size = probe.CrossSize(0)};
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> once, probe.Run(scene));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> twice, probe.Run(scene));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> afresh, probe.RunAfresh(scene));
  double noise = 0;
  for (std::size_t i = 0; i < once.size(); ++i)
    for (const Tensor* const other : {&twice[i], &afresh[i]})
      if (once[i].shape().rank() > 0 && other->shape() == once[i].shape())
        for (const double difference : DifferencesAlong(0, once[i].view(), other->view()))
          noise = std::max(noise, difference);
  return noise;
}

}  // namespace

Result<ReceptiveField> MeasureReceptiveField(const spec::ModelDescription& model, const engines::Network& network,
                                             std::vector<Tensor> sample, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(Probe probe, Probe::Make(model, network, std::move(sample), context));
  ReceptiveField field;
  if (probe.axes().empty()) {
    field.remark = "the network's input has no axis of space or time";
    return field;
  }
  Result<double> noise = NoiseOf(probe);
  if (!noise.ok() && noise.error().code == Code::kInvalid) {
    field.remark = "the network takes the size of its example only, whatever the description says";
    probe.FixSizes();
    noise = NoiseOf(probe);
  }
  if (!noise.ok()) return noise.error();
  field.noise = *noise;
  for (std::size_t axis = 0; axis < probe.axes().size(); ++axis) {
    TEGULA_ASSIGN_OR_RETURN(
        std::optional<AxisField> measured,
        AxisMeasurement(probe, axis, context, field.noise).Measure().Context("axis " + probe.axes()[axis].id));
    if (measured) field.axes.push_back(std::move(*measured));
  }
  field.runs = probe.runs();
  if (field.axes.empty())
    field.remark = "no output has the input's axes of space or time: the network answers for the whole window at once";
  return field;
}

}  // namespace tegula::pipeline
