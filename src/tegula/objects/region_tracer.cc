#include "tegula/objects/region_tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include "tegula/objects/outline.h"
#include "tegula/objects/pool.h"
#include "tegula/objects/runs.h"
#include "tegula/tensor/kernels.h"

namespace tegula::objects {
namespace {

// Pixels of a region that are connected by edges, and so one polygon of it.
struct Part {
  std::int32_t object = kNone;
  std::int64_t last_row = 0;
  Outlines::RingId first_ring = Outlines::kNoRing;
  Outlines::RingId last_ring = Outlines::kNoRing;
};

// A region that grows.
struct Object {
  std::int32_t label = 0;
  Corner first;
  std::int64_t last_row = 0;
  std::int64_t pixels = 0;
  std::vector<Polygon> polygons;
};

}  // namespace

class RegionTracer::Impl {
 public:
  explicit Impl(const TraceOptions& options) : options_(options), filter_(options.filter) {}

  Status Add(const ConstView& labels_yx, RegionSink sink);
  Status Finish(RegionSink sink);

 private:
  Status CheckShape(const ConstView& labels_yx) const;
  void ReadRuns(const ConstView& labels_yx, std::int64_t row);
  void ConnectRows();
  void MarkTouches();
  void LinkOverlaps();
  void OpenAndContinue();
  void CloseBottoms();
  void JoinDiagonals();
  void Settle();
  Status HandOut(RegionSink sink);

  void JoinParts(Run& run, const Run& other);
  void JoinObjects(std::int32_t a, std::int32_t b);
  void Close(Outlines::End head, Outlines::End tail, std::int32_t part);
  void AddRings(std::int32_t part, Outlines::RingId first, Outlines::RingId last);
  std::int32_t FinishPart(std::int32_t part);
  Region TakeRegion(std::int32_t object);
  Corner FirstUnfinished();

  ChainCorner LeftOf(const Run& run) const noexcept { return {{y_, run.begin}, run.left_touches}; }
  ChainCorner RightOf(const Run& run) const noexcept { return {{y_, run.end}, run.right_touches}; }

  TraceOptions options_;
  std::optional<Wanted> wanted_;  ///< from the first row on, which says the type
  RegionFilter filter_;
  std::int32_t y_ = 0;      ///< the row of lower_, and the line of corners above it
  std::vector<Run> upper_;  ///< runs of the row before
  std::vector<Run> lower_;
  Outlines outlines_;
  MergePool<Part> parts_;
  MergePool<Object> objects_;
  std::vector<std::byte> row_;  ///< the row, if pixels have gaps
  std::vector<ChainCorner> corners_;
  std::vector<std::int32_t> ended_;
};

Status RegionTracer::Impl::CheckShape(const ConstView& labels_yx) const {
  const Shape& shape = labels_yx.shape();
  const DType dtype = labels_yx.dtype();
  if (dtype != DType::kU8 && dtype != DType::kU16 && dtype != DType::kU32)
    return InvalidError(
        fmt::format("a class map of {} cannot be traced: make it uint8, uint16 or uint32", DTypeName(dtype)));
  if (shape.rank() != 2 || shape[1] != options_.width)
    return InvalidError(
        fmt::format("a class map of {} does not have rows of {} pixels", ToString(shape), options_.width));
  if (shape[0] >= std::numeric_limits<std::int32_t>::max() - y_)
    return ExhaustedError(fmt::format("the class map has more than {} rows: trace it in parts",
                                      std::numeric_limits<std::int32_t>::max() - 1));
  return Ok();
}

Status RegionTracer::Impl::Add(const ConstView& labels_yx, RegionSink sink) {
  TEGULA_TRY(CheckShape(labels_yx));
  for (std::int64_t row = 0; row < labels_yx.shape()[0]; ++row) {
    // A row adds at most two corners per run of it and of the one above.
    if (outlines_.left() < 8 * options_.width)
      return ExhaustedError(
          fmt::format("the outlines at row {} have more than {} corners: trace a smaller part of the image", y_,
                      std::numeric_limits<std::int32_t>::max()));
    ReadRuns(labels_yx, row);
    ConnectRows();
    TEGULA_TRY(HandOut(sink));
  }
  return Ok();
}

Status RegionTracer::Impl::Finish(RegionSink sink) {
  lower_.clear();
  ConnectRows();
  return HandOut(sink);
}

void RegionTracer::Impl::ReadRuns(const ConstView& labels_yx, std::int64_t row) {
  ConstView pixels = labels_yx.Slice(0, row, 1);
  if (!pixels.is_contiguous()) {
    row_.resize(static_cast<std::size_t>(options_.width * DTypeSize(pixels.dtype())));
    const View copy(row_.data(), pixels.dtype(), pixels.shape());
    ConvertCopy(pixels, copy);
    pixels = copy;
  }
  const auto find = [&](const auto* labels) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(labels)>>;
    if (!wanted_) wanted_.emplace(options_.labels, options_.none.value_or(std::numeric_limits<T>::max()));
    FindRuns(labels, options_.width, *wanted_, lower_);
  };
  switch (pixels.dtype()) {
    case DType::kU8: return find(pixels.as<std::uint8_t>());
    case DType::kU16: return find(pixels.as<std::uint16_t>());
    default: return find(pixels.as<std::uint32_t>());
  }
}

void RegionTracer::Impl::ConnectRows() {
  MarkTouches();
  LinkOverlaps();
  OpenAndContinue();
  CloseBottoms();
  if (options_.connectivity == Connectivity::kCorners) JoinDiagonals();
  Settle();
}

void RegionTracer::Impl::MarkTouches() {
  for (Run& run : upper_) {
    run.partner = kNone;
    run.left_touches = run.right_touches = false;
  }
  ForEachTouch(upper_, lower_, [](Run& ends, Run& begins) { ends.right_touches = begins.left_touches = true; });
}

// Between two neighbouring pairs of overlapping runs lies a gap in one of the rows; its edge joins two chains or begins
// one. To the left of the first pair the left sides of both runs are joined by an edge, if there is one.
void RegionTracer::Impl::LinkOverlaps() {
  ForEachOverlap(upper_, lower_, [&](std::size_t i, std::size_t j) {
    Run &u = upper_[i], &l = lower_[j];
    JoinParts(l, u);
    if (u.partner != kNone) {  // a gap in the lower row
      Run& before = lower_[static_cast<std::size_t>(u.partner)];
      const Outlines::Chain chain = outlines_.Begin(LeftOf(l), RightOf(before));
      l.left = chain.tail;
      before.right = chain.head;
    } else if (l.partner != kNone) {  // a gap in the upper row
      const Run& before = upper_[static_cast<std::size_t>(l.partner)];
      outlines_.Append(before.right, RightOf(before));
      outlines_.Prepend(u.left, LeftOf(u));
      Close(before.right, u.left, l.part);
    } else {
      l.left = u.left;
      if (u.begin != l.begin) {
        outlines_.Prepend(l.left, LeftOf(u));
        outlines_.Prepend(l.left, LeftOf(l));
      }
    }
    u.partner = static_cast<std::int32_t>(j);
    l.partner = static_cast<std::int32_t>(i);
  });
}

// Runs without a run above begin outlines; where a lower run is the last below its last upper one, right sides go on.
void RegionTracer::Impl::OpenAndContinue() {
  for (std::size_t j = 0; j < lower_.size(); ++j) {
    Run& l = lower_[j];
    if (l.partner == kNone) {
      const Outlines::Chain chain = outlines_.Begin(LeftOf(l), RightOf(l));
      l.left = chain.tail;
      l.right = chain.head;
      const std::int32_t object = objects_.New({l.label, {y_, l.begin}, y_, 0, {}});
      l.part = parts_.New({object, y_});
      continue;
    }
    const Run& u = upper_[static_cast<std::size_t>(l.partner)];
    if (u.partner != static_cast<std::int32_t>(j)) continue;
    l.right = u.right;
    if (u.end != l.end) {
      outlines_.Append(l.right, RightOf(u));
      outlines_.Append(l.right, RightOf(l));
    }
  }
}

void RegionTracer::Impl::CloseBottoms() {
  for (const Run& u : upper_) {
    if (u.partner != kNone) continue;
    outlines_.Append(u.right, RightOf(u));
    outlines_.Prepend(u.left, LeftOf(u));
    Close(u.right, u.left, u.part);
  }
}

void RegionTracer::Impl::JoinDiagonals() {
  ForEachTouch(upper_, lower_, [&](const Run& a, const Run& b) {
    JoinObjects(parts_[parts_.Find(a.part)].object, parts_[parts_.Find(b.part)].object);
  });
}

// Gives every lower run the names that its part and object have now, counts its pixels and notes that they are alive.
void RegionTracer::Impl::Settle() {
  for (Run& run : lower_) {
    run.part = parts_.Find(run.part);
    Part& part = parts_[run.part];
    part.last_row = y_;
    part.object = objects_.Find(part.object);
    Object& object = objects_[part.object];
    object.last_row = y_;
    object.pixels += run.end - run.begin;
  }
}

// Finishes the parts and then the objects of the upper row that the lower row did not continue.
Status RegionTracer::Impl::HandOut(RegionSink sink) {
  for (Run& run : upper_) run.part = parts_.Find(run.part);
  ended_.clear();
  for (const Run& run : upper_) {
    const bool taken = parts_[run.part].object == kNone;
    if (!taken && parts_[run.part].last_row < y_) ended_.push_back(FinishPart(run.part));
  }
  for (const std::int32_t object : ended_) {
    const bool taken = objects_[object].pixels == 0;
    if (!taken && objects_[object].last_row < y_) TEGULA_TRY(filter_.Add(TakeRegion(object), sink));
  }
  if (!ended_.empty() && !filter_.empty()) TEGULA_TRY(filter_.Release(FirstUnfinished(), sink));
  parts_.FreeMerged();
  objects_.FreeMerged();
  upper_.swap(lower_);
  ++y_;
  return Ok();
}

// Connects `run` to the part of `other`, a run above it.
void RegionTracer::Impl::JoinParts(Run& run, const Run& other) {
  const std::int32_t from = parts_.Find(other.part);
  if (run.part == kNone) run.part = from;
  run.part = parts_.Find(run.part);
  if (run.part == from) return;
  JoinObjects(parts_[run.part].object, parts_[from].object);
  AddRings(run.part, parts_[from].first_ring, parts_[from].last_ring);
  parts_.Merge(run.part, from);
}

void RegionTracer::Impl::JoinObjects(std::int32_t a, std::int32_t b) {
  a = objects_.Find(a);
  b = objects_.Find(b);
  if (a == b) return;
  Object &into = objects_[a], &from = objects_[b];
  into.first = std::min(into.first, from.first);
  into.last_row = std::max(into.last_row, from.last_row);
  into.pixels += from.pixels;
  if (into.polygons.size() < from.polygons.size()) into.polygons.swap(from.polygons);
  std::move(from.polygons.begin(), from.polygons.end(), std::back_inserter(into.polygons));
  objects_.Merge(a, b);
}

// Joins two ends; a ring that closes belongs to `part`.
void RegionTracer::Impl::Close(Outlines::End head, Outlines::End tail, std::int32_t part) {
  const Outlines::RingId ring = outlines_.Join(head, tail);
  if (ring != Outlines::kNoRing) AddRings(parts_.Find(part), ring, ring);
}

void RegionTracer::Impl::AddRings(std::int32_t part, Outlines::RingId first, Outlines::RingId last) {
  if (first == Outlines::kNoRing) return;
  Part& to = parts_[part];
  if (to.first_ring == Outlines::kNoRing) {
    to.first_ring = first;
  } else {
    outlines_.SetNext(to.last_ring, first);
  }
  to.last_ring = last;
}

// Makes a part a polygon of its object, which is returned.
std::int32_t RegionTracer::Impl::FinishPart(std::int32_t part) {
  Polygon polygon;
  for (Outlines::RingId ring = parts_[part].first_ring; ring != Outlines::kNoRing;) {
    ring = outlines_.Take(ring, corners_);
    AddSimpleRings(corners_, polygon);
  }
  std::sort(polygon.holes.begin(), polygon.holes.end(),
            [](const Ring& a, const Ring& b) { return a.front() < b.front(); });
  const std::int32_t object = objects_.Find(parts_.Take(part).object);
  objects_[object].polygons.push_back(std::move(polygon));
  return object;
}

Region RegionTracer::Impl::TakeRegion(std::int32_t object) {
  Object taken = objects_.Take(object);
  Region region;
  region.label = taken.label;
  region.first = taken.first;
  region.pixels = taken.pixels;
  region.polygons = std::move(taken.polygons);
  std::sort(region.polygons.begin(), region.polygons.end(),
            [](const Polygon& a, const Polygon& b) { return a.outer.front() < b.outer.front(); });
  MeasureOutline(region);
  return region;
}

// The first pixel of the regions in the lower row and of those that are yet to begin.
Corner RegionTracer::Impl::FirstUnfinished() {
  Corner first{y_ + 1, 0};
  for (const Run& run : lower_) first = std::min(first, objects_[parts_[run.part].object].first);
  return first;
}

Result<RegionTracer> RegionTracer::Create(const TraceOptions& options) {
  if (options.width < 1 || options.width >= std::numeric_limits<std::int32_t>::max() / 8)
    return InvalidError(fmt::format("a class map cannot have rows of {} pixels", options.width));
  for (const std::int32_t label : options.labels)
    if (label < 0 || label >= kNoClass16)
      return InvalidError(fmt::format("{} cannot be a class: use 0 to {}", label, kNoClass16 - 1));
  return RegionTracer(std::make_unique<Impl>(options));
}

RegionTracer::RegionTracer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegionTracer::RegionTracer(RegionTracer&& other) noexcept = default;
RegionTracer& RegionTracer::operator=(RegionTracer&& other) noexcept = default;
RegionTracer::~RegionTracer() = default;

Status RegionTracer::Add(const ConstView& labels_yx, RegionSink sink) { return impl_->Add(labels_yx, sink); }

Status RegionTracer::Finish(RegionSink sink) { return impl_->Finish(sink); }

Result<std::vector<Region>> TraceRegions(const ConstView& labels_yx, TraceOptions options) {
  if (labels_yx.shape().rank() == 2) options.width = labels_yx.shape()[1];
  TEGULA_ASSIGN_OR_RETURN(RegionTracer tracer, RegionTracer::Create(options));
  std::vector<Region> regions;
  const auto keep = [&](Region region) {
    regions.push_back(std::move(region));
    return Ok();
  };
  TEGULA_TRY(tracer.Add(labels_yx, keep));
  TEGULA_TRY(tracer.Finish(keep));
  std::sort(regions.begin(), regions.end(), [](const Region& a, const Region& b) { return a.first < b.first; });
  return regions;
}

}  // namespace tegula::objects
