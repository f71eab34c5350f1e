#include "tegula/objects/annotations/json_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace tegula::objects {
namespace {

using Json = nlohmann::json;

// Fills a JsonCoordinates from what stands between its outermost brackets. Values that do not fit are noted as a
// problem and passed over: whether they matter is for the reader of the geometry to say. One thread at a time.
class CoordinatesReader {
 public:
  explicit CoordinatesReader(JsonCoordinates& out) : out_(out) {}

  int level() const noexcept { return level_; }
  void Open(bool is_list) {
    if (!is_list) Problem("has an object where its coordinates should be numbers");
    if (numbers_ > 0) Problem("has a position that is not two numbers");
    ++level_;
  }
  void Number(double value) {
    if (out_.depth == 0 && level_ <= JsonCoordinates::kDeepest && !HasLists(level_)) out_.depth = level_;
    if (level_ != out_.depth) return Problem("has coordinates that are unevenly nested");
    if (numbers_ < 2 && !(std::abs(value) <= kLargestCoordinate))
      return Problem(fmt::format("has the coordinate {}; use pixels of the slide, from -2^31 to 2^31", value));
    if (numbers_ < 2) (numbers_ == 0 ? point_.x : point_.y) = value;
    ++numbers_;
  }
  void Other() { Problem("has text, true, false or null where its coordinates should be numbers"); }
  void Close() {
    const auto at = static_cast<std::size_t>(level_ - 1);
    if (!out_.problem.empty()) {
      // Nothing more is kept.
    } else if (level_ == out_.depth) {
      if (numbers_ < 2) Problem(fmt::format("has a position of {}; x and y are needed", Numbers()));
      out_.points.push_back(point_);
    } else if (level_ < JsonCoordinates::kDeepest) {
      out_.ends[at].push_back(level_ + 1 == out_.depth ? out_.points.size() : EndsAt(at + 1));
    } else {
      Problem("has coordinates that are nested too deeply");
    }
    numbers_ = 0;
    --level_;
  }

 private:
  std::size_t EndsAt(std::size_t index) const noexcept {
    return index < out_.ends.size() ? out_.ends[index].size() : 0;
  }
  // Empty lists at a depth, where positions would be.
  bool HasLists(int level) const noexcept { return EndsAt(static_cast<std::size_t>(level - 1)) > 0; }
  std::string Numbers() const { return numbers_ == 0 ? "no number" : "one number"; }
  void Problem(std::string what) {
    if (out_.problem.empty()) out_.problem = std::move(what);
  }

  JsonCoordinates& out_;
  Point point_;
  int level_ = 1;
  int numbers_ = 0;  ///< of the position at hand
};

// Turns events into a tree. One thread at a time.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, std::int64_t offset, const JsonLimits& limits)
      : text_(text), offset_(offset), limits_(limits) {}

  bool null() override { return Leaf({}); }
  bool boolean(bool value) override { return Leaf({.kind = JsonValue::Kind::kTruth, .number = value ? 1.0 : 0.0}); }
  bool number_integer(std::int64_t value) override { return Number(static_cast<double>(value)); }
  bool number_unsigned(std::uint64_t value) override { return Number(static_cast<double>(value)); }
  bool number_float(double value, const std::string& /*digits*/) override { return Number(value); }
  bool string(std::string& value) override { return Leaf({.kind = JsonValue::Kind::kText, .text = std::move(value)}); }
  bool binary(Json::binary_t& /*value*/) override { return false; }  // JSON has none
  bool key(std::string& value) override {
    if (!flat_) key_ = std::move(value);
    return true;
  }
  bool start_object(std::size_t /*size*/) override { return Open(JsonValue::Kind::kObject); }
  bool start_array(std::size_t /*size*/) override { return Open(JsonValue::Kind::kList); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception& error) override {
    if (error_) return false;
    // The parser counts the byte that it stumbled over; at the end of the text there is none.
    const std::size_t at = std::clamp<std::size_t>(position, 1, std::max<std::size_t>(text_.size(), 1)) - 1;
    const char last = at < text_.size() ? text_[at] : ' ';
    constexpr int kNumberOutOfRange = 406;
    std::string what =
        fmt::format("its JSON is broken at byte {} of the file", offset_ + static_cast<std::int64_t>(at));
    if (error.id == kNumberOutOfRange) what += ": a number is too large";
    if (last == 'N' || last == 'I') what += ": NaN and Infinity must stand in quotes";
    error_ = CorruptError(std::move(what));
    return false;
  }

  Result<JsonValue> Done(bool parsed) && {
    if (error_) return *std::move(error_);
    if (!parsed) return InternalError("JSON was not read to its end");
    return std::move(root_);
  }

 private:
  // A place for a value within what is open, or nothing for a limit.
  JsonValue* Add(JsonValue value) {
    if (++values_ > limits_.values) {
      Exhausted(fmt::format("it holds more than {} values; divide it into several features", limits_.values));
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    value.name = std::exchange(key_, {});
    open_.back()->members.push_back(std::move(value));
    return &open_.back()->members.back();
  }
  bool Leaf(JsonValue value) {
    if (!flat_) return Add(std::move(value)) != nullptr;
    flat_->Other();
    return true;
  }
  bool Number(double value) {
    if (!flat_) return Add({.kind = JsonValue::Kind::kNumber, .number = value}) != nullptr;
    flat_->Number(value);
    return true;
  }
  bool Open(JsonValue::Kind kind) {
    if (static_cast<std::int64_t>(open_.size()) + (flat_ ? flat_->level() : 0) >= limits_.depth)
      return Exhausted(fmt::format("its JSON is nested more than {} deep", limits_.depth));
    if (flat_) {
      flat_->Open(kind == JsonValue::Kind::kList);
      return true;
    }
    const bool is_flat = kind == JsonValue::Kind::kList && key_ == "coordinates";
    JsonValue* const value = Add({.kind = is_flat ? JsonValue::Kind::kCoordinates : kind});
    if (value == nullptr) return false;
    if (is_flat) {
      value->coordinates = std::make_unique<JsonCoordinates>();
      coordinates_ = value->coordinates.get();
      flat_.emplace(*coordinates_);
    } else {
      open_.push_back(value);
    }
    return true;
  }
  bool Close() {
    if (!flat_) {
      open_.pop_back();
      return true;
    }
    const std::size_t before = coordinates_->points.size();
    flat_->Close();
    const std::size_t added = coordinates_->points.size() - before;
    if (flat_->level() == 0) flat_.reset();
    positions_ += static_cast<std::int64_t>(added);
    values_ += added == 0 ? 1 : 0;
    if (positions_ > limits_.positions)
      return Exhausted(fmt::format("it has more than {} positions; simplify it or divide it", limits_.positions));
    if (values_ > limits_.values)
      return Exhausted(fmt::format("it holds more than {} values; divide it into several features", limits_.values));
    return true;
  }
  bool Exhausted(std::string what) {
    error_ = ExhaustedError(std::move(what));
    return false;
  }

  std::string_view text_;
  std::int64_t offset_;
  const JsonLimits& limits_;
  JsonValue root_;
  std::vector<JsonValue*> open_;  ///< each within the one before, whose members do not grow while it is open
  std::string key_;               ///< of the next value
  JsonCoordinates* coordinates_ = nullptr;
  std::optional<CoordinatesReader> flat_;  ///< while coordinates are read
  std::int64_t values_ = 0, positions_ = 0;
  std::optional<Error> error_;
};

}  // namespace

const JsonValue* JsonValue::Find(std::string_view wanted) const noexcept {
  if (kind != Kind::kObject) return nullptr;
  const auto found = std::find_if(members.begin(), members.end(), [&](const JsonValue& member) {
    return member.name == wanted && member.kind != Kind::kNull;
  });
  return found == members.end() ? nullptr : &*found;
}

Result<JsonValue> ParseJson(std::string_view text, std::int64_t offset, const JsonLimits& limits) {
  return Guarded("nlohmann json", [&]() -> Result<JsonValue> {
    Builder builder(text, offset, limits);
    const bool parsed = Json::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder).Done(parsed);
  });
}

}  // namespace tegula::objects
