// objects/annotations/json_cutter.h — cutting JSON of any length into its values without holding more than one of them.
//
// Only brackets and quotes are understood here. Whether a value is JSON within is for ParseJson to say; what is no JSON
// is cut somewhere and refused there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "tegula/core/status.h"

namespace tegula::objects {

/// The next bytes of a text; none at its end. They stay valid until the next call.
using NextPiece = std::function<Result<std::string_view>()>;

/// A text that is read once, from its beginning. One thread at a time.
class JsonCutter {
 public:
  /// No text that is appended to becomes longer than `limit_bytes`.
  JsonCutter(NextPiece next, std::int64_t limit_bytes) : next_(std::move(next)), limit_bytes_(limit_bytes) {}

  /// The next byte that is no white space, which stays; a zero byte if at_end(). Errors of the source.
  Result<char> Peek();
  /// Passes over the byte that Peek returned.
  void Skip() noexcept { ++at_; }
  /// Appends white space up to the next value, if there is some, to `out`. kExhausted.
  Status CutSpace(std::string& out);
  /// Appends the next value to `out`. kCorrupt if the text ends within it, kExhausted.
  Status Cut(std::string& out);
  /// Where the next byte stands.
  std::int64_t offset() const noexcept { return before_ + static_cast<std::int64_t>(at_); }
  bool at_end() const noexcept { return ended_; }

 private:
  Status Refill();
  // Appends the next bytes of the piece.
  Status Take(std::size_t size, std::string& out);

  NextPiece next_;
  std::int64_t limit_bytes_;
  std::string_view piece_;
  std::size_t at_ = 0;       ///< within the piece
  std::int64_t before_ = 0;  ///< bytes before the piece
  bool ended_ = false;
};

}  // namespace tegula::objects
