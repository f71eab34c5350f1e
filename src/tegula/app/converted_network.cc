#include "tegula/app/converted_network.h"

#include <fmt/format.h>

#include <cmath>

#include "tegula/app/network_examples.h"
#include "tegula/core/folders.h"
#include "tegula/pipeline/whole.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

constexpr const char* kNetwork = "network.xml";
constexpr const char* kReferenceEngine = "libtorch";
constexpr double kTolerance = 1e-4;

// The weights' bytes, and what turns them into the other format.
Path FolderFor(const Candidate& candidate, const spec::WeightsOnDisk& file, const EngineRequest& request,
               const engines::Registry& registry) {
  const std::string key = Sha256OfBytes(
      fmt::format("tegula converted network 1\n{}\n{}\n{}", candidate.converter, file.sha256, registry.Fingerprint()));
  return request.cache / "networks" / key;
}

Result<std::vector<Tensor>> Run(const engines::Network& network, const std::vector<Tensor>& inputs) {
  std::vector<Shape> shapes;
  std::vector<DType> dtypes;
  for (const Tensor& tensor : inputs) shapes.push_back(tensor.shape()), dtypes.push_back(tensor.dtype());
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session, network.NewSession(shapes, dtypes));
  return session->Run(pipeline::ViewsOf(inputs));
}

// Empty if they agree.
Result<std::string> Difference(const Tensor& converted, const Tensor& original) {
  if (converted.shape() != original.shape() || converted.dtype() != original.dtype())
    return fmt::format("{} {} instead of {} {}", DTypeName(converted.dtype()), ToString(converted.shape()),
                       DTypeName(original.dtype()), ToString(original.shape()));
  TEGULA_ASSIGN_OR_RETURN(Tensor a, Tensor::Allocate(DType::kF64, converted.shape()));
  TEGULA_ASSIGN_OR_RETURN(Tensor b, Tensor::Allocate(DType::kF64, original.shape()));
  ConvertCopy(converted.view(), a.view());
  ConvertCopy(original.view(), b.view());
  const std::span<const double> as = std::as_const(a).values<double>(), bs = std::as_const(b).values<double>();
  double largest = 1, difference = 0;
  for (std::size_t i = 0; i < as.size(); ++i) {
    if (std::isnan(as[i]) != std::isnan(bs[i]))
      return std::string("NaN where the original has a number, or the other way round");
    if (std::isnan(bs[i]) || as[i] == bs[i]) continue;
    largest = std::max(largest, std::abs(bs[i]));
    difference = std::max(difference, std::abs(as[i] - bs[i]));
  }
  return difference <= kTolerance * largest ? std::string()
                                            : fmt::format("numbers that differ by up to {:.3g}", difference);
}

Status HoldAgainst(const engines::Network& converted, const engines::Network& original,
                   const std::vector<std::vector<Tensor>>& examples) {
  for (const std::vector<Tensor>& inputs : examples) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> expected, Run(original, inputs));
    const std::string size = inputs.empty() ? "" : ToString(inputs.front().shape());
    const Result<std::vector<Tensor>> given = Run(converted, inputs);
    if (!given.ok() && given.error().code == Code::kInvalid)
      return UnsupportedError(fmt::format(
          "the network computes sizes that the conversion makes constants: what was converted at {} does not run at {}",
          ToString(examples.front().front().shape()), size));
    if (!given.ok()) return given.error();
    if (given->size() != expected.size())
      return UnsupportedError(
          fmt::format("the converted network gives {} outputs instead of {}", given->size(), expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      TEGULA_ASSIGN_OR_RETURN(const std::string difference, Difference((*given)[i], expected[i]));
      if (!difference.empty())
        return UnsupportedError(
            fmt::format("the converted network gives {} for its output {} on {}", difference, i, size));
    }
  }
  return Ok();
}

}  // namespace

Result<std::unique_ptr<engines::Network>> LoadConverted(const spec::ModelDescription& model, const Candidate& candidate,
                                                        const spec::WeightsOnDisk& file, const TestTensors* tests,
                                                        const EngineRequest& request, engines::Registry& registry,
                                                        const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const engines::Engine* const engine, registry.Find(candidate.engine));
  const auto load = [&](const Path& xml) { return engine->Load(*candidate.weights, xml, candidate.Options(request)); };
  const Path kept = request.cache.empty() ? Path() : FolderFor(candidate, file, request, registry);
  std::error_code ignored;
  if (!kept.empty() && std::filesystem::exists(kept / kNetwork, ignored)) {
    Result<std::unique_ptr<engines::Network>> network = load(kept / kNetwork);
    if (network.ok() || tests == nullptr) return network;
    std::filesystem::remove_all(kept, ignored);  // damaged: made again
  }
  if (tests == nullptr) return NotFoundError("the network has not been converted yet");

  context.progress.Note(fmt::format("converting {} for {}, once", candidate.weights->file.source, candidate.engine));
  TEGULA_ASSIGN_OR_RETURN(const engines::Converter* const converter, registry.FindConverter(candidate.converter));
  TEGULA_ASSIGN_OR_RETURN(const engines::Engine* const reference, registry.Find(kReferenceEngine));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::vector<Tensor>> examples,
                          NetworkExamples(model, *tests, context.limits));
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create("tegula-convert"));
  const Path xml = folder.path() / kNetwork;
  TEGULA_TRY(converter->Convert(file.path, pipeline::ViewsOf(examples.front()), xml));
  {
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Network> original,
                            reference->Load(*candidate.weights, file.path, {.threads = request.threads}));
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Network> converted,
                            engine->Load(*candidate.weights, xml, {.threads = request.threads}));
    TEGULA_TRY(HoldAgainst(*converted, *original, examples));
  }
  // A cache that cannot be written only costs time.
  if (!kept.empty()) (void)CopyFolderWhole(folder.path(), kept);
  return load(xml);
}

}  // namespace tegula::app
