#include "tegula/net/download_target.h"

#include <algorithm>

namespace tegula::net {
namespace {

constexpr std::int64_t kLargestTag = 4096;

}  // namespace

Status TextTarget::Clear() {
  text.clear();
  return Ok();
}

Status TextTarget::Begin(const std::string& validator) {
  validator_ = validator;
  return Clear();
}

Status TextTarget::Append(std::string_view piece, std::int64_t) {
  text += piece;
  return Ok();
}

FileTarget::FileTarget(PartialFile file, Path tag, std::string_view stage, Progress& progress)
    : file_(std::move(file)), tag_(std::move(tag)), stage_(stage), progress_(progress) {
  if (Result<std::string> validator = ReadFile(tag_, kLargestTag); validator.ok()) validator_ = *validator;
}

Status FileTarget::Begin(const std::string& validator) {
  TEGULA_TRY(file_.Clear());
  validator_ = validator.size() <= kLargestTag ? validator : "";
  return WriteFileWhole(tag_, validator_);
}

Status FileTarget::Append(std::string_view piece, std::int64_t total) {
  TEGULA_TRY(file_.Append(piece));
  constexpr std::int64_t kKilobyte = 1000;
  const std::int64_t done = file_.size() / kKilobyte;
  progress_.Update(stage_, done, std::max(done, total / kKilobyte), "kB");
  return Ok();
}

void FileTarget::Forget() {
  std::error_code ignored;
  std::filesystem::remove(tag_, ignored);
  std::filesystem::remove(file_.path(), ignored);
}

Status FileTarget::MoveTo(const Path& path) {
  TEGULA_TRY(file_.MoveTo(path));
  Forget();
  return Ok();
}

}  // namespace tegula::net
