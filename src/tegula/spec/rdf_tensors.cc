// What tensors of both generations share.

#include <fmt/format.h>

#include "tegula/core/text.h"
#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec::internal {

std::vector<Reader> TensorItems(const Reader& root, Side side) {
  constexpr std::size_t kMost = 256;
  const Reader tensors = root.Required(TensorsKey(side));
  std::vector<Reader> items = tensors.Items();
  if (tensors.is_sequence() && items.empty()) tensors.Note("needs at least one tensor");
  if (items.size() > kMost) {
    tensors.Note(fmt::format("has {} tensors, more than the {} that are read", items.size(), kMost));
    items.erase(items.begin() + kMost, items.end());
  }
  return items;
}

DType ReadDType(const Reader& dtype, DType fallback, bool may_be_bool) {
  if (!dtype.is_there()) return fallback;
  const std::string name = dtype.Text();
  const std::optional<DType> read = DTypeFromName(name);
  if (read && (may_be_bool || *read != DType::kBool)) return *read;
  if (dtype.is_text()) dtype.Note(fmt::format("'{}' is not a data type that it can have", Shortened(name, 40)));
  return fallback;
}

std::string ReadTensorId(const Reader& id, std::string_view fallback) {
  constexpr std::size_t kLongest = 32;
  if (!id.is_there()) return std::string(fallback);
  std::string text = id.Text(&IsLowerIdentifier, kLowerIdentifier);
  if (CountCharacters(text) > kLongest) id.Note(fmt::format("must be at most {} characters", kLongest));
  return text;
}

std::string ReadAxisId(const Reader& id, std::string_view fallback) {
  constexpr std::size_t kLongest = 16;
  if (!id.is_there()) return std::string(fallback);
  std::string text = AxisIdFromShort(ToLower(id.Text()));
  if (!id.is_text()) return text;
  if (!IsIdentifier(text)) id.Note(fmt::format("must be an identifier, is '{}'", Shortened(text, 40)));
  if (CountCharacters(text) > kLongest) id.Note(fmt::format("must be at most {} characters", kLongest));
  return text;
}

std::string AxisIdFromShort(std::string_view id) {
  if (id == "b") return "batch";
  if (id == "c" || id == "s") return "channel";
  if (id == "i") return "index";
  if (id == "t") return "time";
  return std::string(id);
}

}  // namespace tegula::spec::internal
