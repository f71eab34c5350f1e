// outputs/verification_section.h — the part of a report that says whether tiles gave what the whole image gives: one
// sentence, the numbers behind it, where the differences lie, and how they depend on the distance from the seams.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/outputs/run_record.h"
#include "tegula/outputs/tensor_picture.h"

namespace tegula::outputs {

/// What is shown of one output. Rows and columns of the planes are seams. Borrows the pixels.
struct VerificationFigures {
  std::vector<TensorPlane> maps;     ///< of differences; NaN where nothing was compared
  std::vector<TensorPlane> results;  ///< what is stored
};

/// The section; nothing without records. `figures` belong to the records with the same number; they may be fewer.
/// Errors of EncodePng.
Result<std::string> VerificationHtml(std::span<const VerificationRecord> records,
                                     std::span<const VerificationFigures> figures);

}  // namespace tegula::outputs
