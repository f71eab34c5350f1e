#include "tegula/image/projection.h"

#include <cmath>
#include <type_traits>

#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr std::string_view kNames[] = {"max", "mean", "min"};

template <class T>
T Combined(Projection projection, T a, T b) noexcept {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(b)) return b;
  switch (projection) {
    case Projection::kMax: return b > a ? b : a;
    case Projection::kMin: return b < a ? b : a;
    case Projection::kMean: return static_cast<T>(a + b);
  }
  return a;
}

}  // namespace

std::string_view ProjectionName(Projection projection) { return kNames[static_cast<std::size_t>(projection)]; }

std::optional<Projection> ProjectionFromName(std::string_view name) {
  for (const Projection projection : {Projection::kMax, Projection::kMean, Projection::kMin})
    if (name == ProjectionName(projection)) return projection;
  return std::nullopt;
}

Result<Projector> Projector::Create(Projection projection, DType dtype, const Shape& shape) {
  const DType held = projection == Projection::kMean ? DType::kF64 : dtype;
  TEGULA_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(held, shape));
  TEGULA_ASSIGN_OR_RETURN(Tensor plane, Tensor::Allocate(held, shape));
  return Projector(projection, std::move(result), std::move(plane));
}

void Projector::Add(const ConstView& plane) noexcept {
  if (++planes_ == 1) return ConvertCopy(plane, result_.view());
  ConvertCopy(plane, plane_.view());
  VisitDType(result_.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto result = result_.values<T>(), values = plane_.values<T>();
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = Combined(projection_, result[i], values[i]);
  });
}

void Projector::Store(const View& out) noexcept {
  if (projection_ == Projection::kMean)
    for (double& sum : result_.values<double>()) sum /= static_cast<double>(planes_);
  const Tensor& finished = result_;
  ConvertCopy(finished.view(), out);
}

}  // namespace tegula::image
