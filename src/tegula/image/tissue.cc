#include "tegula/image/tissue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "tegula/core/interval.h"
#include "tegula/image/binary_morphology.h"
#include "tegula/image/stains.h"
#include "tegula/image/threshold.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr double kPixelUm = 8;
constexpr std::int64_t kLeastEdge = 256, kMostEdge = 2048;
constexpr std::int64_t kUnknownEdge = 1024;  // where the pixel size is not known
constexpr std::int64_t kStripRows = 64;
constexpr double kLeastWhite = 200.0 / 255;  // of the white of the element type
constexpr double kBrightMedian = 1.0 / 3;    // of brightfield, likewise
constexpr double kBlack = 8.0 / 255;         // below which there is no slide, likewise
constexpr double kWhiteShare = 0.99, kMostShare = 0.999;
constexpr double kLeastDensity = 0.04, kMostDensity = 0.08, kDensest = 1;
constexpr double kLeastContrast = 4;
constexpr int kGap = 2, kThread = 1;

std::int64_t EdgeFor(const ImageInfo& info) {
  if (!info.pixel_size) return kUnknownEdge;
  const Level& full = info.levels.front();
  const double um = std::max(static_cast<double>(full.height) * info.pixel_size->y_um,
                             static_cast<double>(full.width) * info.pixel_size->x_um);
  return static_cast<std::int64_t>(
      std::clamp(std::round(um / kPixelUm), static_cast<double>(kLeastEdge), static_cast<double>(kMostEdge)));
}

// The value below which this share of the values lies. Changes their order.
float Quantile(std::span<float> values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

// A Gaussian of one pixel, cut off at four; beyond the edge the image is mirrored.
class Smoother {
 public:
  Smoother() {
    double sum = 0;
    for (int i = 0; i <= kReach; ++i) {
      weights_[static_cast<std::size_t>(i)] = std::exp(-0.5 * i * i);
      sum += (i == 0 ? 1 : 2) * weights_[static_cast<std::size_t>(i)];
    }
    for (double& weight : weights_) weight /= sum;
  }

  // `scratch` has the same size.
  void Smooth(std::span<float> plane, std::int64_t height, std::int64_t width, std::span<float> scratch) const {
    for (std::int64_t y = 0; y < height; ++y) Line(plane.data() + y * width, 1, width, scratch.data() + y * width);
    for (std::int64_t x = 0; x < width; ++x) Line(scratch.data() + x, width, height, plane.data() + x);
  }

 private:
  static constexpr int kReach = 4;

  void Line(const float* in, std::int64_t stride, std::int64_t size, float* out) const {
    const auto at = [&](std::int64_t i) {
      return static_cast<double>(in[PaddedIndex(i, size, PadMode::kSymmetric) * stride]);
    };
    for (std::int64_t i = 0; i < size; ++i) {
      double sum = weights_[0] * at(i);
      for (std::int64_t k = 1; k <= kReach; ++k) sum += weights_[static_cast<std::size_t>(k)] * (at(i - k) + at(i + k));
      out[i * stride] = static_cast<float>(sum);
    }
  }

  std::array<double, kReach + 1> weights_ = {};
};

class TissueFinder {
 public:
  TissueFinder(const RunContext& context, const Source& source, const TissueRequest& request)
      : context_(context),
        source_(source),
        request_(request),
        grid_(PixelGrid::WithEdge(source.info(), EdgeFor(source.info()))) {}

  Result<TissueMask> Find() {
    found_.grid = grid_;
    TEGULA_ASSIGN_OR_RETURN(found_.mask_yx,
                            Tensor::Allocate(DType::kU8, {grid_.height(), grid_.width()}, context_.limits));
    const auto mask = found_.mask_yx.values<std::uint8_t>();
    std::fill(mask.begin(), mask.end(), std::uint8_t{0});
    TEGULA_ASSIGN_OR_RETURN(scratch_, Tensor::Allocate(DType::kF32, found_.mask_yx.shape(), context_.limits));
    if (source_.info().is_rgb) {
      TEGULA_TRY(FindInColours());
    } else {
      for (std::int64_t c = 0; c < std::ssize(source_.info().channels); ++c) {
        TEGULA_ASSIGN_OR_RETURN(Tensor plane, ReadPlanes({&c, 1}));
        Smooth(plane);
        AddChannel(c, plane.values<float>());
      }
    }
    TEGULA_TRY(CloseGaps(found_.mask_yx, kGap, context_.limits));
    TEGULA_TRY(OpenThreads(found_.mask_yx, kThread, context_.limits));
    return std::move(found_);
  }

 private:
  // (channel, y, x) of float32, in strips: what a strip needs of the image is read once.
  Result<Tensor> ReadPlanes(std::span<const std::int64_t> channels) {
    const auto count = static_cast<std::int64_t>(channels.size());
    const std::int64_t height = grid_.height(), width = grid_.width(), strips = CeilDiv(height, kStripRows);
    TEGULA_ASSIGN_OR_RETURN(Tensor planes, Tensor::Allocate(DType::kF32, {count, height, width}, context_.limits));
    std::atomic<std::int64_t> done{0};
    const auto read = [&](std::int64_t strip, int) -> Status {
      const Interval rows{strip * kStripRows, std::min((strip + 1) * kStripRows, height)};
      TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(source_.info().dtype, {count, rows.size(), width}));
      TEGULA_TRY(grid_.Read(source_, {.t = request_.t, .z = request_.z, .channels = channels}, {rows, {0, width}},
                            pixels.view()));
      ConvertCopy(pixels.view(), planes.view().Slice(1, rows.begin, rows.size()));
      context_.progress.Update("looking for tissue", ++done, strips, "strips");
      return Ok();
    };
    TEGULA_TRY(ForEach(context_.executor, strips, context_.stop, read));
    // What is no number, or beyond all bounds, is nothing that could be seen.
    const auto values = planes.values<float>();
    std::replace_if(
        values.begin(), values.end(), [](float value) { return !std::isfinite(value); }, 0.0f);
    return planes;
  }

  void Smooth(Tensor& planes) {
    const std::int64_t height = planes.shape()[1], width = planes.shape()[2];
    const auto size = static_cast<std::size_t>(height * width);
    for (std::size_t begin = 0; begin < planes.values<float>().size(); begin += size)
      smoother_.Smooth(planes.values<float>().subspan(begin, size), height, width, scratch_.values<float>());
  }

  Status FindInColours() {
    constexpr std::array<std::int64_t, 3> kColours = {0, 1, 2};
    TEGULA_ASSIGN_OR_RETURN(Tensor planes, ReadPlanes(kColours));
    TEGULA_ASSIGN_OR_RETURN(const double white, WhiteOf(source_.info().dtype));
    const auto all = planes.values<float>(), brightest = scratch_.values<float>();
    const std::size_t size = brightest.size();
    const auto colours_of = [&](std::size_t i) { return std::array{all[i], all[size + i], all[2 * size + i]}; };
    const auto find_brightest = [&] {
      for (std::size_t i = 0; i < size; ++i) brightest[i] = std::ranges::max(colours_of(i));
    };
    find_brightest();
    if (static_cast<double>(Quantile(brightest, 0.5)) < white * kBrightMedian) {
      Smooth(planes);
      for (const std::int64_t c : kColours) AddChannel(c, all.subspan(static_cast<std::size_t>(c) * size, size));
      return Ok();
    }
    found_.is_brightfield = true;
    const float glass = Quantile(brightest, kWhiteShare);
    for (std::size_t i = 0; i < size; ++i)
      if (static_cast<double>(std::ranges::max(colours_of(i))) < white * kBlack)
        all[i] = all[size + i] = all[2 * size + i] = glass;
    Smooth(planes);
    find_brightest();
    found_.white = std::max(static_cast<double>(Quantile(brightest, kWhiteShare)), white * kLeastWhite);
    for (std::size_t i = 0; i < size; ++i) {
      const auto darkest = static_cast<double>(std::ranges::min(colours_of(i)));
      const double ratio = found_.white / std::max(darkest, found_.white * std::pow(10, -kDensest));
      all[i] = static_cast<float>(std::max(0.0, std::log10(ratio)));
    }
    const auto density = all.first(size);
    const std::optional<TriangleThreshold> triangle = FindTriangleThreshold(HistogramOf(density));
    double threshold = std::clamp(triangle ? triangle->value : 0, kLeastDensity, kMostDensity);
    if (request_.threshold) {
      threshold = *request_.threshold;
      if (!(threshold > 0 && threshold < kDensest))
        return InvalidError(fmt::format(
            "{} is no threshold for tissue of this slide: it is an optical density between 0 and 1, as 0.06",
            threshold));
    }
    found_.channels.push_back({"optical density", threshold, true});
    Mark(density, threshold);
    return Ok();
  }

  // Changes the values.
  void AddChannel(std::int64_t channel, std::span<float> values) {
    TissueChannel added{source_.info().channels[static_cast<std::size_t>(channel)].name, 0, true};
    if (request_.threshold) {
      added.threshold = *request_.threshold;
    } else {
      const auto copy = scratch_.values<float>();
      std::copy(values.begin(), values.end(), copy.begin());
      const float most = Quantile(copy, kMostShare);
      for (float& value : values) value = std::min(value, most);
      const std::optional<TriangleThreshold> triangle = FindTriangleThreshold(HistogramOf(values));
      added.threshold = triangle ? triangle->value : static_cast<double>(most);
      added.is_counted = triangle && triangle->is_above_peak && Contrast(values, added.threshold) >= kLeastContrast;
    }
    if (added.is_counted) Mark(values, added.threshold);
    found_.channels.push_back(std::move(added));
  }

  // How far what is above the threshold is from the rest, in deviations of the rest.
  static double Contrast(std::span<const float> values, double threshold) {
    double above = 0, below = 0, squares = 0;
    std::int64_t count_above = 0, count_below = 0;
    for (const float single : values) {
      const auto value = static_cast<double>(single);
      if (value > threshold) {
        above += value, ++count_above;
      } else {
        below += value - threshold, squares += (value - threshold) * (value - threshold), ++count_below;
      }
    }
    if (count_above == 0 || count_below == 0) return 0;
    const double mean = below / static_cast<double>(count_below);
    const double variance = std::max(0.0, squares / static_cast<double>(count_below) - mean * mean);
    const double distance = above / static_cast<double>(count_above) - threshold - mean;
    return variance > 0 ? distance / std::sqrt(variance) : HUGE_VAL;
  }

  void Mark(std::span<const float> signal, double threshold) {
    const auto mask = found_.mask_yx.values<std::uint8_t>();
    for (std::size_t i = 0; i < signal.size(); ++i)
      if (static_cast<double>(signal[i]) > threshold) mask[i] = 1;
  }

  const RunContext& context_;
  const Source& source_;
  const TissueRequest& request_;
  const PixelGrid grid_;
  const Smoother smoother_;
  Tensor scratch_;  // a plane of float32
  TissueMask found_;
};

}  // namespace

Result<TissueMask> FindTissue(const RunContext& context, const Source& source, const TissueRequest& request) {
  return TissueFinder(context, source, request).Find();
}

}  // namespace tegula::image
