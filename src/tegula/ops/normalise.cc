// What NumPy computes is float32(float64((x - shift) / scale)). The product q = (x - shift) * inverse is within four
// units in the last place of that float64. Both give the same float32, unless one of the points at which rounding to
// float32 changes lies between them: the middles of two floats, of which the last 29 bits are 100...0. So blocks in
// which some q is that close to a middle are divided. Denormal float32 have other middles, but do not occur: x - shift
// is 0 or at least 2^-53 |shift|, or x itself where there is no shift. Zeros, infinities and NaNs come out the same by
// themselves.

#include "tegula/ops/normalise.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "tegula/core/vector.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tegula::ops {
namespace {

// What a block may take, as a parameter.
constexpr double kDivision = 0, kProduct = 1, kProductUnlessTiny = 2;

bool IsModerate(double x) noexcept { return std::abs(x) >= 0x1p-20 && std::abs(x) <= 0x1p50; }

// Whether there are numbers other than 0 that dividing by a moderate scale might make denormal.
bool HasTiny(const float* in, std::int64_t n) noexcept {
  constexpr std::uint32_t kLeast = std::uint32_t{127 - 60} << 24;  // 2^-60 without its sign
  std::uint32_t smallest = ~std::uint32_t{0};
  for (std::int64_t i = 0; i < n; ++i)  // less one, zero is the largest
    smallest = std::min(smallest, (std::bit_cast<std::uint32_t>(in[i]) << 1) - 1);
  return smallest < kLeast - 1;
}

template <Vary kVary>
void Divide(const float* __restrict in, float* __restrict out, std::int64_t n, const double* shift,
            const double* scale) noexcept {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t p = kVary == Vary::kNo ? 0 : i;
    out[i] = static_cast<float>((static_cast<double>(in[i]) - shift[p]) / scale[p]);
  }
}

#if defined(__x86_64__)

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kAhead = 512;  // elements; the processor's own foresight ends with the page

// Whether the results are good; the others are to be divided. `n` is a multiple of kLanes.
template <Vary kVary, Stores kStores>
TEGULA_WIDE bool Multiply(const float* in, float* out, std::int64_t n, const double* shift,
                          const double* inverse) noexcept {
  constexpr int kCloseToMiddle = 8;  // in units in the last place of q
  const __m256i middle = _mm256_set1_epi32((1 << 28) - kCloseToMiddle), last_29 = _mm256_set1_epi32((1 << 29) - 1);
  __m256i closest = _mm256_set1_epi32(-1);  // as unsigned
  __m256d shift_low = _mm256_broadcast_sd(shift), shift_high = shift_low;
  __m256d inverse_low = _mm256_broadcast_sd(inverse), inverse_high = inverse_low;
  for (std::int64_t i = 0; i < n; i += kLanes) {
    if constexpr (kVary == Vary::kYes) {
      shift_low = _mm256_loadu_pd(shift + i), shift_high = _mm256_loadu_pd(shift + i + 4);
      inverse_low = _mm256_loadu_pd(inverse + i), inverse_high = _mm256_loadu_pd(inverse + i + 4);
    }
    _mm_prefetch(in + i + kAhead, _MM_HINT_T0);
    const __m256d x_low = _mm256_cvtps_pd(_mm_loadu_ps(in + i)), x_high = _mm256_cvtps_pd(_mm_loadu_ps(in + i + 4));
    const __m256d low = _mm256_mul_pd(_mm256_sub_pd(x_low, shift_low), inverse_low);
    const __m256d high = _mm256_mul_pd(_mm256_sub_pd(x_high, shift_high), inverse_high);
    const __m256 result = _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
    if constexpr (kStores == Stores::kPastCaches)
      _mm256_stream_ps(out + i, result);
    else
      _mm256_storeu_ps(out + i, result);

    // The lower halves, in some order.
    const __m256 tails = _mm256_shuffle_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high), 0x88);
    const __m256i distance = _mm256_sub_epi32(_mm256_castps_si256(tails), middle);
    closest = _mm256_min_epu32(closest, _mm256_and_si256(distance, last_29));
  }
  alignas(32) unsigned distances[kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(distances), closest);
  return *std::min_element(distances, distances + kLanes) > 2U * kCloseToMiddle;
}

// Returns how many elements from the first on are done.
template <Vary kVary>
std::int64_t MultiplyMost(const float* in, float* out, std::int64_t n, const double* shift, const double* inverse,
                          Stores stores) noexcept {
  if (!HasWideVectors()) return 0;
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(out) % (kLanes * sizeof(float)) == 0;
  const std::int64_t most = n / kLanes * kLanes;
  const bool is_good = stores == Stores::kPastCaches && is_aligned
                           ? Multiply<kVary, Stores::kPastCaches>(in, out, most, shift, inverse)
                           : Multiply<kVary, Stores::kThroughCaches>(in, out, most, shift, inverse);
  return is_good ? most : 0;
}

#else

template <Vary>
std::int64_t MultiplyMost(const float*, float*, std::int64_t, const double*, const double*, Stores) noexcept {
  return 0;
}

#endif

template <Vary kVary>
void NarrowAs(const float* in, float* out, std::int64_t n, const Kernel::Varying& parameters, Stores stores) noexcept {
  const auto [shift, scale, inverse, way] = parameters;
  const bool can = *way == kProduct || (*way == kProductUnlessTiny && !HasTiny(in, n));
  const std::int64_t done = can ? MultiplyMost<kVary>(in, out, n, shift, inverse, stores) : 0;
  const std::int64_t skipped = kVary == Vary::kNo ? 0 : done;
  Divide<kVary>(in + done, out + done, n - done, shift + skipped, scale + skipped);
}

}  // namespace

void Normalise::Narrow(const float* in, float* out, std::int64_t n, const Kernel::Varying& parameters, Vary vary,
                       Stores stores) noexcept {
  if (vary == Vary::kNo)
    NarrowAs<Vary::kNo>(in, out, n, parameters, stores);
  else
    NarrowAs<Vary::kYes>(in, out, n, parameters, stores);
}

std::vector<Parameter> NormaliseParameters(Parameter shift, Parameter scale) {
  const auto all_of = [](const Parameter& parameter, auto&& holds) {
    return std::all_of(parameter.values.begin(), parameter.values.end(), holds);
  };
  const bool can = all_of(scale, IsModerate) && all_of(shift, [](double x) { return x == 0 || IsModerate(x); });
  Parameter inverse = scale, way = shift;
  for (double& value : inverse.values) value = 1 / value;
  way.values = {!can ? kDivision : all_of(shift, IsModerate) ? kProduct : kProductUnlessTiny};
  return {std::move(shift), std::move(scale), std::move(inverse), std::move(way)};
}

}  // namespace tegula::ops
