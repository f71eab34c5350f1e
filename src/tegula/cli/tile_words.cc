#include "tegula/cli/tile_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/app/given_input.h"
#include "tegula/cli/image_words.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

// "512", for y and x, or "z=24,y=256,x=256".
Result<PerAxis<std::optional<std::int64_t>>> ParsePerAxis(std::string_view flag, const std::string& text) {
  PerAxis<std::optional<std::int64_t>> sizes;
  for (const std::string& part : Names(text)) {
    const std::size_t equals = part.find('=');
    const std::optional<std::int64_t> size = ParseInt(equals == std::string::npos ? part : part.substr(equals + 1));
    bool is_known = false;
    for (const GridAxis axis : kGridAxes) {
      const bool is_meant = equals == std::string::npos ? axis == GridAxis::kY || axis == GridAxis::kX
                                                        : equals == 1 && part[0] == GridAxisName(axis);
      if (is_meant) sizes[axis] = size;
      is_known = is_known || is_meant;
    }
    if (!is_known || !size || *size < 0)
      return InvalidError(
          fmt::format("{} {} is no size: write a number for y and x, or one per axis as z=24,y=256,x=256", flag, text));
  }
  return sizes;
}

}  // namespace

void TileWords::AddTo(CLI::App& command) {
  command.add_option(
      "--tile", tile,
      "edge of the window the network sees, in pixels: 512, or per axis z=24,y=256,x=256; default: the fastest that "
      "the memory allows");
  command.add_option("--stride", stride,
                     "for models that give one result for a patch: pixels from one patch to the next, 32, or per axis; "
                     "default: patches side by side. The result is a map whose pixels are so large");
  command.add_option("--context", context,
                     "pixels around each tile that the network sees: 56, or per axis z=9,y=23,x=23; at least the "
                     "declared halo, which is the default");
  command
      .add_option("--border", border,
                  "pad: extend the image by the halo, as bioimageio predict; network: the network meets the edge, as "
                  "bioimageio test; auto: pad, but network for descriptions of format 0.4, as bioimageio.core")
      ->check(CLI::IsMember({"auto", "pad", "network"}))
      ->capture_default_str();
}

Status TileWords::Apply(app::PredictRequest& request) const {
  TEGULA_TRY(app::SetBorder(border, request));
  TEGULA_ASSIGN_OR_RETURN(request.tiling.tile, ParsePerAxis("--tile", tile));
  TEGULA_ASSIGN_OR_RETURN(request.tiling.context, ParsePerAxis("--context", context));
  TEGULA_ASSIGN_OR_RETURN(request.tiling.stride, ParsePerAxis("--stride", stride));
  return Ok();
}

}  // namespace tegula::cli
