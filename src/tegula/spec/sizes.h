// spec/sizes.h — the sizes that a model's tensors can have together.
//
// Free are the parameterized axes of inputs and the batch; everything else follows. Ratios of scales are reduced
// fractions (Rational), so a size never depends on the rounding of 48 * 0.499 / 0.499.
// Rules: https://github.com/bioimage-io/spec-bioimage-io, model format, "size".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tegula/spec/model_description.h"

namespace tegula::spec {

/// What is chosen: n of `min + n * step` for all parameterized axes, or a size for one of them (valid or not), and the
/// batch size.
struct SizeChoice {
  std::int64_t n = 0;
  std::map<std::pair<std::string, std::string>, std::int64_t> size_of;  ///< (tensor id, axis id): this size instead
  std::int64_t batch = 1;
};

/// The size of an axis in pixels of its own tensor, with halo; nothing if only the data decide.
/// A reference is followed once, as the format allows no more.
std::optional<std::int64_t> SizeOf(const ModelDescription& model, const Axis& axis, const SizeChoice& choice);

/// The n with the smallest valid size that is at least `wanted`; negative below `min`, as in the reference.
std::int64_t StepsFor(const ParameterizedSize& size, std::int64_t wanted);

/// The valid size nearest to `wanted`; the smaller one of two.
std::int64_t NearestSize(const ParameterizedSize& size, std::int64_t wanted);

/// Pixels by which an input has to reach beyond what is wanted of the outputs on each side: the largest of the halos of
/// the outputs that refer to this axis, in pixels of the input. Rounded up; valid descriptions give whole numbers.
std::int64_t InputHalo(const ModelDescription& model, const std::string& tensor_id, const std::string& axis_id);

/// Whether bioimageio.core 0.11 extends images by the halo before it predicts: it does not for formats before 0.5,
/// unless it has upgraded the description.
bool PadsByHalo(const ModelDescription& model);

}  // namespace tegula::spec
