// spec/package.h — a model package: a folder, a yaml file in one, or a zip.
//
// Opening finds the description and reads it; files are checked against their sha256 when they are
// asked for, and those of a zip are unpacked one by one into a temporary folder that goes with the Package.
// Packages come from strangers: entry names are confined to the package, sizes to the limits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/spec/rdf.h"

namespace tegula::spec {

/// What an engine loads.
struct WeightsOnDisk {
  Path path;           ///< the weights file; a SavedModel's folder
  Path archive;        ///< a SavedModel's zip; empty if it lies there as a folder
  std::string sha256;  ///< of the file, or of the archive it came in; of saved_model.pb if it lies there as a folder
};

class PackageFiles;

/// Weights that were made of others that the package has, and lie outside of it.
struct AddedWeights {
  WeightsFormat format = WeightsFormat::kTorchscript;
  Path file;  ///< a SavedModel is a zip
  WeightsFormat parent = WeightsFormat::kPytorchStateDict;
  std::string framework_version;
  std::optional<std::int64_t> opset_version;  ///< ONNX only
  std::string comment;                        ///< how they were made
};

/// Immutable but for Add and the cache of unpacked files; one thread at a time.
class Package {
 public:
  /// `path` is a folder (searched for rdf.yaml, bioimageio.yaml, model.yaml, *.bioimageio.yaml, *.rdf.yaml,
  /// *.model.yaml: two candidates of the same rank are kInvalid and listed), a yaml file, or a zip (root or one
  /// folder down). kNotFound, kCorrupt (not yaml, not a zip), kInvalid (the description breaks the format where it
  /// decides about results; all findings stand in the sentence), kUnsupported (not a model).
  static Result<Package> Open(const Path& path, const Limits& limits = {});

  /// The same for descriptions of any type, whatever is wrong with them: see read().findings.
  static Result<Package> Read(const Path& path, const Limits& limits = {});

  /// The same for files that are no folder and no zip. `path` is what people call the model.
  static Result<Package> Read(std::unique_ptr<PackageFiles> files, std::string description_file, const Path& path,
                              const Limits& limits = {});

  Package(Package&&) noexcept;
  Package& operator=(Package&&) noexcept;
  ~Package();

  /// One entry more, as if the package had it: description() has it last. Before anything borrows the description.
  /// kInvalid if there are weights of this format already; errors of reading the file.
  Status Add(AddedWeights weights);
  const std::vector<AddedWeights>& added() const noexcept;

  const ModelDescription& description() const noexcept;
  const ReadDescription& read() const noexcept;
  /// What the user gave and the description file inside it, for messages and the run record.
  const Path& path() const noexcept;
  const std::string& description_file() const noexcept;
  /// sha256 of the description's bytes.
  const std::string& description_sha256() const noexcept;

  /// A path on disk with the content of a referenced file, checked against `reference.sha256`. kNotFound,
  /// kCorrupt (checksum; the sentence names both), kInvalid (a path that leaves the package),
  /// kUnsupported (a URL: it says to download the package).
  Result<Path> File(const FileReference& reference) const;

  /// Whether the weights of an entry lie on this machine; false where Weights has to fetch them first.
  bool IsHere(const WeightsEntry& weights) const;

  /// The weights of an entry, ready to be loaded, with their external data beside them. A SavedModel may be a folder or
  /// a zip that holds it in its root or one folder down. Errors as File's; kCorrupt for an archive without a
  /// SavedModel, kExhausted if it unpacks to more than the limits.
  Result<WeightsOnDisk> Weights(const WeightsEntry& weights) const;

 private:
  struct State;
  static Result<Package> ReadAt(const Path& file, std::unique_ptr<PackageFiles> files, std::string description_file,
                                const Path& path, const Limits& limits);
  Result<WeightsOnDisk> SavedModel(const FileReference& reference) const;
  Result<WeightsOnDisk> Unpacked(Path archive, const std::string& name) const;
  explicit Package(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tegula::spec
