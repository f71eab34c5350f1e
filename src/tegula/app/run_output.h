// app/run_output.h — one output of a run on disk: what tiles are written to, and what is made of it.
//
// The model's values go to the store that stays in the form that was asked for. Where they are needed as they are, for
// objects, and the form is another, they go to a store of their own as well, which is thrown away; and where
// postprocessing waits for statistics of the whole output, tiles go to a raw store first. All of them are written tile
// by tile, and a run that was cut off finds them as it left them.
#pragma once

#include <optional>
#include <string>

#include "tegula/core/interval.h"
#include "tegula/outputs/store_part.h"
#include "tegula/outputs/value_form.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::app {

/// What is decided about an output before its stores are opened.
struct RunOutputRequest {
  outputs::StoreOptions own;     ///< the store of the values as the model gives them
  outputs::ValueForm form;       ///< bound to it
  outputs::StoreOptions stored;  ///< the store of that form
  std::optional<DType> raw;      ///< what the network gives, if there is a second pass
  bool needs_values = false;     ///< whether the values are wanted as they are
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
  /// What all tiles lost when they were stored, those before an interruption included. kIo.
  Result<outputs::ValueCounts> Lost() const;

  /// The planes [t] x [z], whose tiles are given in positions of their own. Borrows.
  class Part {
   public:
    Part(const RunOutput& output, Interval t, Interval z);

    /// Takes tiles as the prediction makes them: with a second pass raw ones.
    bool HasTile(const Block& block) const;
    Status WriteTile(const Block& block, const ConstView& pixels_tczyx) const;
    /// Takes finished values.
    bool Has(const Block& block) const;
    Status Write(const Block& block, const ConstView& values_tczyx) const;
    const outputs::StorePart& raw() const noexcept { return *raw_; }

   private:
    Status WriteStored(const Block& block, const ConstView& values_tczyx) const;

    const RunOutput* output_;
    outputs::StorePart stored_;
    std::optional<outputs::StorePart> own_, raw_;
    std::string place_;  // of the planes
  };

 private:
  RunOutput(RunOutputRequest request, outputs::ChunkStore stored, Path lost)
      : request_(std::move(request)), stored_(std::move(stored)), lost_(std::move(lost)) {}

  RunOutputRequest request_;
  outputs::ChunkStore stored_;
  std::optional<outputs::ChunkStore> own_, raw_;
  Path lost_;  // a file per tile that lost something
};

}  // namespace tegula::app
