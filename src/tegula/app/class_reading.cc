#include "tegula/app/class_reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"

namespace tegula::app {

Result<ClassReading> ReadClassesOf(const std::vector<outputs::StoreChannel>& channels, const ClassRequest& request) {
  ClassReading reading;
  std::vector<std::string> names;
  for (const outputs::StoreChannel& channel : channels) {
    reading.classes.push_back({channel.name, channel.name, channel.colour});
    names.push_back(channel.name);
  }
  for (const std::string& part : Split(request.names, ',')) {
    if (Trim(part).empty()) continue;
    const std::size_t equals = part.find('=');
    const std::string wanted(Trim(part.substr(0, equals)));
    const std::string name(equals == std::string::npos ? "" : Trim(part.substr(equals + 1)));
    if (name.empty())
      return InvalidError(
          fmt::format("'{}' does not say which class a channel means; write CHANNEL=CLASS, as in "
                      "0=Background*,1=Nucleus",
                      part));
    auto found = std::find(names.begin(), names.end(), wanted);
    const std::optional<std::int64_t> index = ParseInt(wanted);
    if (found == names.end() && index && *index >= 0 && *index < static_cast<std::int64_t>(names.size()))
      found = names.begin() + *index;
    if (found == names.end())
      return NotFoundError(
          fmt::format("there is no channel {} to give a class; there are {}", wanted, fmt::join(names, ", ")));
    reading.classes[static_cast<std::size_t>(found - names.begin())].name = name;
  }
  for (ClassReading::Class& each : reading.classes) each.is_ignored = each.name.ends_with('*');
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

}  // namespace tegula::app
