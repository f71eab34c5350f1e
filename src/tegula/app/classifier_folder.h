// app/classifier_folder.h — where a user's classifiers are kept: files NAME.json in a folder.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/classifier.h"
#include "tegula/core/files.h"

namespace tegula::app {

/// One that is kept, or why it cannot be read.
struct KeptClassifier {
  std::string name;
  Result<Classifier> classifier;
};
/// For programs: name, model, output and classes of each, or the reason.
std::string ToJson(const std::vector<KeptClassifier>& all);

/// Names are letters, digits, spaces and "-_.", at most 100, and begin with a letter or digit.
class ClassifierFolder {
 public:
  explicit ClassifierFolder(Path folder) : folder_(std::move(folder)) {}
  /// TEGULA_CLASSIFIERS, or "tegula/classifiers" in the user's folder for data ($XDG_DATA_HOME, else ~/.local/share).
  /// Empty without any.
  static Path OfUser();

  /// Where the file of a classifier is. kInvalid for a name that is none.
  Result<Path> FileOf(const std::string& name) const;
  /// Whether Save would take this name. kInvalid for a name that is none, or one that is there unless `overwrite`.
  Status CheckFree(const std::string& name, bool overwrite) const;
  /// Under its own name. Errors of CheckFree; kIo.
  Status Save(const Classifier& classifier, bool overwrite) const;
  /// By name, or from a file if `name` ends in ".json". kNotFound with the names there are; kCorrupt.
  Result<Classifier> Load(const std::string& name) const;
  /// By name alone, never another file. kNotFound with the names there are; kInvalid for a name that is none; kCorrupt.
  Result<Classifier> LoadKept(const std::string& name) const;
  /// In the order of their names. kIo.
  Result<std::vector<KeptClassifier>> All() const;
  /// Sorted; none if the folder is not there. kIo.
  Result<std::vector<std::string>> Names() const;
  /// Whatever is in it. kNotFound.
  Status Remove(const std::string& name) const;

 private:
  Result<std::string> Read(const Path& file, const std::string& name) const;
  Path folder_;
};

}  // namespace tegula::app
