#include "tegula/cli/value_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/cli/image_words.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

// "OUTPUT=rest" or "rest": the first is left in `output`.
std::string SplitOutput(const std::string& word, std::string& output) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return word;
  output = word.substr(0, equals);
  return word.substr(equals + 1);
}

Result<outputs::ValueRange> ParseRange(const std::string& text) {
  const std::vector<std::string> ends = Split(text, ',');
  const std::optional<double> low = ParseDouble(Trim(ends.front())), high = ParseDouble(Trim(ends.back()));
  if (ends.size() != 2 || !low || !high)
    return InvalidError(fmt::format("--range {} is no range: write the lower and the higher value, as 0,1", text));
  return outputs::ValueRange{*low, *high};
}

}  // namespace

void ValueWords::AddTo(CLI::App& command) {
  command
      .add_option(
          "--values", values,
          "in which form values are stored: own (as the model gives them, the default), float32, float16, uint8 "
          "or uint16 (a range of values as 0 to 255 or 65535, rounded to the nearest; what lies outside is "
          "clipped and counted), argmax (the number of the channel with the largest value), labels (integers "
          "that name things); for one output of several as OUTPUT=FORM")
      ->allow_extra_args(false);
  command
      .add_option("--range", ranges,
                  "LOW,HIGH or OUTPUT=LOW,HIGH: the values that uint8 and uint16 hold; default: what the model's "
                  "description says of them, or its last operations (0,1 behind a sigmoid or softmax)")
      ->allow_extra_args(false);
}

Result<std::vector<app::ValuesRequest>> ValueWords::Requests() const {
  std::vector<app::ValuesRequest> requests;
  for (const std::string& list : values)
    for (const std::string& word : Names(list)) {
      app::ValuesRequest request;
      TEGULA_ASSIGN_OR_RETURN(request.values, outputs::FindValues(SplitOutput(word, request.output)));
      requests.push_back(std::move(request));
    }
  for (const std::string& word : ranges) {
    app::ValuesRequest request;
    TEGULA_ASSIGN_OR_RETURN(request.range, ParseRange(SplitOutput(word, request.output)));
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace tegula::cli
