#include "tegula/engines/onnx/single_loops.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tegula/engines/onnx/wire.h"

namespace tegula::engines::onnx {
namespace {

// Numbers of fields in onnx.proto.
namespace model {
constexpr std::uint32_t kGraph = 7, kOpset = 8;
}
namespace opset {
constexpr std::uint32_t kDomain = 1, kVersion = 2;
}
namespace graph {
constexpr std::uint32_t kNode = 1, kInitializer = 5, kInput = 11, kOutput = 12, kSparseInitializer = 15;
}
namespace node {
constexpr std::uint32_t kInput = 1, kOutput = 2, kName = 3, kType = 4, kAttribute = 5, kDomain = 7;
}
namespace attribute {
constexpr std::uint32_t kName = 1, kGraph = 6, kInts = 8, kGraphs = 11, kKind = 20;
constexpr std::uint64_t kIsInts = 7;
}  // namespace attribute
namespace tensor {
constexpr std::uint32_t kDims = 1, kType = 2, kFloats = 4, kInt32s = 5, kInt64s = 7, kName = 8, kRaw = 9;
constexpr std::uint64_t kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9;
}  // namespace tensor
constexpr std::uint32_t kValueName = 1;  // of an input or output of a graph

constexpr std::string_view kPrefix = "tegula/loop";
constexpr std::uint64_t kAxesAreAnInput = 13;  // from this version of Unsqueeze on
constexpr int kDeepest = 16;

std::string_view TextOf(const std::vector<Field>& fields, std::uint32_t number) {
  for (const Field& field : fields)
    if (field.number == number && field.is_bytes) return field.bytes;
  return {};
}

struct Node {
  std::vector<Field> fields;
  std::vector<std::string> inputs, outputs;
  std::string_view type;
};

// What of a graph this looks at. Points into the network.
struct Graph {
  std::vector<Field> fields;
  std::vector<Node> nodes;
  std::map<std::string, std::string_view> initializers;
  std::vector<std::string> inputs, outputs;
  bool is_plain = true;  // of nodes without graphs, and dense tensors
};

std::optional<Node> ReadNode(std::string_view bytes) {
  std::optional<std::vector<Field>> fields = FieldsOf(bytes);
  if (!fields) return std::nullopt;
  Node read;
  for (const Field& field : *fields) {
    if (field.number == node::kInput) read.inputs.emplace_back(field.bytes);
    if (field.number == node::kOutput) read.outputs.emplace_back(field.bytes);
  }
  read.type = TextOf(*fields, node::kDomain).empty() ? TextOf(*fields, node::kType) : std::string_view();
  read.fields = std::move(*fields);
  return read;
}

std::optional<bool> HasGraphs(const Node& read) {
  for (const Field& field : read.fields) {
    if (field.number != node::kAttribute) continue;
    const std::optional<std::vector<Field>> fields = FieldsOf(field.bytes);
    if (!fields) return std::nullopt;
    for (const Field& part : *fields)
      if (part.number == attribute::kGraph || part.number == attribute::kGraphs) return true;
  }
  return false;
}

std::optional<Graph> ReadGraph(std::string_view bytes) {
  std::optional<std::vector<Field>> fields = FieldsOf(bytes);
  if (!fields) return std::nullopt;
  Graph read;
  for (const Field& field : *fields) {
    const bool is_named =
        field.number == graph::kInitializer || field.number == graph::kInput || field.number == graph::kOutput;
    const std::optional<std::vector<Field>> parts = is_named ? FieldsOf(field.bytes) : std::vector<Field>();
    if (!parts) return std::nullopt;
    switch (field.number) {
      case graph::kNode: {
        std::optional<Node> one = ReadNode(field.bytes);
        const std::optional<bool> has_graphs = one ? HasGraphs(*one) : std::nullopt;
        if (!has_graphs) return std::nullopt;
        read.is_plain = read.is_plain && !*has_graphs;
        read.nodes.push_back(std::move(*one));
        break;
      }
      case graph::kInitializer: read.initializers.emplace(TextOf(*parts, tensor::kName), field.bytes); break;
      case graph::kInput: read.inputs.emplace_back(TextOf(*parts, kValueName)); break;
      case graph::kOutput: read.outputs.emplace_back(TextOf(*parts, kValueName)); break;
      case graph::kSparseInitializer: read.is_plain = false; break;
      default: break;
    }
  }
  read.fields = std::move(*fields);
  return read;
}

// --- What is constant ------------------------------------------------------------------------------------------------

template <class T>
std::optional<double> Raw(std::string_view bytes) {
  if (bytes.size() != sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return static_cast<double>(value);
}

// The value of a tensor of one element.
std::optional<double> ScalarOf(std::string_view bytes) {
  const std::optional<std::vector<Field>> fields = FieldsOf(bytes);
  if (!fields) return std::nullopt;
  std::uint64_t type = 0;
  std::optional<double> value;
  int values = 0;
  for (const Field& field : *fields) {
    if (field.number == tensor::kDims && (field.is_bytes || field.value != 1)) return std::nullopt;
    if (field.number == tensor::kType) type = field.value;
  }
  for (const Field& field : *fields) {
    const bool is_packed = field.is_bytes && field.bytes.size() == 1;  // one integer below 128
    const auto integer = is_packed ? static_cast<std::uint64_t>(field.bytes[0]) : field.value;
    const bool is_integer = is_packed || !field.is_bytes;
    if (field.number == tensor::kRaw) {
      ++values;
      value = type == tensor::kFloat   ? Raw<float>(field.bytes)
              : type == tensor::kInt32 ? Raw<std::int32_t>(field.bytes)
              : type == tensor::kInt64 ? Raw<std::int64_t>(field.bytes)
              : type == tensor::kBool  ? Raw<std::uint8_t>(field.bytes)
                                       : std::nullopt;
    } else if (field.number == tensor::kFloats && type == tensor::kFloat) {
      ++values;
      value = Raw<float>(field.bytes);
    } else if ((field.number == tensor::kInt32s && (type == tensor::kInt32 || type == tensor::kBool)) ||
               (field.number == tensor::kInt64s && type == tensor::kInt64)) {
      ++values;
      value = is_integer && integer < 0x80 ? std::optional(static_cast<double>(integer)) : std::nullopt;
    }
  }
  return values == 1 && value && std::isfinite(*value) ? value : std::nullopt;
}

struct Fold {
  std::string_view type;
  double (*of)(double a, double b);
};
constexpr Fold kFolds[] = {
    {"And", [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; }},
    {"Or", [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; }},
    {"Less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
    {"Greater", [](double a, double b) { return a > b ? 1.0 : 0.0; }},
};

std::optional<double> ConstantOf(const Graph& whole, const std::string& name, int depth = 0) {
  // An input may be given another value than its initializer's.
  if (depth > kDeepest || std::ranges::find(whole.inputs, name) != whole.inputs.end()) return std::nullopt;
  if (const auto found = whole.initializers.find(name); found != whole.initializers.end())
    return ScalarOf(found->second);
  for (const Node& each : whole.nodes) {
    if (each.outputs.size() != 1 || each.outputs[0] != name || each.inputs.size() != 2) continue;
    for (const Fold& fold : kFolds) {
      if (fold.type != each.type) continue;
      const std::optional<double> a = ConstantOf(whole, each.inputs[0], depth + 1);
      const std::optional<double> b = a ? ConstantOf(whole, each.inputs[1], depth + 1) : std::nullopt;
      return b ? std::optional(fold.of(*a, *b)) : std::nullopt;
    }
  }
  return std::nullopt;
}

// Inputs of a loop: how often at most, whether it begins, and what it carries from one round to the next.
constexpr std::size_t kCarried = 2;

bool RunsOnce(const Graph& whole, const Node& loop) {
  if (loop.type != "Loop" || loop.inputs.size() < kCarried || loop.inputs[0].empty()) return false;
  const std::optional<double> most = ConstantOf(whole, loop.inputs[0]);
  if (!most || *most != 1) return false;
  if (loop.inputs[1].empty()) return true;
  const std::optional<double> begins = ConstantOf(whole, loop.inputs[1]);
  return begins && *begins != 0;
}

// --- What is written -------------------------------------------------------------------------------------------------

std::string NewTensor(const std::string& name, std::uint64_t type, std::optional<std::int64_t> size,
                      std::uint64_t value) {
  std::string bytes;
  if (size) AppendInteger(tensor::kDims, static_cast<std::uint64_t>(*size), bytes);
  AppendInteger(tensor::kType, type, bytes);
  AppendBytes(tensor::kName, name, bytes);
  std::string raw(type == tensor::kBool ? 1 : sizeof value, '\0');
  std::memcpy(raw.data(), &value, raw.size());
  AppendBytes(tensor::kRaw, raw, bytes);
  return bytes;
}

std::string NewNode(std::string_view type, const std::vector<std::string>& inputs, const std::string& output) {
  std::string bytes;
  for (const std::string& input : inputs) AppendBytes(node::kInput, input, bytes);
  AppendBytes(node::kOutput, output, bytes);
  AppendBytes(node::kName, output, bytes);
  AppendBytes(node::kType, type, bytes);
  return bytes;
}

// Puts the body of one loop in its place.
class Inlining {
 public:
  Inlining(const Node& loop, const Graph& body, std::size_t number, std::uint64_t version)
      : loop_(loop), body_(body), prefix_(fmt::format("{}{}/", kPrefix, number)), version_(version) {}

  // Nodes and tensors go behind what `graph` has. False if the loop is not as ONNX wants it.
  bool Append(std::string& graph) {
    const std::size_t carried = loop_.inputs.size() - kCarried;
    const bool fits = body_.is_plain && body_.inputs.size() == loop_.inputs.size() &&
                      body_.outputs.size() >= 1 + carried && loop_.outputs.size() <= body_.outputs.size() - 1;
    if (!fits) return false;
    const std::string round = prefix_ + "round";
    names_[body_.inputs[0]] = round;
    AppendBytes(graph::kInitializer, NewTensor(round, tensor::kInt64, std::nullopt, 0), graph);
    names_[body_.inputs[1]] = loop_.inputs[1].empty() ? prefix_ + "begins" : loop_.inputs[1];
    if (loop_.inputs[1].empty())
      AppendBytes(graph::kInitializer, NewTensor(prefix_ + "begins", tensor::kBool, std::nullopt, 1), graph);
    for (std::size_t i = kCarried; i < body_.inputs.size(); ++i) names_[body_.inputs[i]] = loop_.inputs[i];
    for (const auto& [name, bytes] : body_.initializers) names_.emplace(name, prefix_ + name);
    for (const Node& each : body_.nodes)
      for (const std::string& name : each.outputs) names_.emplace(name, prefix_ + name);
    names_[""] = "";

    for (const auto& [name, bytes] : body_.initializers)
      AppendBytes(graph::kInitializer, Renamed(*FieldsOf(bytes), {tensor::kName}, 0), graph);
    for (const Node& each : body_.nodes)
      AppendBytes(graph::kNode, Renamed(each.fields, {node::kInput, node::kOutput}, node::kName), graph);
    for (std::size_t i = 0; i < loop_.outputs.size(); ++i) {
      if (loop_.outputs[i].empty()) continue;
      const std::string from = NameOf(body_.outputs[1 + i]);
      AppendBytes(graph::kNode,
                  i < carried ? NewNode("Identity", {from}, loop_.outputs[i]) : Stacked(from, loop_.outputs[i], graph),
                  graph);
    }
    return true;
  }

 private:
  // What the body does not have is of the graph around it.
  std::string NameOf(std::string_view name) const {
    const auto found = names_.find(std::string(name));
    return found == names_.end() ? std::string(name) : found->second;
  }

  std::string Renamed(const std::vector<Field>& fields, std::vector<std::uint32_t> names, std::uint32_t label) const {
    std::string bytes;
    for (const Field& field : fields) {
      if (std::ranges::find(names, field.number) != names.end()) {
        AppendBytes(field.number, NameOf(field.bytes), bytes);
      } else if (field.number == label) {
        AppendBytes(field.number, prefix_ + std::string(field.bytes), bytes);
      } else {
        bytes += field.all;
      }
    }
    return bytes;
  }

  // The values of all rounds lie along a new first axis.
  std::string Stacked(const std::string& from, const std::string& output, std::string& graph) const {
    if (version_ >= kAxesAreAnInput) {
      const std::string axes = prefix_ + "axes of " + output;
      AppendBytes(graph::kInitializer, NewTensor(axes, tensor::kInt64, 1, 0), graph);
      return NewNode("Unsqueeze", {from, axes}, output);
    }
    std::string axes, bytes = NewNode("Unsqueeze", {from}, output);
    AppendBytes(attribute::kName, "axes", axes);
    AppendInteger(attribute::kInts, 0, axes);
    AppendInteger(attribute::kKind, attribute::kIsInts, axes);
    AppendBytes(node::kAttribute, axes, bytes);
    return bytes;
  }

  const Node& loop_;
  const Graph& body_;
  std::string prefix_;
  std::uint64_t version_;
  std::map<std::string, std::string> names_;
};

std::optional<Graph> BodyOf(const Node& loop) {
  for (const Field& field : loop.fields) {
    if (field.number != node::kAttribute) continue;
    const std::optional<std::vector<Field>> fields = FieldsOf(field.bytes);
    if (fields && TextOf(*fields, attribute::kName) == "body") return ReadGraph(TextOf(*fields, attribute::kGraph));
  }
  return std::nullopt;
}

std::optional<std::string> WithoutSingleLoopsOf(const Graph& whole, std::uint64_t version) {
  std::string bytes;
  std::size_t found = 0;
  auto at = whole.nodes.begin();
  for (const Field& field : whole.fields) {
    if (field.number != graph::kNode) {
      bytes += field.all;
      continue;
    }
    const Node& each = *at++;
    const std::optional<Graph> body = RunsOnce(whole, each) ? BodyOf(each) : std::nullopt;
    if (body && Inlining(each, *body, found, version).Append(bytes)) {
      ++found;
    } else {
      bytes += field.all;
    }
  }
  return found > 0 ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

std::optional<std::string> WithoutSingleLoops(std::string_view network) {
  if (network.find(kPrefix) != std::string_view::npos) return std::nullopt;  // new names must be new
  const std::optional<std::vector<Field>> fields = FieldsOf(network);
  if (!fields) return std::nullopt;
  std::uint64_t version = 0;
  std::string_view whole;
  for (const Field& field : *fields) {
    if (field.number == model::kGraph) {
      if (!whole.empty()) return std::nullopt;
      whole = field.bytes;
    }
    if (field.number != model::kOpset) continue;
    const std::optional<std::vector<Field>> opset = FieldsOf(field.bytes);
    if (!opset) return std::nullopt;
    if (!TextOf(*opset, opset::kDomain).empty()) continue;
    for (const Field& part : *opset)
      if (part.number == opset::kVersion) version = part.value;
  }
  const std::optional<Graph> graph = ReadGraph(whole);
  const std::optional<std::string> rewritten = graph ? WithoutSingleLoopsOf(*graph, version) : std::nullopt;
  if (!rewritten) return std::nullopt;
  std::string bytes;
  for (const Field& field : *fields) {
    if (field.number == model::kGraph) {
      AppendBytes(field.number, *rewritten, bytes);
    } else {
      bytes += field.all;
    }
  }
  return bytes;
}

}  // namespace tegula::engines::onnx
