#include "tegula/server/http.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tegula/core/text.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

struct Row {
  Code code;
  int status;
};
constexpr Row kStatus[] = {
    {Code::kInvalid, 400}, {Code::kUnsupported, 422}, {Code::kNotFound, 404},  {Code::kIo, 500},
    {Code::kCorrupt, 422}, {Code::kExhausted, 503},   {Code::kCancelled, 409}, {Code::kInternal, 500},
};

int StatusOf(Code code) {
  for (const Row& row : kStatus)
    if (row.code == code) return row.status;
  return 500;
}

}  // namespace

const std::string& Request::value(const std::string& name) const {
  static const std::string kNothing;
  const auto found = values.find(name);
  return found == values.end() ? kNothing : found->second;
}

Response ResponseOf(const Error& error) {
  Response response = JsonResponse(Dump({{"code", CodeName(error.code)}, {"error", ToString(error)}}));
  response.status = StatusOf(error.code);
  return response;
}

Result<std::int64_t> WholeNumberOf(const Request& request, const std::string& name,
                                   std::optional<std::int64_t> otherwise) {
  const std::string& text = request.value(name);
  if (text.empty() && otherwise) return *otherwise;
  if (const std::optional<std::int64_t> number = ParseInt(text)) return *number;
  return InvalidError(fmt::format("'{}' is not a whole number for {}", text, name));
}

Response JsonResponse(std::string json) {
  Response response;
  response.body = std::move(json);
  return response;
}

std::string OpenApiOf(const std::vector<Route>& routes, std::string_view version) {
  const Json error = {{"description", "what is wrong, and what to do"},
                      {"content",
                       {{"application/json",
                         {{"schema",
                           {{"type", "object"},
                            {"required", {"code", "error"}},
                            {"properties", {{"code", {{"type", "string"}}}, {"error", {{"type", "string"}}}}}}}}}}}};
  Json paths = Json::object();
  for (const Route& route : routes) {
    if (route.is_public || !route.path.starts_with("/api/")) continue;
    Json parameters = Json::array();
    for (const Parameter& parameter : route.parameters) {
      const bool in_path = route.path.find("{" + std::string(parameter.name) + "}") != std::string_view::npos;
      parameters.push_back({{"name", parameter.name},
                            {"in", in_path ? "path" : "query"},
                            {"required", in_path || parameter.is_required},
                            {"description", parameter.description},
                            {"schema", {{"type", "string"}}}});
    }
    Json& described = paths[std::string(route.path)][ToLower(route.method)];
    described = {{"summary", route.summary},
                 {"parameters", std::move(parameters)},
                 {"responses",
                  {{"200", {{"description", "done"}, {"content", {{std::string(route.answers), Json::object()}}}}},
                   {"default", error}}}};
    if (route.method == "POST")
      described["requestBody"] = {{"required", true},
                                  {"content", {{"application/json", {{"schema", SchemaOf(route.body)}}}}}};
  }
  return Json{{"openapi", "3.1.0"},
              {"info",
               {{"title", "Tegula"},
                {"version", version},
                {"description",
                 "What the viewer's page does, for scripts too. Every call needs the token of the "
                 "address that `tegula view` prints."}}},
              {"security", {{{"token", Json::array()}}}},
              {"components", {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
              {"paths", std::move(paths)}}
      .dump(2);
}

}  // namespace tegula::server
