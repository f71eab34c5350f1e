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

/// A file as an address that holds all of it, such as of an image in the page; a PNG file as one.
std::string DataUri(std::string_view type, std::string_view file);
std::string PngDataUri(std::string_view png_file);
/// The same behind what a page has already, for large files.
void AppendDataUri(std::string_view type, std::string_view file, std::string& html);

/// The beginning of a page: everything up to the body's content. The page forbids itself scripts and requests.
std::string PageHead(std::string_view title);

}  // namespace tegula::outputs
