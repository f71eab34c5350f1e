// zoo/model_files.h — a package whose files come when they are asked for.
//
// Which weights a run needs is known only when an engine has been chosen, test tensors only where something is tested,
// covers only where a page is made. So nothing is fetched ahead: whoever asks the package for a file gets it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tegula/core/file_lock.h"
#include "tegula/spec/package_files.h"
#include "tegula/zoo/fetcher.h"

namespace tegula::zoo {

/// The files of one model in the cache. Each is read and compared with the sum it had when it came the first time it is
/// asked for; one that differs is named in a note and fetched again. Keeps the model from being removed while it lives.
/// One thread at a time.
class ModelFiles final : public spec::PackageFiles {
 public:
  /// `sha256` is that of the description, which is in the cache. Errors of reading it.
  static Result<std::unique_ptr<ModelFiles>> Open(std::shared_ptr<Fetcher> fetcher, std::string sha256, About about);

  Result<std::string> NameOf(const std::string& source) override;
  Result<std::vector<std::string>> Names() override { return folder_->Names(); }
  /// Of those that were fetched.
  Result<std::vector<std::string>> Below(const std::string& folder) override { return folder_->Below(folder); }
  bool IsHere(const std::string& name) override;
  Result<Path> OnDisk(const std::string& name, std::int64_t limit_bytes) override;

 private:
  ModelFiles(std::shared_ptr<Fetcher> fetcher, std::string sha256, About about, FileLock in_use);
  Result<std::string> Fetch(const std::string& name, std::int64_t limit_bytes);
  std::int64_t ListedSize(const std::string& name);

  std::shared_ptr<Fetcher> fetcher_;
  std::string sha256_;
  About about_;
  FileLock in_use_;
  std::unique_ptr<spec::PackageFiles> folder_;
  std::map<std::string, std::string> stated_;     // sha256 by name, as far as the description states them
  std::map<std::string, std::string> addresses_;  // of files that the description names by an address, by name
  std::set<std::string> checked_;
  std::optional<std::map<std::string, std::int64_t>> listed_;  // sizes by name, once they were asked for
};

}  // namespace tegula::zoo
