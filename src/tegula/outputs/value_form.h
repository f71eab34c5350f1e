// outputs/value_form.h — in which form the values of a prediction are stored: as the model gives them, rounded to fewer
// bits, as the class that wins, as labels.
//
// Tiles are converted when they are handed to the store, so nothing is read twice for it. What conversion loses is
// counted and said. Numbers of 8 and 16 bits stand for value = number * factor + offset; they are what NumPy gives for
// numpy.clip(numpy.rint((value.astype(float64) - offset) / factor), 0, 255 or 65535): of two numbers that are as near
// the even one. What is not a number becomes 0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/outputs/value_range.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

enum class Values : std::uint8_t { kOwn, kFloat32, kFloat16, kUint8, kUint16, kArgmax, kLabels };

struct ValuesRow {
  Values values;
  std::string_view name;  ///< as requests call it
  std::string_view description;
};
std::span<const ValuesRow> AllValues();
/// kInvalid with all names.
Result<Values> FindValues(std::string_view name);
std::string_view NameOf(Values values);

struct ValueRequest {
  Values values = Values::kOwn;
  /// Of kUint8 and kUint16: the values that become 0 and the largest number; nothing: those that are known.
  std::optional<ValueRange> range;
};

/// What pixels lost: those outside the range (of float16: that became infinite), and those that were no numbers and had
/// to become one.
struct ValueCounts {
  std::int64_t clipped = 0, not_numbers = 0;
  ValueCounts& operator+=(const ValueCounts& other) noexcept;
  friend bool operator==(const ValueCounts&, const ValueCounts&) = default;
};

/// Immutable and thread-safe.
class ValueForm {
 public:
  /// `own`: the store of the values as the model gives them; its name is that of the output. `known`: the range of
  /// values, if something tells it. kInvalid without a range where one is needed, or for one that is none; kUnsupported
  /// for classes of one channel and labels that are no integers.
  static Result<ValueForm> Bind(const ValueRequest& request, const StoreOptions& own, std::optional<ValueRange> known);

  Values values() const noexcept { return values_; }
  /// The store of this form: element type, reduction, scale, classes. Classes and labels of one channel have no axis c.
  const StoreOptions& stored() const noexcept { return stored_; }
  /// Whether the values are stored as they are.
  bool is_own() const noexcept { return is_own_; }
  /// Channels of what is stored.
  std::int64_t channels() const noexcept { return values_ == Values::kArgmax ? 1 : channels_; }

  /// Both are (t, channel, z, y, x) of any strides and the same t, z, y and x. Cost: one pass.
  ValueCounts Convert(const ConstView& own_tczyx, const View& stored_tczyx) const noexcept;

 private:
  ValueForm() = default;
  Values values_ = Values::kOwn;
  bool is_own_ = true;
  std::int64_t channels_ = 1;
  StoreOptions stored_;
};

}  // namespace tegula::outputs
