#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tegula/core/files.h"
#include "tegula/ops/moments.h"
#include "tegula/ops/rank_counter.h"
#include "tegula/ops/statistics.h"

namespace tegula::ops {

struct StatisticsCollector::State {
  std::string purpose;  // what it was made for, and the pass
  int pass = 0;

  virtual ~State() = default;
  virtual bool done() const noexcept = 0;
  virtual void Add(std::int64_t index, std::span<const std::int64_t> begin, const ConstView& block,
                   int worker) noexcept = 0;
  virtual void FinishPass() = 0;
  virtual void Save(PartialWriter& to) const = 0;
  virtual Status Merge(PartialReader& from) = 0;
  virtual std::vector<Statistic> Take() = 0;
};

namespace {

constexpr std::int64_t kCounterBytes = 256 << 20;
constexpr std::int64_t kMomentBytes = 256 << 20;
constexpr int kDigitBits[] = {16, 11, 8};  // fewer passes first

bool IsPercentile(const StatisticRequest& request) {
  return request.measure == Measure::kPercentile || request.measure == Measure::kPercentileOfValues;
}

// Calls f(index) for every index into `shape`, in C order.
template <class F>
void ForEachIndex(const Shape& shape, F&& f) noexcept {
  if (shape.elements() == 0) return;
  Shape index = shape;
  for (int a = 0; a < shape.rank(); ++a) index[a] = 0;
  for (;;) {
    f(index);
    int a = shape.rank() - 1;
    for (; a >= 0; --a) {
      if (++index[a] < shape[a]) break;
      index[a] = 0;
    }
    if (a < 0) return;
  }
}

std::int64_t Dot(const Shape& index, const Shape& strides) noexcept {
  std::int64_t sum = 0;
  for (int a = 0; a < index.rank(); ++a) sum += index[a] * strides[a];
  return sum;
}

// The product of two sizes, or the largest number where it does not fit.
std::int64_t Product(std::int64_t a, std::int64_t b) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return b > 0 && a > kMost / b ? kMost : a * b;
}

// Whether a type's moments are exact sums, so that nothing has to be kept per block.
template <class T>
inline constexpr bool kIsExact = std::is_integral_v<T> && sizeof(T) <= 4;

// All requests that reduce the same axes.
template <class T>
class Group {
 public:
  static Result<Group> Make(std::vector<StatisticRequest> requests, const Shape& shape, std::int64_t blocks,
                            int workers) {
    Group group(std::move(requests), shape);
    if (group.wants_moments_) TEGULA_TRY(group.AllocateMoments(blocks, workers));
    if (!group.percentiles_.empty()) TEGULA_TRY(group.AllocateRanks(workers));
    return group;
  }

  bool done() const noexcept { return (!wants_moments_ || has_moments_) && (!ranks_ || ranks_->done()); }

  void Add(std::int64_t index, std::span<const std::int64_t> begin, const ConstView& block, int worker) noexcept {
    Shape kept = block.shape(), part = block.shape();
    for (int a = 0; a < kept.rank(); ++a) (IsReduced(a) ? kept : part)[a] = 1;
    ForEachIndex(kept, [&](const Shape& offset) {
      Shape place = offset;
      for (int a = 0; a < place.rank(); ++a) place[a] += IsReduced(a) ? 0 : begin[static_cast<std::size_t>(a)];
      const T* const first = block.as<T>() + Dot(offset, block.strides());
      AddPosition(index, Dot(place, position_strides_),
                  ConstView(reinterpret_cast<const std::byte*>(first), block.dtype(), part, block.strides()), worker);
    });
  }

  void FinishPass() {
    has_moments_ = wants_moments_;
    if (ranks_ && !ranks_->done()) ranks_->FinishPass(percentiles_);
  }

  void Save(PartialWriter& to) const {
    if (wants_moments_ && !has_moments_) SaveMoments(to);
    if (ranks_ && !ranks_->done()) ranks_->Save(to);
  }

  Status Merge(PartialReader& from) {
    if (wants_moments_ && !has_moments_) TEGULA_TRY(MergeMoments(from));
    if (ranks_ && !ranks_->done() && !ranks_->AddSaved(from)) return Damaged();
    return Ok();
  }

  void Take(std::vector<Statistic>& to) const {
    std::vector<Moments> moments;
    for (std::int64_t p = 0; wants_moments_ && p < positions_; ++p) moments.push_back(MomentsAt(p));
    std::size_t percentile = 0;
    for (const StatisticRequest& request : requests_) {
      Statistic statistic{request, kept_, {}};
      for (std::int64_t p = 0; p < positions_; ++p)
        statistic.values.push_back(IsPercentile(request) ? ranks_->Percentile(percentile, p)
                                                         : Measured(request, moments[static_cast<std::size_t>(p)]));
      percentile += IsPercentile(request) ? 1 : 0;
      to.push_back(std::move(statistic));
    }
  }

 private:
  Group(std::vector<StatisticRequest> requests, const Shape& shape)
      : requests_(std::move(requests)), kept_(shape), position_strides_(shape) {
    for (const StatisticRequest& request : requests_) {
      if (IsPercentile(request))
        percentiles_.push_back(request);
      else
        wants_moments_ = true;
    }
    for (int a = shape.rank() - 1; a >= 0; --a) {
      if (IsReduced(a)) kept_[a] = 1;
      position_strides_[a] = IsReduced(a) ? 0 : positions_;
      positions_ = Product(positions_, kept_[a]);
      elements_ = Product(elements_, shape[a]);
    }
  }

  bool IsReduced(int axis) const noexcept { return requests_.front().reduced[static_cast<std::size_t>(axis)]; }

  Error TooMany() const {
    return ExhaustedError(
        fmt::format("statistics of tensor {} at {} positions need more memory than is allowed for them: "
                    "use an image that is smaller along the axes they keep",
                    requests_.front().tensor_id, positions_));
  }

  static Error Damaged() { return CorruptError("the partial statistics are damaged"); }

  void SaveMoments(PartialWriter& to) const {
    if constexpr (kIsExact<T>) {
      for (std::int64_t p = 0; p < positions_; ++p) SumsAt(p).Save(to);
    } else {
      const auto counted = [](const Moments& block) { return block.count + block.nans > 0; };
      to.Number(static_cast<std::uint64_t>(std::count_if(moments_.begin(), moments_.end(), counted)));
      for (std::size_t i = 0; i < moments_.size(); ++i) {
        if (!counted(moments_[i])) continue;
        to.Number(i);
        for (const double value : {moments_[i].count, moments_[i].mean, moments_[i].squares, moments_[i].nans})
          to.Double(value);
      }
    }
  }

  Status MergeMoments(PartialReader& from) {
    if constexpr (kIsExact<T>) {
      for (std::int64_t p = 0; p < positions_; ++p)
        if (!sums_[static_cast<std::size_t>(p)].AddSaved(from)) return Damaged();
    } else {
      const std::optional<std::uint64_t> entries = from.Number();
      if (!entries || *entries > moments_.size()) return Damaged();
      for (std::uint64_t i = 0; i < *entries; ++i) {
        const std::optional<std::uint64_t> place = from.Number();
        std::array<std::optional<double>, 4> values;
        for (std::optional<double>& value : values) value = from.Double();
        if (!place || *place >= moments_.size() || !values.back()) return Damaged();
        Moments& block = moments_[static_cast<std::size_t>(*place)];
        if (block.count + block.nans > 0)
          return InvalidError(fmt::format("block {} of tensor {} was added twice, here and in the partial statistics",
                                          static_cast<std::int64_t>(*place) / positions_, requests_.front().tensor_id));
        block = {*values[0], *values[1], *values[2], *values[3]};
      }
    }
    return Ok();
  }

  Status AllocateMoments(std::int64_t blocks, int workers) {
    const std::int64_t bytes = kIsExact<T> ? static_cast<std::int64_t>(sizeof(ExactSums)) * workers
                                           : static_cast<std::int64_t>(sizeof(Moments)) * blocks;
    if (positions_ > kMomentBytes / bytes) return TooMany();
    if constexpr (kIsExact<T>)
      sums_.resize(static_cast<std::size_t>(workers * positions_));
    else
      moments_.resize(static_cast<std::size_t>(blocks * positions_));
    return Ok();
  }

  Status AllocateRanks(int workers) {
    const auto count = static_cast<std::int64_t>(percentiles_.size());
    const auto bytes = [&](int bits) { return RankCounter<T>::Bytes(bits, count, positions_, workers); };
    // Another pass over a small tensor costs less than clearing large counters.
    const std::int64_t worth = std::clamp<std::int64_t>(elements_, 1 << 15, kCounterBytes / 32) * 32;
    for (const int bits : kDigitBits) {
      if (bytes(bits) > (bits == kDigitBits[2] ? kCounterBytes : worth)) continue;
      ranks_.emplace(bits, percentiles_, positions_ > 0 ? elements_ / positions_ : 0, positions_, workers);
      return Ok();
    }
    return TooMany();
  }

  // `part` holds the block's elements at one kept position.
  void AddPosition(std::int64_t index, std::int64_t position, const ConstView& part, int worker) noexcept {
    if (wants_moments_ && !has_moments_) {
      if constexpr (kIsExact<T>) {
        ExactSums& sums = sums_[static_cast<std::size_t>(worker * positions_ + position)];
        ForEachRow(part, [&](const T* row, std::int64_t stride, std::int64_t n) { sums.AddRow(row, stride, n); });
      } else {
        moments_[static_cast<std::size_t>(index * positions_ + position)] =
            MomentsOf<T>([&](auto&& add) { ForEachRow(part, add); });
      }
    }
    if (ranks_ && !ranks_->done())
      ranks_->Add(part.elements(), position, worker, [&](auto&& add) { ForEachRow(part, add); });
  }

  // Calls f(row, stride, n) along the last axis that has more than one element.
  template <class F>
  static void ForEachRow(const ConstView& part, F&& f) noexcept {
    Shape outer = part.shape();
    int inner = outer.rank() - 1;
    while (inner > 0 && outer[inner] == 1) --inner;
    const std::int64_t n = inner < 0 ? 1 : outer[inner];
    const std::int64_t stride = inner < 0 ? 1 : part.strides()[inner];
    if (inner >= 0) outer[inner] = 1;
    if (n > 0) ForEachIndex(outer, [&](const Shape& at) { f(part.as<T>() + Dot(at, part.strides()), stride, n); });
  }

  // Of all workers.
  ExactSums SumsAt(std::int64_t position) const {
    ExactSums sums;
    for (std::size_t i = static_cast<std::size_t>(position); i < sums_.size();
         i += static_cast<std::size_t>(positions_))
      sums.Add(sums_[i]);
    return sums;
  }

  Moments MomentsAt(std::int64_t position) const {
    if constexpr (kIsExact<T>) {
      return SumsAt(position).Finish();
    } else {
      return MergeTree(std::span(moments_).subspan(static_cast<std::size_t>(position)),
                       static_cast<std::size_t>(positions_));
    }
  }

  static double Measured(const StatisticRequest& request, const Moments& moments) {
    if (request.measure == Measure::kMean) return moments.Mean();
    return request.of_dataset ? moments.DatasetStd() : moments.Std();
  }

  std::vector<StatisticRequest> requests_;
  std::vector<StatisticRequest> percentiles_;
  Shape kept_;
  Shape position_strides_;
  std::int64_t positions_ = 1;  // kept
  std::int64_t elements_ = 1;   // of the whole tensor
  bool wants_moments_ = false;
  bool has_moments_ = false;
  std::vector<ExactSums> sums_;   // integers: per worker and position
  std::vector<Moments> moments_;  // else: per block and position
  std::optional<RankCounter<T>> ranks_;
};

template <class T>
struct TypedState final : StatisticsCollector::State {
  bool done() const noexcept override {
    return std::all_of(groups.begin(), groups.end(), [](const Group<T>& group) { return group.done(); });
  }
  void Add(std::int64_t index, std::span<const std::int64_t> begin, const ConstView& block,
           int worker) noexcept override {
    for (Group<T>& group : groups) group.Add(index, begin, block, worker);
  }
  void FinishPass() override {
    for (Group<T>& group : groups) group.FinishPass();
  }
  void Save(PartialWriter& to) const override {
    for (const Group<T>& group : groups) group.Save(to);
  }
  Status Merge(PartialReader& from) override {
    for (Group<T>& group : groups) TEGULA_TRY(group.Merge(from));
    return Ok();
  }
  std::vector<Statistic> Take() override {
    std::vector<Statistic> all;
    for (const Group<T>& group : groups) group.Take(all);
    return all;
  }
  std::vector<Group<T>> groups;
};

// Requests by the axes that they reduce, in the order of their first.
std::vector<std::vector<StatisticRequest>> ByAxes(std::vector<StatisticRequest> requests) {
  std::vector<std::vector<StatisticRequest>> groups;
  for (StatisticRequest& request : requests) {
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const auto& group) { return group.front().reduced == request.reduced; });
    if (same == groups.end())
      groups.push_back({std::move(request)});
    else
      same->push_back(std::move(request));
  }
  return groups;
}

// Two collectors of which this is equal count in the same places.
std::string PurposeOf(const std::vector<StatisticRequest>& requests, DType dtype, const Shape& shape,
                      std::int64_t blocks) {
  std::string text = fmt::format("{} {} in {} blocks", DTypeName(dtype), ToString(shape), blocks);
  for (const StatisticRequest& request : requests) {
    text += fmt::format("; {} {} of {}{} over", static_cast<int>(request.measure), request.percentile,
                        request.tensor_id, request.of_dataset ? ", the dataset," : "");
    for (const bool is_reduced : request.reduced) text += is_reduced ? " 1" : " 0";
  }
  return text;
}

std::string PassOf(const StatisticsCollector::State& state) {
  return Sha256OfBytes(fmt::format("tegula partial statistics 1: {}; pass {}", state.purpose, state.pass));
}

}  // namespace

Result<StatisticsCollector> StatisticsCollector::Make(std::vector<StatisticRequest> requests, DType dtype,
                                                      const Shape& shape, std::int64_t blocks, int workers) {
  if (blocks < 0 || workers < 1)
    return InvalidError(fmt::format("statistics cannot be collected from {} blocks by {} workers", blocks, workers));
  for (const StatisticRequest& request : requests) {
    if (request.reduced.size() != static_cast<std::size_t>(shape.rank()))
      return InvalidError(fmt::format("tensor {} is described with {} axes, but has the shape {}", request.tensor_id,
                                      request.reduced.size(), ToString(shape)));
    if (IsPercentile(request) && !(request.percentile >= 0 && request.percentile <= 100))
      return InvalidError(fmt::format("the percentile {} of tensor {} is not between 0 and 100", request.percentile,
                                      request.tensor_id));
  }
  return VisitDType(dtype, [&](auto tag) -> Result<StatisticsCollector> {
    using T = typename decltype(tag)::type;
    auto state = std::make_unique<TypedState<T>>();
    state->purpose = PurposeOf(requests, dtype, shape, blocks);
    for (std::vector<StatisticRequest>& group : ByAxes(std::move(requests))) {
      TEGULA_ASSIGN_OR_RETURN(Group<T> made,
                              Group<T>::Make(std::move(group), shape, std::max<std::int64_t>(blocks, 1), workers));
      state->groups.push_back(std::move(made));
    }
    return StatisticsCollector(std::move(state));
  });
}

StatisticsCollector::StatisticsCollector(std::unique_ptr<State> state) : state_(std::move(state)) {}
StatisticsCollector::StatisticsCollector(StatisticsCollector&&) noexcept = default;
StatisticsCollector& StatisticsCollector::operator=(StatisticsCollector&&) noexcept = default;
StatisticsCollector::~StatisticsCollector() = default;

bool StatisticsCollector::done() const noexcept { return state_->done(); }
void StatisticsCollector::Add(std::int64_t index, std::span<const std::int64_t> begin, const ConstView& block,
                              int worker) noexcept {
  state_->Add(index, begin, block, worker);
}
void StatisticsCollector::FinishPass() {
  state_->FinishPass();
  ++state_->pass;
}

std::string StatisticsCollector::Partial() const {
  PartialWriter to;
  state_->Save(to);
  return PassOf(*state_) + std::move(to).Take();
}

Status StatisticsCollector::Merge(std::string_view partial) {
  const std::string pass = PassOf(*state_);
  if (!partial.starts_with(pass))
    return InvalidError("the partial statistics were taken for something else, or in another pass");
  PartialReader from(partial.substr(pass.size()));
  TEGULA_TRY(state_->Merge(from));
  if (!from.at_end()) return CorruptError("the partial statistics have bytes that belong to nothing");
  return Ok();
}
std::vector<Statistic> StatisticsCollector::Take() { return state_->Take(); }

}  // namespace tegula::ops
