#include "tegula/outputs/value_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tegula/objects/classify.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

constexpr ValuesRow kRows[] = {
    {Values::kOwn, "own", "as the model gives them"},
    {Values::kFloat32, "float32", "rounded to float32"},
    {Values::kFloat16, "float16", "rounded to float16: three decimal digits, up to 65504"},
    {Values::kUint8, "uint8", "a range of values as 0 to 255"},
    {Values::kUint16, "uint16", "a range of values as 0 to 65535"},
    {Values::kArgmax, "argmax", "the number of the channel with the largest value, of several the first"},
    {Values::kLabels, "labels", "integers that name things: reduced by majority and marked as labels"},
};

std::int64_t LargestOf(DType dtype) {
  return dtype == DType::kU8 ? std::numeric_limits<std::uint8_t>::max() : std::numeric_limits<std::uint16_t>::max();
}

Result<StoredScale> ScaleOf(const ValueRequest& request, const StoreOptions& own, std::optional<ValueRange> known,
                            DType dtype) {
  const std::optional<ValueRange> range = request.range ? request.range : known;
  if (!range)
    return InvalidError(
        fmt::format("nothing tells which values output {} can have, so say which are to become 0 and {}: --range 0,1",
                    own.name, LargestOf(dtype)));
  const StoredScale scale{(range->high - range->low) / static_cast<double>(LargestOf(dtype)), range->low};
  if (!std::isfinite(range->low) || !std::isfinite(scale.factor) || scale.factor <= 0)
    return InvalidError(fmt::format("{} to {} is no range of values: give the lower and the higher value, as 0,1",
                                    range->low, range->high));
  return scale;
}

// The display ranges, in stored numbers.
void ScaleChannels(StoreOptions& stored) {
  const auto largest = static_cast<double>(LargestOf(stored.dtype));
  for (StoreChannel& channel : stored.channels) {
    const auto number = [&](double value) {
      return std::clamp((value - stored.scale->offset) / stored.scale->factor, 0.0, largest);
    };
    const double start = number(channel.start), end = number(channel.end);
    channel.min = 0, channel.max = largest;
    channel.start = start < end ? start : 0, channel.end = start < end ? end : largest;
  }
}

void DropChannelAxis(StoreOptions& stored) {
  std::erase_if(stored.axes, [](const StoreAxis& a) { return a.name == 'c'; });
}

void MakeLabels(StoreOptions& stored) {
  stored.is_label = true;
  stored.reduction = Reduction::kMode;
  stored.channels.clear();
}

// Calls row(in, out) with the first elements of every row along x.
template <class In, class Out, class F>
void ForEachRow(const ConstView& in, const View& out, F&& row) {
  const Shape &shape = in.shape(), &from = in.strides(), &to = out.strides();
  for (std::int64_t t = 0; t < shape[0]; ++t)
    for (std::int64_t c = 0; c < shape[1]; ++c)
      for (std::int64_t z = 0; z < shape[2]; ++z)
        for (std::int64_t y = 0; y < shape[3]; ++y)
          row(in.as<In>() + t * from[0] + c * from[1] + z * from[2] + y * from[3],
              out.as<Out>() + t * to[0] + c * to[1] + z * to[2] + y * to[3]);
}

template <class In, class Out>
ValueCounts ScaleRow(const In* in, std::int64_t in_x, Out* out, std::int64_t out_x, std::int64_t width,
                     StoredScale scale) noexcept {
  constexpr double kLargest = std::numeric_limits<Out>::max();
  ValueCounts counts;
  for (std::int64_t x = 0; x < width; ++x) {
    const double number = std::rint((static_cast<double>(in[x * in_x]) - scale.offset) / scale.factor);
    counts.clipped += static_cast<std::int64_t>(number < 0 || number > kLargest);
    counts.not_numbers += static_cast<std::int64_t>(number != number);
    const double low = number > 0 ? number : 0;  // NaN too
    out[x * out_x] = static_cast<Out>(static_cast<std::int32_t>(low < kLargest ? low : kLargest));
  }
  return counts;
}

ValueCounts Scale(const ConstView& in, const View& out, StoredScale scale) noexcept {
  ValueCounts counts;
  VisitDType(in.dtype(), [&](auto tag) {
    using In = typename decltype(tag)::type;
    const auto as = [&](auto stored) {
      using Out = typename decltype(stored)::type;
      ForEachRow<In, Out>(in, out, [&](const In* from, Out* to) {
        counts += ScaleRow(from, in.strides()[4], to, out.strides()[4], in.shape()[4], scale);
      });
    };
    if (out.dtype() == DType::kU8)
      as(TypeTag<std::uint8_t>{});
    else
      as(TypeTag<std::uint16_t>{});
  });
  return counts;
}

// Finite numbers that became infinite; `in` is any type, `out` float16 or float32.
template <class Out>
ValueCounts CountInfinite(const ConstView& in, const View& out) noexcept {
  ValueCounts counts;
  VisitDType(in.dtype(), [&](auto tag) {
    using In = typename decltype(tag)::type;
    ForEachRow<In, Out>(in, out, [&](const In* from, const Out* to) {
      for (std::int64_t x = 0; x < in.shape()[4]; ++x)
        counts.clipped += static_cast<std::int64_t>(std::isinf(static_cast<float>(to[x * out.strides()[4]])) &&
                                                    std::isfinite(static_cast<double>(from[x * in.strides()[4]])));
    });
  });
  return counts;
}

template <class Class>
ValueCounts Classes(const ConstView& in, const View& out, const objects::Classifier& classifier) noexcept {
  ValueCounts counts;
  const auto plane = [](const auto& view, std::int64_t t, std::int64_t z) {
    return view.Slice(0, t, 1).Slice(2, z, 1);
  };
  for (std::int64_t t = 0; t < in.shape()[0]; ++t)
    for (std::int64_t z = 0; z < in.shape()[2]; ++z) {
      const ConstView from = plane(in, t, z);
      const View to = plane(out, t, z);
      const Shape &shape = from.shape(), &strides = from.strides();
      classifier.Classify(
          {from.data(), from.dtype(), {shape[1], shape[3], shape[4]}, {strides[1], strides[3], strides[4]}},
          {to.data(), to.dtype(), {shape[3], shape[4]}, {to.strides()[3], to.strides()[4]}});
    }
  ForEachRow<Class, Class>(out, out, [&](const Class* row, const Class*) {
    for (std::int64_t x = 0; x < out.shape()[4]; ++x)
      counts.not_numbers += static_cast<std::int64_t>(row[x * out.strides()[4]] == std::numeric_limits<Class>::max());
  });
  return counts;
}

}  // namespace

std::span<const ValuesRow> AllValues() { return kRows; }

Result<Values> FindValues(std::string_view name) {
  const auto* const found = std::ranges::find(kRows, name, &ValuesRow::name);
  if (found != std::end(kRows)) return found->values;
  std::vector<std::string_view> names;
  for (const ValuesRow& row : kRows) names.push_back(row.name);
  return InvalidError(fmt::format("values cannot be stored as '{}'; there are {}", name, fmt::join(names, ", ")));
}

std::string_view NameOf(Values values) { return std::ranges::find(kRows, values, &ValuesRow::values)->name; }

ValueCounts& ValueCounts::operator+=(const ValueCounts& other) noexcept {
  clipped += other.clipped;
  not_numbers += other.not_numbers;
  return *this;
}

Result<ValueForm> ValueForm::Bind(const ValueRequest& request, const StoreOptions& own,
                                  std::optional<ValueRange> known) {
  const auto axis = std::ranges::find(own.axes, 'c', &StoreAxis::name);
  ValueForm form;
  form.values_ = request.values;
  form.channels_ = axis == own.axes.end() ? 1 : axis->size;
  form.stored_ = own;
  StoreOptions& stored = form.stored_;
  const bool is_scaled = request.values == Values::kUint8 || request.values == Values::kUint16;
  if (request.range && !is_scaled)
    return InvalidError(
        fmt::format("a range is for values stored as uint8 or uint16, but those of output {} are to be {}", own.name,
                    NameOf(request.values)));
  switch (request.values) {
    case Values::kOwn: break;
    case Values::kFloat32: stored.dtype = DType::kF32; break;
    case Values::kFloat16: stored.dtype = DType::kF16; break;
    case Values::kUint8:
    case Values::kUint16: {
      stored.dtype = request.values == Values::kUint8 ? DType::kU8 : DType::kU16;
      if (stored.dtype == own.dtype && !request.range) break;
      TEGULA_ASSIGN_OR_RETURN(stored.scale, ScaleOf(request, own, known, stored.dtype));
      ScaleChannels(stored);
      break;
    }
    case Values::kArgmax:
      if (form.channels_ < 2)
        return UnsupportedError(
            fmt::format("output {} has one channel, so there are none of which one could be the largest; ask for its "
                        "values in another form",
                        own.name));
      stored.dtype = form.channels_ <= std::numeric_limits<std::uint8_t>::max() ? DType::kU8 : DType::kU16;
      TEGULA_TRY(objects::Classifier::Bind(objects::Argmax{}, form.channels_, stored.dtype));
      for (const StoreChannel& channel : own.channels) stored.classes.push_back({channel.name, channel.colour});
      DropChannelAxis(stored);
      MakeLabels(stored);
      break;
    case Values::kLabels:
      if (IsFloat(own.dtype))
        return UnsupportedError(fmt::format("output {} is {}, and labels are integers{}", own.name,
                                            DTypeName(own.dtype),
                                            form.channels_ > 1 ? "; --values argmax makes some of its channels"
                                                               : "; ask for its values in another form"));
      if (own.dtype == DType::kBool) stored.dtype = DType::kU8;
      if (form.channels_ == 1) DropChannelAxis(stored);
      MakeLabels(stored);
      break;
  }
  if (IsInteger(stored.dtype) && (stored.dtype != own.dtype || std::isnan(own.fill))) stored.fill = 0;
  if (request.values == Values::kArgmax) stored.fill = static_cast<double>(LargestOf(stored.dtype));  // no class
  form.is_own_ = stored.dtype == own.dtype && !stored.scale && request.values != Values::kArgmax;
  return form;
}

ValueCounts ValueForm::Convert(const ConstView& own_tczyx, const View& stored_tczyx) const noexcept {
  TEGULA_ASSERT(stored_tczyx.dtype() == stored_.dtype && stored_tczyx.shape()[1] == channels());
  if (stored_.scale) return Scale(own_tczyx, stored_tczyx, *stored_.scale);
  if (values_ == Values::kArgmax) {
    const auto classifier = objects::Classifier::Bind(objects::Argmax{}, channels_, stored_.dtype);  // as Bind has seen
    return stored_.dtype == DType::kU8 ? Classes<std::uint8_t>(own_tczyx, stored_tczyx, *classifier)
                                       : Classes<std::uint16_t>(own_tczyx, stored_tczyx, *classifier);
  }
  ConvertCopy(own_tczyx, stored_tczyx);
  if (stored_.dtype == DType::kF16) return CountInfinite<Half>(own_tczyx, stored_tczyx);
  if (stored_.dtype == DType::kF32 && own_tczyx.dtype() == DType::kF64)
    return CountInfinite<float>(own_tczyx, stored_tczyx);
  return {};
}

}  // namespace tegula::outputs
