#include "tegula/objects/annotations/json_cutter.h"

#include "tegula/core/text.h"

namespace tegula::objects {
namespace {

bool IsSpace(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool EndsBareValue(char c) noexcept { return IsSpace(c) || c == ',' || c == ':' || c == ']' || c == '}'; }

// Finds where a value ends, byte by byte. One thread at a time.
class ValueEnd {
 public:
  explicit ValueEnd(char first) noexcept : is_bare_(first != '{' && first != '[' && first != '"') {}

  // How many of the bytes belong to the value.
  std::size_t Take(std::string_view bytes) noexcept {
    std::size_t at = 0;
    for (; at < bytes.size() && !done_; ++at) {
      const char c = bytes[at];
      if (in_text_) {
        if (is_escaped_) {
          is_escaped_ = false;
        } else if (c == '\\') {
          is_escaped_ = true;
        } else if (c == '"') {
          in_text_ = false;
          done_ = depth_ == 0;
        }
      } else if (is_bare_) {
        if (EndsBareValue(c)) {
          done_ = true;
          return at;
        }
      } else if (c == '"') {
        in_text_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if (c == '}' || c == ']') {
        done_ = --depth_ == 0;
      }
    }
    return at;
  }
  bool done() const noexcept { return done_; }
  // A number may end with the text.
  bool is_bare() const noexcept { return is_bare_; }

 private:
  const bool is_bare_;
  bool in_text_ = false;
  bool is_escaped_ = false;
  bool done_ = false;
  std::int64_t depth_ = 0;
};

}  // namespace

Status JsonCutter::Refill() {
  before_ += static_cast<std::int64_t>(piece_.size());
  at_ = 0;
  piece_ = {};
  TEGULA_ASSIGN_OR_RETURN(piece_, next_());
  ended_ = piece_.empty();
  return Ok();
}

Status JsonCutter::Take(std::size_t size, std::string& out) {
  if (static_cast<std::int64_t>(out.size() + size) > limit_bytes_)
    return ExhaustedError("it is larger than " + HumanBytes(limit_bytes_) + "; simplify it or divide it");
  out.append(piece_, at_, size);
  at_ += size;
  return Ok();
}

Result<char> JsonCutter::Peek() {
  while (!ended_) {
    for (; at_ < piece_.size(); ++at_)
      if (!IsSpace(piece_[at_])) return piece_[at_];
    TEGULA_TRY(Refill());
  }
  return '\0';
}

Status JsonCutter::CutSpace(std::string& out) {
  while (!ended_) {
    std::size_t end = at_;
    while (end < piece_.size() && IsSpace(piece_[end])) ++end;
    const bool is_over = end < piece_.size();
    TEGULA_TRY(Take(end - at_, out));
    if (is_over) break;
    TEGULA_TRY(Refill());
  }
  return Ok();
}

Status JsonCutter::Cut(std::string& out) {
  TEGULA_ASSIGN_OR_RETURN(const char first, Peek());
  ValueEnd end(first);
  while (!ended_) {
    TEGULA_TRY(Take(end.Take(piece_.substr(at_)), out));
    if (end.done()) return Ok();
    TEGULA_TRY(Refill());
  }
  if (end.is_bare()) return Ok();
  return CorruptError("the file ends in the middle of it; copy or export the file again");
}

}  // namespace tegula::objects
