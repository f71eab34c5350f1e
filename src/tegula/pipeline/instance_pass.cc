#include "tegula/pipeline/instance_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <variant>

#include "tegula/ops/chain.h"
#include "tegula/pipeline/instances_inside.h"
#include "tegula/pipeline/layout.h"
#include "tegula/pipeline/store_blocks.h"
#include "tegula/pipeline/whole.h"
#include "tegula/spec/object_output.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

// The largest number up to which an element type holds every one.
std::int64_t LargestOf(DType dtype) noexcept {
  return VisitDType(dtype, [](auto tag) -> std::int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) {
      return INT64_MAX;  // which no longer tells objects apart on purpose
    } else if constexpr (std::is_floating_point_v<T>) {
      return std::int64_t{1} << std::numeric_limits<T>::digits;
    } else {
      constexpr auto kMost = std::numeric_limits<T>::max();
      return static_cast<std::uint64_t>(kMost) > static_cast<std::uint64_t>(INT64_MAX)
                 ? INT64_MAX
                 : static_cast<std::int64_t>(kMost);
    }
  });
}

// The ops after the one that makes objects, for blocks of any size.
Result<ops::Chain> BindAfter(const spec::TensorDescription& output, const TensorLayout& layout, DType numbers) {
  const Shape shape = layout.ShapeOf(1, {{1, 1, 1, 1}});
  Result<ops::Chain> chain = ops::Chain::Bind(spec::FindObjectOps(output)->after,
                                              {output.id, AxisIds(output), shape, numbers, layout.TiledAxes()}, {});
  if (!chain.ok() && chain.error().code == Code::kNotFound)
    return UnsupportedError(
        fmt::format("operations after the one that makes objects of output {} want statistics, which numbers of "
                    "objects do not have",
                    output.id));
  return chain;
}

// Sends numbers through the ops into the store that stays.
class FinishedLabels final : public objects::LabelSink {
 public:
  FinishedLabels(const TensorLayout& layout, const ops::Chain& chain, DType numbers, const outputs::StorePart& labels,
                 Path scores, const Limits& limits)
      : LabelSink({labels.size(), labels.chunk()}),
        layout_(layout),
        chain_(chain),
        numbers_(numbers),
        labels_(labels),
        scores_(std::move(scores)),
        limits_(limits) {}

  Status Expect(std::int64_t largest) override {
    if (largest > LargestOf(chain_.output_dtype()))
      return InvalidError(fmt::format("{} objects cannot be numbered in {}: take a wider type in the description",
                                      largest, DTypeName(chain_.output_dtype())));
    return Ok();
  }
  Status Scores(std::span<const float> scores) override {
    if (scores_.empty()) return Ok();
    return WriteFileWhole(scores_, {reinterpret_cast<const char*>(scores.data()), scores.size_bytes()});
  }
  bool Has(const Block& block) const override { return labels_.Has(block); }
  Status Write(const Block& block, const ConstView& labels_tczyx) const override {
    const Shape shape = layout_.ShapeOf(1, SizeOf(block));
    TEGULA_ASSIGN_OR_RETURN(Tensor before, Tensor::Allocate(numbers_, shape, limits_));
    ConvertCopy(labels_tczyx, layout_.ImageOf(before.view()));
    TEGULA_ASSIGN_OR_RETURN(Tensor after, Tensor::Allocate(chain_.output_dtype(), shape, limits_));
    TEGULA_TRY(chain_.Run(std::as_const(before).view(), after.view()));
    return labels_.Write(block, layout_.ImageOf(std::as_const(after).view()));
  }

 private:
  const TensorLayout& layout_;
  const ops::Chain& chain_;
  DType numbers_;
  const outputs::StorePart& labels_;
  Path scores_;  // empty: nobody could say whose they are
  Limits limits_;
};

}  // namespace

Result<InstancePass> InstancePass::Bind(const spec::TensorDescription& output, const Limits& limits) {
  const std::optional<spec::ObjectOps> ops = spec::FindObjectOps(output);
  TEGULA_ASSERT(ops.has_value());
  InstancePass pass;
  pass.output_ = &output;
  TEGULA_ASSIGN_OR_RETURN(pass.method_, ObjectMethod::Bind(*ops->op, output, limits));
  for (const spec::OpDescription& op : ops->after)
    if (spec::MakesObjects(op))
      return UnsupportedError(
          fmt::format("output {} makes objects twice, by {} and {}", output.id, spec::OpId(*ops->op), spec::OpId(op)));
  TEGULA_ASSIGN_OR_RETURN(const TensorLayout layout, TensorLayout::Of(output));
  TEGULA_ASSIGN_OR_RETURN(const ops::Chain after, BindAfter(output, layout, pass.method_->dtype()));
  pass.dtype_ = after.output_dtype();
  return pass;
}

Status InstancePass::Run(const RunContext& context, const outputs::StorePart& values, const outputs::StorePart& labels,
                         const RegionOfInterest* region, const Path& scratch, std::int64_t memory_bytes) const {
  TEGULA_ASSIGN_OR_RETURN(const TensorLayout layout, TensorLayout::Of(*output_));
  TEGULA_ASSIGN_OR_RETURN(const ops::Chain after, BindAfter(*output_, layout, method_->dtype()));
  const bool keeps_numbers =
      std::ranges::all_of(spec::FindObjectOps(*output_)->after,
                          [](const spec::OpDescription& op) { return std::holds_alternative<spec::EnsureDtype>(op); });
  FinishedLabels finished(layout, after, method_->dtype(), labels,
                          keeps_numbers && dtype_ != DType::kBool ? ScoresFile(scratch) : Path(), context.limits);
  bool is_done = true;
  for (std::int64_t i = 0; i < finished.grid().count() && is_done; ++i) is_done = finished.Has(finished.grid().at(i));
  if (!is_done) {
    // A few places at a time keep decoded chunks.
    const std::int64_t cache = memory_bytes > 0
                                   ? std::clamp<std::int64_t>(memory_bytes / 8, 1, StoreBlocks::kCacheBytes)
                                   : StoreBlocks::kCacheBytes;
    const StoreBlocks blocks(values, method_->reads_blocks_alone() ? 0 : cache);
    StoreScratch places(scratch, context.limits, cache);
    const auto find = [&](objects::LabelSink& sink) {
      return method_->Find(blocks, {context, places, memory_bytes}, sink)
          .Context(fmt::format("objects of output {}", output_->id));
    };
    if (region == nullptr) {
      TEGULA_TRY(find(finished));
    } else {
      TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<objects::PixelBlocks> all,
                              places.Make("all", finished.grid(), 1, DType::kU32));
      NumbersOnTheWay on_the_way(*all, finished);
      TEGULA_TRY(find(on_the_way));
      TEGULA_TRY(WriteInside(context, *all, *region, finished));
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  return Ok();
}

Path ScoresFile(const Path& scratch) {
  Path file = scratch;
  file += ".scores";
  return file;
}

Result<std::vector<float>> ReadScores(const Path& scratch) {
  constexpr std::int64_t kMost = std::int64_t{1} << 33;
  const Result<std::string> bytes = ReadFile(ScoresFile(scratch), kMost);
  if (!bytes.ok() && bytes.error().code == Code::kNotFound) return std::vector<float>();
  if (!bytes.ok()) return bytes.error();
  std::vector<float> scores(bytes->size() / sizeof(float));
  std::memcpy(scores.data(), bytes->data(), scores.size() * sizeof(float));
  return scores;
}

}  // namespace tegula::pipeline
