// cli/tensor_drawing.h — a tensor as a few lines of text: a sheet with its axes, and beside it what they mean.
#pragma once

#include <string>

#include "tegula/spec/model_description.h"

namespace tegula::cli {

/// Lines that end in a newline; UTF-8.
std::string DrawTensor(const spec::TensorDescription& tensor);

}  // namespace tegula::cli
