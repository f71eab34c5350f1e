// Convolutions of 3 x 3 with a ReLU, as U-Nets have them, beside OpenVINO's own ones: one thread, wall time of the
// convolution alone, as OpenVINO's profile tells it.
//
//   winograd_bench      arguments: input channels, output channels, edge of the image
#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <openvino/openvino.hpp>
#include <openvino/opsets/opset11.hpp>
#include <vector>

#include "tegula/engines/winograd/convolution.h"

namespace tegula::engines::winograd {
namespace {

namespace op = ov::opset11;

struct Layer {
  std::size_t inputs, outputs, edge;
  explicit Layer(const benchmark::State& state)
      : inputs(static_cast<std::size_t>(state.range(0))),
        outputs(static_cast<std::size_t>(state.range(1))),
        edge(static_cast<std::size_t>(state.range(2))) {}
};

std::vector<float> Waves(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(0.7F * static_cast<float>(i % 10'007));
  return values;
}

void Done(benchmark::State& state, const Layer& layer) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(layer.edge * layer.edge));
}

void Winograd(benchmark::State& state) {
  const Layer layer(state);
  const int edge = static_cast<int>(layer.edge);
  const Convolution convolution(Waves(layer.outputs * layer.inputs * 9), Waves(layer.outputs),
                                static_cast<int>(layer.inputs), true);
  const std::vector<float> image = Waves(layer.edge * layer.edge * layer.inputs);
  std::vector<float> out(layer.edge * layer.edge * layer.outputs);
  const Part part = {image.data(), static_cast<int>(layer.inputs)};
  const Task task = {.parts = &part,
                     .part_count = 1,
                     .height = edge,
                     .width = edge,
                     .above = 1,
                     .left = 1,
                     .out_height = edge,
                     .out_width = edge,
                     .out = out.data()};
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    std::atomic<std::int64_t> next = 0;
    convolution.Run(task, next, Convolution::Steps(task));
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    benchmark::DoNotOptimize(out.data());
  }
  Done(state, layer);
}

void OpenVino(benchmark::State& state) {
  const Layer layer(state);
  const ov::Shape image = {1, layer.inputs, layer.edge, layer.edge}, filters = {layer.outputs, layer.inputs, 3, 3};
  const auto parameter = std::make_shared<op::Parameter>(ov::element::f32, image);
  const auto convolution = std::make_shared<op::Convolution>(
      parameter, op::Constant::create(ov::element::f32, filters, Waves(ov::shape_size(filters))), ov::Strides{1, 1},
      ov::CoordinateDiff{1, 1}, ov::CoordinateDiff{1, 1}, ov::Strides{1, 1});
  const auto bias = op::Constant::create(ov::element::f32, {1, layer.outputs, 1, 1}, Waves(layer.outputs));
  const auto rectified = std::make_shared<op::Relu>(std::make_shared<op::Add>(convolution, bias));
  ov::Core core;
  ov::InferRequest request =
      core.compile_model(std::make_shared<ov::Model>(ov::OutputVector{rectified}, ov::ParameterVector{parameter}),
                         "CPU", ov::inference_num_threads(1), ov::enable_profiling(true),
                         ov::hint::inference_precision(ov::element::f32))
          .create_infer_request();
  const std::vector<float> values = Waves(ov::shape_size(image));
  std::copy(values.begin(), values.end(), request.get_input_tensor().data<float>());
  for (auto _ : state) {
    request.infer();
    double seconds = 0;
    for (const ov::ProfilingInfo& node : request.get_profiling_info())
      if (node.node_type == "Convolution") seconds += std::chrono::duration<double>(node.real_time).count();
    if (seconds <= 0) return state.SkipWithError("OpenVINO's profile has no convolution");
    state.SetIterationTime(seconds);
  }
  Done(state, layer);
}

void Layers(benchmark::internal::Benchmark* each) {
  for (const auto& layer : {std::vector<std::int64_t>{16, 16, 1080},
                            {32, 16, 1080},
                            {32, 32, 540},
                            {64, 32, 540},
                            {64, 64, 270},
                            {128, 128, 135},
                            {256, 256, 64},
                            {512, 512, 32}})
    each->Args(layer);
  each->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);
}
BENCHMARK(Winograd)->Apply(Layers);
BENCHMARK(OpenVino)->Apply(Layers);

}  // namespace
}  // namespace tegula::engines::winograd
