// server/http.h — requests, responses and the table of routes: what the rest of the module knows of HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/server/json_body.h"

namespace tegula::server {

struct Request {
  std::map<std::string, std::string> values;  ///< parts of the path and parameters of the query by their names, decoded
  JsonBody body;                              ///< of a POST, checked against the route's fields
  std::function<bool()> is_gone;              ///< whether nobody waits for the answer any more; any thread may ask

  /// An empty string if it is not there.
  const std::string& value(const std::string& name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  bool is_document = false;  ///< a page that stands alone, with styles and pictures in itself and no scripts
  bool may_be_kept = false;  ///< by the browser; what is at this address never changes
  /// For what goes on while it is sent: called until it returns false, with a function that is false when nobody
  /// listens any more. Then `body` is not sent.
  using Write = std::function<bool(std::string_view bytes)>;
  std::function<bool(const Write& write)> stream = nullptr;
};

struct Parameter {
  std::string_view name;
  std::string_view description;
  bool is_required = false;
};

/// One row of the API. Handlers are called by several threads at once.
struct Route {
  std::string_view method;  ///< GET, POST or DELETE
  std::string_view path;    ///< "/api/images/tiles/{level}/{tile}": a part in braces is one part of the address
  std::string_view summary;
  std::string_view answers;           ///< the media type
  std::vector<Parameter> parameters;  ///< of path and query
  std::function<Result<Response>(const Request&)> handler;
  bool is_public = false;        ///< needs no token, for it is a part of the program that anybody may have
  std::vector<Field> body = {};  ///< of a POST; what else is sent is refused
};

/// A parameter as a whole number; `otherwise` if it is left out. kInvalid for anything else.
Result<std::int64_t> WholeNumberOf(const Request& request, const std::string& name,
                                   std::optional<std::int64_t> otherwise = std::nullopt);

/// The status code of an error, and the error as JSON: {"code": "not found", "error": "sentence"}.
Response ResponseOf(const Error& error);
Response JsonResponse(std::string json);
/// The description of the routes in OpenAPI 3.1, as JSON. Parts of the program itself are left out.
std::string OpenApiOf(const std::vector<Route>& routes, std::string_view version);

}  // namespace tegula::server
