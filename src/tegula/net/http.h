// net/http.h — one request to a web server, as the rest of Tegula sees it.
//
// What a server answers is not an error here, whatever its status: deciding what a 404 or a 429 means, trying again and
// going on where a transfer broke off is the work of Downloader. The implementation over libcurl knows nothing of
// models and images, and nothing else knows libcurl; tests bring an implementation of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"

namespace tegula::net {

struct HttpRequest {
  std::string url;          ///< http or https
  std::int64_t offset = 0;  ///< the first byte that is wanted; counted from the end if it is negative
  std::int64_t size = -1;   ///< how many are wanted; -1: all to the end, as with every negative offset
  std::string if_range;     ///< a validator: the server starts again if the content is another by now; may be empty
};

/// What a server says before the content.
struct HttpHead {
  int status = 0;
  std::string location;              ///< where a redirect leads, as a full address; empty otherwise
  std::string validator;             ///< a strong ETag, else Last-Modified; empty if there is neither
  std::string state;                 ///< ETag (of any kind) and Last-Modified, as they stand; empty if there is neither
  std::string content_type;          ///< lower case, without parameters
  std::string content_encoding;      ///< lower case; empty if the content comes as it is
  std::int64_t content_length = -1;  ///< of what follows; -1 if it is not said
  std::int64_t range_begin = -1;     ///< of Content-Range, with the size of the whole; -1 if it is not said
  std::int64_t range_size = -1;
  std::optional<double> retry_after_seconds;
};

/// How a request ended.
struct HttpEnd {
  HttpHead head;
  bool complete = false;  ///< all that was announced has come
  std::string reason;     ///< why not, one clause: "the connection was lost", "nothing came for 30 seconds"
  bool is_final = false;  ///< it would be the same the next time: a certificate that is not trusted
};

/// Makes requests, one at a time; connections stay open between them. One thread at a time.
class Http {
 public:
  virtual ~Http() = default;
  /// Hears the head once, then the content piece by piece. An error of its own ends the request.
  using Sink = FunctionRef<Status(const HttpHead& head, std::string_view piece)>;
  /// Redirects are not followed. Errors: those of the sink; kInvalid for an address that is none; kCancelled on a stop
  /// request, which is noticed within a second.  What the network does wrong stands in the answer.
  virtual Result<HttpEnd> Get(const HttpRequest& request, Sink sink, const std::stop_token& stop) = 0;
};

struct HttpOptions {
  double connect_seconds = 15;
  double stall_seconds = 30;  ///< a transfer is given up when nothing came for so long
};
/// The options as the environment has them: TEGULA_HTTP_TIMEOUT, in seconds, for both. kInvalid if that is no number.
Result<HttpOptions> HttpOptionsFromEnvironment();

/// Over libcurl. Proxies are those of http_proxy, https_proxy, all_proxy and no_proxy; certificates are checked against
/// the file CURL_CA_BUNDLE, SSL_CERT_FILE or REQUESTS_CA_BUNDLE and the folder SSL_CERT_DIR, if the environment names
/// them, else against the system's.
Result<std::unique_ptr<Http>> NewHttp(const HttpOptions& options);

}  // namespace tegula::net
