// pipeline/probe.h — a network as something to experiment with: run it on inputs of any size it takes, made of the
// model's own example or of noise, shifted along an axis or changed at some places, and see what comes out.
//
// Descriptions say how far a network sees and where its windows may start; often they are wrong. What is true can only
// be found by experiments (receptive_field.h), and all of them need the same: tensors of several inputs that fit
// together, the sizes of outputs that have other scales, and sessions that are made once per shape.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"
#include "tegula/tiling/axis_plan.h"

namespace tegula::pipeline {

/// An axis of space or time of the lead input: the input that the sizes of the other tensors refer to.
struct ProbeAxis {
  std::string id;
  tiling::SizeRule sizes;
  std::int64_t sample = 0;         ///< size of the model's own example
  std::int64_t declared_halo = 0;  ///< pixels of the lead input
};

/// How an output follows an axis of the lead input: its size is the lead's * scale + offset.
struct OutputAxis {
  std::size_t output = 0;
  int position = 0;  ///< of the axis among those of the output
  Rational scale;
  std::int64_t offset = 0;
  Shape others;  ///< its other axes, whatever the size of this one

  std::int64_t lost_before() const noexcept { return FloorDiv(offset, 2); }  ///< as tiling::PlanAxis divides it
  std::int64_t lost_after() const noexcept { return offset - lost_before(); }
  /// The lead pixels of output pixel `o` lie in [Begin, End).
  std::int64_t Begin(std::int64_t o) const noexcept { return scale.Inverse().Floor(o - lost_after()); }
  std::int64_t End(std::int64_t o) const noexcept { return scale.Inverse().Ceil(o + 1 - lost_before()); }
};

enum class ProbeBase : std::uint8_t { kImage, kNoise };  ///< the example, mirrored at its ends; noise of its range
enum class ProbePattern : std::uint8_t { kAll, kSparse, kPoint };

/// Pixels that are not as in the base: moved up or down by half to all of `amplitude` times the range of the example.
struct ProbeChange {
  Interval where;  ///< along the axis, pixels of the lead input; of other inputs those that touch it change
  double amplitude = 1;
  ProbePattern pattern = ProbePattern::kAll;  ///< all of them, one in sixteen, or one in the middle of the other axes
};

/// One experiment along one axis.
struct ProbeScene {
  std::size_t axis = 0;
  std::int64_t size = 0;   ///< along the axis; the others have their CrossSize
  std::int64_t shift = 0;  ///< the window begins here in the base
  ProbeBase base = ProbeBase::kImage;
  std::optional<ProbeChange> change;
};

/// Borrows model, network and context. One thread at a time.
class Probe {
 public:
  /// `sample` is what the network takes for the model's example (PrepareInputs). kInvalid if it does not fit the model.
  static Result<Probe> Make(const spec::ModelDescription& model, const engines::Network& network,
                            std::vector<Tensor> sample, const RunContext& context);

  const std::vector<ProbeAxis>& axes() const noexcept { return axes_; }
  /// From now on only the example's sizes are used, as the network refuses others.
  void FixSizes();
  /// The smallest size the axis takes that is at least `wanted`.
  std::int64_t ValidSize(std::size_t axis, std::int64_t wanted) const;
  /// The size of an axis while another one is looked at: small, as every line across is a trial of its own.
  std::int64_t CrossSize(std::size_t axis) const;
  /// Pixels of the lead input in a scene of this size.
  std::int64_t Pixels(std::size_t axis, std::int64_t size) const;
  /// Whether all inputs move by whole pixels when the lead input moves by `shift`.
  bool MovesWhole(std::size_t axis, std::int64_t shift) const;

  /// The raw outputs as doubles. Errors of the network; kCancelled.
  Result<std::vector<Tensor>> Run(const ProbeScene& scene);
  /// As Run, in a session that was made anew.
  Result<std::vector<Tensor>> RunAfresh(const ProbeScene& scene);
  /// The outputs that follow the axis and whose other sizes do not depend on the data: for free sizes measured at two
  /// of them, else what the description says.
  Result<std::vector<OutputAxis>> FollowersOf(std::size_t axis);
  std::int64_t runs() const noexcept { return runs_; }

 private:
  // Where the size of an axis of an input comes from.
  struct Source {
    int lead_axis = -1;  // -1: as in the sample
    Rational scale;
    std::int64_t offset = 0;
    std::int64_t size = 0;
  };
  struct Input {
    Tensor sample;  // doubles
    DType dtype = DType::kF32;
    double low = 0, range = 1;
    std::vector<Source> sources;
  };
  Probe(const spec::ModelDescription& model, const engines::Network& network, const RunContext& context)
      : model_(&model), network_(&network), context_(&context) {}
  Status AddInput(std::size_t index, Tensor sample);
  Result<Tensor> MakeInput(std::size_t index, const ProbeScene& scene) const;

  const spec::ModelDescription* model_;
  const engines::Network* network_;
  const RunContext* context_;
  std::size_t lead_ = 0;
  std::vector<ProbeAxis> axes_;
  std::vector<Input> inputs_;
  std::map<std::string, std::unique_ptr<engines::Session>> sessions_;  // by shapes
  std::int64_t runs_ = 0;
};

}  // namespace tegula::pipeline
