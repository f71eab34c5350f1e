#include "tegula/objects/stardist/star_suppression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace tegula::objects {
namespace {

void Include(PixelBox& box, const PixelBox& other) noexcept {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    box.first[axis] = std::min(box.first[axis], other.first[axis]);
    box.last[axis] = std::max(box.last[axis], other.last[axis]);
  }
}

void Append(const Stars& from, std::int32_t i, std::span<const float> distances, Stars& to) {
  to.centres.push_back(from.centres[static_cast<std::size_t>(i)]);
  to.scores.push_back(from.scores[static_cast<std::size_t>(i)]);
  to.distances.insert(to.distances.end(), distances.begin(), distances.end());
}

// The reference adds the sizes up in float32 and in this order.
StarStretch StretchOf(std::vector<StarReach>& parts) {
  std::vector<StarReach::Extent> all;
  for (StarReach& part : parts) {
    all.insert(all.end(), part.extents.begin(), part.extents.end());
    part.extents = {};
  }
  std::sort(all.begin(), all.end(), [](const StarReach::Extent& a, const StarReach::Extent& b) {
    return std::tie(a.score, a.shortest, a.centre) > std::tie(b.score, b.shortest, b.centre);
  });
  StarStretch mean{0, 0, 0};
  const float count = static_cast<float>(all.size());
  for (const StarReach::Extent& extent : all)
    for (std::size_t axis = 0; axis < 3; ++axis) mean[axis] += static_cast<float>(extent.pixels[axis]) / count;
  const float largest = std::fmax(std::fmax(mean[0], mean[1]), mean[2]);
  return {largest / mean[0], largest / mean[1], largest / mean[2]};
}

std::vector<float> ShortestRays(const Stars& stars, std::size_t n_rays) {
  std::vector<float> shortest;
  shortest.reserve(stars.centres.size());
  for (auto ray = stars.distances.begin(); ray != stars.distances.end(); ray += static_cast<std::ptrdiff_t>(n_rays))
    shortest.push_back(*std::min_element(ray, ray + static_cast<std::ptrdiff_t>(n_rays)));
  return shortest;
}

}  // namespace

StarReach ReachOf(const StarDist& stardist, const Stars& stars) {
  StarReach reach;
  reach.candidates = stars.size();
  const bool is_volume = stardist.axes() == 3;
  const std::vector<float> shortest =
      is_volume ? ShortestRays(stars, stardist.shapes().n_rays()) : std::vector<float>();
  for (std::int64_t n = 0; n < stars.size(); ++n) {
    const auto i = static_cast<std::size_t>(n);
    const PixelBox box = stardist.shapes().BoxOf(stars, static_cast<std::int32_t>(n));
    if (n == 0) reach.box = box, reach.best = stars.scores[i];
    Include(reach.box, box);
    reach.best = std::max(reach.best, stars.scores[i]);
    if (!is_volume) continue;
    StarReach::Extent& extent = reach.extents.emplace_back();
    extent.score = stars.scores[i], extent.shortest = shortest[i], extent.centre = stars.centres[i];
    for (std::size_t axis = 0; axis < 3; ++axis) extent.pixels[axis] = box.last[axis] - box.first[axis];
  }
  return reach;
}

std::vector<std::int32_t> Ranked(const Stars& stars, std::size_t n_rays) {
  const std::vector<float> shortest = ShortestRays(stars, n_rays);
  std::vector<std::int32_t> order(stars.centres.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    const std::size_t i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (stars.scores[i] != stars.scores[j]) return stars.scores[i] > stars.scores[j];
    if (shortest[i] != shortest[j]) return shortest[i] > shortest[j];
    return stars.centres[i] > stars.centres[j];
  });
  return order;
}

StarSuppression::StarSuppression(const StarDist& stardist, std::vector<StarReach> parts)
    : stardist_(stardist),
      stretch_(StretchOf(parts)),
      parts_(std::move(parts)),
      is_here_(parts_.size()),
      coming_(static_cast<std::int64_t>(parts_.size())),
      reaches_(parts_.size()) {
  for (std::size_t part = 0; part < parts_.size(); ++part)
    if (parts_[part].candidates > 0) reaches_.Add(static_cast<std::int32_t>(part), parts_[part].box);
}

// Whether a candidate that is yet to come might be better than one with this score and meet its box.
bool StarSuppression::WaitsFor(const PixelBox& box, float score) const {
  if (coming_ == 0) return false;
  bool waits = false;
  reaches_.ForEachMeeting(box, [&](std::int32_t id) {
    const auto part = static_cast<std::size_t>(id);
    waits = waits || (!is_here_[part] && parts_[part].best >= score);
  });
  return waits;
}

void StarSuppression::Add(std::span<const std::int64_t> parts, Stars candidates, const Executor& executor) {
  for (const std::int64_t part : parts) {
    TEGULA_ASSERT(!is_here_[static_cast<std::size_t>(part)]);
    is_here_[static_cast<std::size_t>(part)] = true;
    --coming_;
  }
  if (working_.size() == 0) {
    working_ = std::move(candidates);
  } else {
    working_.centres.insert(working_.centres.end(), candidates.centres.begin(), candidates.centres.end());
    working_.scores.insert(working_.scores.end(), candidates.scores.begin(), candidates.scores.end());
    working_.distances.insert(working_.distances.end(), candidates.distances.begin(), candidates.distances.end());
    candidates = {};
  }
  const StarShapes& shapes = stardist_.shapes();
  is_kept_.resize(working_.centres.size(), false);
  const std::vector<std::int32_t> order = Ranked(working_, shapes.n_rays());
  std::vector<Fate> fates(order.size(), Fate::kOpen);
  std::vector<PixelBox> boxes;
  for (std::size_t n = 0; n < order.size(); ++n) {
    const auto i = static_cast<std::size_t>(order[n]);
    if (is_kept_[i]) fates[n] = Fate::kKept;
    if (coming_ == 0) continue;
    boxes.push_back(shapes.BoxOf(working_, order[n]));
    if (!is_kept_[i] && WaitsFor(boxes.back(), working_.scores[i])) fates[n] = Fate::kWaiting;
  }
  shapes.Decide(working_, order, stretch_, executor, fates);
  PutAside(order, fates, boxes);
}

// Of what was decided stays here what can still suppress something.
void StarSuppression::PutAside(const std::vector<std::int32_t>& order, std::span<const Fate> fates,
                               const std::vector<PixelBox>& boxes) {
  const StarShapes& shapes = stardist_.shapes();
  BoxIndex open(64);
  for (std::size_t n = 0; n < order.size(); ++n)
    if (fates[n] == Fate::kOpen) open.Add(order[n], boxes[n]);
  Stars remaining;
  std::vector<bool> is_kept;
  for (std::size_t n = 0; n < order.size(); ++n) {
    const std::int32_t i = order[n];
    if (fates[n] == Fate::kGone) continue;
    const std::span<const float> distances = shapes.DistancesOf(working_, i);
    const bool was_kept = is_kept_[static_cast<std::size_t>(i)];
    if (fates[n] == Fate::kKept && !was_kept) Append(working_, i, distances, kept_);
    if (coming_ == 0) continue;
    bool matters = fates[n] == Fate::kOpen;
    if (!matters) {
      reaches_.ForEachMeeting(
          boxes[n], [&](std::int32_t part) { matters = matters || !is_here_[static_cast<std::size_t>(part)]; });
      open.ForEachMeeting(boxes[n], [&](std::int32_t) { matters = true; });
    }
    if (!matters) continue;
    Append(working_, i, distances, remaining);
    is_kept.push_back(fates[n] == Fate::kKept);
  }
  working_ = std::move(remaining);
  is_kept_ = std::move(is_kept);
}

std::int64_t StarSuppression::working_bytes() const noexcept {
  return working_.size() * static_cast<std::int64_t>(stardist_.bytes_per_star());
}

std::int64_t StarSuppression::bytes() const noexcept {
  return working_bytes() + kept_.size() * stardist_.bytes_per_star();
}

Result<Stars> StarSuppression::Take() && {
  TEGULA_ASSERT(coming_ == 0 && working_.size() == 0);
  const StarShapes& shapes = stardist_.shapes();
  Stars sorted;
  for (const std::int32_t i : Ranked(kept_, shapes.n_rays())) {
    const std::span<const float> distances = shapes.DistancesOf(kept_, i);
    const std::array<std::int32_t, 3>& centre = kept_.centres[static_cast<std::size_t>(i)];
    if (stardist_.axes() == 3 && !std::all_of(distances.begin(), distances.end(), [](float d) { return d > 0; }))
      return InvalidError(
          fmt::format("the object at z={} y={} x={} has a ray of length {}: a polyhedron needs positive ones",
                      centre[0], centre[1], centre[2], *std::min_element(distances.begin(), distances.end())));
    Append(kept_, i, distances, sorted);
  }
  return sorted;
}

}  // namespace tegula::objects
