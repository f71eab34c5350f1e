// spec/licenses.h — the licence identifiers that the format accepts: those of SPDX, with the replaced ones marked.
#pragma once

#include <cstdint>
#include <string_view>

namespace tegula::spec {

enum class LicenseKind : std::uint8_t { kCurrent, kDeprecated, kUnknown };

/// What SPDX says about an identifier such as "CC-BY-4.0"; upper and lower case matter. Logarithmic.
LicenseKind KindOfLicense(std::string_view id);

}  // namespace tegula::spec
