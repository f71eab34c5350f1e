// server/page_files.h — the viewer's page, which `make` builds of viewer/ and puts into the program.
#pragma once

#include <span>
#include <string_view>

namespace tegula::server {

struct PageFile {
  std::string_view path;  ///< "index.html", "assets/index-Bx3.js"
  std::string_view type;  ///< its media type
  std::string_view content;
};

/// Empty if the page was not built.
std::span<const PageFile> PageFiles();

}  // namespace tegula::server
