#include "tegula/app/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tegula::app {
namespace {

using Against = VerificationPlan::Against;

constexpr std::int64_t kMostBins = 64;

std::string AgainstText(Against against) {
  switch (against) {
    case Against::kWhole: return "whole image";
    case Against::kWindows: return "windows";
    case Against::kPatches: return "patches";
    case Against::kNothing: break;
  }
  return "nothing";
}

std::string Place(const outputs::VerificationRecord& record) {
  std::string place;
  if (record.t > 0) place += fmt::format("t={} ", record.t);
  if (record.z > 0) place += fmt::format("z={} ", record.z);
  return place + fmt::format("y={:.0f} x={:.0f}", std::floor(record.y), std::floor(record.x));
}

// What the tiles were compared with, as the end of a sentence.
std::string With(const VerificationPlan& plan, const outputs::VerificationRecord& record) {
  const std::string many = record.windows == record.of_windows
                               ? fmt::format("{}", record.windows)
                               : fmt::format("{} of {}", record.windows, record.of_windows);
  switch (plan.against) {
    case Against::kWhole:
      return record.of_windows > 1 ? fmt::format("{} planes predicted whole, in one window each", many)
                                   : "the image predicted whole, in one window";
    case Against::kPatches: return fmt::format("{} patches predicted again, one by one", record.pixels);
    case Against::kWindows:
      return fmt::format("{} other windows with a context of {} instead of {} pixels", many, record.verified_with_px,
                         record.context_px);
    case Against::kNothing: break;
  }
  return "";
}

std::string Advice(const VerificationPlan& plan, const outputs::VerificationRecord& record) {
  if (plan.against == Against::kPatches)
    return "the network's answer for a patch depends on what else it is given at the same time";
  if (!record.enough.empty()) return fmt::format("run again with {}", record.enough);
  return "no context that was tried is enough: either the network sees the whole image (`tegula inspect --measure` "
         "tells), and more --memory may allow the whole in one window, or the engine computes otherwise in windows of "
         "other sizes";
}

std::string Steps(const outputs::VerificationRecord& record) {
  return record.pixels_at_steps == 0
             ? ""
             : fmt::format("; {} pixels lie so close to a threshold or between two whole numbers that rounding decides",
                           record.pixels_at_steps);
}

void AddProfile(const pipeline::ByDistance& by_seam, outputs::VerificationRecord& record) {
  const std::vector<double>& worst = by_seam.worst();
  const auto size = static_cast<std::int64_t>(worst.size());
  const std::int64_t bin = std::max<std::int64_t>(1, CeilDiv(size, kMostBins));
  for (std::int64_t begin = 0; begin < size; begin += bin) {
    const double most = *std::max_element(worst.begin() + begin, worst.begin() + std::min(begin + bin, size));
    if (most < 0) continue;  // nothing was compared there
    record.seam_distances.push_back(begin);
    record.by_seam_distance.push_back(most);
  }
}

}  // namespace

std::string EnoughContext(const VerificationPlan& plan, const pipeline::Deviation& deviation, double allowed) {
  const std::optional<std::int64_t> seen = deviation.by_seen.Enough(allowed);
  if (deviation.beyond == 0 || !seen) return "";
  PerAxis<std::int64_t> wanted = {};
  for (const GridAxis axis : kGridAxes) {
    if (!plan.grid.axes[axis]) continue;
    const std::int64_t grid = plan.grid.axes[axis]->grid;
    wanted[axis] = CeilDiv(CeilDiv(*seen * plan.weights[axis], plan.unit), grid) * grid;
  }
  const auto is_cut = [&](GridAxis axis) { return plan.first.axes[axis].windows.size() > 1; };
  if (wanted[GridAxis::kY] == wanted[GridAxis::kX] && !is_cut(GridAxis::kT) && !is_cut(GridAxis::kZ))
    return fmt::format("--context {}", wanted[GridAxis::kX]);
  std::string text;
  for (const GridAxis axis : kGridAxes)
    if (plan.grid.axes[axis])
      text += fmt::format("{}{}={}", text.empty() ? "--context " : ",", GridAxisName(axis), wanted[axis]);
  return text;
}

void Judge(const VerificationPlan& plan, const pipeline::Deviation& deviation, outputs::VerificationRecord& record) {
  record.against = AgainstText(plan.against);
  record.context_px = plan.context_px(), record.verified_with_px = plan.verified_with_px();
  if (plan.against == Against::kNothing) {
    record.passed = true;
    record.verdict = "passed: the image was predicted in one window, so there are no seams";
    return;
  }
  record.pixels = deviation.pixels;
  record.largest = deviation.largest, record.mean = deviation.mean();
  record.pixels_beyond = deviation.beyond, record.pixels_at_steps = deviation.at_steps;
  if (deviation.to_seam < tiling::kNowhere) record.from_seam_px = deviation.to_seam;
  record.enough = EnoughContext(plan, deviation, record.allowed);
  AddProfile(deviation.by_seam, record);
  record.passed = deviation.beyond == 0;
  if (record.passed) {
    record.verdict = record.largest == 0
                         ? fmt::format("passed: no value differs from {}{}", With(plan, record), Steps(record))
                         : fmt::format("passed: no value differs by more than {:.2g} from {} (allowed: {:.2g}){}",
                                       record.largest, With(plan, record), record.allowed, Steps(record));
    return;
  }
  record.verdict = fmt::format(
      "failed: the result differs by up to {:.2g} (allowed: {:.2g}) from {}, most at {} of the image{}; "
      "{:.3g} % of the pixels compared differ by more than is allowed; {}",
      record.largest, record.allowed, With(plan, record), Place(record),
      record.from_seam_px >= 0 ? fmt::format(", {} pixels from a seam between tiles", record.from_seam_px) : "",
      100.0 * static_cast<double>(record.pixels_beyond) / static_cast<double>(record.pixels), Advice(plan, record));
}

}  // namespace tegula::app
