#include "tegula/cli/image_words.h"

#include <CLI/CLI.hpp>

namespace tegula::cli {

void ImageWords::AddTo(CLI::App& command) {
  command.add_option("--channels", channels,
                     "image channels for the model's input, by name or index from 0, separated by commas; or made of "
                     "channels: mean, max, min (of all), \"mean(DAPI,2)\" (of some), and of RGB images hematoxylin, "
                     "eosin, dab, residual");
  command.add_option("--stains", stains,
                     "which stains an RGB image shows: hed (hematoxylin, eosin, dab as in scikit-image), he or hdab "
                     "(QuPath's, and a residual), or own vectors: \"hematoxylin=0.65,0.70,0.29;eosin=0.07,0.99,0.11\"");
  command.add_option("--z", z, "planes along z, from 0: 5 for one, 2:10 for those from 2 to 9, or all");
  command.add_option("--t", t, "points in time, likewise");
  command.add_option("--z-projection", z_projection, "make the planes along z one")
      ->check(CLI::IsMember({"max", "mean", "min"}));
  command.add_option("--level", level, "use this pyramid level as it is")->check(CLI::NonNegativeNumber);
  command.add_option("--pixel-size", pixel_size, "resample to this pixel size in µm")->check(CLI::PositiveNumber);
  command.add_option("--downsample", downsample, "resample to so many times larger pixels than the full resolution's")
      ->check(CLI::PositiveNumber);
}

Result<image::BindingRequest> ImageWords::Binding(const CLI::App& command) const {
  image::BindingRequest request;
  request.channels = ChannelWords(channels);
  request.z_projection = image::ProjectionFromName(z_projection);
  if (command.count("--stains") > 0) {
    TEGULA_ASSIGN_OR_RETURN(request.stains, image::StainSet::Parse(stains).Context("--stains"));
  }
  if (command.count("--z") > 0) {
    TEGULA_ASSIGN_OR_RETURN(request.z, image::PlaneRange::Parse(z).Context("--z"));
  }
  if (command.count("--t") > 0) {
    TEGULA_ASSIGN_OR_RETURN(request.t, image::PlaneRange::Parse(t).Context("--t"));
  }
  if (command.count("--level") > 0) request.level = level;
  if (command.count("--pixel-size") > 0) request.pixel_size_um = pixel_size;
  if (command.count("--downsample") > 0) request.downsample = downsample;
  return request;
}

}  // namespace tegula::cli
