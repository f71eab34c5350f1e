// spec/text_kinds.h — what kinds of text the format knows: addresses, dates, versions, identifiers, units, licences.
//
// Each is a predicate over the whole text. They follow the reference software, which follows the standards that are
// named; where a standard is far larger than its use in descriptions, the common part is taken and the comment says so.
// All are linear in the length of the text.
#pragma once

#include <cstddef>
#include <string_view>

namespace tegula::spec {

/// http or https with a host (WHATWG URL, without user names), at most 2083 bytes; space around it does not count.
bool IsUrl(std::string_view text);
/// name@host.domain (RFC 5321 without quoted names and address literals).
bool IsEmail(std::string_view text);
/// "10.1234/anything".
bool IsDoi(std::string_view text);
/// "0000-0001-2345-6789" with the check digit of ISO 7064 11,2.
bool IsOrcid(std::string_view text);
/// A version of PEP 440: "1.2", "v2.0rc1+cpu"; space around it does not count.
bool IsVersion(std::string_view text);
/// A date or date and time of ISO 8601 as dateutil's isoparse reads them: "2020-01-31", "2020-01-31T12:30:00Z".
bool IsTimestamp(std::string_view text);
/// Whether plain YAML text is a timestamp (with a time of day) or a date (without) rather than text.
bool IsYamlTimestamp(std::string_view text);
bool IsYamlDate(std::string_view text);
/// Units of SI in products and quotients: "m", "µm", "kg·m^2/s". Spaces and * count as products.
bool IsSiUnit(std::string_view text);
/// An identifier of Python that is none of its keywords; letters beyond ASCII count as letters.
bool IsIdentifier(std::string_view text);
/// The same with at least one letter and no upper-case ASCII letter.
bool IsLowerIdentifier(std::string_view text);
/// Lower-case letters, digits and _-/. , neither beginning nor ending with '/'.
bool IsResourceId(std::string_view text);
/// Letters, digits, spaces and _+-() .
bool IsPlainName(std::string_view text);
/// rdf.yaml, bioimageio.yaml, model.yaml and what ends in one of them after a dot: names that only descriptions may
/// have.
bool IsDescriptionName(std::string_view file_name);

/// The last part of a path or address; of Zenodo's ".../FILE/content" the file.
std::string_view FileNameOf(std::string_view source);
/// From its last '.', ".npy"; empty if there is none.
std::string_view SuffixOf(std::string_view file_name);

/// Characters (code points) of UTF-8.
std::size_t CountCharacters(std::string_view utf8);

}  // namespace tegula::spec
