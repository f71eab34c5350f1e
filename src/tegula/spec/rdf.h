// spec/rdf.h — a description's text to what it says: one reader per generation of the format, one result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/spec/finding.h"
#include "tegula/spec/model_description.h"
#include "tegula/spec/yaml.h"

namespace tegula::spec {

/// A file that a description names, and where in the tree it does.
struct DescribedFile {
  FileReference file;
  const Node* source = nullptr;  ///< the text that names it
  std::string before, after;     ///< of that text around the file's name: "conda:", ":MyNetwork"
  const Node* owner = nullptr;   ///< the mapping that has, or could have, its sha256; null if the format has no place
  std::string sha256_key;        ///< of `owner`
  std::string path;              ///< where it stands, as in findings

  /// Of all files only these may be folders, or archives of one.
  bool is_saved_model() const { return path == "weights.tensorflow_saved_model_bundle.source"; }
};

/// A description that was read as far as it could be, and all that is wrong with it, in the order of reading. With
/// errors among the findings the model holds fallbacks in places.
struct ReadDescription {
  std::string type;       ///< as written; empty if it is not stated
  bool is_model = false;  ///< `model` has tensors and weights; otherwise only what all resources have
  ModelDescription model;
  std::vector<DescribedFile> files;
  std::vector<Finding> findings;
  NodePointer tree;  ///< the document with its older patch version written as the newest
};

/// Reads a description of any type and version. Errors are those of the text itself: kCorrupt (not YAML, not a
/// mapping), kExhausted (beyond the limits). What breaks the format stands in the findings.
Result<ReadDescription> ReadRdf(std::string_view yaml_text, const Limits& limits = {});

/// Ok if a description can be used to run its model: it is a model, and nothing is wrong with its tensors, weights and
/// tolerances. Errors elsewhere (a malformed DOI) do not decide about results. kInvalid with a list, kUnsupported for
/// what is no model.
Status CheckRunnable(const ReadDescription& read);

}  // namespace tegula::spec
