#include "tegula/spec/yaml_writer.h"

#include <yaml.h>

#include <algorithm>

namespace tegula::spec {
namespace {

constexpr int kWidth = 100;

const yaml_char_t* Characters(const std::string& text) { return reinterpret_cast<const yaml_char_t*>(text.data()); }

// Lists of a few scalars are easier to read in one line.
bool FitsInALine(const Node& node) {
  constexpr std::size_t kMost = 8;
  return node.items.size() <= kMost && std::all_of(node.items.begin(), node.items.end(), [](const auto& item) {
           return item->is_scalar() && item->text.size() <= 12;
         });
}

// One thread at a time.
class Emitter {
 public:
  Emitter() {
    is_ready_ = yaml_emitter_initialize(&emitter_) != 0;
    if (!is_ready_) return;
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, kWidth);
    yaml_emitter_set_output(&emitter_, &Emitter::Append, &text_);
  }
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;
  ~Emitter() {
    if (is_ready_) yaml_emitter_delete(&emitter_);
  }

  Result<std::string> Document(const Node& tree) {
    if (!is_ready_) return ExhaustedError("no memory to write yaml");
    yaml_event_t event;
    const bool done = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) != 0 && Emit(event) &&
                      yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1) != 0 && Emit(event) &&
                      Write(tree) && yaml_document_end_event_initialize(&event, 1) != 0 && Emit(event) &&
                      yaml_stream_end_event_initialize(&event) != 0 && Emit(event);
    if (!done) return InternalError(std::string("yaml cannot be written: ") + Problem());
    return std::move(text_);
  }

 private:
  static int Append(void* text, unsigned char* bytes, std::size_t size) {
    static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), size);
    return 1;
  }
  const char* Problem() const { return emitter_.problem == nullptr ? "no reason given" : emitter_.problem; }
  bool Emit(yaml_event_t& event) { return yaml_emitter_emit(&emitter_, &event) != 0; }

  bool Write(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kScalar: return WriteScalar(node);
      case Node::Kind::kSequence: return WriteSequence(node);
      case Node::Kind::kMapping: break;
    }
    yaml_event_t event;
    if (yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE) == 0 || !Emit(event))
      return false;
    for (const Node::Entry& entry : node.entries) {
      Node key;
      key.text = entry.key;
      key.is_plain = false;
      if (!WriteScalar(key) || !Write(*entry.value)) return false;
    }
    return yaml_mapping_end_event_initialize(&event) != 0 && Emit(event);
  }

  bool WriteSequence(const Node& node) {
    yaml_event_t event;
    const yaml_sequence_style_t style = FitsInALine(node) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
    if (yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, style) == 0 || !Emit(event)) return false;
    for (const auto& item : node.items)
      if (!Write(*item)) return false;
    return yaml_sequence_end_event_initialize(&event) != 0 && Emit(event);
  }

  // Text is written plain only if it still is text then.
  bool WriteScalar(const Node& node) {
    static const std::string kNull = "null";
    const std::string& text = node.is_null() ? kNull : node.text;
    Node plain = node;
    plain.is_plain = true;
    const bool may_be_plain = node.is_plain || plain.AsText().has_value();
    yaml_scalar_style_t style = may_be_plain ? YAML_PLAIN_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE;
    if (text.find('\n') != std::string::npos) style = YAML_LITERAL_SCALAR_STYLE;
    yaml_event_t event;
    return yaml_scalar_event_initialize(&event, nullptr, nullptr, Characters(text), static_cast<int>(text.size()),
                                        may_be_plain ? 1 : 0, 1, style) != 0 &&
           Emit(event);
  }

  yaml_emitter_t emitter_{};
  bool is_ready_ = false;
  std::string text_;
};

}  // namespace

Result<std::string> WriteYaml(const Node& tree) { return Emitter().Document(tree); }

}  // namespace tegula::spec
