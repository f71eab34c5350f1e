// app/feeds.h — images, numbers and tensors opened as the inputs of a model.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tegula/image/binding.h"
#include "tegula/image/open.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// An image and what the model takes of it. `bound` borrows the source, which stays where it is when this is moved.
struct OpenImage {
  std::unique_ptr<image::Source> source;
  image::BoundImage bound;
};

/// What an input says about the image it wants.
image::ModelInput WantedOf(const spec::TensorDescription& input);

/// Opens `name` and binds it to an input, whose description says which channels and axes and, in a unit of length,
/// which pixel size it wants. Errors of both.
Result<OpenImage> OpenFor(const spec::TensorDescription& input, const std::string& name,
                          const image::BindingRequest& request, const image::Access& access);

/// What is asked for one input by its name.
struct InputRequest {
  std::string id;     ///< of the input
  std::string value;  ///< an image, a number for all its pixels, or for inputs without y and x a .npy file
  image::BindingRequest binding;
};

/// The input that the images of a call feed: the first with y and x that no request names. Its index, or nothing if all
/// are named. kNotFound for a request that names no input, kInvalid for two that name the same.
Result<std::optional<std::size_t>> MainInput(const spec::ModelDescription& model,
                                             std::span<const InputRequest> requests);

/// All inputs of a model for one image. Immutable and thread-safe; moves.
class Feeds {
 public:
  /// `image` feeds the main input. Errors of opening and binding with the input's name; kInvalid for a value that is
  /// neither an image nor a number.
  static Result<Feeds> Open(const spec::ModelDescription& model, const std::string& image,
                            const image::BindingRequest& binding, std::span<const InputRequest> requests,
                            const image::Access& access);

  /// The image whose grid decides where windows lie.
  const OpenImage& leading() const noexcept { return *leading_; }
  /// Planes along t and z of the leading image that the model takes one by one, for it has no such axis; 1 along
  /// others.
  const PerAxis<std::int64_t>& frames() const noexcept { return frames_; }

  /// What the model gets for one of them.
  struct Frame {
    std::int64_t t = 0, z = 0;
    std::vector<std::unique_ptr<image::BoundImage>> images;
    std::vector<pipeline::InputFeed> feeds;  ///< borrows `images` and the Feeds
  };
  /// kInvalid if another image has neither as many planes nor one.
  Result<Frame> FrameAt(std::int64_t t, std::int64_t z) const;
  /// By its number, those of a time after each other.
  Result<Frame> FrameAt(std::int64_t number) const {
    return FrameAt(number / frames_[GridAxis::kZ], number % frames_[GridAxis::kZ]);
  }
  std::int64_t frame_count() const noexcept { return frames_[GridAxis::kT] * frames_[GridAxis::kZ]; }

 private:
  struct Slot {
    std::string id;
    std::unique_ptr<OpenImage> image;
    std::unique_ptr<Tensor> tensor;
    double value = 0;
  };
  std::vector<Slot> slots_;
  const OpenImage* leading_ = nullptr;
  PerAxis<std::int64_t> frames_ = {{1, 1, 1, 1}};
};

}  // namespace tegula::app
