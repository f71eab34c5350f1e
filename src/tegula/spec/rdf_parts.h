// spec/rdf_parts.h — what the readers of the format's versions share; for rdf*.cc only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/spec/model_description.h"
#include "tegula/spec/reader.h"

namespace tegula::spec::internal {

enum class Format : std::uint8_t { k04, k05 };
enum class Side : std::uint8_t { kInput, kOutput };

/// Root fields of each version: tensors, and what only that version says. Both call ReadCommon.
void ReadModel04(const Reader& root, const Limits& limits, ModelDescription& model);
void ReadModel05(const Reader& root, const Limits& limits, ModelDescription& model);

/// The fields that did not change: name, authors, cite, tags, files, weights, tolerances.
void ReadCommon(const Reader& root, Format format, ModelDescription& model);

/// What must hold between tensors, once all are read: ids, references, halos, ranks. Sets nothing.
void CheckTensors(const Reader& root, Format format, const ModelDescription& model);

/// The items of `inputs` or `outputs`; notes if there are none or absurdly many.
std::vector<Reader> TensorItems(const Reader& root, Side side);
constexpr std::string_view TensorsKey(Side side) { return side == Side::kInput ? "inputs" : "outputs"; }
constexpr std::string_view OpsKey(Side side) { return side == Side::kInput ? "preprocessing" : "postprocessing"; }

/// A path or, from 0.5.11 on for every file, {source, sha256}; nothing if it is not present. `suffix`, if any, is
/// demanded of paths.
std::optional<FileReference> ReadFileReference(const Reader& file, std::string_view suffix = {});
/// The lower-case sha256 in a field; empty if not stated.
std::string ReadSha256(const Reader& sha256);
DType ReadDType(const Reader& dtype, DType fallback);
/// Lower-case letters, digits and underscores, not beginning with a digit.
bool IsIdentifier(std::string_view text);

/// The ops of one tensor as described, without those the format inserts. `axes` are the tensor's axis ids.
std::vector<OpDescription> ReadOps(const Reader& tensor, Format format, Side side, const std::vector<Axis>& axes);

/// "c" and "channel" are "channel", "b" is "batch", "x" is "x".
std::string AxisIdFromShort(std::string_view id);

}  // namespace tegula::spec::internal
