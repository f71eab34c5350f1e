#include "tegula/cli/tile_words.h"

#include <CLI/CLI.hpp>

#include "tegula/app/given_input.h"
#include "tegula/app/request_words.h"

namespace tegula::cli {

void TileWords::AddTo(CLI::App& command) {
  command.add_option(
      "--tile", tile,
      "edge of the window the network sees, in pixels: 512, or per axis z=24,y=256,x=256; default: the fastest that "
      "the memory allows");
  command.add_option("--stride", stride,
                     "for models that give one result for a patch: pixels from one patch to the next, 32, or per axis; "
                     "default: patches side by side. The result is a map whose pixels are so large");
  command.add_option("--context", context,
                     "pixels around each tile that the network sees: 56, or per axis z=9,y=23,x=23; never less than "
                     "the declared halo; default: what is measured on the network");
  command
      .add_option("--border", border,
                  "pad: extend the image by the halo, as bioimageio predict; network: the network meets the edge, as "
                  "bioimageio test; auto: pad, but network for descriptions of format 0.4, as bioimageio.core")
      ->check(CLI::IsMember({"auto", "pad", "network"}))
      ->capture_default_str();
}

Status TileWords::Apply(app::PredictRequest& request) const {
  TEGULA_TRY(app::SetBorder(border, request));
  TEGULA_ASSIGN_OR_RETURN(request.tiling.tile, app::SizesFromText("--tile", tile));
  TEGULA_ASSIGN_OR_RETURN(request.tiling.context, app::SizesFromText("--context", context));
  TEGULA_ASSIGN_OR_RETURN(request.tiling.stride, app::SizesFromText("--stride", stride));
  return Ok();
}

}  // namespace tegula::cli
