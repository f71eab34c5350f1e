#include "tegula/outputs/html.h"

#include <fmt/format.h>

#include <cmath>

#include "tegula/outputs/report_style.h"

namespace tegula::outputs {

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string GroupedInteger(std::int64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') grouped += "\u202f";
    grouped += digits[i];
  }
  return grouped;
}

std::string ReadableNumber(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "infinite" : "-infinite";
  if (std::abs(number) >= 999.5 && std::abs(number) < 1e15) return GroupedInteger(std::llround(number));
  return fmt::format("{:.3g}", number);
}

std::string PngDataUri(std::string_view png_file) { return DataUri("image/png", png_file); }

std::string PageHead(std::string_view title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>{} – Tegula</title><style>{}</style></head><body>\n",
      EscapeHtml(title), kReportStyle);
}

std::string DataUri(std::string_view type, std::string_view file) {
  std::string uri;
  AppendDataUri(type, file, uri);
  return uri;
}

void AppendDataUri(std::string_view type, std::string_view file, std::string& html) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  html += fmt::format("data:{};base64,", type);
  for (std::size_t i = 0; i < file.size(); i += 3) {
    const std::size_t present = std::min<std::size_t>(3, file.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < present ? static_cast<unsigned char>(file[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) html += k <= present ? kDigits[bits >> (18 - 6 * k) & 63U] : '=';
  }
}

}  // namespace tegula::outputs
