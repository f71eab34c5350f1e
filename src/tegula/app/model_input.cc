#include "tegula/app/model_input.h"

#include "tegula/image/open.h"

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
  const spec::Axis* y = input.FindAxis("y");
  const spec::Axis* x = input.FindAxis("x");
  if (y != nullptr && x != nullptr) {
    const std::optional<double> y_um = Micrometres(y->unit), x_um = Micrometres(x->unit);
    if (y_um && x_um) wanted.pixel_size = {.y_um = y->scale * *y_um, .x_um = x->scale * *x_um};
  }
  return wanted;
}

Result<OpenImage> OpenFor(const spec::ModelDescription& model, const std::string& name,
                          const image::BindingRequest& request, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<image::Source> source, image::Open(name, limits));
  TEGULA_ASSIGN_OR_RETURN(image::BoundImage bound, image::Bind(*source, request, WantedOf(model.inputs.front())));
  return OpenImage{std::move(source), std::move(bound)};
}

}  // namespace tegula::app
