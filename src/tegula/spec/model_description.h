// spec/model_description.h — what an rdf.yaml says about a model, whatever its version.
//
// Versions 0.4 and 0.5 of the bioimage.io model format describe the same things in different words. Each is
// read natively into this one structure, without the reference software's lossy upgrade: halo, mode, ranges and
// shapes survive. Everything below this module works with a ModelDescription that has been validated, so that no
// other place has to ask which version it was.
// Format: https://github.com/bioimage-io/spec-bioimage-io
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tegula/core/rational.h"
#include "tegula/spec/op_description.h"
#include "tegula/tensor/dtype.h"
#include "tegula/tensor/kernels.h"

namespace tegula::spec {

/// A file of the package: a path relative to the rdf, or a URL.
struct FileReference {
  std::string source;
  std::string sha256;  ///< lower-case hex; empty if not stated
};

enum class AxisType : std::uint8_t { kBatch, kChannel, kIndex, kTime, kSpace };

struct FixedSize {
  std::int64_t size = 1;
};
/// min + n * step for whole n >= 0.
struct ParameterizedSize {
  std::int64_t min = 1;
  std::int64_t step = 1;
};
/// size of the referenced axis * scale + offset, truncated. In 0.5 `scale` is reference.scale / axis.scale, in 0.4
/// it is written down and `offset` is twice the offset of the file.
struct SizeReference {
  std::string tensor_id;
  std::string axis_id;
  Rational scale = {};
  std::int64_t offset = 0;
};
/// Known only after the network has run.
struct DataDependentSize {
  std::int64_t min = 1;
  std::optional<std::int64_t> max;
};
/// A batch axis without a stated size.
struct AnySize {};
using AxisSize = std::variant<FixedSize, ParameterizedSize, SizeReference, DataDependentSize, AnySize>;

struct Axis {
  std::string id;  ///< 0.5: the id ("batch", "channel", "y"); the letters of 0.4 become these ids
  AxisType type = AxisType::kSpace;
  AxisSize size = AnySize{};
  std::int64_t halo = 0;                   ///< outputs only: pixels of this tensor to crop on both sides
  double scale = 1.0;                      ///< physical size of a pixel in `unit`
  std::string unit;                        ///< "micrometer", ...; empty if not stated
  std::vector<std::string> channel_names;  ///< channel axes only, one per channel; 0.4: channel0, channel1, ...
  std::string description;
};

/// What the values of a tensor are.
struct DataDescription {
  DType dtype = DType::kF32;
  std::optional<double> min, max;  ///< range; infinite bounds are left out
  std::string unit;
  std::vector<std::string> values;  ///< nominal or ordinal data: the values as written
};

/// How an input is extended beyond the image (0.5.10 and later); symmetric where nothing is said.
struct PadDescription {
  PadMode mode = PadMode::kSymmetric;
  double value = 0.0;
};

struct TensorDescription {
  std::string id;
  std::string description;
  std::vector<Axis> axes;
  DataDescription data;
  std::vector<OpDescription> ops;  ///< pre- or postprocessing, with the ensure_dtype ops that the format inserts
  std::optional<FileReference> test_tensor;
  std::optional<FileReference> sample_tensor;
  bool optional = false;  ///< inputs only
  PadDescription pad;     ///< inputs only

  const Axis* FindAxis(std::string_view axis_id) const;
  const Axis* FindAxis(AxisType type) const;      ///< the first of this type
  int AxisIndex(std::string_view axis_id) const;  ///< -1 if there is none
};

enum class WeightsFormat : std::uint8_t {
  kPytorchStateDict,
  kTorchscript,
  kOnnx,
  kTensorflowSavedModelBundle,
  kKerasHdf5,
  kKerasV3,
  kTensorflowJs,
};
std::string_view WeightsFormatName(WeightsFormat format);  ///< as in rdf.yaml: "torchscript", ...
std::optional<WeightsFormat> WeightsFormatFromName(std::string_view name);

/// What makes the network that a state dict belongs to: a callable of Python.
struct Architecture {
  FileReference file;       ///< where its code lies; empty if it is imported
  std::string import_from;  ///< the module, otherwise
  std::string callable;
  std::string kwargs = "{}";  ///< its arguments, in JSON as Python reads it (with Infinity and NaN)
};

struct WeightsEntry {
  WeightsFormat format = WeightsFormat::kOnnx;
  FileReference file;
  std::string framework_version;  ///< pytorch_version, tensorflow_version or keras_version; empty if not stated
  std::optional<std::int64_t> opset_version;
  std::optional<FileReference> external_data;
  std::optional<Architecture> architecture;  ///< of a state dict
  bool is_strict = true;                     ///< whether a state dict must hold exactly what the network has
  std::string parent;
};

/// How far a reproduced test output may be from the stated one:
/// |a - b| <= absolute + relative * |b| for all but `mismatched_per_million` of the elements.
struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-3;
  double mismatched_per_million = 100;
};

/// One rule of config.bioimageio.reproducibility_tolerance; empty lists mean all.
struct ToleranceRule {
  Tolerance tolerance;
  std::vector<std::string> output_ids;
  std::vector<WeightsFormat> weights_formats;
};

struct Person {
  std::string name;
  std::string affiliation;
  std::string orcid;
  std::string github_user;
};
struct Citation {
  std::string text;
  std::string doi;
  std::string url;
};

/// What every description says, of a model or of something else.
struct Resource {
  std::string type;            ///< "model", "dataset", "application", "notebook", or another word
  std::string format_version;  ///< as written, e.g. "0.5.4"
  std::string name;
  std::string id;
  std::string id_emoji;
  std::string version;
  std::string description;
  std::vector<Person> authors;
  std::vector<Person> maintainers;
  std::vector<Citation> cite;
  std::string license;  ///< an identifier of SPDX, or (0.4) any text; empty if a file holds it
  std::string documentation;
  std::string git_repo;
  std::string timestamp;
  std::vector<std::string> covers;
  std::vector<std::string> tags;
  std::vector<std::string> links;  ///< ids of related resources
};

struct ModelDescription : Resource {
  std::vector<TensorDescription> inputs;
  std::vector<TensorDescription> outputs;
  std::vector<WeightsEntry> weights;  ///< in the order of the file
  std::vector<ToleranceRule> tolerances;

  const TensorDescription* FindInput(std::string_view tensor_id) const;
  const TensorDescription* FindOutput(std::string_view tensor_id) const;
  const TensorDescription* FindTensor(std::string_view tensor_id) const;  ///< among inputs, then outputs
  const WeightsEntry* FindWeights(WeightsFormat format) const;
  /// The first rule that names this output and format; else what the format's version prescribes
  /// (reference/bioimageio.core: 1e-3, 1e-3, and 100 per million in 0.5, 0 in 0.4).
  Tolerance ToleranceFor(std::string_view output_id, WeightsFormat format) const;
};

}  // namespace tegula::spec
