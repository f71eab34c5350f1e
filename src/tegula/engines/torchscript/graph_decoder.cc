#include "tegula/engines/torchscript/graph_decoder.h"

#include <torch/csrc/jit/ir/constants.h>

#include <openvino/op/constant.hpp>
#include <sstream>

#include "tegula/engines/libtorch/torch_values.h"
#include "tegula/engines/openvino/ov_values.h"

namespace tegula::engines::torchscript {
namespace {

namespace type = ov::frontend::type;
using ov::frontend::pytorch::DecoderRTInfo;
using ov::frontend::pytorch::TorchDecoder;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

ov::element::Type ElementOf(at::ScalarType scalar) {
  if (scalar == at::kHalf) return ov::element::f16;
  if (scalar == at::kBFloat16) return ov::element::bf16;
  const Result<DType> dtype = libtorch::FromTorch(scalar);
  return dtype.ok() ? openvino::ToOv(*dtype) : ov::element::dynamic;
}

ov::Any TypeOf(const c10::TypePtr& torch_type) {
  switch (torch_type->kind()) {
    case c10::TypeKind::TensorType: {
      const auto scalar = torch_type->expectRef<c10::TensorType>().scalarType();
      return type::Tensor(scalar ? ElementOf(*scalar) : ov::element::dynamic);
    }
    case c10::TypeKind::ListType: return type::List(TypeOf(torch_type->expectRef<c10::ListType>().getElementType()));
    case c10::TypeKind::IntType: return type::PyScalar(ov::element::i64);
    case c10::TypeKind::FloatType: return type::PyScalar(ov::element::f32);
    case c10::TypeKind::BoolType: return type::PyScalar(ov::element::boolean);
    case c10::TypeKind::StringType:
    case c10::TypeKind::DeviceObjType: return type::Str();
    case c10::TypeKind::NoneType: return type::PyNone();
    default: return ov::element::Type(ov::element::dynamic);
  }
}

// Of a tensor the rank; its sizes stay free, so that the network does too.
ov::PartialShape ShapeOf(const Value& value) {
  const auto tensor = value.type()->cast<c10::TensorType>();
  if (!tensor) return ov::PartialShape(std::vector<ov::Dimension>{});
  const auto rank = tensor->sizes().size();
  return rank ? ov::PartialShape::dynamic(static_cast<std::int64_t>(*rank)) : ov::PartialShape::dynamic();
}

template <class T>
ov::OutputVector Constant(const ov::element::Type& element, const ov::Shape& shape, const T* values) {
  return std::make_shared<ov::op::v0::Constant>(element, shape, values)->outputs();
}

ov::OutputVector TensorConstant(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  const ov::element::Type element = ElementOf(plain.scalar_type());
  if (element.is_dynamic()) return {};
  return Constant(element, ov::Shape(plain.sizes().begin(), plain.sizes().end()), plain.const_data_ptr());
}

template <class T, class List>
ov::OutputVector ListConstant(const ov::element::Type& element, const List& list) {
  const std::vector<T> values(list.begin(), list.end());
  return Constant(element, {values.size()}, values.data());
}

ov::OutputVector ConstantOf(const c10::IValue& value) {
  if (value.isTensor()) return TensorConstant(value.toTensor());
  if (value.isBool()) {
    const bool boolean = value.toBool();
    return Constant(ov::element::boolean, {}, &boolean);
  }
  if (value.isInt()) {
    const std::int64_t integer = value.toInt();
    return Constant(ov::element::i64, {}, &integer);
  }
  if (value.isDouble()) {
    const auto number = static_cast<float>(value.toDouble());
    return Constant(ov::element::f32, {}, &number);
  }
  if (value.isIntList()) return ListConstant<std::int64_t>(ov::element::i64, value.toIntVector());
  if (value.isDoubleList()) return ListConstant<float>(ov::element::f32, value.toDoubleVector());
  if (value.isBoolList()) {
    const c10::List<bool> list = value.toBoolList();
    std::vector<char> values;
    for (std::size_t i = 0; i < list.size(); ++i) values.push_back(list.get(i) ? 1 : 0);
    return Constant(ov::element::boolean, {values.size()}, values.data());
  }
  return {};
}

// A graph, a block of it, or a node. What the frontend asks of the others is answered as ts_decoder.py does.
class Decoder final : public TorchDecoder {
 public:
  Decoder(std::shared_ptr<Graph> graph, const Block* block) : Decoder(std::move(graph), block, nullptr) {
    for (const Value* value : block->inputs()) AddInput(*value);
    for (const Value* value : block->outputs()) AddOutput(*value);
  }
  Decoder(std::shared_ptr<Graph> graph, const Node* node) : Decoder(std::move(graph), nullptr, node) {
    for (const Value* value : node->inputs()) AddInput(*value);
    for (const Value* value : node->outputs()) AddOutput(*value);
    kind_ = node->kind().toQualString();
    if (const c10::FunctionSchema* const schema = node->maybeSchema()) {
      std::ostringstream text;
      text << *schema;
      schema_ = text.str();
    }
    if (const std::optional<c10::IValue> constant = ConstantValue()) {
      if (constant->isString()) string_ = constant->toStringRef();
      if (constant->isDevice()) string_ = constant->toDevice().str();
    }
    if (kind_ == "prim::device") string_ = "cpu";
  }

  const std::vector<std::size_t>& inputs() const override { return input_ids_; }
  const std::string& get_input_debug_name(std::size_t i) const override { return input_names_.at(i); }
  const std::string& get_input_signature_name(std::size_t i) const override { return input_names_.at(i); }
  ov::PartialShape get_input_shape(std::size_t i) const override { return ShapeOf(*inputs_.at(i)); }
  const std::vector<std::size_t>& get_input_strides(std::size_t) const override { return no_strides_; }
  ov::Any get_input_type(std::size_t i) const override { return TypeOf(inputs_.at(i)->type()); }
  bool input_is_none(std::size_t i) const override {
    return i >= inputs_.size() || inputs_[i]->type()->kind() == c10::TypeKind::NoneType;
  }

  std::size_t num_of_outputs() const override { return outputs_.size(); }
  const std::vector<std::size_t>& outputs() const override { return output_ids_; }
  std::size_t output(std::size_t i) const override { return output_ids_.at(i); }
  std::size_t output_list_size() const override { return 0; }
  const std::string& get_output_debug_name(std::size_t i) const override { return output_names_.at(i); }
  ov::PartialShape get_output_shape(std::size_t i) const override { return ShapeOf(*outputs_.at(i)); }
  ov::Any get_output_type(std::size_t i) const override { return TypeOf(outputs_.at(i)->type()); }

  const std::string& get_op_type() const override { return kind_; }
  const std::string& get_schema() const override { return schema_; }
  const std::string& as_string() const override { return string_; }
  ov::OutputVector as_constant() const override {
    const std::optional<c10::IValue> value = ConstantValue();
    return value ? ConstantOf(*value) : ov::OutputVector();
  }
  std::shared_ptr<ov::Node> mark_node(std::shared_ptr<ov::Node> node) const override {
    node->set_friendly_name(kind_ + "/" + node->get_type_name());
    return node;
  }

  std::size_t get_subgraph_size() const override { return node_ == nullptr ? 1 : node_->blocks().size(); }
  void visit_subgraph(std::function<void(std::shared_ptr<TorchDecoder>)> visit) const override {
    if (block_ == nullptr) return;
    for (const Node* node : block_->nodes()) visit(std::make_shared<Decoder>(graph_, node));
  }
  std::shared_ptr<TorchDecoder> get_subgraph_decoder(std::size_t i) const override {
    if (node_ == nullptr) return std::make_shared<Decoder>(graph_, block_);
    return std::make_shared<Decoder>(graph_, static_cast<const Block*>(node_->blocks().at(i)));
  }

  const std::string& decoder_type_name() const override { return type_name_; }
  // A trace without in-place operators has no aliases that are written to.
  bool may_produce_alias(std::size_t, std::size_t) const override { return false; }
  ov::OutputVector try_decode_get_attr() const override { return {}; }
  ov::Any const_input(std::size_t) const override { return {}; }
  bool is_input_inlined(std::size_t) const override { return false; }
  std::shared_ptr<TorchDecoder> get_inlined_input_decoder(std::size_t) const override { return nullptr; }
  ov::Any get_attribute(const std::string&) const override { return {}; }
  std::size_t get_named_input(const std::string&) const override { return 0; }
  DecoderRTInfo get_rt_info() const override { return {}; }
  bool has_converter() const override { return false; }
  ov::OutputVector convert(const ov::frontend::NodeContext*) const override { return {}; }

 private:
  Decoder(std::shared_ptr<Graph> graph, const Block* block, const Node* node)
      : graph_(std::move(graph)), block_(block), node_(node) {}

  void AddInput(const Value& value) {
    inputs_.push_back(&value);
    input_ids_.push_back(value.unique());
    input_names_.push_back(value.debugName());
  }
  void AddOutput(const Value& value) {
    outputs_.push_back(&value);
    output_ids_.push_back(value.unique());
    output_names_.push_back(value.debugName());
  }
  std::optional<c10::IValue> ConstantValue() const {
    if (node_ == nullptr || node_->kind() != c10::prim::Constant) return std::nullopt;
    return torch::jit::toIValue(node_->output());
  }

  std::shared_ptr<Graph> graph_;
  const Block* block_;  // of a graph or block
  const Node* node_;    // of a node
  std::vector<const Value*> inputs_, outputs_;
  std::vector<std::size_t> input_ids_, output_ids_;
  std::vector<std::string> input_names_, output_names_;
  std::vector<std::size_t> no_strides_;
  std::string kind_, schema_, string_;
  std::string type_name_ = "ts";
};

// Lists of tensors that are constants become nodes that make lists of constants, and constants of an optional type
// those of their own: the frontend knows no others.
void MakeConstantsPlain(Graph& graph) {
  for (auto it = graph.nodes().begin(); it != graph.nodes().end(); ++it) {
    Node* const node = *it;
    if (node->kind() != c10::prim::Constant) continue;
    const std::optional<c10::IValue> value = torch::jit::toIValue(node->output());
    if (!value) continue;
    const torch::jit::WithInsertPoint here(node);
    if (value->isTensorList()) {
      std::vector<Value*> elements;
      for (const at::Tensor& tensor : value->toTensorVector()) elements.push_back(graph.insertConstant(tensor));
      Node* const list = graph.insertNode(graph.createList(c10::TensorType::get(), elements));
      node->output()->replaceAllUsesWith(list->output());
    } else if (node->output()->type()->kind() == c10::TypeKind::OptionalType) {
      node->output()->replaceAllUsesWith(graph.insertConstant(*value));
    }
  }
}

}  // namespace

std::shared_ptr<TorchDecoder> NewGraphDecoder(std::shared_ptr<Graph> graph) {
  MakeConstantsPlain(*graph);
  const Block* const block = graph->block();
  return std::make_shared<Decoder>(std::move(graph), block);
}

}  // namespace tegula::engines::torchscript
