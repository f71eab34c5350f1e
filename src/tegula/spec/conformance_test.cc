// The readers against what the reference software says about the same descriptions.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/core/files.h"
#include "tegula/core/testing/shared_data.h"
#include "tegula/core/text.h"
#include "tegula/spec/rdf.h"
#include "tegula/spec/sizes.h"

namespace tegula::spec {
namespace {

using Json = nlohmann::json;

class Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    if (golden_.empty()) GTEST_SKIP() << testing::NoSharedData("golden");
  }
  Json Load(const char* name) const { return Json::parse(ReadFile(golden_ / name, 64 << 20).value()); }
  Result<ReadDescription> ReadAt(const std::string& path) const {
    return ReadRdf(ReadFile(golden_.parent_path() / "data" / path, Limits{}.description_bytes).value());
  }
  const Path golden_ = testing::SharedData("golden");
};

// "inputs[0].axes[2].size" as its parts.
std::vector<std::string> PartsOf(const std::string& path) {
  std::string dotted;
  for (const char c : path)
    if (c != ']') dotted += c == '[' ? '.' : c;
  return path.empty() ? std::vector<std::string>() : Split(dotted, '.');
}

// The place of an error of the reference, up to the first name of a branch of its Python code.
std::vector<std::string> PlaceOf(const Json& loc) {
  std::vector<std::string> place;
  for (const Json& part : loc) {
    if (part.is_number()) {
      place.push_back(part.dump());
      continue;
    }
    const std::string name = part.get<std::string>();
    const bool is_field = std::all_of(
        name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
    if (!is_field) break;
    place.push_back(name);
  }
  return place;
}

bool IsPrefix(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

bool HasErrorAt(const std::vector<Finding>& findings, const std::vector<std::string>& place) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    const std::vector<std::string> parts = PartsOf(finding.path);
    return finding.severity == Severity::kError && (IsPrefix(place, parts) || IsPrefix(parts, place));
  });
}

// 48 * 0.499 / 0.499 is 48 here, and not in floating point.
constexpr std::string_view kAcceptedHereOnly = "scale_0499.bioimageio.yaml";

TEST_F(Golden, VerdictsAndPlacesOfErrorsAreThoseOfTheReference) {
  int compared = 0, equal = 0, places = 0;
  const Json verdicts = Load("validation.json");
  for (const auto& [path, verdict] : verdicts.items()) {
    const Result<ReadDescription> read = ReadAt(path);
    ASSERT_TRUE(read.ok()) << path << ": " << ToString(read.error());
    if (path.ends_with(kAcceptedHereOnly)) {
      EXPECT_FALSE(HasErrors(read->findings)) << JoinErrors(read->findings);
      continue;
    }
    ++compared;
    const bool is_equal = HasErrors(read->findings) == (verdict["status"] == "failed");
    EXPECT_TRUE(is_equal) << path << ": " << JoinErrors(read->findings);
    equal += is_equal ? 1 : 0;
    for (const Json& error : verdict["errors"]) {
      EXPECT_TRUE(HasErrorAt(read->findings, PlaceOf(error["loc"])))
          << path << ": " << error << "\nfound: " << JoinErrors(read->findings);
      ++places;
    }
  }
  GTEST_LOG_(INFO) << equal << " of " << compared << " verdicts are those of the reference, at " << places << " places";
  EXPECT_GE(compared, 58);
}

std::string Spelled(const OpDescription& op) {
  const auto* cast = std::get_if<EnsureDtype>(&op);
  return std::string(OpId(op)) + (cast == nullptr ? "" : " " + std::string(DTypeName(cast->dtype)));
}

// The tensors of a case within a description that has all else.
std::string Whole(const Json& test) {
  const bool is_04 = test["format"] != "0.5";
  return std::string(
             "type: model\nname: a case\nauthors: [{name: nobody}]\nweights: {onnx: {source: w.onnx, opset_version: "
             "15}}\n") +
         (is_04
              ? "format_version: 0.4.10\ntest_inputs: [a.npy]\ntest_outputs: [b.npy]\ndescription: of a test\nlicense: "
                "MIT\ndocumentation: README.md\ntimestamp: 2024-01-01T00:00:00Z\n"
              : "format_version: 0.5.10\n") +
         test["descr"].get<std::string>();
}

TEST_F(Golden, OperationsOf05AreReadWithTheCastsThatTheFormatInserts) {
  int compared = 0;
  const Json golden_cases = Load("ops/cases.json");
  for (const auto& [name, test] : golden_cases.items()) {
    if (test["format"] != "0.5" || !test.contains("parsed_ops")) continue;
    const Result<ReadDescription> read = ReadRdf(Whole(test));
    ASSERT_TRUE(read.ok()) << name;
    for (const auto& [tensor_id, expected] : test["parsed_ops"].items()) {
      const TensorDescription* tensor = read->model.FindTensor(tensor_id);
      ASSERT_NE(tensor, nullptr) << name;
      std::vector<std::string> ops;
      for (const OpDescription& op : tensor->ops) ops.push_back(Spelled(op));
      EXPECT_EQ(ops, expected.get<std::vector<std::string>>()) << name << ": " << JoinErrors(read->findings);
      ++compared;
    }
  }
  EXPECT_GE(compared, 140);
}

TEST_F(Golden, OperationsThatTheReferenceRunsAreAccepted) {
  int accepted = 0;
  const Json golden_cases = Load("ops/cases.json");
  for (const auto& [name, test] : golden_cases.items()) {
    if (test["reference"] != "ok") continue;
    const Result<ReadDescription> read = ReadRdf(Whole(test));
    ASSERT_TRUE(read.ok()) << name;
    EXPECT_FALSE(HasErrors(read->findings)) << name << ": " << JoinErrors(read->findings);
    ++accepted;
  }
  EXPECT_GE(accepted, 190);
}

// Every case of the golden sizes: the description, and what the reference makes of it.
template <class Use>
void ForEachSizeCase(const Json& sizes, Use use) {
  for (const auto& [path, own] : sizes.items())
    use(path, own.contains("same_as") ? sizes[std::string(own["same_as"])] : own);
}

std::int64_t SizeAt(const ModelDescription& model, const Axis& axis, const SizeChoice& choice) {
  return SizeOf(model, axis, choice).value_or(-1);
}

// By the text of 0.4, which knows no batch axis; one description has a batch of three for a batch of one. Where sizes
// are used, a batch axis is as long as the batch.
std::int64_t FormulaOf04(const ModelDescription& model, const Axis& axis, std::int64_t n) {
  const auto* const reference = std::get_if<SizeReference>(&axis.size);
  if (axis.type == AxisType::kBatch && reference != nullptr) return reference->scale.Floor(1) + reference->offset;
  return SizeAt(model, axis, {.n = n});
}

TEST_F(Golden, SizesOf04FollowItsFormula) {
  int compared = 0;
  ForEachSizeCase(Load("size/sizes.json"), [&](const std::string& path, const Json& golden) {
    if (!golden.contains("v04")) return;
    const ModelDescription model = ReadAt(path)->model;
    for (const auto& [n, sides] : golden["v04"]["n"].items()) {
      for (const auto& tensors : sides) {
        for (const auto& [id, expected] : tensors.items()) {
          std::vector<double> sizes;
          for (const Axis& axis : model.FindTensor(id)->axes)
            sizes.push_back(static_cast<double>(FormulaOf04(model, axis, ParseInt(n).value())));
          EXPECT_EQ(sizes, expected.get<std::vector<double>>()) << path << " " << id << " n=" << n;
          ++compared;
        }
      }
    }
    for (const auto& [id, expected] : golden["v04"]["halo"].items()) {
      std::vector<std::int64_t> halos;
      for (const Axis& axis : model.FindTensor(id)->axes) halos.push_back(axis.halo);
      EXPECT_EQ(halos, expected.get<std::vector<std::int64_t>>()) << path;
    }
  });
  EXPECT_GE(compared, 100);
}

TEST_F(Golden, SizesForAllStepsAndBatchesAreThoseOfTheReference) {
  int compared = 0;
  ForEachSizeCase(Load("size/sizes.json"), [&](const std::string& path, const Json& golden) {
    const ModelDescription model = ReadAt(path)->model;
    for (const std::int64_t batch : {1, 2, 4}) {
      const std::string key = "batch" + std::to_string(batch);
      if (!golden.contains(key)) continue;  // the reference could not upgrade it
      for (const auto& tensors : golden[key])
        for (const auto& [id, axes] : tensors.items())
          for (const auto& [axis_id, expected] : axes.items()) {
            const Axis& axis = *model.FindTensor(id)->FindAxis(axis_id);
            const auto* const range = std::get_if<DataDependentSize>(&axis.size);
            for (std::int64_t n = 0; n < 6 && range == nullptr; ++n, ++compared)
              EXPECT_EQ(SizeAt(model, axis, {.n = n, .batch = batch}),
                        (expected.is_array() ? expected[static_cast<std::size_t>(n)] : expected).get<std::int64_t>())
                  << path << " " << id << "." << axis_id << " n=" << n;
            if (range != nullptr) {
              EXPECT_EQ(range->min, expected[0].get<std::int64_t>()) << path;
            }
          }
    }
  });
  EXPECT_GE(compared, 1500);
}

TEST_F(Golden, SizesOfOutputsFollowFromAnySizeOfTheInputs) {
  int compared = 0;
  ForEachSizeCase(Load("size/sizes.json"), [&](const std::string& path, const Json& golden) {
    if (!golden.contains("any_size")) return;
    const ModelDescription model = ReadAt(path)->model;
    for (const auto& [wanted, answers] : golden["any_size"].items()) {
      const std::int64_t size = ParseInt(wanted).value();
      SizeChoice choice;
      for (const auto& [name, n] : answers["n"].items()) {
        const std::size_t dot = name.find('.');
        const std::string tensor_id = name.substr(0, dot), axis_id = name.substr(dot + 1);
        choice.size_of[{tensor_id, axis_id}] = size;
        const Axis& axis = *model.FindInput(tensor_id)->FindAxis(axis_id);
        EXPECT_EQ(StepsFor(std::get<ParameterizedSize>(axis.size), size), n.get<std::int64_t>()) << path << " " << name;
      }
      for (const auto& [id, axes] : answers["outputs"].items())
        for (const auto& [axis_id, expected] : axes.items()) {
          EXPECT_EQ(SizeAt(model, *model.FindOutput(id)->FindAxis(axis_id), choice), expected.get<std::int64_t>())
              << path << " " << id << "." << axis_id << " of " << wanted;
          ++compared;
        }
    }
  });
  EXPECT_GE(compared, 200);
}

TEST_F(Golden, HalosOfInputsAreThoseOfTheReference) {
  int compared = 0;
  const Json blocks = Load("size/blocks.json");
  for (const auto& [path, golden] : blocks.items()) {
    if (!golden.contains("input_halo")) continue;
    const ModelDescription model = ReadAt(path)->model;
    for (const auto& [tensor_id, axes] : golden["input_halo"].items())
      for (const auto& [axis_id, expected] : axes.items()) {
        // Of two outputs with different halos the reference takes the last one's, not the larger one's.
        const bool has_two = path.find("scripted_control_flow") != std::string::npos;
        EXPECT_EQ(InputHalo(model, tensor_id, axis_id), has_two ? 32 : expected[0].get<std::int64_t>())
            << path << " " << axis_id;
        ++compared;
      }
  }
  EXPECT_GE(compared, 20);
}

}  // namespace
}  // namespace tegula::spec
