// spec/rdf_parts.h — what the readers of descriptions share; for rdf*.cc only.
//
// A description is read by one function per thing that it can hold. Each is given a Reader at that thing, notes what
// breaks the format, and returns what the program uses of it. What breaks the format is what the reference software
// refuses; where Tegula is stricter or milder on purpose, docs/differences.md says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/spec/model_description.h"
#include "tegula/spec/rdf.h"
#include "tegula/spec/reader.h"

namespace tegula::spec::internal {

/// Two generations of the format: models 0.4 go with other descriptions 0.2, models 0.5 with others 0.3.
enum class Format : std::uint8_t { k04, k05 };
enum class Side : std::uint8_t { kInput, kOutput };

/// What holds for a whole description.
struct Reading {
  Format format;
  bool plain_files;  ///< documentation, covers and icon may be plain paths: all but the newest patch versions
  const Limits& limits;
  std::vector<DescribedFile>* files;  ///< every file that is read is added

  bool is_04() const noexcept { return format == Format::k04; }
};

constexpr std::int64_t kAnyInt = std::int64_t{1} << 62;  ///< numbers that nothing here is sized by
constexpr std::string_view kAddress = "an http or https address";

// --- rdf_generic.cc: what descriptions of all types have ---

/// A version of PEP 440, text or number; the id of a model or dataset, in 0.4 with capitals made small.
std::string ReadVersion(const Reader& version);
std::string ReadResourceId(const Reader& id, const Reading& reading);
/// What the collection asks of descriptions that others shall find and trust; the format itself does not.
void AskForFair(const Reader& field, bool is_empty);

/// The root's fields that all types share in this generation, for AllowOnly.
Names CommonFields(Format format);
/// Reads them; `is_model` decides which of them must be there.
void ReadCommon(const Reader& root, const Reading& reading, bool is_model, Resource& resource);
/// Descriptions of other types: "dataset", "application", "notebook", or any other word.
void ReadOther(const Reader& root, const Reading& reading, Resource& resource);
std::vector<Person> ReadAuthors(const Reader& authors, const Reading& reading);
/// A dataset's or model's id with a version: {id, version}.
void CheckLink(const Reader& link, const Reading& reading);
void ReadTimestamp(const Reader& timestamp, Resource& resource);
/// `packaged_by`, `run_mode` and `training_data` of models.
void ReadPackagers(const Reader& root, const Reading& reading);
void ReadRunMode(const Reader& root, const Reading& reading);
void ReadTrainingData(const Reader& root, const Reading& reading);
/// Anything, as long as it is a mapping.
void CheckAnyMapping(const Reader& mapping);

// --- rdf_files.cc: files, addresses ---

/// A path or an address; adds it to the files. `suffixes`, if any, is a list of suffixes of which it must have one.
FileReference ReadSource(const Reader& source, const Reading& reading, NameList suffixes = {});
/// {source, sha256}; absent gives nothing.
std::optional<FileReference> ReadFile(const Reader& file, const Reading& reading, NameList suffixes = {});
/// The source and sha256 of a mapping that holds other things too, such as a weights entry.
FileReference ReadFileFields(const Reader& mapping, const Reading& reading, NameList suffixes = {});
/// The lower-case sha256 in a field; empty if not stated.
std::string ReadSha256(const Reader& sha256);

// --- rdf_weights.cc, rdf_config.cc ---

void ReadWeights(const Reader& root, const Reading& reading, ModelDescription& model);
/// `config`: free in 0.4; in 0.5 its part `bioimageio` has fields.
void ReadConfig(const Reader& root, const Reading& reading, ModelDescription& model);
/// "package.module.name" or "file.py:name", without arguments; nothing, and noted, if it is neither.
std::optional<Architecture> ReadCallable04(const Reader& callable);

// --- rdf_v0_4.cc, rdf_v0_5.cc, rdf_ops.cc, rdf_checks.cc: models ---

void ReadModel04(const Reader& root, const Reading& reading, ModelDescription& model);
void ReadModel05(const Reader& root, const Reading& reading, ModelDescription& model);

/// What must hold between tensors, once all are read: ids, references, halos, ranks. Sets nothing.
void CheckTensors(const Reader& root, Format format, const ModelDescription& model);

/// The items of `inputs` or `outputs`; notes if there are none or absurdly many.
std::vector<Reader> TensorItems(const Reader& root, Side side);
constexpr std::string_view TensorsKey(Side side) { return side == Side::kInput ? "inputs" : "outputs"; }
constexpr std::string_view OpsKey(Side side) { return side == Side::kInput ? "preprocessing" : "postprocessing"; }

/// One of these names of element types.
DType ReadDType(const Reader& dtype, DType fallback, bool may_be_bool = true);
constexpr std::string_view kLowerIdentifier = "a lower-case identifier";
/// A tensor's id of 0.5.
std::string ReadTensorId(const Reader& id, std::string_view fallback = {});
/// An axis' id of 0.5; capitals and the short ids of 0.4 are accepted ("X" is "x", "c" is "channel").
std::string ReadAxisId(const Reader& id, std::string_view fallback = {});
/// The ops of one tensor as described, without those the format inserts. `axes` are the tensor's axis ids.
std::vector<OpDescription> ReadOps(const Reader& tensor, const Reading& reading, Side side,
                                   const std::vector<Axis>& axes);

/// "c" and "channel" are "channel", "b" is "batch", "x" is "x".
std::string AxisIdFromShort(std::string_view id);

}  // namespace tegula::spec::internal
