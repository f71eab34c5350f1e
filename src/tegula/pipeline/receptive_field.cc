#include "tegula/pipeline/receptive_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <span>

#include "tegula/pipeline/axis_experiments.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kLongest = 1024;          // windows are not made longer
constexpr std::int64_t kMostPixels = 2'000'000;  // nor larger
constexpr std::int64_t kMostGrid = 64;           // shifts are not tried beyond
constexpr std::int64_t kRoom = 56;               // beside what a change reaches, for its phases and first shifts
constexpr std::int64_t kLeastWindow = 34;
constexpr std::int64_t kLeastPhases = 4;
constexpr std::int64_t kLeastSeen = 8;  // lead pixels that a comparison needs to say anything
// The phases that saw farthest are probed in every way; fewer in windows with many lines, each of which is a trial.
constexpr std::size_t kPhasesTwice = 4, kPhasesTwiceLarge = 1;
constexpr std::int64_t kLargeWindow = 1 << 17;  // pixels
constexpr std::int64_t kSizes = 3;              // at which windows are compared
constexpr double kExact = 1e-5;
constexpr std::int64_t kFarDistances[] = {64, 128, 256};

// The first, with which all begins, shows most.
constexpr Way kWays[] = {
    {ProbeBase::kNoise, 100, ProbePattern::kAll},    {ProbeBase::kNoise, 1, ProbePattern::kAll},
    {ProbeBase::kImage, 1, ProbePattern::kAll},      {ProbeBase::kImage, 0.1, ProbePattern::kAll},
    {ProbeBase::kImage, 100, ProbePattern::kSparse},
};
constexpr ProbeBase kBases[] = {ProbeBase::kImage, ProbeBase::kNoise};

// One axis of one network.
class AxisMeasurement {
 public:
  AxisMeasurement(AxisExperiments experiments, const RunContext& context)
      : experiments_(std::move(experiments)), context_(context) {}

  Result<AxisField> Measure();

 private:
  const ProbeAxis& axis() const { return experiments_.axis(); }
  bool is_fixed() const { return axis().sizes.is_fixed(); }
  void Say(std::string_view what, std::int64_t done, std::int64_t total, std::string_view unit) const {
    context_.progress.Update(fmt::format("{} along {}", what, axis().id), done, total, unit);
  }
  // A longer window, or false if there is none.
  bool Lengthen(std::int64_t wanted);
  Result<Reach> ReachAt(std::int64_t phase, const Way& way) { return experiments_.ReachAt(phase, way, field_.grid); }
  Status FindWindow();
  Status FindGrid();
  Status FindContext();
  Status FindFarChanges();
  Status CompareWindows(ByDistance& image, ByDistance& noise);
  void Conclude(const ByDistance& image, const ByDistance& noise, double largest);
  Status FindStepDeviation(double largest);

  AxisExperiments experiments_;
  const RunContext& context_;
  AxisField field_;
  Reach reach_;
};

bool AxisMeasurement::Lengthen(std::int64_t wanted) {
  const std::int64_t longer = experiments_.ValidSize(wanted);
  if (is_fixed() || longer > kLongest || experiments_.Pixels(longer) > kMostPixels) return false;
  experiments_.SetSize(longer);
  Say("making the window longer", longer, kLongest, "pixels");
  return true;
}

// A window that is long enough for changes in its middle not to reach its ends, as far as that is possible.
Status AxisMeasurement::FindWindow() {
  while (true) {
    reach_ = {};
    for (const std::int64_t phase : {0, 1, 3}) {
      TEGULA_ASSIGN_OR_RETURN(const Reach reach, ReachAt(phase, kWays[0]));
      reach_.Add(reach);
      if (reach_.is_open()) break;
    }
    // Room for all phases, and for shifts to compare something.
    const std::int64_t wanted = 2 * reach_.farthest() + kRoom;
    if (!reach_.is_open() && experiments_.size() >= wanted) return Ok();
    if (!Lengthen(reach_.is_open() ? std::max(2 * experiments_.size(), wanted) : wanted)) return Ok();
  }
}

Status AxisMeasurement::FindGrid() {
  field_.is_grid_measured = false;
  field_.grid = std::max<std::int64_t>(1, field_.declared_step);
  // A fixed size states no step: the largest power of two that divides it, as poolings halve.
  if (is_fixed())
    while (field_.grid < kMostGrid / 2 && experiments_.size() % (2 * field_.grid) == 0) field_.grid *= 2;
  const auto room = [&] { return experiments_.size() - reach_.before - reach_.after - kLeastSeen; };
  bool was_tried = false;
  for (std::int64_t shift = 1; shift <= kMostGrid; ++shift) {
    if (shift > room() && !Lengthen(experiments_.size() + 2 * kMostGrid)) break;
    if (!experiments_.MovesWhole(shift)) continue;
    Say("moving the window", shift, kMostGrid, "pixels");
    bool agrees = true;
    for (const ProbeBase base : kBases) {
      TEGULA_ASSIGN_OR_RETURN(const double difference, experiments_.ShiftDifference(shift, base, reach_, nullptr));
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
                        experiments_.size(), field_.grid)
          : fmt::format("no shift of up to {} pixels leaves the result as it was: a grid of {} is assumed", kMostGrid,
                        field_.grid);
  return Ok();
}

Status AxisMeasurement::FindContext() {
  reach_.window_before = reach_.window_after = 0;  // the grid was not known yet
  const std::int64_t phases = std::clamp(field_.grid, kLeastPhases, kMostGrid);
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;  // how far, negative, at which phase
  for (std::int64_t phase = 0; phase < phases; ++phase) {
    Say("changing pixels", phase, phases, "phases");
    TEGULA_ASSIGN_OR_RETURN(const Reach reach, ReachAt(phase, kWays[0]));
    reach_.Add(reach);
    seen.emplace_back(-reach.farthest(), phase);
  }
  std::sort(seen.begin(), seen.end());
  const std::size_t twice = experiments_.Pixels(experiments_.size()) > kLargeWindow ? kPhasesTwiceLarge : kPhasesTwice;
  std::set<std::int64_t> again;  // the phases that saw farthest, and those whose changes end where windows do
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Interval slab = experiments_.SlabAt(seen[i].second);
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
  for (const std::int64_t distance : kFarDistances) {
    TEGULA_ASSIGN_OR_RETURN(const std::optional<double> change, experiments_.ChangeBeyond(distance));
    if (change) field_.far.push_back({distance, *change});
  }
  return Ok();
}

// Three times, on the example and on noise.
Status AxisMeasurement::CompareWindows(ByDistance& image, ByDistance& noise) {
  const std::int64_t farthest =
      field_.is_finite ? std::max(reach_.farthest(), field_.declared_halo) : field_.declared_halo;
  const std::int64_t step = std::max<std::int64_t>(1, axis().sizes.step), common = std::lcm(field_.grid, step);
  const std::int64_t window =
      experiments_.ValidSize(2 * std::min(farthest, kLongest / 2) + 2 * field_.grid + kLeastSeen + 1);
  for (std::int64_t i = 0; i < kSizes; ++i)
    for (const ProbeBase base : kBases) {
      Say("comparing windows", i, kSizes, "sizes");
      ByDistance& by_distance = base == ProbeBase::kImage ? image : noise;
      if (!is_fixed()) {
        const std::int64_t longer = window + i * step;
        TEGULA_TRY(experiments_.CompareWindows(longer, longer + (i + 1) * CeilDiv(longer / 2, common) * common,
                                               field_.grid, base, by_distance));
      } else if ((i + 1) * field_.grid < experiments_.size()) {
        // There is no whole: windows must agree with each other.
        TEGULA_TRY(experiments_.ShiftDifference((i + 1) * field_.grid, base, reach_, &by_distance));
      }
    }
  return Ok();
}

// What the comparison leaves of the context that was found.
void AxisMeasurement::Conclude(const ByDistance& image, const ByDistance& noise, double largest) {
  const auto left = [&](std::int64_t context) -> std::optional<double> {
    const std::optional<double> a = image.Beyond(context), b = noise.Beyond(context);
    return a || b ? std::optional(std::max(a.value_or(0), b.value_or(0))) : std::nullopt;
  };
  const std::int64_t needed = std::max(reach_.window_before, reach_.window_after);
  const std::optional<double> first = left(needed);
  std::optional<double> deviation = first;
  std::int64_t more = 0;
  while (deviation && *deviation > kExact) deviation = left(needed + ++more);
  // A fixed window may be too small to be moved and large enough to be used.
  const bool is_unproven = !first && is_fixed() && 2 * needed < experiments_.size();
  field_.is_finite = deviation.has_value() || is_unproven;
  field_.deviation = image.Beyond(needed + more).value_or(first.value_or(0)) * largest;
  if (is_unproven) field_.remark += "; for the same reason no windows were compared";
  if (field_.is_finite) {
    field_.before = reach_.before + more, field_.after = reach_.after + more;
    field_.window_before = reach_.window_before + more, field_.window_after = reach_.window_after + more;
  } else if (first) {
    field_.remark = fmt::format(
        "changes reach {} pixels, but there windows still differ from the whole by {:.2g} of the largest output",
        needed, *first);
  } else {
    field_.remark =
        fmt::format("no pixel of a window of {} pixels is {} pixels from its ends", experiments_.size(), needed);
  }
}

// Of windows that start where the declared step allows and the grid does not.
Status AxisMeasurement::FindStepDeviation(double largest) {
  const std::int64_t step = field_.declared_step;
  if (step == 0 || step % field_.grid == 0 || !experiments_.MovesWhole(step)) return Ok();
  for (std::int64_t shift = step; shift < field_.grid; shift += step) {
    TEGULA_ASSIGN_OR_RETURN(const double difference,
                            experiments_.ShiftDifference(shift, ProbeBase::kImage, reach_, nullptr));
    field_.step_deviation = std::max(field_.step_deviation, difference * largest);
  }
  return Ok();
}

Result<AxisField> AxisMeasurement::Measure() {
  field_.axis = axis().id;
  field_.declared_halo = axis().declared_halo;
  field_.declared_step = axis().sizes.step;
  experiments_.SetSize(experiments_.ValidSize(3 * std::min(axis().declared_halo, kLongest / 3) + kLeastWindow));
  do {
    TEGULA_TRY(FindWindow());
    if (reach_.is_open()) break;
    TEGULA_TRY(FindGrid());
    TEGULA_TRY(FindContext());
    // Another way of changing pixels may have reached farther than that with which the window was found.
  } while (reach_.is_open() && Lengthen(2 * experiments_.size()));
  field_.is_finite = !reach_.is_open();
  if (!field_.is_finite) {
    field_.is_grid_measured = false;
    field_.grid = std::max<std::int64_t>(1, field_.declared_step);
    field_.remark = fmt::format("a change reaches the ends of a window of {} pixels", experiments_.size());
  }
  ByDistance image, noise;  // differences as parts of the largest output
  TEGULA_TRY(CompareWindows(image, noise));
  TEGULA_ASSIGN_OR_RETURN(const double largest, experiments_.LargestOf(ProbeBase::kImage));
  field_.tolerance = kExact * largest;
  field_.declared_deviation = image.Beyond(field_.declared_halo).value_or(0) * largest;
  if (field_.is_finite) Conclude(image, noise, largest);
  TEGULA_TRY(field_.is_finite ? FindStepDeviation(largest) : FindFarChanges());
  return field_;
}

// What is learned before any axis is looked at.
struct Basics {
  double noise = 0;  // the largest difference between runs of the same input: in one session, and in a new one
  std::vector<std::vector<OutputAxis>> followers;  // per axis
};

Result<Basics> Learn(Probe& probe) {
  Basics basics;
  const ProbeScene scene{.axis = 0, .size = probe.CrossSize(0)};
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> once, probe.Run(scene));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> twice, probe.Run(scene));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> afresh, probe.RunAfresh(scene));
  for (std::size_t i = 0; i < once.size(); ++i)
    for (const std::vector<Tensor>* const other : {&twice, &afresh})
      if (i < other->size() && once[i].shape().rank() > 0 && (*other)[i].shape() == once[i].shape())
        for (const double difference : DifferencesAlong(0, once[i].view(), (*other)[i].view()))
          basics.noise = std::max(basics.noise, difference);
  for (std::size_t axis = 0; axis < probe.axes().size(); ++axis) {
    TEGULA_ASSIGN_OR_RETURN(std::vector<OutputAxis> followers, probe.FollowersOf(axis));
    basics.followers.push_back(std::move(followers));
  }
  return basics;
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
  Result<Basics> basics = Learn(probe);
  // Engines know some shapes to be wrong at once, others only when they run.
  if (!basics.ok() && (basics.error().code == Code::kInvalid || basics.error().code == Code::kInternal)) {
    field.remark = "the network takes the size of its example only, whatever the description says";
    probe.FixSizes();
    basics = Learn(probe);
  }
  if (!basics.ok()) return basics.error();
  field.noise = basics->noise;
  if (!std::isfinite(field.noise))
    return UnsupportedError(
        "the network gives numbers in one run and none in another for the same input, so nothing about "
        "it can be measured");
  if (field.noise > 0)
    field.remark += fmt::format("{}runs of the same input differ by up to {:.2g}, and what moves less is not seen",
                                field.remark.empty() ? "" : "; ", field.noise);
  for (std::size_t axis = 0; axis < probe.axes().size(); ++axis) {
    if (basics->followers[axis].empty()) continue;
    AxisExperiments experiments(probe, axis, std::move(basics->followers[axis]), field.noise);
    TEGULA_ASSIGN_OR_RETURN(
        AxisField measured,
        AxisMeasurement(std::move(experiments), context).Measure().Context("axis " + probe.axes()[axis].id));
    field.axes.push_back(std::move(measured));
  }
  field.runs = probe.runs();
  if (field.axes.empty())
    field.remark = "no output has the input's axes of space or time: the network answers for the whole window at once";
  return field;
}

}  // namespace tegula::pipeline
