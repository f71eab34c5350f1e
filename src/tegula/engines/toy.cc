#include "tegula/engines/toy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tegula/core/random.h"
#include "tegula/core/text.h"
#include "tegula/tensor/kernels.h"

namespace tegula::engines {
namespace {

enum class Kind : std::uint8_t { kIdentity, kBlur, kConv, kValid, kPool, kUpsample, kGlobal };
struct Layer {
  Kind kind;
  std::int64_t radius = 0;
  std::int64_t seed = 0;
};

constexpr std::int64_t kMostRadius = 64;

struct Word {
  std::string_view name;
  Kind kind;
  std::size_t numbers;
};
constexpr Word kWords[] = {
    {"identity", Kind::kIdentity, 0}, {"blur", Kind::kBlur, 1}, {"conv", Kind::kConv, 2},
    {"valid", Kind::kValid, 1},       {"pool", Kind::kPool, 0}, {"upsample", Kind::kUpsample, 0},
    {"global", Kind::kGlobal, 0},
};

Result<std::vector<Layer>> Parse(std::string_view text) {
  std::vector<Layer> layers;
  for (const std::string& line : Split(text, '\n')) {
    if (Trim(line).empty()) continue;
    const std::vector<std::string> parts = Split(Trim(line), ' ');
    const auto word =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return w.name == parts[0]; });
    if (word == std::end(kWords) || parts.size() != word->numbers + 1)
      return InvalidError(fmt::format("'{}' is not a layer of a toy network", line));
    Layer layer{word->kind};
    if (word->numbers > 0) layer.radius = ParseInt(parts[1]).value_or(-1);
    if (word->numbers > 1) layer.seed = ParseInt(parts[2]).value_or(0);
    if (layer.radius < 0 || layer.radius > kMostRadius)
      return InvalidError(fmt::format("'{}': the radius must lie between 0 and {}", line, kMostRadius));
    layers.push_back(layer);
  }
  if (layers.empty()) return InvalidError("a toy network needs a layer");
  return layers;
}

// Planes of one tensor, (C, H, W).
struct Planes {
  std::int64_t channels, height, width;
  std::vector<float> values;
  float At(std::int64_t c, std::int64_t y, std::int64_t x) const {
    return y < 0 || y >= height || x < 0 || x >= width ? 0.0f
                                                       : values[static_cast<std::size_t>((c * height + y) * width + x)];
  }
};

// Calls f(c, y, x) for every pixel of a new image of this size.
template <class F>
Planes Made(std::int64_t channels, std::int64_t height, std::int64_t width, F&& f) {
  Planes out{channels, height, width, {}};
  out.values.reserve(static_cast<std::size_t>(channels * height * width));
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) out.values.push_back(f(c, y, x));
  return out;
}

// Weighted sum around a pixel, always in the same order, so that its bits do not depend on the window.
float Sum(const Planes& in, std::int64_t c, std::int64_t y, std::int64_t x, std::int64_t radius, std::int64_t seed) {
  float sum = 0;
  for (std::int64_t dy = -radius; dy <= radius; ++dy)
    for (std::int64_t dx = -radius; dx <= radius; ++dx)
      sum +=
          in.At(c, y + dy, x + dx) * static_cast<float>(UniformAt(static_cast<std::uint64_t>(seed), c, dy, dx) - 0.4);
  return sum;
}

// Box sums in integers of 2^-16: exact in any order, so running sums give the same bits in every window.
Planes Blur(const Planes& in, std::int64_t radius) {
  const std::int64_t area = (2 * radius + 1) * (2 * radius + 1);
  std::vector<std::int64_t> columns(static_cast<std::size_t>(in.width));
  const auto fixed = [&](std::int64_t c, std::int64_t y, std::int64_t x) {
    return std::llround(static_cast<double>(in.At(c, y, x)) * 65536.0);
  };
  Planes out{in.channels, in.height, in.width, std::vector<float>(in.values.size())};
  for (std::int64_t c = 0; c < in.channels; ++c) {
    for (std::int64_t x = 0; x < in.width; ++x) {
      auto& column = columns[static_cast<std::size_t>(x)];
      column = 0;
      for (std::int64_t y = 0; y < radius; ++y) column += fixed(c, y, x);
    }
    for (std::int64_t y = 0; y < in.height; ++y) {
      for (std::int64_t x = 0; x < in.width; ++x)
        columns[static_cast<std::size_t>(x)] += fixed(c, y + radius, x) - fixed(c, y - radius - 1, x);
      std::int64_t sum = 0;
      for (std::int64_t x = 0; x < std::min(radius, in.width); ++x) sum += columns[static_cast<std::size_t>(x)];
      for (std::int64_t x = 0; x < in.width; ++x) {
        if (x + radius < in.width) sum += columns[static_cast<std::size_t>(x + radius)];
        if (x - radius - 1 >= 0) sum -= columns[static_cast<std::size_t>(x - radius - 1)];
        out.values[static_cast<std::size_t>((c * in.height + y) * in.width + x)] =
            static_cast<float>(static_cast<double>(sum) / (65536.0 * static_cast<double>(area)));
      }
    }
  }
  return out;
}

Result<Planes> Apply(const Layer& layer, const Planes& in) {
  const std::int64_t r = layer.radius;
  switch (layer.kind) {
    case Kind::kIdentity: return in;
    case Kind::kBlur: return Blur(in, r);
    case Kind::kConv:
      return Made(in.channels, in.height, in.width, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
        return std::max(0.0f, Sum(in, c, y, x, r, layer.seed));
      });
    case Kind::kValid:
      if (in.height <= 2 * r || in.width <= 2 * r)
        return InvalidError(fmt::format("an image of {} x {} is too small for a valid convolution of radius {}",
                                        in.height, in.width, r));
      return Made(in.channels, in.height - 2 * r, in.width - 2 * r,
                  [&](std::int64_t c, std::int64_t y, std::int64_t x) { return Sum(in, c, y + r, x + r, r, 1); });
    case Kind::kPool:
      if (in.height % 2 != 0 || in.width % 2 != 0)
        return InvalidError(fmt::format("an image of {} x {} cannot be pooled by 2", in.height, in.width));
      return Made(in.channels, in.height / 2, in.width / 2, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
        return std::max({in.At(c, 2 * y, 2 * x), in.At(c, 2 * y, 2 * x + 1), in.At(c, 2 * y + 1, 2 * x),
                         in.At(c, 2 * y + 1, 2 * x + 1)});
      });
    case Kind::kUpsample:
      return Made(in.channels, 2 * in.height, 2 * in.width,
                  [&](std::int64_t c, std::int64_t y, std::int64_t x) { return in.At(c, y / 2, x / 2); });
    case Kind::kGlobal: {
      double sum = 0;
      for (const float value : in.values) sum += value;
      const auto mean = static_cast<float>(sum / static_cast<double>(in.values.size()));
      return Made(in.channels, in.height, in.width,
                  [&](std::int64_t c, std::int64_t y, std::int64_t x) { return in.At(c, y, x) - mean; });
    }
  }
  return InternalError("an unknown layer");
}

class ToySession final : public Session {
 public:
  ToySession(const std::vector<Layer>& layers, const Shape& shape) : layers_(layers), shape_(shape) {}
  using Session::Run;
  Result<std::vector<Tensor>> Run(std::span<const ConstView> inputs, std::stop_token stop) override {
    if (stop.stop_requested()) return CancelledError();
    if (inputs.size() != 1 || inputs[0].shape() != shape_ || inputs[0].dtype() != DType::kF32)
      return InvalidError("a toy network takes one float32 tensor of the session's shape");
    Tensor out;
    const std::int64_t in_values = shape_.elements() / shape_[0];
    for (std::int64_t item = 0; item < shape_[0]; ++item) {
      const float* const begin = inputs[0].as<float>() + item * in_values;
      const int last = shape_.rank() - 1;
      Planes planes{in_values / (shape_[last - 1] * shape_[last]), shape_[last - 1], shape_[last],
                    std::vector<float>(begin, begin + in_values)};
      for (const Layer& layer : layers_) {
        TEGULA_ASSIGN_OR_RETURN(planes, Apply(layer, planes));
      }
      if (item == 0) {
        Shape made = shape_;
        made[last - 1] = planes.height;
        made[last] = planes.width;
        TEGULA_ASSIGN_OR_RETURN(out, Tensor::Allocate(DType::kF32, made));
      }
      std::copy(planes.values.begin(), planes.values.end(),
                out.values<float>().begin() + item * static_cast<std::int64_t>(planes.values.size()));
    }
    std::vector<Tensor> outputs;
    outputs.push_back(std::move(out));
    return outputs;
  }

 private:
  const std::vector<Layer>& layers_;
  Shape shape_;
};

class ToyNetwork final : public Network {
 public:
  ToyNetwork(std::vector<Layer> layers, const ToyFacts& facts) : layers_(std::move(layers)), facts_(facts) {
    ports_.push_back({"image", DType::kF32, {-1, -1, -1, -1}});
  }
  const std::vector<Port>& inputs() const noexcept override { return ports_; }
  const std::vector<Port>& outputs() const noexcept override { return ports_; }
  Result<std::unique_ptr<Session>> NewSession(std::span<const Shape> shapes,
                                              std::span<const DType> dtypes) const override {
    if (shapes.size() != 1 || shapes[0].rank() < 4 || shapes[0].rank() > 5 || shapes[0].elements() < 1 ||
        dtypes[0] != DType::kF32)
      return InvalidError("a toy network takes one float32 tensor (N, C, H, W) or (N, C, D, H, W)");
    for (const int axis : {shapes[0].rank() - 2, shapes[0].rank() - 1})
      if (shapes[0][axis] % facts_.grid != 0)
        return InvalidError(fmt::format("the toy network takes sizes that are multiples of {}, not {}", facts_.grid,
                                        ToString(shapes[0])));
    return std::unique_ptr<Session>(std::make_unique<ToySession>(layers_, shapes[0]));
  }

 private:
  std::vector<Layer> layers_;
  ToyFacts facts_;
  std::vector<Port> ports_;
};

class Toy final : public Engine {
 public:
  std::string_view name() const noexcept override { return "toy"; }
  std::string version() const override { return "for tests"; }
  Status CanRun(const spec::WeightsEntry& weights) const override {
    if (weights.file.source.ends_with(kToySuffix)) return Ok();
    return UnsupportedError("the toy engine runs .toy files only");
  }
  Result<std::unique_ptr<Network>> Load(const spec::WeightsEntry&, const Path& file,
                                        const NetworkOptions& options) const override {
    if (options.precision != Precision::kF32 || options.device != "cpu")
      return UnsupportedError("toy networks run in float32 on the cpu");
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, 1 << 16));
    Result<std::unique_ptr<Network>> network = NewToyNetwork(text);
    if (!network.ok()) return CorruptError(network.error().what);
    return network;
  }
};

}  // namespace

Result<ToyFacts> FactsOf(std::string_view text) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Layer> layers, Parse(text));
  ToyFacts facts;
  std::int64_t step_num = 1, step_den = 1;  // input pixels per pixel of the layer
  double context = 0, lost = 0;
  for (const Layer& layer : layers) {
    const double step = static_cast<double>(step_num) / static_cast<double>(step_den);
    switch (layer.kind) {
      case Kind::kIdentity: break;
      case Kind::kBlur:
      case Kind::kConv: context += static_cast<double>(layer.radius) * step; break;
      case Kind::kValid:
        context += static_cast<double>(layer.radius) * step;
        lost += static_cast<double>(layer.radius) * step;
        break;
      case Kind::kPool:
        context += step;
        (step_den > 1 ? step_den : step_num) = step_den > 1 ? step_den / 2 : step_num * 2;
        facts.grid = std::max(facts.grid, step_num);
        break;
      case Kind::kUpsample: (step_num > 1 ? step_num : step_den) = step_num > 1 ? step_num / 2 : step_den * 2; break;
      case Kind::kGlobal: facts.is_finite = false; break;
    }
  }
  facts.context = static_cast<std::int64_t>(std::ceil(context));
  TEGULA_ASSIGN_OR_RETURN(facts.scale, Rational::Make(step_den, step_num));
  facts.offset = -2 * static_cast<std::int64_t>(std::llround(lost * facts.scale.value()));
  return facts;
}

Result<std::unique_ptr<Network>> NewToyNetwork(std::string_view text) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<Layer> layers, Parse(text));
  TEGULA_ASSIGN_OR_RETURN(const ToyFacts facts, FactsOf(text));
  return std::unique_ptr<Network>(std::make_unique<ToyNetwork>(std::move(layers), facts));
}

const Engine* ToyEngine() {
  static const Toy engine;
  return &engine;
}

}  // namespace tegula::engines
