#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/net/address.h"
#include "tegula/net/http.h"
#include "tegula/net/http_headers.h"

namespace tegula::net {
namespace {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// libcurl wants to be set up once per process, before its first use.
bool LibraryIsReady() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

// What the callbacks of one request share.
struct Transfer {
  Http::Sink sink;
  const std::stop_token& stop;
  CURL* handle;
  HttpHead head = {};
  bool head_was_given = false;
  std::optional<Error> error = {};

  bool Give(std::string_view piece) {
    if (!head_was_given) CompleteHead();
    const Status status = sink(head, piece);
    if (!status.ok()) error = status.error();
    return status.ok();
  }
  void CompleteHead() {
    head_was_given = true;
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    head.status = static_cast<int>(status);
    char* location = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &location);
    if (location != nullptr) head.location = location;
  }
};

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* transfer) {
  AddHeaderLine(std::string_view(data, size), static_cast<Transfer*>(transfer)->head);
  return size;
}

std::size_t OnContent(char* data, std::size_t, std::size_t size, void* transfer) {
  return static_cast<Transfer*>(transfer)->Give(std::string_view(data, size)) ? size : 0;
}

int OnProgress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(transfer)->stop.stop_requested() ? 1 : 0;
}

std::string FirstOf(std::initializer_list<const char*> variables) {
  for (const char* variable : variables)
    if (std::string value = EnvironmentVariable(variable); !value.empty()) return value;
  return {};
}

bool IsDistrust(CURLcode code) { return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE; }

class CurlHttp final : public Http {
 public:
  CurlHttp(CURL* handle, const HttpOptions& options) : handle_(handle), options_(options) {}

  Result<HttpEnd> Get(const HttpRequest& request, Sink sink, const std::stop_token& stop) override {
    if (stop.stop_requested()) return CancelledError();
    Transfer transfer{sink, stop, handle_.get()};
    const std::unique_ptr<curl_slist, FreeList> headers = SetUp(request, transfer);
    const CURLcode code = curl_easy_perform(handle_.get());
    if (transfer.error) return std::move(*transfer.error);
    if (stop.stop_requested()) return CancelledError();
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
      return InvalidError(
          fmt::format("'{}' is not an address that begins with http:// or https://", Masked(request.url)));
    if (code == CURLE_OK && !transfer.head_was_given && !transfer.Give({})) return std::move(*transfer.error);
    if (!transfer.head_was_given) transfer.CompleteHead();
    return HttpEnd{std::move(transfer.head), code == CURLE_OK, code == CURLE_OK ? "" : Reason(code), IsDistrust(code)};
  }

 private:
  std::unique_ptr<curl_slist, FreeList> SetUp(const HttpRequest& request, Transfer& transfer) {
    CURL* const h = handle_.get();
    curl_easy_reset(h);
    error_[0] = '\0';
    curl_easy_setopt(h, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_USERAGENT, "tegula");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, std::lround(options_.connect_seconds * 1000));
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(options_.stall_seconds)));
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &OnHeader);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &OnContent);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, &OnProgress);
    curl_easy_setopt(h, CURLOPT_XFERINFODATA, &transfer);
    if (const std::string file = FirstOf({"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}); !file.empty())
      curl_easy_setopt(h, CURLOPT_CAINFO, file.c_str());
    if (const std::string folder = EnvironmentVariable("SSL_CERT_DIR"); !folder.empty())
      curl_easy_setopt(h, CURLOPT_CAPATH, folder.c_str());
    curl_slist* headers = nullptr;
    if (const std::string range = Range(request); !range.empty()) {
      curl_easy_setopt(h, CURLOPT_RANGE, range.c_str());
      if (!request.if_range.empty()) headers = curl_slist_append(headers, ("If-Range: " + request.if_range).c_str());
    }
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    return std::unique_ptr<curl_slist, FreeList>(headers);
  }

  static std::string Range(const HttpRequest& request) {
    if (request.offset < 0) return fmt::format("{}", request.offset);
    if (request.size >= 0) return fmt::format("{}-{}", request.offset, request.offset + request.size - 1);
    return request.offset > 0 ? fmt::format("{}-", request.offset) : "";
  }

  std::string Reason(CURLcode code) const {
    const std::string detail = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT: return fmt::format("it did not answer in time ({})", detail);
      case CURLE_PARTIAL_FILE:
      case CURLE_RECV_ERROR:
      case CURLE_GOT_NOTHING: return fmt::format("the connection was lost ({})", detail);
      default: break;
    }
    return IsDistrust(code) ? fmt::format(
                                  "its certificate is not trusted ({}; SSL_CERT_FILE names a file of "
                                  "certificates)",
                                  detail)
                            : detail;
  }

  std::unique_ptr<CURL, FreeHandle> handle_;
  HttpOptions options_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace

Result<HttpOptions> HttpOptionsFromEnvironment() {
  HttpOptions options;
  const std::string text = EnvironmentVariable("TEGULA_HTTP_TIMEOUT");
  if (text.empty()) return options;
  const std::optional<double> seconds = ParseDouble(text);
  if (!seconds || !(*seconds >= 1) || *seconds > 86400)
    return InvalidError(
        fmt::format("TEGULA_HTTP_TIMEOUT is '{}'; it must be a number of seconds from 1 to 86400", text));
  options.connect_seconds = options.stall_seconds = *seconds;
  return options;
}

Result<std::unique_ptr<Http>> NewHttp(const HttpOptions& options) {
  CURL* const handle = LibraryIsReady() ? curl_easy_init() : nullptr;
  if (handle == nullptr) return InternalError("libcurl could not be set up");
  return std::unique_ptr<Http>(std::make_unique<CurlHttp>(handle, options));
}

}  // namespace tegula::net
