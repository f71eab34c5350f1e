// outputs/html.h — what a page made of foreign text and numbers needs: escaping, readable numbers, pictures in the
// page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tegula::outputs {

/// Text for any place between tags or in a quoted attribute.
std::string EscapeHtml(std::string_view text);

/// "46 000" with narrow no-break spaces.
std::string GroupedInteger(std::int64_t number);
/// Three significant digits, whole and grouped from 1000 on: "0.499", "23", "1 612". "NaN" and infinities as words.
std::string ReadableNumber(double number);

/// A PNG file as the address of an image.
std::string PngDataUri(std::string_view png_file);

}  // namespace tegula::outputs
