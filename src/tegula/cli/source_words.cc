#include "tegula/cli/source_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "tegula/cli/image_words.h"
#include "tegula/core/files.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

// "mask=FILE.tif,channels=0,level=1" or "threshold=0.5".
Result<app::InputRequest> ParseInput(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return InvalidError(
        fmt::format("--input {} does not say which input is meant: write NAME=IMAGE or NAME=NUMBER", text));
  app::InputRequest input;
  input.id = text.substr(0, equals);
  std::vector<std::string> parts;
  for (std::string& part : Names(text.substr(equals + 1))) parts.push_back(std::move(part));
  // Channels are separated by commas as well, so what has no key belongs to what stands before it.
  std::string key = "value";
  for (const std::string& part : parts) {
    const std::size_t at = part.find('=');
    const std::string found = at == std::string::npos ? "" : part.substr(0, at);
    const bool is_key =
        found == "channels" || found == "level" || found == "pixel-size" || found == "z" || found == "t";
    if (is_key) key = found;
    const std::string value = is_key ? part.substr(at + 1) : part;
    if (key == "value") {
      input.value += (input.value.empty() ? "" : ",") + value;
    } else if (key == "channels") {
      input.binding.channels.push_back(value);
    } else if (key == "z" || key == "t") {
      TEGULA_ASSIGN_OR_RETURN((key == "z" ? input.binding.z : input.binding.t), image::PlaneRange::Parse(value));
    } else if (const std::optional<double> number = ParseDouble(value); number && key == "pixel-size") {
      input.binding.pixel_size_um = *number;
    } else if (const std::optional<std::int64_t> level = ParseInt(value); level && key == "level") {
      input.binding.level = static_cast<int>(std::clamp<std::int64_t>(*level, -1, 1 << 20));
    } else {
      return InvalidError(fmt::format("{}={} in --input {} is no number", key, value, text));
    }
  }
  return input;
}

}  // namespace

Result<std::vector<std::string>> ReadList(const std::string& file) {
  constexpr std::int64_t kLargest = 64 << 20;
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kLargest));
  std::vector<std::string> images;
  for (const std::string& line : Split(text, '\n'))
    if (const std::string_view name = Trim(line); !name.empty() && name.front() != '#') images.emplace_back(name);
  if (images.empty()) return InvalidError(fmt::format("{} names nothing; write one a line", file));
  return images;
}

void SourceWords::AddTo(CLI::App& command) {
  command.add_option("IMAGE", images, "one or more images");
  command.add_option("--list", list, "a file that names further images, one a line")->check(CLI::ExistingFile);
  command
      .add_option(
          "--input", inputs,
          "for models with several inputs: NAME=IMAGE[,channels=...][,level=...][,z=...][,t=...] or NAME=NUMBER; "
          "what is named by its place is for the first input that is not named")
      ->allow_extra_args(false);
}

Status SourceWords::Apply(app::PredictRequest& request) const {
  request.images = images;
  for (const std::string& input : inputs) {
    TEGULA_ASSIGN_OR_RETURN(app::InputRequest parsed, ParseInput(input));
    request.inputs.push_back(std::move(parsed));
  }
  if (list.empty()) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> listed, ReadList(list));
  request.images.insert(request.images.end(), listed.begin(), listed.end());
  return Ok();
}

}  // namespace tegula::cli
