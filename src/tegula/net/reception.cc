#include "tegula/net/reception.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/net/address.h"

namespace tegula::net {
namespace {

constexpr std::int64_t kLargestRefusal = 1 << 20;  // bytes of an error page that are waited for

bool IsWebPage(const std::string& url, const HttpHead& head) {
  const std::string path = ToLower(url.substr(0, url.find_first_of("?#")));
  return head.content_type == "text/html" && !path.ends_with(".html") && !path.ends_with(".htm");
}

// Object stores have been seen to say "aws-chunked" of what is not encoded.
bool IsCompressed(const HttpHead& head) {
  constexpr std::string_view kWays[] = {"gzip", "x-gzip", "deflate", "br", "zstd", "compress"};
  return std::find(std::begin(kWays), std::end(kWays), head.content_encoding) != std::end(kWays);
}

}  // namespace

Reception::Kind Reception::KindOf(const HttpHead& head) const {
  if (head.status != 200 && head.status != 206) return Kind::kOther;
  if (IsWebPage(url_, head)) return Kind::kWebPage;
  if (IsCompressed(head)) return Kind::kCompressed;
  if (!range_) {
    const bool goes_on = offset_ > 0 && head.range_begin == offset_;
    return head.status == 200 || goes_on ? Kind::kContent : Kind::kAnotherPart;
  }
  if (head.status == 200)
    return range_->begin == 0 && head.content_length == range_->size ? Kind::kContent : Kind::kWholeForPart;
  if (head.content_length > range_->size) return Kind::kAnotherPart;
  std::int64_t begin = range_->begin;
  if (begin < 0) begin = head.range_size < 0 ? -1 : std::max<std::int64_t>(0, head.range_size + begin);
  return begin >= 0 && head.range_begin == begin ? Kind::kContent : Kind::kAnotherPart;
}

Status Reception::Begin(const HttpHead& head) {
  kind_ = KindOf(head);
  head_ = head;
  if (is_cut_short()) return InternalError("the rest of an answer is not wanted");
  if (kind_ != Kind::kContent) return Ok();
  const bool goes_on = head.status == 206 && !range_;
  if (!goes_on) TEGULA_TRY(target_.Begin(head.validator));
  total_ = expected_.size;
  if (goes_on && head.range_size >= 0) total_ = head.range_size;
  if (!goes_on && head.content_length >= 0) total_ = head.content_length;
  if (total_ > expected_.limit)
    return ExhaustedError(
        fmt::format("{} has {} bytes, more than the limit of {}", Masked(url_), total_, expected_.limit));
  return Ok();
}

Status Reception::Take(const HttpHead& head, std::string_view piece) {
  if (kind_ == Kind::kNothing) TEGULA_TRY(Begin(head));
  const auto size = static_cast<std::int64_t>(piece.size());
  if (kind_ != Kind::kContent) {
    ignored_bytes_ += size;
    return ignored_bytes_ > kLargestRefusal ? Status(IoError(Masked(url_) + " was refused at great length")) : Ok();
  }
  if (target_.size() + size > expected_.limit)
    return ExhaustedError(fmt::format("{} has more bytes than the limit of {}", Masked(url_), expected_.limit));
  return target_.Append(piece, total_);
}

}  // namespace tegula::net
