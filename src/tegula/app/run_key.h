// app/run_key.h — what decides the pixels of a prediction, so that a run that was cut off is continued only as the
// same.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/image/open.h"

namespace tegula::app {

/// Named facts in a fixed order, as text. A value type.
class RunKey {
 public:
  void Add(std::string what, std::string value) { facts_.emplace_back(std::move(what), std::move(value)); }
  /// The value of a fact; null if there is none of this name.
  const std::string* Find(std::string_view what) const;
  std::string ToJson() const;
  /// Of its JSON: 64 hexadecimal digits.
  std::string Sha256() const;
  /// kCorrupt if it is no key.
  static Result<RunKey> FromJson(std::string_view text);
  /// What is not the same here as in `other`, as "the engine is A here and was B"; empty if nothing is.
  std::vector<std::string> DifferencesTo(const RunKey& other) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

/// Size and time of the last change of a file (of a folder: of all its files together), so that another image under the
/// same name is noticed without being read; the name alone for what is no file.
std::string StampOf(const std::string& name);
/// The same of an image, which may lie on the web: what the server says now of its metadata (ImageInfo::state). Errors
/// of opening it there.
Result<std::string> StampOf(const std::string& name, const image::Access& access);

}  // namespace tegula::app
