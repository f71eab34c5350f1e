#include "tegula/spec/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace tegula::spec {
namespace {

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  const std::string digits = fmt::format("{}", value);
  return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}

std::string Scalar(const Node& node) {
  if (node.is_null()) return "null";
  if (const std::optional<std::string> text = node.AsText()) return Quoted(*text);
  if (const std::optional<std::int64_t> integer = node.AsInt()) return fmt::format("{}", *integer);
  if (const std::optional<double> number = node.AsDouble()) return Number(*number);
  if (const std::optional<bool> boolean = node.AsBool()) return *boolean ? "true" : "false";
  return Quoted(node.text);
}

}  // namespace

std::string ToJson(const Node& node) {
  if (node.is_scalar()) return Scalar(node);
  std::string inside;
  for (const std::shared_ptr<const Node>& item : node.items) inside += (inside.empty() ? "" : ", ") + ToJson(*item);
  for (const Node::Entry& entry : node.entries)
    inside += fmt::format("{}{}: {}", inside.empty() ? "" : ", ", Quoted(entry.key), ToJson(*entry.value));
  return node.is_sequence() ? "[" + inside + "]" : "{" + inside + "}";
}

}  // namespace tegula::spec
