// net/reception.h — inside the module: what one request brings, judged by the head of the answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tegula/net/download.h"
#include "tegula/net/download_target.h"

namespace tegula::net {

/// Hears one answer; passes on to the target what is wanted of it. Borrows everything. One thread at a time.
class Reception {
 public:
  enum class Kind {
    kNothing,       ///< no head came
    kContent,       ///< what was asked for, or the whole from its beginning
    kWebPage,       ///< text/html where something else was asked for
    kCompressed,    ///< compressed on the way
    kWholeForPart,  ///< all of a file of which a part was asked for
    kAnotherPart,   ///< of the file
    kOther,         ///< a redirect, a refusal, an excuse
  };

  Reception(const std::string& url, const Expected& expected, std::optional<ByteRange> range, Target& target)
      : url_(url), expected_(expected), range_(range), target_(target), offset_(target.size()) {}

  Kind kind() const noexcept { return kind_; }
  /// Of what kind() says more than kNothing.
  const HttpHead& head() const noexcept { return head_; }
  /// Whether the request was ended because nothing of it is wanted; its error says nothing.
  bool is_cut_short() const noexcept {
    return kind_ == Kind::kWebPage || kind_ == Kind::kCompressed || kind_ == Kind::kWholeForPart ||
           kind_ == Kind::kAnotherPart;
  }

  /// As Http::Sink. Errors of the target; kExhausted beyond the limit; kIo for a refusal without an end.
  Status Take(const HttpHead& head, std::string_view piece);

 private:
  Kind KindOf(const HttpHead& head) const;
  Status Begin(const HttpHead& head);

  const std::string& url_;
  const Expected& expected_;
  std::optional<ByteRange> range_;
  Target& target_;
  const std::int64_t offset_;
  Kind kind_ = Kind::kNothing;
  HttpHead head_;
  std::int64_t total_ = -1, ignored_bytes_ = 0;
};

}  // namespace tegula::net
