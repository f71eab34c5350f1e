#include "tegula/objects/annotations/geojson_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tegula/objects/annotations/geojson_feature.h"
#include "tegula/objects/annotations/json_cutter.h"
#include "tegula/objects/annotations/json_tree.h"

namespace tegula::objects {
namespace {

// Of features that several threads understand at once: enough to be worth starting them.
constexpr std::int64_t kBatchBytes = 4 << 20;

// Reads one file. One thread at a time.
class Reader {
 public:
  Reader(NextPiece next, std::string_view name, const GeoJsonLimits& limits, const Executor& executor)
      : executor_(executor),
        cutter_(std::move(next), limits.feature_bytes),
        name_(name),
        limits_{limits.feature_values, limits.feature_positions, limits.depth} {}

  Status Read(AnnotationSink sink) {
    TEGULA_ASSIGN_OR_RETURN(const char first, FirstByte());
    if (first != '[' && first != '{')
      return OfFile("it is no GeoJSON, which begins with { or [; export the objects as GeoJSON");
    TEGULA_TRY(first == '[' ? ReadList(sink) : ReadObject(sink));
    TEGULA_TRY(cutter_.Peek());
    if (cutter_.at_end()) return Ok();
    return OfFile(fmt::format("something follows after its end, at byte {}; remove it", cutter_.offset()));
  }

 private:
  Error OfFile(std::string what) const { return {Code::kCorrupt, std::move(what), {name_}}; }
  Error Broken() const {
    if (cutter_.at_end()) return OfFile("it ends in the middle; copy or export the file again");
    return OfFile(fmt::format("its JSON is broken at byte {} of the file", cutter_.offset()));
  }
  // "feature 17 (Tumour) of regions.geojson"
  std::string Feature(std::int64_t index, std::string_view name) const {
    return name.empty() ? fmt::format("feature {} of {}", index, name_)
                        : fmt::format("feature {} ({}) of {}", index, name, name_);
  }

  // The first byte of the JSON. Refuses what people take for GeoJSON and is none.
  Result<char> FirstByte() {
    TEGULA_ASSIGN_OR_RETURN(char byte, cutter_.Peek());
    if (cutter_.at_end()) return OfFile("it is empty; export the objects again");
    if (byte == '\x1F' || byte == 'P') return OfFile("it is no GeoJSON; if it is compressed, unpack it first");
    if (byte == '\xFF' || byte == '\xFE') return OfFile("it is text in UTF-16; save it as UTF-8");
    for (const char part : {'\xEF', '\xBB', '\xBF'}) {  // the mark of UTF-8
      if (byte != part) break;
      cutter_.Skip();
      TEGULA_ASSIGN_OR_RETURN(byte, cutter_.Peek());
    }
    return byte;
  }

  // From the opening bracket to behind the closing one.
  Status ReadList(AnnotationSink sink) {
    cutter_.Skip();
    TEGULA_ASSIGN_OR_RETURN(const char next, cutter_.Peek());
    bool has_more = next != ']';
    while (has_more) {
      std::vector<Piece> batch;
      const Status cut = CutBatch(batch, has_more);
      TEGULA_TRY(DeliverBatch(batch, sink));  // what stands before that which is broken
      TEGULA_TRY(cut);
    }
    cutter_.Skip();
    return Ok();
  }

  // A feature's text and where it stands in the file.
  struct Piece {
    std::int64_t offset = 0;
    std::string text;
  };

  // Begins at a feature, and ends at another or, without more, at the closing bracket.
  Status CutBatch(std::vector<Piece>& batch, bool& has_more) {
    const std::int64_t most = executor_.workers() > 1 ? kBatchBytes : 1;
    for (std::int64_t bytes = 0; has_more && bytes < most;) {
      TEGULA_ASSIGN_OR_RETURN(char next, cutter_.Peek());
      if (cutter_.at_end() || next == ',') return Broken();
      Piece piece{cutter_.offset(), {}};
      TEGULA_TRY(cutter_.Cut(piece.text).Context(Feature(index_ + static_cast<std::int64_t>(batch.size()), "")));
      bytes += static_cast<std::int64_t>(piece.text.size());
      batch.push_back(std::move(piece));
      TEGULA_ASSIGN_OR_RETURN(next, cutter_.Peek());
      has_more = next != ']';
      if (!has_more) break;
      if (next != ',') return Broken();
      cutter_.Skip();
      TEGULA_ASSIGN_OR_RETURN(next, cutter_.Peek());
      if (next == ']') return Broken();  // after a comma
    }
    return Ok();
  }

  Status DeliverBatch(std::vector<Piece>& batch, AnnotationSink sink) {
    std::vector<std::optional<Result<Annotation>>> read(batch.size());
    const auto pieces = static_cast<std::int64_t>(batch.size());
    const std::int64_t step = std::clamp<std::int64_t>(pieces / (4 * executor_.workers()), 1, 256);
    executor_.ForEach((pieces + step - 1) / step, [&](std::int64_t part, int) {
      for (std::int64_t i = part * step; i < std::min(pieces, (part + 1) * step); ++i) {
        Piece& piece = batch[static_cast<std::size_t>(i)];
        read[static_cast<std::size_t>(i)] =
            Guarded("a feature", [&]() { return ReadPiece(std::move(piece), index_ + i); });
      }
    });
    for (std::optional<Result<Annotation>>& one : read) {
      TEGULA_ASSIGN_OR_RETURN(Annotation annotation, *std::move(one));
      ++index_;
      TEGULA_TRY(sink(std::move(annotation)));
    }
    return Ok();
  }

  Result<Annotation> ReadPiece(Piece piece, std::int64_t index) const {
    TEGULA_ASSIGN_OR_RETURN(const JsonValue value,
                            ParseJson(piece.text, piece.offset, limits_).Context(Feature(index, "")));
    return AnnotationOf(value, std::move(piece.text), index);
  }

  // A FeatureCollection, whose features are handed on as they come and replaced by an empty list, or one feature or
  // geometry. Which one it is may stand at the end.
  Status ReadObject(AnnotationSink sink) {
    const std::int64_t offset = cutter_.offset();
    std::string text = "{";
    cutter_.Skip();
    TEGULA_ASSIGN_OR_RETURN(char next, PeekAfterSpace(text));
    while (next != '}') {
      TEGULA_TRY(ReadMember(text, sink));
      TEGULA_ASSIGN_OR_RETURN(next, PeekAfterSpace(text));
      if (next == '}') break;
      if (next != ',') return Broken();
      cutter_.Skip();
      text += ',';
      TEGULA_TRY(cutter_.CutSpace(text).Context(name_));
    }
    cutter_.Skip();
    text += '}';
    const Result<JsonValue> value = ParseJson(text, offset, limits_).Context(name_);
    if (!value.ok() && has_features_ && value.error().code == Code::kCorrupt)
      return OfFile("its JSON is broken before or after the list of features; export it again");
    if (!value.ok()) return value.error();
    TEGULA_TRY(CheckType(value.value()));
    if (has_features_) return Ok();
    TEGULA_ASSIGN_OR_RETURN(Annotation annotation, AnnotationOf(value.value(), std::move(text), index_++));
    return sink(std::move(annotation));
  }

  // Whether a top-level object has features if and only if it says so; one that has need not say anything.
  Status CheckType(const JsonValue& value) const {
    const JsonValue* const type = value.Find("type");
    const bool is_collection = type != nullptr && type->text == "FeatureCollection";
    if (is_collection && !has_features_)
      return OfFile("it is a FeatureCollection without a list of features; export it again");
    if (!is_collection && has_features_ && type != nullptr)
      return OfFile("it has features, but its type is not FeatureCollection; export the objects as GeoJSON");
    return Ok();
  }

  // A name and a value, appended to `text`.
  Status ReadMember(std::string& text, AnnotationSink sink) {
    TEGULA_ASSIGN_OR_RETURN(char next, cutter_.Peek());
    if (next != '"') return Broken();
    const std::size_t name_at = text.size();
    TEGULA_TRY(cutter_.Cut(text).Context(name_));
    const bool is_features = std::string_view(text).substr(name_at) == R"("features")";
    TEGULA_ASSIGN_OR_RETURN(next, PeekAfterSpace(text));
    if (next != ':') return Broken();
    cutter_.Skip();
    text += ':';
    TEGULA_ASSIGN_OR_RETURN(next, PeekAfterSpace(text));
    if (!is_features || next != '[') return cutter_.Cut(text).Context(name_);
    if (has_features_) return OfFile("it has two lists of features; join them");
    has_features_ = true;
    text += "[]";
    return ReadList(sink);
  }

  Result<char> PeekAfterSpace(std::string& text) {
    TEGULA_TRY(cutter_.CutSpace(text).Context(name_));
    return cutter_.Peek();
  }

  Result<Annotation> AnnotationOf(const JsonValue& feature, std::string text, std::int64_t index) const {
    TEGULA_ASSIGN_OR_RETURN(Annotation annotation,
                            ReadFeature(feature).Context(Feature(index, NameInMessages(feature))));
    annotation.index = index;
    annotation.json = std::move(text);
    return annotation;
  }

  const Executor& executor_;
  JsonCutter cutter_;
  std::string name_;
  JsonLimits limits_;
  bool has_features_ = false;
  std::int64_t index_ = 0;  ///< of the next feature
};

}  // namespace

Status ReadGeoJson(const Path& path, const GeoJsonLimits& limits, AnnotationSink sink, const Executor& executor) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  std::int64_t at = 0;
  std::string buffer;
  const auto next = [&]() -> Result<std::string_view> {
    buffer.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(file.size() - at, 0, limits.piece_bytes)));
    TEGULA_TRY(file.Read(at, std::as_writable_bytes(std::span(buffer))));
    at += static_cast<std::int64_t>(buffer.size());
    return std::string_view(buffer);
  };
  return Reader(next, path.filename().string(), limits, executor).Read(sink);
}

Status ParseGeoJson(std::string_view text, std::string_view name, const GeoJsonLimits& limits, AnnotationSink sink,
                    const Executor& executor) {
  const auto next = [&]() -> Result<std::string_view> {
    const std::string_view piece = text.substr(0, static_cast<std::size_t>(limits.piece_bytes));
    text.remove_prefix(piece.size());
    return piece;
  };
  return Reader(next, name, limits, executor).Read(sink);
}

}  // namespace tegula::objects
