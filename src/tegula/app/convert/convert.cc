#include "tegula/app/convert/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/app/convert/answer.h"
#include "tegula/app/convert/made_weights.h"
#include "tegula/app/convert/python.h"
#include "tegula/app/model_source.h"
#include "tegula/app/network_examples.h"
#include "tegula/core/text.h"
#include "tegula/spec/package_writer.h"
#include "tegula/tensor/npy.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;
using Format = spec::WeightsFormat;

// Each way of converting; the first of a format is its default.
struct Way {
  Format from, to;
  const char* file;
  PythonNeeds needs;
};
const std::vector<Way>& Ways() {
  static const std::vector<Way> ways = {
      {Format::kPytorchStateDict,
       Format::kTorchscript,
       "weights_torchscript.pt",
       {{"numpy", "torch"}, {"numpy", "torch"}}},
      {Format::kPytorchStateDict,
       Format::kOnnx,
       "weights.onnx",
       {{"numpy", "torch", "onnx"}, {"numpy", "torch", "onnx"}}},
      {Format::kKerasV3,
       Format::kTensorflowSavedModelBundle,
       "tensorflow_saved_model_bundle.zip",
       {{"tensorflow", "keras"}, {"tensorflow"}}},
      {Format::kKerasHdf5,
       Format::kTensorflowSavedModelBundle,
       "tensorflow_saved_model_bundle.zip",
       {{"tensorflow", "keras", "h5py"}, {"tensorflow", "tf-keras"}}},
  };
  return ways;
}

struct Plan {
  const spec::WeightsEntry* source = nullptr;
  const Way* way = nullptr;
};

Result<Plan> PlanOf(const spec::ModelDescription& model, const ConvertRequest& request) {
  const bool is_any = request.to == "auto" || request.to == "openvino";
  const std::optional<Format> to = spec::WeightsFormatFromName(request.to);
  if (!is_any && !to) return InvalidError(fmt::format("there is no way to convert to {}", request.to));
  std::vector<std::string_view> names;
  for (const spec::WeightsEntry& weights : model.weights) {
    names.push_back(spec::WeightsFormatName(weights.format));
    if (request.engine.weights && *request.engine.weights != weights.format) continue;
    for (const Way& way : Ways())
      if (way.from == weights.format && (is_any || way.to == *to)) return Plan{&weights, &way};
  }
  return UnsupportedError(fmt::format("there is no way from the model's weights ({}) to {}; there is one from {}",
                                      fmt::join(names, ", "), is_any ? "weights that run" : request.to,
                                      ConversionTable()));
}

// All that speaks against it before anything is run.
Status CheckRequest(const spec::ModelDescription& model, const Plan& plan, const ConvertRequest& request) {
  std::error_code ignored;
  if (model.FindWeights(plan.way->to) != nullptr)
    return InvalidError(fmt::format("the model has {} weights already", spec::WeightsFormatName(plan.way->to)));
  if (!request.output.empty())
    return std::filesystem::exists(request.output, ignored)
               ? Status(InvalidError(fmt::format("{} is there already; name a new package", request.output.string())))
               : Ok();
  if (HasWeightsThatRun(model))
    return InvalidError(
        "the model has weights that run as they are; with -o a package with others beside them is written");
  if (request.engine.cache.empty())
    return InvalidError(
        "there is no folder to keep converted weights in: set TEGULA_CACHE, or write a package with -o");
  return Ok();
}

// Axes along which a tensor's size is not fixed.
Json FreeAxes(const spec::TensorDescription& tensor) {
  Json axes = Json::array();
  for (std::size_t i = 0; i < tensor.axes.size(); ++i)
    if (!std::holds_alternative<spec::FixedSize>(tensor.axes[i].size)) axes.push_back(i);
  return axes;
}

// One conversion on its way.
class Conversion {
 public:
  Conversion(const ConvertRequest& request, spec::Package& package, const Plan& plan, TemporaryFolder folder,
             const RunContext& context)
      : request_(request), package_(package), plan_(plan), folder_(std::move(folder)), context_(context) {}

  /// The new weights, in a folder that goes with this object; `report` hears how they were made.
  Result<spec::AddedWeights> Run(ConvertReport& report) {
    TEGULA_ASSIGN_OR_RETURN(Json job, Job());
    TEGULA_TRY(AskForArchitecture());
    ScriptLimits limits{.seconds = request_.seconds, .memory_bytes = request_.memory_bytes};
    TEGULA_ASSIGN_OR_RETURN(limits.confinement, Confine());
    TEGULA_ASSIGN_OR_RETURN(const Path python,
                            FindPython(request_.python, plan_.way->needs, request_.engine.cache, context_));
    context_.progress.Note(fmt::format("converting {} to {} with {} in {}", spec::WeightsFormatName(plan_.way->from),
                                       spec::WeightsFormatName(plan_.way->to), python.string(),
                                       ConfinementName(limits.confinement)));
    TEGULA_ASSIGN_OR_RETURN(ConversionAnswer answer, Ask(python, job, limits));
    if (!answer.wants_consent.empty()) {
      TEGULA_TRY(AskForWeights(answer.wants_consent));
      TEGULA_ASSIGN_OR_RETURN(answer, Ask(python, job, limits));
      if (!answer.wants_consent.empty()) return InternalError("the script asks for consent that it has");
    }
    TEGULA_TRY(CheckMade());
    report.how = answer.how;
    report.python = python.string();
    return spec::AddedWeights{.format = plan_.way->to,
                              .file = Made(),
                              .parent = plan_.way->from,
                              .framework_version = answer.framework_version,
                              .opset_version = answer.opset_version,
                              .comment = fmt::format("Made from {} by tegula convert ({}).",
                                                     spec::WeightsFormatName(plan_.way->from), answer.how)};
  }

 private:
  Path Writable() const { return folder_.path() / "out"; }
  Path Made() const { return Writable() / plan_.way->file; }

  Result<Json> Job() const {
    const spec::ModelDescription& model = package_.description();
    TEGULA_TRY(MakeFolders(Writable()));
    TEGULA_ASSIGN_OR_RETURN(const spec::WeightsOnDisk weights, package_.Weights(*plan_.source));
    Json job = {{"from", spec::WeightsFormatName(plan_.way->from)},
                {"to", spec::WeightsFormatName(plan_.way->to)},
                {"weights", std::filesystem::absolute(weights.path).string()},
                {"output", Made().string()},
                {"outputs", model.outputs.size()},
                {"threads", request_.engine.threads},
                {"strict", plan_.source->is_strict}};
    TEGULA_ASSIGN_OR_RETURN(job["inputs"], Examples());
    job["free_axes"] = Json::array();
    for (const spec::TensorDescription& tensor : model.inputs) job["free_axes"].push_back(FreeAxes(tensor));
    for (const spec::TensorDescription& tensor : model.outputs) job["free_axes"].push_back(FreeAxes(tensor));
    if (!plan_.source->architecture) return job;
    const spec::Architecture& architecture = *plan_.source->architecture;
    Json& told = job["architecture"];
    told = {{"callable", architecture.callable},
            {"kwargs", architecture.kwargs},
            {"import_from", architecture.import_from},
            {"source", architecture.file.source},
            {"file", ""}};
    if (architecture.file.source.empty()) return job;
    TEGULA_ASSIGN_OR_RETURN(const Path file, package_.File(architecture.file));
    told["file"] = std::filesystem::absolute(file).string();
    return job;
  }

  // Names of .npy files: for each example one per input.
  Result<Json> Examples() const {
    TEGULA_ASSIGN_OR_RETURN(const TestTensors tests, ReadTestTensors(package_, context_.limits));
    TEGULA_ASSIGN_OR_RETURN(const std::vector<std::vector<Tensor>> examples,
                            NetworkExamples(package_.description(), tests, context_.limits));
    Json names = Json::array();
    for (std::size_t e = 0; e < examples.size(); ++e) {
      Json& row = names.emplace_back(Json::array());
      for (std::size_t i = 0; i < examples[e].size(); ++i) {
        const Path file = folder_.path() / fmt::format("input_{}_{}.npy", e, i);
        TEGULA_TRY(WriteNpy(file, examples[e][i].view()));
        row.push_back(file.string());
      }
    }
    return names;
  }

  Status AskForArchitecture() {
    if (!plan_.source->architecture || plan_.source->architecture->file.source.empty()) return Ok();
    const spec::FileReference& reference = plan_.source->architecture->file;
    TEGULA_ASSIGN_OR_RETURN(const Path file, package_.File(reference));
    TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(file));
    return Consent({fmt::format("{} of {}", reference.source, package_.path().string()), file, sha256});
  }

  Status AskForWeights(const std::string& reason) {
    TEGULA_ASSIGN_OR_RETURN(const spec::WeightsOnDisk weights, package_.Weights(*plan_.source));
    return Consent(
        {fmt::format("{} of {}: {}", plan_.source->file.source, package_.path().string(), reason), {}, weights.sha256});
  }

  Status Consent(const ForeignCode& code) {
    if (request_.trusts_code || (request_.ask && request_.ask(code))) {
      is_trusted_ = true;
      return Ok();
    }
    return UnsupportedError(fmt::format(
        "converting runs code that comes with the model ({}, sha256 {}); read it, and allow it with --trust-code",
        code.what, code.sha256));
  }

  Result<Confinement> Confine() const {
    if (!request_.is_confined) return Confinement::kNone;
    Result<Confinement> found = FindConfinement();
    if (!found.ok() && found.error().code == Code::kUnsupported)
      return UnsupportedError(found.error().what + "; install bubblewrap, or go without with --no-sandbox");
    return found;
  }

  Result<ConversionAnswer> Ask(const Path& python, Json& job, const ScriptLimits& limits) const {
    job["trust"] = is_trusted_;
    TEGULA_ASSIGN_OR_RETURN(const std::string text, RunScript(python, job.dump(), Writable(), limits, context_.stop));
    return ParseConversion(text);
  }

  // It may have left anything there: a link would be followed to files that are none of its business.
  Status CheckMade() const {
    std::error_code failed;
    if (std::filesystem::symlink_status(Made(), failed).type() != std::filesystem::file_type::regular)
      return UnsupportedError("Python says that it converted the weights, but left none");
    return Ok();
  }

  const ConvertRequest& request_;
  spec::Package& package_;
  Plan plan_;
  TemporaryFolder folder_;
  const RunContext& context_;
  bool is_trusted_ = false;
};

// The new weights on the test tensors.
Result<TestReport> Prove(const spec::Package& package, Format made, const ConvertRequest& request,
                         engines::Registry& registry, const RunContext& context) {
  TestRequest test{.engine = request.engine};
  test.engine.weights = made;
  if (request.to == "openvino") test.engine.engine = "openvino";
  TEGULA_ASSIGN_OR_RETURN(TestReport proof, TestPackage(package, test, registry, context));
  if (proof.passed()) return proof;
  std::vector<std::string> reasons;
  for (const WeightsCheck& check : proof.checks) reasons.push_back(fmt::format("{}: {}", Title(check), check.reason));
  return UnsupportedError(fmt::format("the converted weights are not kept, as they did not pass the model's test: {}",
                                      fmt::join(reasons, "; ")));
}

}  // namespace

Result<ConvertReport> Convert(const ConvertRequest& request, engines::Registry& registry, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(spec::Package package, OpenModel(request.model, {}, context));
  TEGULA_ASSIGN_OR_RETURN(Plan plan, PlanOf(package.description(), request));
  TEGULA_TRY(CheckRequest(package.description(), plan, request));
  const spec::WeightsEntry source = *plan.source;  // the package's own moves when it gets another
  plan.source = &source;
  TEGULA_ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::Create("tegula-convert"));
  ConvertReport report{.from = plan.way->from, .to = plan.way->to};
  Conversion conversion(request, package, plan, std::move(folder), context);
  TEGULA_ASSIGN_OR_RETURN(const spec::AddedWeights made, conversion.Run(report));
  TEGULA_TRY(package.Add(made));
  TEGULA_ASSIGN_OR_RETURN(report.proof, Prove(package, plan.way->to, request, registry, context));
  if (request.output.empty()) {
    TEGULA_TRY(KeepWeights(package, source, made, request.engine.cache));
    return report;
  }
  TEGULA_ASSIGN_OR_RETURN(const spec::WrittenPackage written,
                          spec::WritePackage(package, request.output, {.is_lenient = true}, context.limits));
  for (const std::string& note : written.notes) context.progress.Note(note);
  report.package = request.output;
  return report;
}

std::string ConversionTable() {
  std::vector<std::string> rows;
  for (const Way& way : Ways()) {
    const std::string_view from = spec::WeightsFormatName(way.from), to = spec::WeightsFormatName(way.to);
    if (!rows.empty() && rows.back().starts_with(from))
      rows.back() += fmt::format(", {}", to);
    else
      rows.push_back(fmt::format("{} to {}", from, to));
  }
  return Join(rows, "; ");
}

}  // namespace tegula::app
