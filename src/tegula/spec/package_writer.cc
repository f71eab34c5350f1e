#include "tegula/spec/package_writer.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <map>
#include <memory>

#include "tegula/core/folders.h"
#include "tegula/core/system_error.h"
#include "tegula/spec/package_checks.h"
#include "tegula/spec/package_files.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/spec/tree_edit.h"
#include "tegula/spec/yaml_writer.h"

namespace tegula::spec {
namespace {

constexpr const char* kDescription = "rdf.yaml";

Error ZipError(const Path& path, const char* reason) {
  return IoError(fmt::format("cannot write {}: {}", path.string(), reason));
}

// Where a package's files go. One thread at a time; nothing is there under the final name before Commit.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Status AddText(const std::string& name, const std::string& text) = 0;
  virtual Status AddFile(const std::string& name, const Path& file) = 0;
  virtual Status Commit() = 0;
};

class FolderWriter final : public Writer {
 public:
  static Result<FolderWriter> Create(const Path& path) {
    Path partial = path;
    partial += ".partial";
    std::error_code ignored;
    std::filesystem::remove_all(partial, ignored);  // of a run that was killed
    TEGULA_TRY(MakeFolders(partial));
    return FolderWriter(path, std::move(partial));
  }
  FolderWriter(FolderWriter&& other) noexcept
      : path_(std::move(other.path_)), partial_(std::exchange(other.partial_, {})) {}
  FolderWriter& operator=(FolderWriter&&) = delete;
  ~FolderWriter() override {
    std::error_code ignored;
    if (!partial_.empty()) std::filesystem::remove_all(partial_, ignored);
  }

  Status AddText(const std::string& name, const std::string& text) override {
    return WriteFileWhole(partial_ / name, text);
  }
  Status AddFile(const std::string& name, const Path& file) override {
    std::error_code failed;
    std::filesystem::copy_file(file, partial_ / name, failed);
    if (failed) return SystemError("copy " + file.string() + " to", path_, failed);
    return Sync(partial_ / name);
  }
  Status Commit() override {
    TEGULA_TRY(Replace(partial_, path_));
    partial_.clear();
    return Ok();
  }

 private:
  FolderWriter(Path path, Path partial) : path_(std::move(path)), partial_(std::move(partial)) {}
  Path path_, partial_;
};

// A zip that is the same for the same content: the order is that of the calls, times are the first that zips know.
// One thread at a time.
class ZipWriter final : public Writer {
 public:
  static Result<ZipWriter> Create(const Path& path) {
    int code = 0;
    Path partial = path;
    partial += ".partial";
    zip_t* const archive = zip_open(partial.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (archive == nullptr) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      return ZipError(path, reason.c_str());
    }
    return ZipWriter(archive, path, std::move(partial));
  }

  Status AddText(const std::string& name, const std::string& text) override {
    texts_.push_back(std::make_unique<std::string>(text));  // read at the end
    return Add(name, zip_source_buffer(archive_.get(), texts_.back()->data(), texts_.back()->size(), 0));
  }
  Status AddFile(const std::string& name, const Path& file) override {
    return Add(name, zip_source_file(archive_.get(), file.c_str(), 0, -1));
  }

  Status Commit() override {
    zip_t* const archive = archive_.release();
    if (zip_close(archive) != 0) {
      const std::string reason = zip_strerror(archive);
      zip_discard(archive);
      return ZipError(path_, reason.c_str());
    }
    TEGULA_TRY(Sync(partial_));
    return Replace(partial_, path_);
  }

 private:
  ZipWriter(zip_t* archive, Path path, Path partial)
      : archive_(archive, &zip_discard), path_(std::move(path)), partial_(std::move(partial)) {}

  Status Add(const std::string& name, zip_source_t* source) {
    constexpr zip_uint16_t kMidnight = 0, kFirstOf1980 = 0x21;  // MS-DOS time and date
    constexpr zip_uint32_t kOrdinaryFile = 0100644U << 16U;
    constexpr zip_uint32_t kFast = 1;
    if (source == nullptr) return ZipError(path_, zip_strerror(archive_.get()));
    const zip_int64_t index = zip_file_add(archive_.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return ZipError(path_, zip_strerror(archive_.get()));
    }
    const auto entry = static_cast<zip_uint64_t>(index);
    zip_set_file_compression(archive_.get(), entry, ZIP_CM_DEFLATE, kFast);
    zip_file_set_dostime(archive_.get(), entry, kMidnight, kFirstOf1980, 0);
    zip_file_set_external_attributes(archive_.get(), entry, 0, ZIP_OPSYS_UNIX, kOrdinaryFile);
    return Ok();
  }

  std::unique_ptr<zip_t, void (*)(zip_t*)> archive_;
  Path path_, partial_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

Result<std::unique_ptr<Writer>> NewWriter(const Path& path) {
  if (path.extension() == ".zip") {
    TEGULA_ASSIGN_OR_RETURN(ZipWriter writer, ZipWriter::Create(path));
    return std::unique_ptr<Writer>(std::make_unique<ZipWriter>(std::move(writer)));
  }
  TEGULA_ASSIGN_OR_RETURN(FolderWriter writer, FolderWriter::Create(path));
  return std::unique_ptr<Writer>(std::make_unique<FolderWriter>(std::move(writer)));
}

// Gives every file a name of its own.
class Names {
 public:
  std::string For(const std::string& source, bool is_folder) {
    if (const auto known = names_.find(source); known != names_.end()) return known->second;
    std::string file(FileNameOf(source));
    if (is_folder) file += ".zip";
    const std::string suffix(SuffixOf(file)), stem = file.substr(0, file.size() - suffix.size());
    std::string name = file;
    for (int i = 2; !taken_.emplace(name, source).second; ++i) name = fmt::format("{}_{}{}", stem, i, suffix);
    names_[source] = name;
    return name;
  }

 private:
  std::map<std::string, std::string> names_;  // by source
  std::map<std::string, std::string> taken_ = {{kDescription, ""}};
};

// What goes into the package under one name.
struct Content {
  Path file;
  bool is_folder = false;
};

bool BelongsTo(const DescribedFile& file, WeightsFormat format) {
  return file.path.starts_with(fmt::format("weights.{}.", WeightsFormatName(format)));
}

bool IsLeftOut(const DescribedFile& file, const WritePackageOptions& options) {
  return options.weights && file.path.starts_with("weights.") && !BelongsTo(file, *options.weights);
}

std::string_view VersionKey(WeightsFormat format) {
  return format == WeightsFormat::kTensorflowSavedModelBundle ? "tensorflow_version" : "pytorch_version";
}

// With an entry for weights that were made of another entry.
Result<NodePointer> WithAdded(const NodePointer& tree, const AddedWeights& added, const std::string& name,
                              bool has_comments) {
  TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(added.file));
  const bool is_onnx = added.format == WeightsFormat::kOnnx;
  const NodePointer version =
      is_onnx ? internal::Number(added.opset_version.value_or(0)) : internal::Text(added.framework_version);
  const NodePointer comment = has_comments && !added.comment.empty() ? internal::Text(added.comment) : nullptr;
  const NodePointer entry = internal::Mapping({{"source", internal::Text(name)},
                                               {"sha256", internal::Text(sha256)},
                                               {"parent", internal::Text(WeightsFormatName(added.parent))},
                                               {is_onnx ? "opset_version" : VersionKey(added.format), version},
                                               {"comment", comment}});
  return internal::Changed(tree, "weights", [&](const NodePointer& weights) {
    return internal::With(weights, WeightsFormatName(added.format), entry);
  });
}

// Whether a package may be written at all.
Status CheckWritable(const Package& package, const WritePackageOptions& options, const Limits& limits) {
  const ReadDescription& read = package.read();
  if (options.is_lenient) return CheckRunnable(read);
  if (HasErrors(read.findings))
    return InvalidError("only valid descriptions are packaged, and this one is not: " + JoinErrors(read.findings));
  if (const std::vector<Finding> findings = CheckFiles(package, limits); HasErrors(findings))
    return InvalidError("only packages whose files are as described are written: " + JoinErrors(findings));
  return Ok();
}

// Only one entry, which then stands for itself.
NodePointer WithOnly(const NodePointer& tree, WeightsFormat format) {
  return internal::Changed(tree, "weights", [&](const NodePointer& weights) {
    const std::string_view name = WeightsFormatName(format);
    return internal::Mapping({{name, internal::Without(internal::Get(weights, name), "parent")}});
  });
}

// A folder as a zip beside the package, which goes when it has been copied into it.
Status ZipFolder(const Path& folder, const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> files, NewFolderFiles(folder)->Below(""));
  TEGULA_ASSIGN_OR_RETURN(ZipWriter writer, ZipWriter::Create(path));
  for (const std::string& file : files) TEGULA_TRY(writer.AddFile(file, folder / file));
  return writer.Commit();
}

// The file as it is described.
Result<Content> Find(const Package& package, const DescribedFile& file) {
  const WeightsEntry* const saved_model =
      file.is_saved_model() ? package.description().FindWeights(WeightsFormat::kTensorflowSavedModelBundle) : nullptr;
  if (saved_model != nullptr) {
    TEGULA_ASSIGN_OR_RETURN(WeightsOnDisk on_disk, package.Weights(*saved_model));
    if (on_disk.archive.empty()) return Content{std::move(on_disk.path), true};
    return Content{std::move(on_disk.archive), false};
  }
  TEGULA_ASSIGN_OR_RETURN(Path path, package.File(file.file));
  return Content{std::move(path), false};
}

// The file's sha256, where the format has a place for it. One mapping can have places for two.
Status AddHash(const DescribedFile& file, const Path& content, internal::Changes& changes) {
  if (file.owner == nullptr) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(content));
  const internal::Change before = changes[file.owner];
  changes[file.owner] = [before, sha256, key = file.sha256_key](const NodePointer& old) {
    return internal::With(before ? before(old) : old, key, internal::Text(sha256));
  };
  return Ok();
}

}  // namespace

Result<WrittenPackage> WritePackage(const Package& package, const Path& path, const WritePackageOptions& options,
                                    const Limits& limits) {
  TEGULA_TRY(CheckWritable(package, options, limits));
  const ReadDescription& read = package.read();
  if (options.weights && package.description().FindWeights(*options.weights) == nullptr)
    return InvalidError(fmt::format("the model has no weights of format {}", WeightsFormatName(*options.weights)));

  WrittenPackage written;
  Names names;
  std::map<std::string, Content> contents;  // by name, sorted
  internal::Changes changes;
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder scratch, TemporaryFolder::Create("tegula-package"));
  for (const DescribedFile& file : read.files) {
    if (IsLeftOut(file, options)) continue;
    if (IsUrl(file.file.source)) {
      written.notes.push_back(fmt::format("{} stays on the network: {}", file.path, file.file.source));
      continue;
    }
    Result<Content> found = Find(package, file);
    if (!found.ok() && found.error().code == Code::kNotFound && options.is_lenient) {
      written.notes.push_back(fmt::format("{} is named and not there: {}", file.path, file.file.source));
      continue;
    }
    if (!found.ok()) return std::move(found).error();
    Content content = std::move(*found);
    const std::string name = names.For(file.file.source, content.is_folder);
    if (content.is_folder) {
      const Path zipped = scratch.path() / name;
      TEGULA_TRY(ZipFolder(content.file, zipped));
      content.file = zipped;
    }
    changes[file.source] = [text = file.before + name + file.after](const NodePointer& old) {
      return internal::TextLike(old, text);
    };
    TEGULA_TRY(AddHash(file, content.file, changes));
    contents.emplace(name, std::move(content));
  }
  NodePointer tree = internal::Without(internal::Applied(changes, read.tree), "rdf_source");
  for (const AddedWeights& added : package.added()) {
    if (options.weights && *options.weights != added.format) continue;
    const std::string name = names.For(added.file.string(), false);
    contents.emplace(name, Content{added.file, false});
    const bool has_comments = package.description().format_version.starts_with("0.5");
    TEGULA_ASSIGN_OR_RETURN(tree, WithAdded(tree, added, name, has_comments));
  }
  if (options.weights) tree = WithOnly(tree, *options.weights);

  TEGULA_ASSIGN_OR_RETURN(const std::string text, WriteYaml(*tree));
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<Writer> writer, NewWriter(path));
  TEGULA_TRY(writer->AddText(kDescription, text));
  written.files.emplace_back(kDescription);
  for (const auto& [name, content] : contents) {
    TEGULA_TRY(writer->AddFile(name, content.file));
    written.files.push_back(name);
  }
  TEGULA_TRY(writer->Commit());
  return written;
}

Result<std::string> WithUpdatedHashes(const Package& package) {
  internal::Changes changes;
  for (const DescribedFile& file : package.read().files) {
    if (file.owner == nullptr || IsUrl(file.file.source)) continue;
    TEGULA_ASSIGN_OR_RETURN(const Path path, package.File({file.file.source, {}}));
    TEGULA_TRY(AddHash(file, path, changes));
  }
  return WriteYaml(*internal::Applied(changes, package.read().tree));
}

}  // namespace tegula::spec
