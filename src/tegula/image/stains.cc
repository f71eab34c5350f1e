#include "tegula/image/stains.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"

namespace tegula::image {
namespace {

using Vector = std::array<double, 3>;

constexpr double kLeastLight = 1e-6;         // the share of white below which nothing is told apart
constexpr double kLeastIndependence = 1e-3;  // volume that the unit vectors of usable stains span at least
constexpr std::string_view kResidual = "residual";

Vector Cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double Dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

double Length(const Vector& a) { return std::sqrt(Dot(a, a)); }

Vector Times(const Vector& a, double factor) { return {a[0] * factor, a[1] * factor, a[2] * factor}; }

std::vector<Stain> NamedSet(std::string_view name) {
  if (name == "hed")
    return {{"hematoxylin", {0.65, 0.70, 0.29}}, {"eosin", {0.07, 0.99, 0.11}}, {"dab", {0.27, 0.57, 0.78}}};
  if (name == "he") return {{"hematoxylin", {0.65111, 0.70119, 0.29049}}, {"eosin", {0.2159, 0.8012, 0.5581}}};
  if (name == "hdab") return {{"hematoxylin", {0.65111, 0.70119, 0.29049}}, {"dab", {0.26917, 0.56824, 0.77759}}};
  return {};
}

Result<Stain> ParseStain(std::string_view text) {
  const Error error{Code::kInvalid,
                    fmt::format("'{}' is no stain; write its name and its densities in red, green and blue, as "
                                "hematoxylin=0.65,0.70,0.29",
                                text)};
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return error;
  Stain stain{std::string(Trim(text.substr(0, equals)))};
  const std::vector<std::string> numbers = Split(text.substr(equals + 1), ',');
  if (stain.name.empty() || numbers.size() != 3) return error;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::optional<double> number = ParseDouble(Trim(numbers[i]));
    if (!number || !(std::abs(*number) <= 1e3)) return error;
    stain.density[i] = *number;
  }
  return stain;
}

template <class T>
void Separate(const Vector& weights, double white, const std::array<ConstView, 3>& colours, const View& out) noexcept {
  const double scale = 1 / std::log(kLeastLight);
  const auto density = [&](T value) {
    return std::log(std::max(static_cast<double>(value) / white, kLeastLight)) * scale;
  };
  // A logarithm per value there can be instead of three per pixel.
  std::array<double, 256> table{};
  if constexpr (std::is_same_v<T, std::uint8_t>)
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = density(static_cast<T>(i));
  const auto density_of = [&](T value) {
    if constexpr (std::is_same_v<T, std::uint8_t>)
      return table[value];
    else
      return density(value);
  };
  const auto row_of = [](const ConstView& plane, std::int64_t y) { return plane.as<T>() + y * plane.strides()[1]; };
  const auto& [reds, greens, blues] = colours;
  for (std::int64_t y = 0; y < out.shape()[1]; ++y) {
    const T *const red = row_of(reds, y), *const green = row_of(greens, y), *const blue = row_of(blues, y);
    float* const row = out.as<float>() + y * out.strides()[1];
    for (std::int64_t x = 0; x < out.shape()[2]; ++x) {
      const double amount = density_of(red[x * reds.strides()[2]]) * weights[0] +
                            density_of(green[x * greens.strides()[2]]) * weights[1] +
                            density_of(blue[x * blues.strides()[2]]) * weights[2];
      row[x * out.strides()[2]] = static_cast<float>(std::max(amount, 0.0));
    }
  }
}

}  // namespace

StainSet StainSet::Hed() { return Create(NamedSet("hed")).value(); }

Result<StainSet> StainSet::Parse(std::string_view text) {
  if (std::vector<Stain> named = NamedSet(text); !named.empty()) return Create(std::move(named));
  if (text.find('=') == std::string_view::npos)
    return InvalidError(fmt::format(
        "there are no stains '{}'; write hed, he, hdab, or vectors, as hematoxylin=0.65,0.70,0.29;eosin=0.07,0.99,0.11",
        text));
  std::vector<Stain> stains;
  for (const std::string& part : Split(text, ';')) {
    if (Trim(part).empty()) continue;
    TEGULA_ASSIGN_OR_RETURN(Stain stain, ParseStain(Trim(part)));
    stains.push_back(std::move(stain));
  }
  return Create(std::move(stains));
}

Result<StainSet> StainSet::Create(std::vector<Stain> stains) {
  if (stains.size() != 2 && stains.size() != 3)
    return InvalidError(fmt::format("{} stains cannot be told apart; give two or three", stains.size()));
  if (stains.size() == 2) {
    const Vector normal = Cross(stains[0].density, stains[1].density);
    const double length = Length(normal);
    stains.push_back({std::string(kResidual), length > 0 ? Times(normal, 1 / length) : normal});
  }
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (stains[i].name == stains[k].name)
        return InvalidError(fmt::format("two stains are called {}; give each a name of its own", stains[i].name));
  const Vector &a = stains[0].density, &b = stains[1].density, &c = stains[2].density;
  const double volume = Dot(a, Cross(b, c));
  if (!(std::abs(volume) > kLeastIndependence * Length(a) * Length(b) * Length(c)))
    return InvalidError("the stains' colours are too much alike to be told apart; give other vectors");
  StainSet set;
  // Rows of the transposed inverse: the column of stain s.
  set.weights_ = {Times(Cross(b, c), 1 / volume), Times(Cross(c, a), 1 / volume), Times(Cross(a, b), 1 / volume)};
  std::move(stains.begin(), stains.end(), set.stains_.begin());
  return set;
}

std::string StainSet::ToText() const {
  std::vector<std::string> parts;
  for (const Stain& stain : stains_)
    parts.push_back(
        fmt::format("{}={:.5g},{:.5g},{:.5g}", stain.name, stain.density[0], stain.density[1], stain.density[2]));
  return Join(parts, "; ");
}

Result<double> WhiteOf(DType dtype) {
  if (dtype == DType::kU8) return 255.0;
  if (dtype == DType::kU16) return 65535.0;
  if (IsFloat(dtype)) return 1.0;
  return UnsupportedError(
      fmt::format("stains are told apart in images of uint8, uint16 or floats from 0 to 1, not of {}; convert it",
                  DTypeName(dtype)));
}

void SeparateStain(const StainSet& set, std::size_t stain, double white, const std::array<ConstView, 3>& colours_1yx,
                   const View& out_1yx) noexcept {
  VisitDType(colours_1yx[0].dtype(), [&](auto tag) {
    Separate<typename decltype(tag)::type>(set.weights()[stain], white, colours_1yx, out_1yx);
  });
}

}  // namespace tegula::image
