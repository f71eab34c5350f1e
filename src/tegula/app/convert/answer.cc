#include "tegula/app/convert/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/core/text.h"

namespace tegula::app {
namespace {

using Json = nlohmann::json;

// The object that the text is; an empty one if it is none.
std::optional<Json> ObjectIn(std::string_view text) {
  constexpr std::size_t kLongest = 64 << 10;
  if (text.size() > kLongest) return std::nullopt;
  const Result<Json> parsed = Guarded("reading an answer", [&]() -> Result<Json> { return Json::parse(text); });
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  return *parsed;
}

std::string TextIn(const Json& json, const char* key) {
  return json.contains(key) && json.at(key).is_string() ? OneLine(json.at(key).get_ref<const std::string&>()) : "";
}

bool IsVersion(const std::string& text) {
  constexpr std::size_t kLongest = 40;
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-";
  return !text.empty() && text.size() <= kLongest && text.find_first_not_of(kLetters) == std::string::npos;
}

}  // namespace

Result<ConversionAnswer> ParseConversion(std::string_view text) {
  constexpr std::int64_t kFirstOpset = 7, kLastOpset = 100;
  const std::optional<Json> json = ObjectIn(text);
  if (!json) return UnsupportedError("Python gave an answer that is none: " + OneLine(text.substr(0, 80)));
  if (json->contains("error")) {
    const std::string kind = TextIn(*json, "kind"), sentence = TextIn(*json, "error");
    if (sentence.empty()) return UnsupportedError("Python failed and does not say why");
    if (kind == "trust") return ConversionAnswer{.wants_consent = sentence};
    return kind == "exhausted" ? ExhaustedError(sentence) : UnsupportedError(sentence);
  }
  ConversionAnswer answer{.framework_version = TextIn(*json, "framework_version"), .how = TextIn(*json, "how")};
  const bool is_known = answer.how == "traced" || answer.how == "scripted" || answer.how == "exported";
  if (!IsVersion(answer.framework_version) || !is_known)
    return UnsupportedError("Python gave an answer that says neither version nor way");
  if (!json->contains("opset_version")) return answer;
  const Json& opset = json->at("opset_version");
  if (!opset.is_number_integer() || opset < kFirstOpset || opset > kLastOpset)
    return UnsupportedError("Python gave an operator set that there is not: " +
                            OneLine(opset.dump(-1, ' ', false, Json::error_handler_t::replace)));
  answer.opset_version = opset.get<std::int64_t>();
  return answer;
}

std::optional<ProbeAnswer> ParseProbe(std::string_view text) {
  const std::optional<Json> json = ObjectIn(text);
  if (!json || TextIn(*json, "executable").empty()) return std::nullopt;
  if (!json->contains("missing") || !json->at("missing").is_array()) return std::nullopt;
  ProbeAnswer answer{.executable = TextIn(*json, "executable")};
  for (const Json& name : json->at("missing")) {
    if (!name.is_string()) return std::nullopt;
    answer.missing.push_back(OneLine(name.get_ref<const std::string&>()));
  }
  return answer;
}

std::string OneLine(std::string_view text) {
  constexpr std::size_t kLongest = 600;
  std::string line;
  for (const char c : text.substr(0, kLongest)) {
    const bool is_plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    line += is_plain ? c : ' ';
  }
  return std::string(Trim(line));
}

}  // namespace tegula::app
