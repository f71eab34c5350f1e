#include "tegula/app/feeds.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/tensor/npy.h"
#include "tegula/tiling/model_grid.h"

namespace tegula::app {
namespace {

// Lengths as descriptions write them, in µm.
std::optional<double> Micrometres(const std::string& unit) {
  struct Unit {
    std::string_view name;
    double um;
  };
  constexpr Unit kUnits[] = {{"micrometer", 1}, {"nanometer", 1e-3}, {"millimeter", 1e3}, {"centimeter", 1e4},
                             {"meter", 1e6},    {"picometer", 1e-6}, {"angstrom", 1e-4}};
  for (const Unit& row : kUnits)
    if (row.name == unit) return row.um;
  return std::nullopt;
}

}  // namespace

image::ModelInput WantedOf(const spec::TensorDescription& input) {
  image::ModelInput wanted;
  if (const spec::Axis* channel = input.FindAxis(spec::AxisType::kChannel)) {
    const auto* fixed = std::get_if<spec::FixedSize>(&channel->size);
    wanted.channels = fixed != nullptr ? fixed->size : 0;
    wanted.channel_names = channel->channel_names;
  }
  for (const spec::Axis& axis : input.axes) {
    wanted.has_z = wanted.has_z || (axis.type == spec::AxisType::kSpace && axis.id == "z");
    wanted.has_t = wanted.has_t || axis.type == spec::AxisType::kTime;
  }
  const spec::Axis* y = input.FindAxis("y");
  const spec::Axis* x = input.FindAxis("x");
  if (y != nullptr && x != nullptr) {
    const std::optional<double> y_um = Micrometres(y->unit), x_um = Micrometres(x->unit);
    if (y_um && x_um) wanted.pixel_size = {.y_um = y->scale * *y_um, .x_um = x->scale * *x_um};
  }
  return wanted;
}

namespace {

bool IsImage(const spec::TensorDescription& input) {
  return tiling::FindAxis(input, GridAxis::kY) != nullptr && tiling::FindAxis(input, GridAxis::kX) != nullptr;
}

std::string Ids(const spec::ModelDescription& model) {
  std::vector<std::string> ids;
  for (const spec::TensorDescription& input : model.inputs) ids.push_back(input.id);
  return fmt::format("{}", fmt::join(ids, ", "));
}

}  // namespace

Result<OpenImage> OpenFor(const spec::TensorDescription& input, const std::string& name,
                          const image::BindingRequest& request, const image::Access& access) {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<image::Source> source, image::Open(name, access));
  TEGULA_ASSIGN_OR_RETURN(image::BoundImage bound, image::Bind(*source, request, WantedOf(input)));
  return OpenImage{std::move(source), std::move(bound)};
}

Result<std::optional<std::size_t>> MainInput(const spec::ModelDescription& model,
                                             std::span<const InputRequest> requests) {
  std::vector<bool> is_named(model.inputs.size(), false);
  for (const InputRequest& request : requests) {
    const spec::TensorDescription* input = model.FindInput(request.id);
    if (input == nullptr)
      return NotFoundError(fmt::format("the model has no input {}; it has {}", request.id, Ids(model)));
    const auto index = static_cast<std::size_t>(input - model.inputs.data());
    if (is_named[index]) return InvalidError(fmt::format("input {} is given twice", request.id));
    is_named[index] = true;
  }
  for (std::size_t i = 0; i < model.inputs.size(); ++i)
    if (!is_named[i] && IsImage(model.inputs[i])) return std::optional(i);
  return std::optional<std::size_t>();
}

Result<Feeds> Feeds::Open(const spec::ModelDescription& model, const std::string& image,
                          const image::BindingRequest& binding, std::span<const InputRequest> requests,
                          const image::Access& access) {
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::size_t> main, MainInput(model, requests));
  Feeds feeds;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const spec::TensorDescription& input = model.inputs[i];
    const auto named = std::find_if(requests.begin(), requests.end(), [&](auto& r) { return r.id == input.id; });
    Slot slot{.id = input.id};
    if (i == main) {
      TEGULA_ASSIGN_OR_RETURN(OpenImage open, OpenFor(input, image, binding, access));
      slot.image = std::make_unique<OpenImage>(std::move(open));
    } else if (named == requests.end()) {
      break;  // what is missing is refused, or optional, when the prediction is bound
    } else if (const std::optional<double> number = ParseDouble(named->value)) {
      slot.value = *number;
    } else if (IsImage(input)) {
      TEGULA_ASSIGN_OR_RETURN(OpenImage open,
                              OpenFor(input, named->value, named->binding, access).Context("input " + input.id));
      slot.image = std::make_unique<OpenImage>(std::move(open));
    } else {
      TEGULA_ASSIGN_OR_RETURN(Tensor tensor, ReadNpy(named->value, access.limits).Context("input " + input.id));
      slot.tensor = std::make_unique<Tensor>(std::move(tensor));
    }
    feeds.slots_.push_back(std::move(slot));
  }
  for (const Slot& slot : feeds.slots_) {
    if (slot.image == nullptr) continue;
    if (feeds.leading_ == nullptr) feeds.leading_ = slot.image.get();
    for (const GridAxis axis : {GridAxis::kT, GridAxis::kZ})
      if (tiling::FindAxis(*model.FindInput(slot.id), axis) == nullptr)
        feeds.frames_[axis] = std::max(feeds.frames_[axis], slot.image->bound.info().size[axis]);
  }
  if (feeds.leading_ == nullptr) return InvalidError("no input is given an image; name one");
  return feeds;
}

Result<Feeds::Frame> Feeds::FrameAt(std::int64_t t, std::int64_t z) const {
  Frame frame{.t = t, .z = z};
  for (const Slot& slot : slots_) {
    pipeline::InputFeed feed{.value = slot.value, .tensor = slot.tensor.get()};
    if (slot.image != nullptr) {
      const image::BoundImage& bound = slot.image->bound;
      PerAxis<Interval> planes;
      for (const auto& [axis, at] : {std::pair(GridAxis::kT, t), std::pair(GridAxis::kZ, z)}) {
        const std::int64_t size = bound.info().size[axis];
        planes[axis] = {0, size};
        if (frames_[axis] == 1) continue;
        if (size != 1 && size != frames_[axis])
          return InvalidError(fmt::format("the image for input {} has {} planes along {} where others have {}", slot.id,
                                          size, GridAxisName(axis), frames_[axis]));
        if (size != 1) planes[axis] = {at, at + 1};
      }
      frame.images.push_back(
          std::make_unique<image::BoundImage>(bound.Planes(planes[GridAxis::kT], planes[GridAxis::kZ])));
      feed.image = frame.images.back().get();
    }
    frame.feeds.push_back(feed);
  }
  return frame;
}

}  // namespace tegula::app
