// zoo/http_headers.h — inside the module: the lines of a server's answer that matter here.
#pragma once

#include <string_view>

#include "tegula/net/http.h"

namespace tegula::net {

/// Reads one line, with its end, into the fields it decides; what is not understood is left out. A status line begins
/// a new head: everything from the one before (100 Continue, a proxy's) is forgotten.
void AddHeaderLine(std::string_view line, HttpHead& head);

}  // namespace tegula::net
