// zoo/download.h — files from the network that are what they are said to be, whatever the network does.
//
// A download is tried again when a server is busy (429, 5xx), a connection breaks or stalls; what has come is kept and
// the rest asked for (Range, If-Range), also by a later run of the program. A file gets its name only when its size and
// sha256 are right.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/core/status.h"
#include "tegula/zoo/http.h"

namespace tegula::zoo {

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

struct RetryOptions {
  int attempts = 4;                  ///< without any progress in between
  double first_wait_seconds = 0.5;   ///< doubled after each attempt
  double longest_wait_seconds = 60;  ///< also where a server asks for more
  int redirects = 5;
};

/// One thread at a time.
class Downloader {
 public:
  /// `wait` sleeps and returns false on a stop request; tests count instead.
  using Wait = std::function<bool(double seconds, const std::stop_token& stop)>;
  Downloader(std::unique_ptr<Http> http, RetryOptions options, Wait wait);

  /// A small file. kNotFound (404, 410), kExhausted (beyond the limit), kIo (the network; the sentence names the
  /// address and what happened), kInvalid (an address that is none, or that leads from https to http), kCorrupt (not of
  /// this sha256, or a web page where something else was asked for), kCancelled.
  Result<std::string> Text(const std::string& url, const Expected& expected, const std::stop_token& stop);

  /// A file of any size into `path`; on the way `path`.part holds what has come, and `path`.tag what its server calls
  /// this content. Both stay after a failure for the next call, unless what came is wrong. Only one call at a time may
  /// use a path, over all processes. `stage` names it to `progress`. Errors as Text's.
  Result<Downloaded> ToFile(const std::string& url, const Path& path, const Expected& expected, std::string_view stage,
                            Progress& progress, const std::stop_token& stop);

 private:
  class Target;
  class TextTarget;
  class FileTarget;
  Status Fetch(const std::string& url, const Expected& expected, Target& target, const std::stop_token& stop);
  std::unique_ptr<Http> http_;
  RetryOptions options_;
  Wait wait_;
};

/// A downloader over the network, with the environment's settings.
Result<Downloader> NewDownloader();

}  // namespace tegula::zoo
