// pipeline/axis_experiments.h — the experiments that show what a network sees along one axis; receptive_field.h draws
// the conclusions.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tegula/pipeline/differences.h"
#include "tegula/pipeline/probe.h"

namespace tegula::pipeline {

/// How pixels are changed, and of what.
struct Way {
  ProbeBase base;
  double amplitude;
  ProbePattern pattern;
};

/// Borrows the probe. Sizes and distances are pixels of the lead input. Errors are those of the network, kUnsupported
/// where outputs do not follow the input's size, and kCancelled. One thread at a time.
class AxisExperiments {
 public:
  /// `followers` are not empty; `noise` is what runs of the same input differ by.
  AxisExperiments(Probe& probe, std::size_t axis, std::vector<OutputAxis> followers, double noise)
      : probe_(&probe), axis_(axis), followers_(std::move(followers)), noise_(noise) {}

  const ProbeAxis& axis() const { return probe_->axes()[axis_]; }
  std::int64_t ValidSize(std::int64_t wanted) const { return probe_->ValidSize(axis_, wanted); }
  std::int64_t Pixels(std::int64_t size) const { return probe_->Pixels(axis_, size); }
  /// Whether all inputs and outputs move by whole pixels with the lead input.
  bool MovesWhole(std::int64_t shift) const;

  /// The window that pixels are changed in and that is moved; a valid size.
  std::int64_t size() const noexcept { return size_; }
  void SetSize(std::int64_t size);
  /// The largest output of such a window without changes, or 1.
  Result<double> LargestOf(ProbeBase base);

  /// The slab that is changed at a phase: in the middle of the window, `phase` pixels on.
  Interval SlabAt(std::int64_t phase) const;
  /// How far changes of the slab are seen. With a fixed size, where they are seen up to the window's ends, changes
  /// there are looked at from the other end. `grid` says where windows may begin and end.
  Result<Reach> ReachAt(std::int64_t phase, const Way& way, std::int64_t grid);
  /// The largest change of an output at least so far from the one pixel that was changed in the middle of the window;
  /// nothing if the window is too small.
  Result<std::optional<double>> ChangeBeyond(std::int64_t distance);
  /// The window against the one `shift` pixels on, as parts of the largest output: the largest difference where both
  /// are farther than `margins` from their ends, -1 if that is nowhere. All differences go to `by_distance` if given.
  Result<double> ShiftDifference(std::int64_t shift, ProbeBase base, const Reach& margins, ByDistance* by_distance);
  /// Five windows at multiples of the grid, the first and the last among them, against the whole, a multiple of the
  /// grid longer; differences as parts of the largest output.
  Status CompareWindows(std::int64_t window, std::int64_t whole, std::int64_t grid, ProbeBase base,
                        ByDistance& by_distance);

 private:
  struct Base {
    std::vector<Tensor> outputs;
    double largest = 1;
  };
  Result<std::vector<Tensor>> Run(const ProbeScene& scene);
  Result<const Base*> BaseOf(ProbeBase base);
  Result<Reach> ReachOf(const Interval& slab, const Way& way, std::int64_t grid);

  Probe* probe_;
  std::size_t axis_;
  std::vector<OutputAxis> followers_;
  double noise_;
  std::int64_t size_ = 0;
  std::map<ProbeBase, Base> bases_;  // of windows of size_ without changes
};

}  // namespace tegula::pipeline
