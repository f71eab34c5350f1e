// net/download_target.h — inside the module: where the bytes of a download go.
#pragma once

#include <string>
#include <string_view>

#include "tegula/core/partial_file.h"
#include "tegula/core/run_context.h"
#include "tegula/core/status.h"

namespace tegula::net {

/// One thread at a time.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::int64_t size() const = 0;
  /// What the server called the content that is here; empty if it has no name.
  virtual std::string validator() const = 0;
  virtual Status Clear() = 0;
  /// New content begins, whose name is this.
  virtual Status Begin(const std::string& validator) = 0;
  virtual Status Append(std::string_view piece, std::int64_t total) = 0;
  virtual Result<std::string> Sha256() const = 0;
};

class TextTarget final : public Target {
 public:
  std::int64_t size() const override { return static_cast<std::int64_t>(text.size()); }
  std::string validator() const override { return validator_; }
  Status Clear() override;
  Status Begin(const std::string& validator) override;
  Status Append(std::string_view piece, std::int64_t total) override;
  Result<std::string> Sha256() const override { return Sha256OfBytes(text); }
  std::string text;

 private:
  std::string validator_;
};

/// A file that is being made, and beside it one that says what the server calls this content.
class FileTarget final : public Target {
 public:
  FileTarget(PartialFile file, Path tag, std::string_view stage, Progress& progress);
  std::int64_t size() const override { return file_.size(); }
  std::string validator() const override { return validator_; }
  Status Clear() override { return file_.Clear(); }
  Status Begin(const std::string& validator) override;
  Status Append(std::string_view piece, std::int64_t total) override;
  Result<std::string> Sha256() const override { return Sha256OfFile(file_.path()); }
  /// What came is wrong, or is in its place: nothing stays of it here.
  void Forget();
  Status MoveTo(const Path& path);

 private:
  PartialFile file_;
  Path tag_;
  std::string_view stage_;
  Progress& progress_;
  std::string validator_;
};

}  // namespace tegula::net
