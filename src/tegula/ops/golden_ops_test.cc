// What bioimageio.core answers for single operations and short chains ($TEGULA_TEST_DATA/golden/ops). Where its text
// and its code differ, kByTheText says that Tegula follows the text.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "tegula/core/files.h"
#include "tegula/core/testing/shared_data.h"
#include "tegula/ops/chain.h"
#include "tegula/ops/op.h"
#include "tegula/spec/format_update.h"
#include "tegula/spec/rdf.h"
#include "tegula/spec/sizes.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/npy.h"

namespace tegula::ops {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kByTheText[] = {"binarize_list_", "scale_range_eps", "zmuv_eps", "sigmoid_uint8"};

bool StartsWithAny(std::string_view name, std::span<const std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return name.starts_with(start); });
}

std::string WholeDescription(const Json& test) {
  const std::string format = test["format"] == "0.5" ? "0.5.10" : "0.4.10";
  const std::string_view rest =
      test["format"] == "0.5" ? ""
                              : "description: golden\nauthors: [{name: nobody}]\nlicense: MIT\ndocumentation: a.md\n"
                                "timestamp: 2024-01-01T00:00:00Z\ntest_inputs: [a.npy]\ntest_outputs: [b.npy]\n"
                                "weights: {onnx: {source: a.onnx, opset_version: 15}}\n";
  return fmt::format("type: model\nformat_version: {}\nname: golden case\n{}{}", format, rest,
                     test["descr"].get<std::string>());
}

std::vector<std::string> AxisIdsOf(const spec::TensorDescription& tensor) {
  std::vector<std::string> ids;
  for (const spec::Axis& axis : tensor.axes) ids.push_back(axis.id);
  return ids;
}

// What is to be read from disk for one sample of a case.
struct Sample {
  std::map<std::string, Tensor> raw;       // by input
  std::map<std::string, Tensor> network;   // by output; empty for preprocessing
  std::map<std::string, Tensor> expected;  // by the tensors compared
};

class GoldenOps {
 public:
  explicit GoldenOps(Path folder) : folder_(std::move(folder)) {}

  void Check(const std::string& name, const Json& cases) {
    SCOPED_TRACE(name);
    const Json& test = cases[name];
    if (name.ends_with("_wild")) return Skip(name, "casts that are not defined");
    if (name == "v04_scale_range_per_dataset_upgraded" || name == "v04_post_scale_range_reference_upgraded")
      return Skip(name, "the reference's upgrade loses what Tegula's keeps: mode and reference_tensor");
    if (name == "v04_post_binarize_uint8" || name == "v04_post_sigmoid_uint8")
      return Skip(name,
                  "negative numbers are cast to uint8, which is not defined, and sigmoid of unsigned wraps around");
    if (name == "v04_post_binarize_uint8_upgraded")
      return Skip(name, "the reference's upgrade gives bool where uint8 is described");

    Result<spec::ReadDescription> read = spec::ReadRdf(WholeDescription(test));
    ASSERT_TRUE(read.ok()) << ToString(read.error());
    if (test["format"] == "0.4 upgraded") {
      const Result<spec::UpdatedDescription> updated = spec::UpdateFormat(*read);
      ASSERT_TRUE(updated.ok()) << ToString(updated.error());
      read = spec::ReadRdf(updated->yaml);
      ASSERT_TRUE(read.ok()) << ToString(read.error());
    }
    const spec::ModelDescription& model = read->model;
    const bool by_text = StartsWithAny(name, kByTheText) && test.contains("spec_expected");
    // Lists of gains in 0.4 run here; the reference runs them only after its upgrade.
    const Json& answer = name == "v04_scale_linear_axes" ? cases[name + "_upgraded"] : test;
    if (!by_text && !answer.contains("expected")) return CheckRefused(name, model, read->findings);
    const Json& expected = by_text ? test["spec_expected"] : answer["expected"];
    // A dataset is what the reference has seen so far.
    const bool averages = name == "series_range_null" || name == "v04_scale_range_per_dataset";
    if (averages) Skip(name + " (later samples)", "averages of the percentiles of several images are not percentiles");
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < (averages ? 1 : expected.size()); ++i) {
      samples.push_back(ReadSample(test, expected, i));
      if (name.starts_with("halo_pad_")) samples[i].raw["raw"] = WithHalo(model, samples[i].raw.at("raw"));
      CheckLast(model, test["side"] == "post", samples);
    }
    ++ran_;
  }

  void Print() const {
    fmt::print("{} cases ran; not run:\n", ran_);
    for (const auto& [reason, names] : skipped_) fmt::print("  {}, because: {}\n", names.size(), reason);
  }
  int ran() const { return ran_; }

 private:
  void Skip(const std::string& name, const std::string& reason) { skipped_[reason].push_back(name); }

  void CheckRefused(const std::string& name, const spec::ModelDescription& model,
                    const std::vector<spec::Finding>& findings) {
    bool refused = std::any_of(findings.begin(), findings.end(), [](const spec::Finding& finding) {
      return finding.path.find("processing") != std::string::npos;
    });
    for (const auto* tensors : {&model.inputs, &model.outputs})
      for (const spec::TensorDescription& tensor : *tensors) {
        const Shape shape{1, 3, 12, 14};
        refused =
            refused || (tensor.axes.size() == 4 &&
                        !Chain::Bind(tensor.ops, {tensor.id, AxisIdsOf(tensor), shape, DType::kF32, {}}, {}).ok());
      }
    EXPECT_TRUE(refused) << name << " must be refused";
    ++ran_;
  }

  Tensor Read(const std::string& file) const { return ReadNpy(folder_ / file).value(); }

  Sample ReadSample(const Json& test, const Json& expected, std::size_t index) const {
    Sample sample;
    for (const auto& [id, file] : test["input"][index].items()) sample.raw[id] = Read(file.get<std::string>());
    for (const auto& [id, value] : expected[index].items())
      sample.expected[id] = Read((value.is_string() ? value : value["file"]).get<std::string>());
    if (test.contains("network_output"))
      for (const auto& [id, file] : test["network_output"].items()) sample.network[id] = Read(file.get<std::string>());
    return sample;
  }

  // What the reference makes of an image before anything else, and `--statistics-from padded` for statistics: (b, c, y,
  // x) of float32 with the halo around it.
  static Tensor WithHalo(const spec::ModelDescription& model, const Tensor& raw) {
    const spec::TensorDescription& input = model.inputs.front();
    const std::int64_t halo_y = spec::InputHalo(model, input.id, "y"), halo_x = spec::InputHalo(model, input.id, "x");
    Shape shape = raw.shape();
    const std::int64_t height = shape[2], width = shape[3];
    shape[2] += 2 * halo_y, shape[3] += 2 * halo_x;
    Tensor padded = Tensor::Allocate(DType::kF32, shape).value();
    std::size_t at = 0;
    for (std::int64_t plane = 0; plane < shape[0] * shape[1]; ++plane)
      for (std::int64_t y = -halo_y; y < height + halo_y; ++y)
        for (std::int64_t x = -halo_x; x < width + halo_x; ++x, ++at) {
          const std::int64_t from_y = PaddedIndex(y, height, input.pad.mode);
          const std::int64_t from_x = PaddedIndex(x, width, input.pad.mode);
          const std::int64_t index = (plane * height + from_y) * width + from_x;
          padded.values<float>()[at] = from_y < 0 || from_x < 0 ? static_cast<float>(input.pad.value)
                                                                : raw.values<float>()[static_cast<std::size_t>(index)];
        }
    return padded;
  }

  // The statistics that `tensor`'s ops want, each of the raw tensor it names: of the last sample, or of all.
  static Statistics StatisticsFor(const spec::ModelDescription& model, const spec::TensorDescription& tensor,
                                  std::span<const Sample> samples) {
    Statistics statistics;
    for (const spec::OpDescription& op : tensor.ops)
      for (const Wanted& wanted : std::visit([](const auto& described) { return Wants(described); }, op)) {
        const std::string id = wanted.tensor_id.empty() ? tensor.id : wanted.tensor_id;
        const spec::TensorDescription* of = model.FindInput(id) != nullptr ? model.FindInput(id) : model.FindOutput(id);
        StatisticRequest request{wanted.measure, wanted.percentile, id, {}, AxisIdsOf(*of), wanted.of_dataset};
        for (const std::string& axis : request.axes) request.reduced.push_back(IsReduced(wanted.axes, axis));
        const std::vector<std::int64_t> origin(request.axes.size(), 0);
        std::vector<const Tensor*> values;
        for (const Sample& sample : wanted.of_dataset ? samples : samples.last(1))
          values.push_back(sample.raw.contains(id) ? &sample.raw.at(id) : &sample.network.at(id));
        StatisticsCollector collector = StatisticsCollector::Make({request}, values[0]->dtype(), values[0]->shape(),
                                                                  static_cast<std::int64_t>(values.size()), 1)
                                            .value();
        while (!collector.done()) {
          for (std::size_t i = 0; i < values.size(); ++i)
            collector.Add(static_cast<std::int64_t>(i), origin, values[i]->view(), 0);
          collector.FinishPass();
        }
        for (Statistic& statistic : collector.Take()) statistics.Set(std::move(statistic));
      }
    return statistics;
  }

  static void CheckLast(const spec::ModelDescription& model, bool is_post, std::span<const Sample> samples) {
    const Sample& sample = samples.back();
    for (const spec::TensorDescription& tensor : is_post ? model.outputs : model.inputs) {
      SCOPED_TRACE(tensor.id);
      ASSERT_TRUE(sample.expected.contains(tensor.id));
      const Tensor& in = (is_post ? sample.network : sample.raw).at(tensor.id);
      const Statistics statistics = StatisticsFor(model, tensor, samples);
      const ChainInput input{tensor.id, AxisIdsOf(tensor), in.shape(), in.dtype(), {}};
      const Tensor found = Run(tensor.ops, input, in, statistics);
      std::span<const spec::OpDescription> before_cast = tensor.ops;
      while (!before_cast.empty() && std::holds_alternative<spec::EnsureDtype>(before_cast.back()))
        before_cast = before_cast.first(before_cast.size() - 1);
      Compare(found, sample.expected.at(tensor.id), AsDouble(Run(before_cast, input, in, statistics)));
    }
  }

  static Tensor Run(std::span<const spec::OpDescription> ops, const ChainInput& input, const Tensor& in,
                    const Statistics& statistics) {
    const Result<Chain> chain = Chain::Bind(ops, input, statistics);
    if (!chain.ok()) {
      ADD_FAILURE() << ToString(chain.error());
      return in.Clone();
    }
    Tensor out = Tensor::Allocate(chain->output_dtype(), in.shape()).value();
    EXPECT_TRUE(chain->Run(in.view(), out.view()).ok());
    return out;
  }

  static Tensor AsDouble(const Tensor& tensor) {
    Tensor out = Tensor::Allocate(DType::kF64, tensor.shape()).value();
    ConvertCopy(tensor.view(), out.view());
    return out;
  }

  // Whether a cast of `value` to an integer type is undefined, or may go either way for lack of digits.
  static bool IsOpenToDebate(double value, double found, double expected, DType dtype) {
    const bool fits = VisitDType(dtype, [&](auto tag) {
      using Limits = std::numeric_limits<typename decltype(tag)::type>;
      return value > static_cast<double>(Limits::lowest()) - 1 && value < static_cast<double>(Limits::max()) + 1;
    });
    return !fits || (std::abs(value - std::round(value)) < 1e-4 && std::abs(found - expected) <= 1);
  }

  static void Compare(const Tensor& found, const Tensor& expected, const Tensor& before_cast) {
    ASSERT_EQ(DTypeName(found.dtype()), DTypeName(expected.dtype()));
    ASSERT_EQ(ToString(found.shape()), ToString(expected.shape()));
    const Tensor a = AsDouble(found), b = AsDouble(expected);
    int wrong = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(a.elements()) && wrong < 5; ++i) {
      const double x = a.values<double>()[i], y = b.values<double>()[i];
      const bool same = IsFloat(found.dtype())
                            ? (std::isnan(x) && std::isnan(y)) || x == y || std::abs(x - y) <= 1e-5 + 1e-5 * std::abs(y)
                            : x == y || IsOpenToDebate(before_cast.values<double>()[i], x, y, found.dtype());
      if (same) continue;
      ADD_FAILURE() << "element " << i << " is " << x << ", not " << y;
      ++wrong;
    }
  }

  Path folder_;
  int ran_ = 0;
  std::map<std::string, std::vector<std::string>> skipped_;
};

TEST(GoldenOps, GiveWhatTheReferenceGives) {
  const Path folder = testing::SharedData("golden/ops");
  if (folder.empty()) GTEST_SKIP() << testing::NoSharedData("golden/ops");
  const std::string text = ReadFile(folder / "cases.json", 64 << 20).value();
  GoldenOps golden(folder);
  const Json cases = Json::parse(text);
  for (const auto& entry : cases.items()) golden.Check(entry.key(), cases);
  golden.Print();
  EXPECT_GE(golden.ran(), 190);
}

}  // namespace
}  // namespace tegula::ops
