#include "tegula/cli/tensor_drawing.h"

#include <algorithm>
#include <vector>

#include "tegula/spec/words.h"

namespace tegula::cli {
namespace {

constexpr std::size_t kWidth = 18, kNames = 8;

// One sheet, or several if there are channels, planes or time points behind the first.
std::vector<std::string> Sheet(const spec::TensorDescription& tensor) {
  const spec::Axis* const y = tensor.FindAxis("y");
  const spec::Axis* const x = tensor.FindAxis("x");
  if (y == nullptr || x == nullptr) return {"    ▭ ▭ ▭ ▭ ▭     "};
  bool is_stack = false;
  for (const spec::Axis& axis : tensor.axes) {
    const auto* const fixed = std::get_if<spec::FixedSize>(&axis.size);
    const bool is_single = fixed != nullptr && fixed->size == 1;
    is_stack = is_stack || (&axis != y && &axis != x && axis.type != spec::AxisType::kBatch && !is_single);
  }
  if (!is_stack)
    return {"    ╭──────────╮  ", "    │          │  ", "  y │          │  ", "    ╰──────────╯  ",
            "         x        "};
  return {"    ╭──────────╮  ", "    │          │╮ ", "  y │          ││ ",
          "    ╰──────────╯│ ", "     ╰──────────╯ ", "         x        "};
}

}  // namespace

std::string DrawTensor(const spec::TensorDescription& tensor) {
  std::vector<std::string> facts;
  facts.push_back(tensor.id + (tensor.description.empty() ? "" : ": " + tensor.description));
  facts.push_back(spec::InWords(tensor.data));
  for (const spec::Axis& axis : tensor.axes)
    if (axis.type != spec::AxisType::kBatch) facts.push_back(axis.id + ": " + spec::InWords(axis, kNames));
  for (const spec::OpDescription& op : tensor.ops) facts.push_back("· " + spec::InWords(op));
  const std::vector<std::string> sheet = Sheet(tensor);
  std::string text;
  for (std::size_t i = 0; i < std::max(sheet.size(), facts.size()); ++i) {
    text += i < sheet.size() ? sheet[i] : std::string(kWidth, ' ');
    text += i < facts.size() ? facts[i] : "";
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  return text;
}

}  // namespace tegula::cli
