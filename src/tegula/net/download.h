// net/download.h — content from the network that is what it is said to be, whatever the network does.
//
// A request is made again when a server is busy (429, 5xx), a connection breaks or stalls; of a whole file what has
// come is kept and the rest asked for (Range, If-Range), also by a later run of the program. A file gets its name only
// when its size and sha256 are right. Sentences name addresses as Masked shows them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/core/status.h"
#include "tegula/net/http.h"

namespace tegula::net {

/// What is known of a file before it comes.
struct Expected {
  std::string sha256;      ///< lower-case hex; empty if unknown
  std::int64_t size = -1;  ///< -1 if unknown
  std::int64_t limit = 0;  ///< more bytes than this are refused
};

struct Downloaded {
  std::string sha256;
  std::int64_t size = 0;
};

/// What a server has under an address.
struct Fetched {
  int status = 200;   ///< 200, or why nothing is there: 404, 410; or 403, which is how object stores answer for what is
                      ///< not there to those who may not list it
  std::string bytes;  ///< of the content or the part that was asked for
  std::string state;  ///< HttpHead::state of the whole content
  std::int64_t size = -1;       ///< of the whole content; -1 if it is not said
  bool counts_from_end = true;  ///< false: for a part counted from the end all of the file was sent at first
};

/// Bytes of a file.
struct ByteRange {
  std::int64_t begin = 0;  ///< counted from the end if it is negative; then `size` must be -begin
  std::int64_t size = 0;   ///< at least 1
};

struct RetryOptions {
  int attempts = 4;                  ///< without any progress in between
  double first_wait_seconds = 0.5;   ///< doubled after each attempt
  double longest_wait_seconds = 60;  ///< also where a server asks for more
  int redirects = 5;
};

class Target;

/// One thread at a time.
class Downloader {
 public:
  /// `wait` sleeps and returns false on a stop request; tests count instead.
  using Wait = std::function<bool(double seconds, const std::stop_token& stop)>;
  Downloader(std::unique_ptr<Http> http, RetryOptions options, Wait wait);

  /// A small file. kNotFound (404, 410), kExhausted (beyond the limit), kIo (the network; the sentence names the
  /// address and what happened), kInvalid (an address that is none, or that leads from https to http), kCorrupt (not of
  /// this sha256, or a web page where something else was asked for), kUnsupported (compressed on the way, unasked),
  /// kCancelled.
  Result<std::string> Text(const std::string& url, const Expected& expected, const std::stop_token& stop);

  /// The same for who knows what it means that nothing is there. Errors as Text's, but for what Fetched::status says.
  Result<Fetched> Get(const std::string& url, const Expected& expected, const std::stop_token& stop);

  /// A part of a file. Errors as Get's; kCorrupt if the file ends before; kUnsupported if the server does not send
  /// parts.
  Result<Fetched> GetRange(const std::string& url, ByteRange range, const std::stop_token& stop);

  /// A file of any size into `path`; on the way `path`.part holds what has come, and `path`.tag what its server calls
  /// this content. Both stay after a failure for the next call, unless what came is wrong. Only one call at a time may
  /// use a path, over all processes. `stage` names it to `progress`. Errors as Text's.
  Result<Downloaded> ToFile(const std::string& url, const Path& path, const Expected& expected, std::string_view stage,
                            Progress& progress, const std::stop_token& stop);

 private:
  Result<HttpHead> Fetch(const std::string& url, const Expected& expected, std::optional<ByteRange>& range,
                         Target& target, const std::stop_token& stop);
  Result<Fetched> Receive(const std::string& url, const Expected& expected, std::optional<ByteRange> range,
                          const std::stop_token& stop);
  std::unique_ptr<Http> http_;
  RetryOptions options_;
  Wait wait_;
};

/// What an answer that is no content means for who wanted some.
Error RefusalOf(const std::string& url, int status);

/// A downloader over the network, with the environment's settings.
Result<Downloader> NewDownloader(const RetryOptions& options = {});

}  // namespace tegula::net
