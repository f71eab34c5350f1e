// spec/package_writer.h — packages that others can open: a zip with one description and the files it names, nothing
// else; and descriptions with the checksums that their files have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/spec/package.h"

namespace tegula::spec {

struct WritePackageOptions {
  std::optional<WeightsFormat> weights;  ///< only this entry, which then has no parent; nothing: all
  /// Also packages that can be run but break the format elsewhere, or name files that are not there; those are noted.
  bool is_lenient = false;
};

struct WrittenPackage {
  std::vector<std::string> files;  ///< names in the package, in order
  std::vector<std::string> notes;  ///< what is not in it: files on the network
};

/// Writes a zip, or a folder if `path` does not end in .zip, with `rdf.yaml` and every file that it names, side by side
/// (a name that is taken gets "_2" before its suffix), with their sha256 where the format has a place for it. Weights
/// that were added to the package get entries of their own. A SavedModel that lies in a folder becomes a zip. The same
/// input gives the same bytes: entries are sorted, without times and owners. `path` appears when it is complete.
/// kInvalid for a description that breaks the format, with all findings, or that has no such weights; errors of the
/// package's files and of writing. Cost: every file is read up to four times.
Result<WrittenPackage> WritePackage(const Package& package, const Path& path, const WritePackageOptions& options = {},
                                    const Limits& limits = {});

/// The description with the sha256 that its files have, as YAML text; comments are lost. Errors of the files.
Result<std::string> WithUpdatedHashes(const Package& package);

}  // namespace tegula::spec
