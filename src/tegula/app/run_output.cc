#include "tegula/app/run_output.h"

#include <fmt/format.h>

#include "tegula/core/text.h"
#include "tegula/pipeline/second_pass.h"
#include "tegula/pipeline/store_blocks.h"

namespace tegula::app {
Result<RunOutput> RunOutput::Open(RunOutputRequest request, const Path& folder, const Path& scratch,
                                  const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore stored, pipeline::OpenOrCreate(folder, request.stored, limits));
  RunOutput output(std::move(request), std::move(stored), scratch / (name + "-lost"));
  const outputs::StoreOptions& own = output.request_.own;
  if (output.request_.needs_values && !output.form().is_own()) {
    TEGULA_ASSIGN_OR_RETURN(output.own_, pipeline::OpenOrCreate(scratch / (name + "-values"),
                                                                pipeline::ScratchOptions(own.dtype, own), limits));
  }
  if (output.request_.raw) {
    TEGULA_ASSIGN_OR_RETURN(
        output.raw_, pipeline::OpenOrCreate(
                         scratch / (name + "-raw"),
                         pipeline::ScratchOptions(*output.request_.raw,
                                                  output.request_.instances ? output.request_.instances->before : own),
                         limits));
  }
  if (output.request_.instances) {
    const outputs::StoreOptions& before = output.request_.instances->before;
    TEGULA_ASSIGN_OR_RETURN(
        output.before_,
        pipeline::OpenOrCreate(scratch / (name + "-before"), pipeline::ValuesOptions(before.dtype, before), limits));
  }
  if (!output.form().is_own()) TEGULA_TRY(MakeFolders(output.lost_));
  return output;
}

Result<outputs::ValueCounts> RunOutput::Lost() const {
  constexpr std::int64_t kLargestNote = 256;
  outputs::ValueCounts all;
  if (form().is_own()) return all;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(lost_, failed)) {
    if (entry.path().filename().string().starts_with('.')) continue;  // cut off while it was written
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(entry.path(), kLargestNote));
    const std::vector<std::string> numbers = Split(text, ' ');
    const std::optional<std::int64_t> clipped = ParseInt(numbers.front()), not_numbers = ParseInt(numbers.back());
    if (numbers.size() != 2 || !clipped || !not_numbers)
      return CorruptError(fmt::format("{} does not say what a tile lost", entry.path().string()));
    all += {*clipped, *not_numbers};
  }
  if (failed) return IoError(fmt::format("cannot list {}: {}", lost_.string(), failed.message()));
  return all;
}

RunOutput::Part::Part(const RunOutput& output, Interval t, Interval z, const pipeline::RegionOfInterest* region)
    : output_(&output), region_(region), stored_(output.stored_, t, z), place_(fmt::format("{}-{}", t.begin, z.begin)) {
  if (output.own_) own_.emplace(*output.own_, t, z);
  if (output.raw_) raw_.emplace(*output.raw_, t, z);
  if (output.before_) before_.emplace(*output.before_, t, z);
}

bool RunOutput::Part::HasTile(const Block& block) const { return raw_ ? Asked(*raw_).Has(block) : Has(block); }

Status RunOutput::Part::WriteTile(const Block& block, const ConstView& pixels_tczyx) const {
  return raw_ ? Asked(*raw_).Write(block, pixels_tczyx) : Write(block, pixels_tczyx);
}

bool RunOutput::Part::Has(const Block& block) const {
  return before_ ? before_->Has(block) : asked().Has(block) && (!own_ || Asked(*own_).Has(block));
}

Status RunOutput::Part::Write(const Block& block, const ConstView& values_tczyx) const {
  if (before_) return before_->Write(block, values_tczyx);
  if (own_) TEGULA_TRY(Asked(*own_).Write(block, values_tczyx));
  return WriteStored(block, values_tczyx);
}

Status RunOutput::Part::MakeInstances(const RunContext& context, const pipeline::RegionOfInterest* region,
                                      const Path& scratch, std::int64_t memory_bytes) const {
  return output_->request_.instances->pass.Run(context, *before_, stored_, region, scratch, memory_bytes);
}

// What is not asked for is not stored, so it is neither converted nor counted.
outputs::ValueCounts RunOutput::Part::Convert(const Block& block, const ConstView& own, const View& stored) const {
  const outputs::ValueForm& form = output_->form();
  if (region_ == nullptr) return form.Convert(own, stored);
  const Box box = PlaneBox(block);
  outputs::ValueCounts lost;
  region_->ForEachRun(box, [&](std::int64_t y, Interval x) {
    const auto run_of = [&](const auto& view) {
      return view.Slice(3, y - box.y.begin, 1).Slice(4, x.begin - box.x.begin, x.size());
    };
    lost += form.Convert(run_of(own), run_of(stored));
  });
  return lost;
}

Status RunOutput::Part::WriteStored(const Block& block, const ConstView& values_tczyx) const {
  const outputs::ValueForm& form = output_->form();
  if (form.is_own()) return asked().Write(block, values_tczyx);
  Shape shape = values_tczyx.shape();
  shape[1] = form.channels();
  TEGULA_ASSIGN_OR_RETURN(Tensor converted, Tensor::Allocate(form.stored().dtype, shape));
  const outputs::ValueCounts lost = Convert(block, values_tczyx, converted.view());
  // Before the tile: a tile that is there has its count.
  if (lost != outputs::ValueCounts{})
    TEGULA_TRY(WriteFileWhole(
        output_->lost_ / fmt::format("{}-{}-{}-{}-{}", place_, block[GridAxis::kT].begin, block[GridAxis::kZ].begin,
                                     block[GridAxis::kY].begin, block[GridAxis::kX].begin),
        fmt::format("{} {}", lost.clipped, lost.not_numbers)));
  const Tensor& finished = converted;
  return asked().Write(block, finished.view());
}

}  // namespace tegula::app
