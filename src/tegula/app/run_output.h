// app/run_output.h — one output of a run on disk: what tiles are written to, and what is made of it.
//
// The model's values go to the store that stays in the form that was asked for. Where they are needed as they are, for
// objects, and the form is another, they go to a store of their own as well, which is thrown away; and where
// postprocessing waits for statistics of the whole output, tiles go to a raw store first. Where numbered objects are
// made of the whole output, what they are made of goes to a store of its own too. All of them are written tile by tile,
// and a run that was cut off finds them as it left them.
#pragma once

#include <optional>
#include <string>

#include "tegula/core/interval.h"
#include "tegula/outputs/store_part.h"
#include "tegula/outputs/value_form.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/instance_pass.h"
#include "tegula/pipeline/region_of_interest.h"

namespace tegula::app {

/// What makes numbered objects of an output.
struct InstancesRequest {
  pipeline::InstancePass pass;
  outputs::StoreOptions before;  ///< the store of the values that objects are made of
};

/// What is decided about an output before its stores are opened.
struct RunOutputRequest {
  outputs::StoreOptions own;     ///< the store of the values as the model gives them
  outputs::ValueForm form;       ///< bound to it
  outputs::StoreOptions stored;  ///< the store of that form
  std::optional<DType> raw;      ///< what the network gives, if there is a second pass
  bool needs_values = false;     ///< whether the values are wanted as they are
  std::optional<InstancesRequest> instances;
};

/// Moves; otherwise immutable and thread-safe.
class RunOutput {
 public:
  /// Opens or makes the stores: `folder` stays, those in `scratch` do not; `name` tells them from those of other
  /// outputs. Leftovers of a run that was killed are removed. Errors of ChunkStore.
  static Result<RunOutput> Open(RunOutputRequest request, const Path& folder, const Path& scratch,
                                const std::string& name, const Limits& limits);

  const outputs::ValueForm& form() const noexcept { return request_.form; }
  /// What stays.
  const outputs::ChunkStore& stored() const noexcept { return stored_; }
  /// Level 0 with the values as they are, if they are wanted so; else in the form that stays.
  const outputs::ChunkStore& values() const noexcept { return own_ ? *own_ : stored_; }
  bool has_second_pass() const noexcept { return raw_.has_value(); }
  bool has_instances() const noexcept { return before_.has_value(); }
  /// What all tiles lost when they were stored, those before an interruption included. kIo.
  Result<outputs::ValueCounts> Lost() const;

  /// The planes [t] x [z], whose tiles are given in positions of their own, as far as they are asked for. Borrows.
  class Part {
   public:
    /// `region` may be null: everything is asked for.
    Part(const RunOutput& output, Interval t, Interval z, const pipeline::RegionOfInterest* region);

    /// What of the stored planes is asked for.
    pipeline::AskedPart asked() const { return Asked(stored_); }
    bool IsAsked(const Block& block) const { return asked().IsAsked(block); }

    /// Takes tiles as the prediction makes them: with a second pass raw ones.
    bool HasTile(const Block& block) const;
    Status WriteTile(const Block& block, const ConstView& pixels_tczyx) const;
    /// Takes finished values, or those that objects are made of.
    bool Has(const Block& block) const;
    Status Write(const Block& block, const ConstView& values_tczyx) const;
    const outputs::StorePart& raw() const noexcept { return *raw_; }
    const outputs::StorePart& values() const noexcept { return own_ ? *own_ : stored_; }
    /// As InstancePass::Run, for what has_instances; such a part is asked for as a whole.
    Status MakeInstances(const RunContext& context, const pipeline::RegionOfInterest* region, const Path& scratch,
                         std::int64_t memory_bytes) const;

   private:
    pipeline::AskedPart Asked(const outputs::StorePart& part) const { return {part, region_}; }
    outputs::ValueCounts Convert(const Block& block, const ConstView& own_tczyx, const View& stored_tczyx) const;
    Status WriteStored(const Block& block, const ConstView& values_tczyx) const;

    const RunOutput* output_;
    const pipeline::RegionOfInterest* region_;
    outputs::StorePart stored_;
    std::optional<outputs::StorePart> own_, raw_, before_;
    std::string place_;  // of the planes
  };

 private:
  RunOutput(RunOutputRequest request, outputs::ChunkStore stored, Path lost)
      : request_(std::move(request)), stored_(std::move(stored)), lost_(std::move(lost)) {}

  RunOutputRequest request_;
  outputs::ChunkStore stored_;
  std::optional<outputs::ChunkStore> own_, raw_, before_;
  Path lost_;  // a file per tile that lost something
};

}  // namespace tegula::app
