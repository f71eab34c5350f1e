#include "tegula/cli/image_words.h"

#include <CLI/CLI.hpp>

#include "tegula/core/text.h"

namespace tegula::cli {

std::vector<std::string> Names(const std::string& list) {
  std::vector<std::string> names;
  for (const std::string& name : Split(list, ','))
    if (!Trim(name).empty()) names.emplace_back(Trim(name));
  return names;
}

void ImageWords::AddTo(CLI::App& command) {
  command.add_option("--channels", channels,
                     "image channels for the model's input, by name or index from 0, separated by commas");
  command.add_option("--level", level, "use this pyramid level as it is")->check(CLI::NonNegativeNumber);
  command.add_option("--pixel-size", pixel_size, "resample to this pixel size in µm")->check(CLI::PositiveNumber);
  command.add_option("--z", z, "planes along z, from 0: 5 for one, 2:10 for those from 2 to 9, or all");
  command.add_option("--t", t, "points in time, likewise");
}

Result<image::BindingRequest> ImageWords::Binding(const CLI::App& command) const {
  image::BindingRequest request;
  request.channels = Names(channels);
  if (command.count("--level") > 0) request.level = level;
  if (command.count("--pixel-size") > 0) request.pixel_size_um = pixel_size;
  if (command.count("--z") > 0) {
    TEGULA_ASSIGN_OR_RETURN(request.z, image::PlaneRange::Parse(z).Context("--z"));
  }
  if (command.count("--t") > 0) {
    TEGULA_ASSIGN_OR_RETURN(request.t, image::PlaneRange::Parse(t).Context("--t"));
  }
  return request;
}

}  // namespace tegula::cli
