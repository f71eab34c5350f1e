// app/image_access.h — how the images of a call are reached and what they are called, wherever they lie.
#pragma once

#include <string>

#include "tegula/core/run_context.h"
#include "tegula/image/open.h"

namespace tegula::app {

/// Requests that are under way at once for images on the web, over all readers of a call. Some servers refuse more; at
/// 50 ms to the server 16 bring 320 chunks a second.
inline constexpr int kRequestsAtOnce = 16;

/// For the images of one call, which share their connections. Nothing is connected before it is needed.
image::Access AccessTo(const RunContext& context);

/// What is shown and kept of an image's name: without what gives access, if it is an address.
std::string ShownName(const std::string& image);
/// The last part of the name, for titles and folders: "slide.svs", "image.zarr".
std::string ShortName(const std::string& image);

}  // namespace tegula::app
