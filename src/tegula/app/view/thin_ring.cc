#include "tegula/app/view/thin_ring.h"

#include <algorithm>
#include <cmath>

namespace tegula::app {
namespace {

// The directions in which lines from a point pass others within a tolerance. As vectors, for angles turn over.
class Sleeve {
 public:
  Sleeve(objects::Point from, double tolerance) : from_(from), tolerance_(tolerance) {}

  /// Whether a line from `from` to `to` passes all that Add was given.
  bool Takes(objects::Point to) const noexcept {
    const double y = to.y - from_.y, x = to.x - from_.x;
    if (std::hypot(y, x) < farthest_ - tolerance_) return false;
    if (!is_narrow_) return true;
    return left_.y * x - left_.x * y >= 0 && right_.y * x - right_.x * y <= 0;
  }

  void Add(objects::Point point) noexcept {
    const double y = point.y - from_.y, x = point.x - from_.x, distance = std::hypot(y, x);
    farthest_ = std::max(farthest_, distance);
    if (distance <= tolerance_) return;  // every line passes it
    // Turned to either side by asin(tolerance / distance).
    const double sine = tolerance_ / distance, cosine = std::sqrt(1 - sine * sine);
    const objects::Point left = {y * cosine + x * sine, x * cosine - y * sine};
    const objects::Point right = {y * cosine - x * sine, x * cosine + y * sine};
    if (!is_narrow_) {
      left_ = left, right_ = right;
      is_narrow_ = true;
      return;
    }
    if (left_.y * left.x - left_.x * left.y > 0) left_ = left;
    if (right_.y * right.x - right_.x * right.y < 0) right_ = right;
  }

 private:
  objects::Point from_;
  double tolerance_;
  double farthest_ = 0;
  bool is_narrow_ = false;
  objects::Point left_, right_;
};

}  // namespace

void ThinRing(double tolerance, objects::PointRing& ring) {
  if (ring.size() <= 3) return;
  std::size_t kept = 1;
  Sleeve sleeve(ring[0], tolerance);
  const std::size_t size = ring.size();
  const objects::Point first = ring[0];
  for (std::size_t i = 1; i <= size; ++i) {
    const objects::Point next = i == size ? first : ring[i];
    if (i > 1 && !sleeve.Takes(next)) {
      const objects::Point last = ring[i - 1];
      ring[kept++] = last;
      sleeve = Sleeve(last, tolerance);
    }
    sleeve.Add(next);
  }
  ring.resize(kept);
}

}  // namespace tegula::app
