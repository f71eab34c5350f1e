// app/model_input.h — images opened as the input of a model.
#pragma once

#include <memory>
#include <string>

#include "tegula/core/limits.h"
#include "tegula/image/binding.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// An image and what the model takes of it. `bound` borrows the source, which stays where it is when this is moved.
struct OpenImage {
  std::unique_ptr<image::Source> source;
  image::BoundImage bound;
};

/// What an input says about the image it wants.
image::ModelInput WantedOf(const spec::TensorDescription& input);

/// Opens `name` and binds it to the model's first input, whose description says which channels and, in a unit of
/// length, which pixel size it wants. Errors of both.
Result<OpenImage> OpenFor(const spec::ModelDescription& model, const std::string& name,
                          const image::BindingRequest& request, const Limits& limits);

}  // namespace tegula::app
