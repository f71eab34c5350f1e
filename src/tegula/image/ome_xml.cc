#include "tegula/image/ome_xml.h"

#include <fmt/format.h>

#include <cmath>
#include <pugixml.hpp>

#include "tegula/core/text.h"

namespace tegula::image {
namespace {

constexpr std::size_t kMaxImages = 10'000;

// Without the namespace prefix that some writers use ("OME:Image").
std::string_view LocalName(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

template <class F>
Status ForEachChild(const pugi::xml_node& parent, std::string_view name, F&& f) {
  for (const pugi::xml_node& child : parent.children()) {
    if (LocalName(child) != name) continue;
    if (Status status = f(child); !status.ok()) return status;
  }
  return Ok();
}

Result<std::optional<std::int64_t>> WholeNumber(const pugi::xml_node& node, const char* attribute) {
  const std::string_view text = node.attribute(attribute).value();
  if (text.empty()) return std::optional<std::int64_t>();
  const std::optional<std::int64_t> number = ParseInt(Trim(text));
  if (!number || *number < 0)
    return CorruptError(
        fmt::format("the OME-XML says {}=\"{}\" in {}, which is no count", attribute, text, LocalName(node)));
  return number;
}

Status Size(const pugi::xml_node& pixels, const char* attribute, std::int64_t& out) {
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::int64_t> number, WholeNumber(pixels, attribute));
  if (!number || *number < 1) return CorruptError(fmt::format("the OME-XML gives no {}", attribute));
  out = *number;
  return Ok();
}

std::optional<double> PhysicalSize(const pugi::xml_node& pixels, const char* attribute, const char* unit_attribute) {
  const std::optional<double> value = ParseDouble(Trim(pixels.attribute(attribute).value()));
  const std::string_view unit = pixels.attribute(unit_attribute).value();
  if (!value || !std::isfinite(*value) || *value <= 0) return std::nullopt;
  return Micrometres(*value, unit.empty() ? "µm" : unit);
}

Result<OmeChannel> ParseChannel(const pugi::xml_node& node) {
  OmeChannel channel;
  channel.name = Trim(node.attribute("Name").value());
  TEGULA_ASSIGN_OR_RETURN(channel.samples, WholeNumber(node, "SamplesPerPixel"));
  // RGBA in 32 bits, written signed or unsigned; without one the schema means white.
  if (const std::optional<std::int64_t> rgba = ParseInt(node.attribute("Color").value())) {
    const auto bits = static_cast<std::uint32_t>(static_cast<std::uint64_t>(*rgba));
    channel.colour = Rgb{static_cast<std::uint8_t>(bits >> 24), static_cast<std::uint8_t>(bits >> 16),
                         static_cast<std::uint8_t>(bits >> 8)};
  }
  return channel;
}

Result<OmeTiffData> ParseTiffData(const pugi::xml_node& node) {
  OmeTiffData data;
  TEGULA_ASSIGN_OR_RETURN(data.page, WholeNumber(node, "IFD"));
  TEGULA_ASSIGN_OR_RETURN(data.planes, WholeNumber(node, "PlaneCount"));
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::int64_t> c, WholeNumber(node, "FirstC"));
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::int64_t> z, WholeNumber(node, "FirstZ"));
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::int64_t> t, WholeNumber(node, "FirstT"));
  data.first_c = c.value_or(0), data.first_z = z.value_or(0), data.first_t = t.value_or(0);
  TEGULA_TRY(ForEachChild(node, "UUID", [&](const pugi::xml_node& uuid) -> Status {
    data.uuid = Trim(uuid.child_value());
    data.file_name = uuid.attribute("FileName").value();
    return Ok();
  }));
  return data;
}

Status ParsePixels(const pugi::xml_node& pixels, OmeImage& image) {
  TEGULA_TRY(Size(pixels, "SizeX", image.size_x));
  TEGULA_TRY(Size(pixels, "SizeY", image.size_y));
  TEGULA_TRY(Size(pixels, "SizeZ", image.size_z));
  TEGULA_TRY(Size(pixels, "SizeC", image.size_c));
  TEGULA_TRY(Size(pixels, "SizeT", image.size_t));
  image.dimension_order = pixels.attribute("DimensionOrder").value();
  image.pixel_x_um = PhysicalSize(pixels, "PhysicalSizeX", "PhysicalSizeXUnit");
  image.pixel_y_um = PhysicalSize(pixels, "PhysicalSizeY", "PhysicalSizeYUnit");
  TEGULA_TRY(ForEachChild(pixels, "Channel", [&](const pugi::xml_node& node) -> Status {
    TEGULA_ASSIGN_OR_RETURN(OmeChannel channel, ParseChannel(node));
    image.channels.push_back(std::move(channel));
    return Ok();
  }));
  return ForEachChild(pixels, "TiffData", [&](const pugi::xml_node& node) -> Status {
    TEGULA_ASSIGN_OR_RETURN(OmeTiffData data, ParseTiffData(node));
    image.tiff_data.push_back(std::move(data));
    return Ok();
  });
}

Result<OmeImage> ParseImage(const pugi::xml_node& node) {
  OmeImage image;
  image.name = node.attribute("Name").value();
  for (const pugi::xml_node& child : node.children()) {
    if (LocalName(child) != "Pixels") continue;
    TEGULA_TRY(ParsePixels(child, image));
    return image;
  }
  return CorruptError(fmt::format("image '{}' of its OME-XML has no Pixels", image.name));
}

Result<OmeDocument> ParseDocument(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return CorruptError(fmt::format("its OME-XML is damaged at byte {}: {}", parsed.offset, parsed.description()));
  const pugi::xml_node root = document.document_element();
  if (LocalName(root) != "OME") return CorruptError(fmt::format("its OME-XML begins with {}", LocalName(root)));

  OmeDocument result;
  result.uuid = root.attribute("UUID").value();
  TEGULA_TRY(ForEachChild(root, "Image", [&](const pugi::xml_node& node) -> Status {
    if (result.images.size() == kMaxImages) return ExhaustedError("its OME-XML describes too many images");
    TEGULA_ASSIGN_OR_RETURN(OmeImage image, ParseImage(node));
    result.images.push_back(std::move(image));
    return Ok();
  }));
  if (result.images.empty()) return CorruptError("its OME-XML describes no image");
  return result;
}

struct Unit {
  std::string_view name;
  double micrometres;
};
constexpr Unit kUnits[] = {
    {"µm", 1},           {"μm", 1},           {"um", 1},         {"micron", 1},   {"microns", 1},
    {"micrometer", 1},   {"micrometers", 1},  {"micrometre", 1}, {"\\u00B5m", 1}, {"nm", 1e-3},
    {"nanometer", 1e-3}, {"pm", 1e-6},        {"Å", 1e-4},       {"mm", 1e3},     {"millimeter", 1e3},
    {"cm", 1e4},         {"m", 1e6},          {"in", 25400},     {"inch", 25400}, {"angstrom", 1e-4},
    {"picometer", 1e-6}, {"centimeter", 1e4}, {"meter", 1e6},
};

}  // namespace

bool LooksLikeOmeXml(std::string_view text) {
  text = Trim(text);
  return text.starts_with("<") &&
         (text.find("<OME") != std::string_view::npos || text.find(":OME ") != std::string_view::npos);
}

Result<OmeDocument> ParseOmeXml(std::string_view xml) {
  return Guarded("pugixml", [&]() { return ParseDocument(xml); });
}

std::optional<double> Micrometres(double value, std::string_view unit) {
  for (const Unit& known : kUnits)
    if (known.name == unit) return value * known.micrometres;
  return std::nullopt;
}

}  // namespace tegula::image
