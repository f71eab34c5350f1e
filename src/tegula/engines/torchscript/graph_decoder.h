// engines/torchscript/graph_decoder.h — a TorchScript graph as OpenVINO's PyTorch frontend reads it.
//
// The frontend is made for a Python class over torch's Python objects (openvino/frontend/pytorch/ts_decoder.py); this
// is the same over torch's C++ graph, for graphs that come from a trace: straight lines of operators with their weights
// as constants, without modules, attributes and strings of code.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <openvino/frontend/pytorch/decoder.hpp>

namespace tegula::engines::torchscript {

/// A decoder of the whole graph, which it keeps. Changes the graph: constants in lists become nodes of their own.
std::shared_ptr<ov::frontend::pytorch::TorchDecoder> NewGraphDecoder(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace tegula::engines::torchscript
