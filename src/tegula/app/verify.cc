#include "tegula/app/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tegula/app/verdict.h"
#include "tegula/core/platform.h"
#include "tegula/tiling/seams.h"

namespace tegula::app {
namespace {

using Against = VerificationPlan::Against;

// Differences that are nothing, as a share of the largest value. float32 is what docs/exactness.md promises; less
// precise arithmetic rounds each value of every layer to so many bits, in another order in windows of another size.
double ToleranceOf(engines::Precision precision) {
  switch (precision) {
    case engines::Precision::kBf16: return 0x1p-8;
    case engines::Precision::kF16: return 0x1p-11;
    case engines::Precision::kF32: break;
  }
  return 1e-5;
}

// Counts the tiles of all frames as one stage.
class VerifyProgress final : public Progress {
 public:
  VerifyProgress(Progress& progress, std::int64_t before, std::int64_t skipped, std::int64_t all)
      : progress_(progress), before_(before), skipped_(skipped), all_(all) {}
  void Update(std::string_view, std::int64_t done, std::int64_t, std::string_view unit) override {
    progress_.Update("verifying", before_ + done - skipped_, all_, unit);
  }
  void Note(std::string_view sentence) override { progress_.Note(sentence); }

 private:
  Progress& progress_;
  std::int64_t before_, skipped_, all_;
};

// Rows or columns of a plane that begins at `begin` and thins out `cell` pixels to one.
std::vector<std::int64_t> LinesAt(const std::vector<std::int64_t>& seams, std::int64_t begin, std::int64_t end,
                                  std::int64_t cell) {
  std::vector<std::int64_t> lines;
  for (const std::int64_t seam : seams)
    if (seam > begin && seam < end) lines.push_back((seam - begin) / cell);
  return lines;
}

class Verifier {
 public:
  Verifier(const VerifyJob& verify, FrameSource frames, const RunContext& context)
      : verify_(verify), plan_(verify.plan), source_(frames), context_(context) {}

  Result<Verification> Run() {
    const double began = MonotonicSeconds();
    const std::size_t outputs = plan_.first.outputs();
    result_.found.resize(outputs);
    for (std::size_t number = 0; number < outputs; ++number) {
      result_.seams.push_back(SeamsOf(number));
      distances_.push_back(
          pipeline::DistancesOf(plan_.grid, plan_.first, plan_.second, number, plan_.weights, plan_.unit));
    }
    if (plan_.against != Against::kNothing) {
      const auto is_asked = [&](const tiling::Tile& tile) { return IsAsked(tile); };
      chosen_ = ChooseTilesToVerify(plan_, verify_.frames, verify_.request, verify_.seed, is_asked);
      TEGULA_TRY(SetAllowed());
      TEGULA_TRY(CompareAll());
    }
    for (std::size_t number = 0; number < outputs; ++number)
      result_.records.push_back(RecordOf(number, MonotonicSeconds() - began));
    return std::move(result_);
  }

 private:
  const spec::ModelDescription& model() const { return verify_.job.package.description(); }
  double tolerance() const { return ToleranceOf(verify_.job.proven.check.precision); }

  bool IsAsked(const tiling::Tile& tile) const {
    for (std::size_t number = 0; number < tile.pieces.size(); ++number) {
      const pipeline::RegionOfInterest* const asked = verify_.region.On(number);
      if (!tile.pieces[number].empty() && (asked == nullptr || asked->Touches(PlaneBox(tile.pieces[number].write))))
        return true;
    }
    return false;
  }

  PerAxis<std::vector<std::int64_t>> SeamsOf(std::size_t number) const {
    PerAxis<std::vector<std::int64_t>> seams;
    for (const GridAxis axis : kGridAxes)
      if (plan_.grid.axes[axis])
        seams[axis] = tiling::SeamsOf(plan_.grid.axes[axis]->outputs[number], plan_.first.axes[axis], number).starts;
    return seams;
  }

  // Calls body(frame, tiles) for every frame of which tiles were chosen.
  template <class Body>
  Status ForEachFrame(Body&& body) {
    for (auto begin = chosen_.begin(); begin != chosen_.end();) {
      const auto end = std::find_if(begin, chosen_.end(), [&](auto& tile) { return tile.frame != begin->frame; });
      TEGULA_ASSIGN_OR_RETURN(const StoredFrame frame, source_(begin->frame));
      TEGULA_TRY(body(frame, std::span<const ChosenTile>(begin, end)));
      begin = end;
    }
    return Ok();
  }

  // Whole numbers must be the same; of others the largest one that will be compared decides.
  Status SetAllowed() {
    allowed_.assign(plan_.first.outputs(), 0.0);
    return ForEachFrame([&](const StoredFrame& frame, std::span<const ChosenTile> tiles) -> Status {
      for (std::size_t number = 0; number < allowed_.size(); ++number) {
        if (!IsFloat(frame.outputs[number].dtype)) continue;
        for (const ChosenTile& chosen : tiles) {
          const tiling::TilePiece piece = plan_.second.tile(chosen.tile).pieces[number];
          if (piece.empty()) continue;
          TEGULA_ASSIGN_OR_RETURN(const double largest, pipeline::LargestStored(frame.outputs[number], piece.write));
          allowed_[number] = std::max(allowed_[number], tolerance() * largest);
        }
      }
      return Ok();
    });
  }

  Status CompareAll() {
    ReleaseFreeMemory();
    std::unique_ptr<engines::Session> session;
    std::int64_t before = 0;
    return ForEachFrame([&](const StoredFrame& frame, std::span<const ChosenTile> tiles) -> Status {
      TEGULA_ASSIGN_OR_RETURN(const pipeline::Prediction again,
                              pipeline::Prediction::Bind(model(), *verify_.job.proven.network, frame.frame.feeds,
                                                         frame.statistics, plan_.request));
      if (session == nullptr) {
        TEGULA_ASSIGN_OR_RETURN(session, again.NewSession());
      }
      TEGULA_TRY(CompareFrame(frame, again, *session, tiles, before));
      before += std::ssize(tiles);
      return Ok();
    });
  }

  Status CompareFrame(const StoredFrame& frame, const pipeline::Prediction& again, engines::Session& session,
                      std::span<const ChosenTile> tiles, std::int64_t before) {
    std::vector<std::unique_ptr<pipeline::TileComparer>> comparers;
    for (std::size_t number = 0; number < again.outputs(); ++number) {
      TEGULA_ASSIGN_OR_RETURN(
          std::unique_ptr<pipeline::TileComparer> comparer,
          pipeline::TileComparer::Bind(model(), again, number, frame.statistics, frame.outputs[number],
                                       distances_[number], {.of_values = allowed_[number], .tolerance = tolerance()}));
      comparers.push_back(std::move(comparer));
    }
    std::set<std::array<std::int64_t, 4>> wanted;
    const auto place = [](const tiling::Tile& tile) {
      std::array<std::int64_t, 4> begin = {};
      for (std::size_t i = 0; i < begin.size(); ++i) begin[i] = tile.input.of[i].begin;
      return begin;
    };
    for (const ChosenTile& chosen : tiles) wanted.insert(place(plan_.second.tile(chosen.tile)));
    VerifyProgress progress(context_.progress, before, plan_.second.tiles() - std::ssize(tiles), std::ssize(chosen_));
    const RunContext context{context_.executor, progress, context_.stop, context_.limits, context_.offline};
    TEGULA_TRY(again.Run(
        context, session,
        [&](const tiling::Tile& tile) {
          return wanted.contains(place(tile)) ? pipeline::TileState::kMissing : pipeline::TileState::kDone;
        },
        [&](std::size_t number, const Block& write, const ConstView& pixels) {
          return comparers[number]->Compare(write, pixels);
        }));
    for (std::size_t number = 0; number < comparers.size(); ++number) {
      info_.resize(comparers.size());
      info_[number] = again.output(number);
      result_.found[number].Add(comparers[number]->Take(), {{frame.frame.t, frame.frame.z, 0, 0}});
    }
    return Ok();
  }

  outputs::VerificationRecord RecordOf(std::size_t number, double seconds) const {
    outputs::VerificationRecord record;
    record.output = model().outputs[verify_.job.outputs[number]].id;
    record.asked = verify_.request.ToText();
    record.wall_s = seconds;
    const pipeline::Deviation& deviation = result_.found[number].deviation;
    if (plan_.against != Against::kNothing) {
      record.windows = std::ssize(chosen_);
      for (std::int64_t tile = 0; tile < plan_.second.tiles(); ++tile)
        record.of_windows += IsAsked(plan_.second.tile(tile)) ? verify_.frames : 0;
      record.allowed = allowed_[number];
    }
    if (deviation.largest > 0) {
      // The middle of the pixel, on the largest level of the image.
      const image::BoundInfo& bound = verify_.feeds.leading().bound.info();
      const auto at = [&](GridAxis axis, double downsample) {
        const pipeline::OutputInfo& info = info_[number];
        return ((static_cast<double>(deviation.place.at[axis]) + 0.5) / info.scale[axis] + info.origin[axis]) *
               downsample;
      };
      record.y = at(GridAxis::kY, bound.downsample_y), record.x = at(GridAxis::kX, bound.downsample_x);
      record.t = deviation.place.at[GridAxis::kT], record.z = deviation.place.at[GridAxis::kZ];
      record.channel = deviation.place.channel;
    }
    Judge(plan_, deviation, record);
    return record;
  }

  const VerifyJob& verify_;
  const VerificationPlan& plan_;
  FrameSource source_;
  const RunContext& context_;
  std::vector<ChosenTile> chosen_;
  std::vector<pipeline::SeamDistances> distances_;
  std::vector<double> allowed_;
  std::vector<pipeline::OutputInfo> info_;
  Verification result_;
};

}  // namespace

bool Verification::passed() const {
  return std::all_of(records.begin(), records.end(), [](auto& r) { return r.passed; });
}

std::vector<outputs::VerificationFigures> Verification::Figures() const {
  std::vector<outputs::VerificationFigures> all;
  for (std::size_t number = 0; number < found.size(); ++number) {
    outputs::VerificationFigures& figures = all.emplace_back();
    const std::vector<std::int64_t>&rows = seams[number][GridAxis::kY], &columns = seams[number][GridAxis::kX];
    if (const std::optional<pipeline::DeviationMap>& map = found[number].map) {
      const Tensor& cells = map->cells_yx();
      const std::int64_t cell = map->cell();
      const std::span<const float> values = cells.values<float>();
      const bool is_all = std::none_of(values.begin(), values.end(), [](float v) { return std::isnan(v); });
      figures.maps.push_back({fmt::format("Largest differences all over the image; seams are drawn{}",
                                          is_all ? "" : ", blue was not compared"),
                              cells.view(), LinesAt(rows, 0, cells.shape()[0] * cell, cell),
                              LinesAt(columns, 0, cells.shape()[1] * cell, cell)});
    }
    if (const std::optional<pipeline::CloseUp>& close_up = found[number].close_up) {
      const Box& box = close_up->box;
      const std::vector<std::int64_t> y = LinesAt(rows, box.y.begin, box.y.end, 1),
                                      x = LinesAt(columns, box.x.begin, box.x.end, 1);
      const std::string where =
          fmt::format("where they are largest, from y={} x={} of the result", box.y.begin, box.x.begin);
      figures.maps.push_back({"Differences " + where, close_up->difference_yx.view(), y, x});
      figures.results.push_back({"The result " + where, close_up->stored_yx.view(), y, x});
    }
  }
  return all;
}

Result<Verification> Verify(const VerifyJob& verify, FrameSource frames, const RunContext& context) {
  return Verifier(verify, frames, context).Run().Context("verifying");
}

}  // namespace tegula::app
