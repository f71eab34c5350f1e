// pipeline/verification.h — tiles that are predicted again in other windows, held against what is stored.
//
// The windows of a second prediction lie elsewhere and see more of the surroundings, so that the seams of the first lie
// in their midst. It hands over what the network gives; here that is finished with the statistics of the first and
// compared chunk by chunk with what the first has written.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "tegula/pipeline/deviation.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/pipeline/region_of_interest.h"
#include "tegula/pipeline/steps.h"

namespace tegula::pipeline {

/// An output as it is stored. Positions are those of the prediction's output.
struct StoredOutput {
  std::function<Status(const Block& block, const View& out_tczyx)> read;  ///< thread-safe
  DType dtype = DType::kF32;
  std::int64_t channels = 1;
  PerAxis<std::int64_t> chunk = {{1, 1, 1, 1}};  ///< in which reading is cheap
  const RegionOfInterest* asked = nullptr;       ///< what else is there means nothing; null: all is asked for
};

/// Seams of the first of two plans, and what pixels saw at least in both. Distances along axes are made comparable:
/// what is seen along one is multiplied by `unit` / `weights[axis]` and counts as pixels of an axis whose weight is
/// `unit`.
SeamDistances DistancesOf(const tiling::ModelGrid& grid, const tiling::TilePlan& first, const tiling::TilePlan& second,
                          std::size_t output, const PerAxis<std::int64_t>& weights, std::int64_t unit);

/// Where the two differ most, in the output's own pixels: a part of one plane and channel.
struct CloseUp {
  OutputPlace place;
  Box box;
  Tensor stored_yx, difference_yx;  ///< float32
};

/// What was found of an output.
struct VerifiedOutput {
  Deviation deviation;
  std::optional<DeviationMap> map;
  std::optional<CloseUp> close_up;  ///< nothing if all values are the same

  /// Adds another plane's, whose positions count from `first`.
  void Add(VerifiedOutput other, const PerAxis<std::int64_t>& first);
};

/// The largest finite absolute value that is stored in a block, or 1 if that is larger. Errors of reading.
Result<double> LargestStored(const StoredOutput& stored, const Block& block);

/// Compares the tiles of one output. Borrows the distances. Thread-safe until Take.
class TileComparer {
 public:
  struct Allowed {
    double of_values = 0;     ///< differences up to this do not count
    double tolerance = 1e-5;  ///< of what stands before steps, as a share of the largest of it
  };
  /// `again` hands over raw tiles, or finished patches. Errors of ops.
  static Result<std::unique_ptr<TileComparer>> Bind(const spec::ModelDescription& model, const Prediction& again,
                                                    std::size_t number, const ops::Statistics& statistics,
                                                    StoredOutput stored, const SeamDistances& distances,
                                                    const Allowed& allowed);

  /// As a TileSink gets it.
  Status Compare(const Block& write, const ConstView& tile_tczyx);
  /// Once, when all tiles have been compared.
  VerifiedOutput Take();

 private:
  TileComparer(const Prediction& again, std::size_t number, StoredOutput stored, const SeamDistances& distances,
               const Allowed& allowed)
      : again_(again), number_(number), stored_(std::move(stored)), distances_(distances), allowed_(allowed) {}
  struct Part;
  Result<Part> PartAt(const Block& block, const Block& write, const ConstView& tile_tczyx) const;
  Result<Deviation> CompareChunk(const Block& chunk, const Block& write, const ConstView& tile_tczyx,
                                 DeviationMap& map) const;
  Result<CloseUp> LookAt(const OutputPlace& place, const Block& write, const ConstView& tile_tczyx) const;

  const Prediction& again_;
  std::size_t number_;
  StoredOutput stored_;
  const SeamDistances& distances_;
  Allowed allowed_;
  std::optional<SteppedPostprocessing> after_;                 // nothing for what comes finished
  std::mutex mutex_;                                           // of what follows
  std::map<std::array<std::int64_t, 4>, Deviation> of_tiles_;  // by their place, for sums that do not depend on order
  VerifiedOutput found_;
};

}  // namespace tegula::pipeline
