#include "tegula/app/request_words.h"

#include <fmt/format.h>

#include "tegula/core/text.h"

namespace tegula::app {

std::vector<std::string> Names(const std::string& list) {
  std::vector<std::string> names;
  for (const std::string& name : Split(list, ','))
    if (!Trim(name).empty()) names.emplace_back(Trim(name));
  return names;
}

std::vector<std::string> ChannelWords(const std::string& list) {
  std::vector<std::string> words(1);
  int depth = 0;
  for (const char letter : list) {
    depth += int{letter == '('} - int{letter == ')'};
    if (letter == ',' && depth <= 0)
      words.emplace_back();
    else
      words.back() += letter;
  }
  for (std::string& word : words) word = std::string(Trim(word));
  std::erase(words, "");
  return words;
}

Result<PerAxis<std::optional<std::int64_t>>> SizesFromText(std::string_view option, const std::string& text) {
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
      return InvalidError(fmt::format(
          "{} {} is no size: write a number for y and x, or one per axis as z=24,y=256,x=256", option, text));
  }
  return sizes;
}

std::string SizesText(const PerAxis<std::optional<std::int64_t>>& sizes) {
  std::string text;
  for (const GridAxis axis : kGridAxes)
    if (sizes[axis]) text += fmt::format("{}{}={}", text.empty() ? "" : ",", GridAxisName(axis), *sizes[axis]);
  return text;
}

}  // namespace tegula::app
