#include "tegula/app/class_reading.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tegula/app/find_channel.h"
#include "tegula/core/text.h"
#include "tegula/pipeline/layout.h"
#include "tegula/spec/object_output.h"

namespace tegula::app {
namespace {

// What is said of one channel, and of which.
struct NamedChannel {
  std::size_t channel = 0;
  std::string name;
  std::optional<outputs::Rgb> colour;
};

// "0=Nucleus#d55e00"
Result<NamedChannel> ParsePart(const std::string& part, const std::vector<std::string>& channels) {
  const std::size_t equals = part.find('=');
  const std::string wanted(Trim(part.substr(0, equals)));
  NamedChannel named;
  named.name = equals == std::string::npos ? "" : Trim(part.substr(equals + 1));
  if (const std::size_t hash = named.name.rfind('#'); hash != std::string::npos) {
    named.colour = outputs::ColourFromText(named.name.substr(hash));
    if (named.colour) named.name = Trim(named.name.substr(0, hash));
  }
  if (named.name.empty())
    return InvalidError(
        fmt::format("'{}' does not say which class a channel means; write CHANNEL=CLASS, as in "
                    "0=Background*,1=Nucleus",
                    part));
  const std::optional<std::size_t> found = FindChannel(wanted, channels);
  if (!found)
    return NotFoundError(
        fmt::format("there is no channel {} to give a class; there are {}", wanted, fmt::join(channels, ", ")));
  named.channel = *found;
  return named;
}

Result<std::vector<ClassReading::Class>> Named(const std::vector<outputs::StoreClass>& channels,
                                               const ClassRequest& request) {
  std::vector<ClassReading::Class> classes;
  std::vector<std::string> names;
  for (const outputs::StoreClass& channel : channels) {
    classes.push_back({channel.name, channel.name, channel.colour});
    names.push_back(channel.name);
  }
  if (!request.each.empty() && request.each.size() != channels.size())
    return InvalidError(fmt::format("{} classes are named, but there are {} channels: {}", request.each.size(),
                                    channels.size(), fmt::join(names, ", ")));
  for (std::size_t i = 0; i < request.each.size(); ++i)
    classes[i].name = request.each[i].name, classes[i].colour = request.each[i].colour;
  for (const std::string& part : Split(request.names, ',')) {
    if (Trim(part).empty()) continue;
    TEGULA_ASSIGN_OR_RETURN(const NamedChannel named, ParsePart(part, names));
    classes[named.channel].name = named.name;
    if (named.colour) classes[named.channel].colour = *named.colour;
  }
  for (ClassReading::Class& each : classes) each.is_ignored = each.name.ends_with('*');
  return classes;
}

}  // namespace

Result<ClassReading> ReadClassesOf(const std::vector<outputs::StoreChannel>& channels, const ClassRequest& request) {
  ClassReading reading;
  std::vector<outputs::StoreClass> as_called;
  for (const outputs::StoreChannel& channel : channels) as_called.push_back({channel.name, channel.colour});
  TEGULA_ASSIGN_OR_RETURN(reading.classes, Named(as_called, request));
  reading.is_partition = channels.size() > 1 && !request.threshold && !request.overlapping;
  if (reading.is_partition) {
    reading.rules = {objects::Argmax{}};
  } else {
    for (std::size_t channel = 0; channel < channels.size(); ++channel)
      reading.rules.emplace_back(
          objects::Threshold{static_cast<std::int64_t>(channel), request.threshold.value_or(0.5)});
  }
  return reading;
}

Result<ClassReading> ReadClassesOf(const spec::TensorDescription& output, const ClassRequest& request) {
  if (spec::FindObjectOps(output))
    return UnsupportedError(
        fmt::format("output {} holds numbers of objects, and classes are made of channels", output.id));
  TEGULA_ASSIGN_OR_RETURN(const pipeline::TensorLayout layout, pipeline::TensorLayout::Of(output));
  std::vector<outputs::StoreChannel> channels;
  for (const std::string& name : pipeline::ChannelNamesOf(output, layout.channels()))
    channels.push_back({name, outputs::PaletteColour(static_cast<std::int64_t>(channels.size()))});
  return ReadClassesOf(channels, request);
}

Result<ClassReading> ReadNumbersOf(const std::vector<outputs::StoreClass>& classes, const ClassRequest& request) {
  if (request.threshold || request.overlapping)
    return InvalidError(
        "the prediction holds one class per pixel, so there is nothing to compare with a threshold; predict it "
        "without --values argmax");
  ClassReading reading;
  TEGULA_ASSIGN_OR_RETURN(reading.classes, Named(classes, request));
  reading.is_partition = true;
  reading.rules = {objects::ClassNumbers{static_cast<std::int64_t>(classes.size())}};
  return reading;
}

}  // namespace tegula::app
