#include "tegula/outputs/ome_tiff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/outputs/jpeg.h"
#include "tegula/outputs/tiff_writer.h"

namespace tegula::outputs {
namespace {

constexpr std::int64_t kTileDefault = 512, kTileMax = 1024, kTileUnit = 16;
constexpr std::int64_t kMaxPlanes = 100'000;
constexpr std::int64_t kTilesPerWorker = 8;  // that are compressed before they are written
struct TypeName {
  DType dtype, stored;
  std::string_view name;
};
constexpr TypeName kTypes[] = {
    {DType::kBool, DType::kU8, "uint8"},  {DType::kU8, DType::kU8, "uint8"},   {DType::kI8, DType::kI8, "int8"},
    {DType::kU16, DType::kU16, "uint16"}, {DType::kI16, DType::kI16, "int16"}, {DType::kU32, DType::kU32, "uint32"},
    {DType::kI32, DType::kI32, "int32"},  {DType::kF32, DType::kF32, "float"}, {DType::kF64, DType::kF64, "double"},
};
const TypeName* FindType(DType dtype) {
  const auto* const found = std::ranges::find(kTypes, dtype, &TypeName::dtype);
  return found != std::end(kTypes) ? found : nullptr;
}

// Positions of z, c and t; axes a store does not have are of size 1.
struct Plane {
  std::int64_t z = 0, c = 0, t = 0;
};
struct PlaneGrid {
  Plane size;
  std::int64_t planes() const noexcept { return size.z * size.c * size.t; }
  Plane At(std::int64_t number) const noexcept {
    return {number % size.z, number / size.z % size.c, number / size.z / size.c};
  }
};

const StoreAxis* FindAxis(const StoreOptions& store, char name) {
  const auto found = std::ranges::find(store.axes, name, &StoreAxis::name);
  return found != store.axes.end() ? &*found : nullptr;
}
std::int64_t SizeOf(const StoreOptions& store, char name) {
  const StoreAxis* const axis = FindAxis(store, name);
  return axis != nullptr ? axis->size : 1;
}
double StepOf(const StoreOptions& store, char name) {
  const StoreAxis* const axis = FindAxis(store, name);
  return axis != nullptr ? axis->step : 0;
}
PlaneGrid PlanesOf(const StoreOptions& store) { return {{SizeOf(store, 'z'), SizeOf(store, 'c'), SizeOf(store, 't')}}; }

// --- OME-XML ---------------------------------------------------------------------------------------------------------

// For an attribute in double quotes. XML has no way to write most control characters and two others.
std::string EscapeXml(const std::string& text) {
  using nlohmann::json;
  constexpr std::string_view kReplacement = "\uFFFD";
  const std::string utf8 = json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
  std::string escaped;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const char c = utf8[i];
    const std::string_view three = std::string_view(utf8).substr(i, 3);
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (c == '\t' || c == '\n' || c == '\r') {
      escaped += fmt::format("&#{};", static_cast<int>(c));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      escaped += kReplacement;
    } else if (three == "\uFFFE" || three == "\uFFFF") {
      escaped += kReplacement;
      i += 2;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The size of a pixel, if it is known: for example ` PhysicalSizeX="0.5" PhysicalSizeXUnit="µm"`.
std::string Step(const StoreOptions& store, char axis, std::string_view attribute, std::string_view unit) {
  const double step = StepOf(store, axis);
  return step > 0 ? fmt::format(" {0}=\"{1}\" {0}Unit=\"{2}\"", attribute, step, unit) : "";
}

std::string ChannelXml(const StoreOptions& store, std::int64_t number) {
  std::string look;
  if (!store.channels.empty()) {
    const StoreChannel& channel = store.channels[static_cast<std::size_t>(number)];
    const auto rgba = static_cast<std::uint32_t>(channel.colour.r) << 24 |
                      static_cast<std::uint32_t>(channel.colour.g) << 16 |
                      static_cast<std::uint32_t>(channel.colour.b) << 8 | 0xFFU;
    look = fmt::format(" Name=\"{}\" Color=\"{}\"", EscapeXml(channel.name), static_cast<std::int32_t>(rgba));
  }
  return fmt::format("<Channel ID=\"Channel:0:{}\"{} SamplesPerPixel=\"1\"/>\n", number, look);
}

// What stored numbers stand for, as an annotation of the image; empty where they are the values.
std::string AnnotationXml(const StoreOptions& store) {
  std::string entries;
  const auto add = [&](const std::string& key, const std::string& value) {
    entries += fmt::format("<M K=\"{}\">{}</M>\n", key, EscapeXml(value));
  };
  if (store.scale) {
    add("scale_factor", fmt::format("{}", store.scale->factor));
    add("add_offset", fmt::format("{}", store.scale->offset));
  }
  for (std::size_t label = 0; label < store.classes.size(); ++label) {
    const Rgb colour = store.classes[label].colour;
    add(fmt::format("class {}", label), store.classes[label].name);
    add(fmt::format("colour {}", label), fmt::format("#{:02X}{:02X}{:02X}", colour.r, colour.g, colour.b));
  }
  if (entries.empty()) return "";
  return fmt::format(
      "<StructuredAnnotations>\n<MapAnnotation ID=\"Annotation:0\" Namespace=\"tegula/stored-values\">\n<Value>\n{}"
      "</Value>\n</MapAnnotation>\n</StructuredAnnotations>\n",
      entries);
}

// --- Tiles -----------------------------------------------------------------------------------------------------------

std::int64_t TileEdge(const StoreAxis& axis) {
  const bool fits = axis.chunk % kTileUnit == 0 && axis.chunk <= kTileMax;
  const std::int64_t edge = fits ? axis.chunk : kTileDefault;
  return std::min(edge, CeilDiv(axis.size, kTileUnit) * kTileUnit);
}

TiffCompression CompressionOf(const OmeTiffOptions& options) {
  if (options.jpeg_quality) return TiffCompression::kJpeg;
  switch (options.encoding.compressor) {
    case zarr::Compressor::kZstd: return TiffCompression::kZstd;
    case zarr::Compressor::kZlib: return TiffCompression::kDeflate;
    default: return TiffCompression::kNone;
  }
}

// What lies behind the image's edge is stored too: for JPEG the last pixels once more, which leaves no ringing.
void RepeatEdges(const View& tile_yxc, std::int64_t rows, std::int64_t columns) {
  const Shape& shape = tile_yxc.shape();
  auto* const pixels = tile_yxc.as<std::uint8_t>();
  for (std::int64_t y = 0; y < rows; ++y)
    for (std::int64_t i = columns * 3; i < shape[1] * 3; ++i)
      pixels[y * shape[1] * 3 + i] = pixels[y * shape[1] * 3 + i - 3];
  for (std::int64_t y = rows; y < shape[0]; ++y)
    std::memcpy(pixels + y * shape[1] * 3, pixels + (rows - 1) * shape[1] * 3, static_cast<std::size_t>(shape[1] * 3));
}

// All tiles of the file in one row of numbers: plane by plane, level by level, row by row.
class Export {
 public:
  Export(const RunContext& context, const ChunkStore& store, const OmeTiffOptions& options)
      : context_(context),
        store_(store),
        options_(options),
        planes_(PlanesOf(store.options())),
        coder_(TileCoding(options, FindType(store.options().dtype)->stored)) {
    if (options.jpeg_quality) planes_.size.c = 1;  // all channels in a page
    const StoreOptions& about = store.options();
    for (int level = 0; level < store.levels(); ++level) {
      const Shape shape = store.LevelShape(level);
      TiffPage page;
      page.height = shape[store.rank() - 2];
      page.width = shape[store.rank() - 1];
      page.tile_height = TileEdge(*FindAxis(about, 'y'));
      page.tile_width = TileEdge(*FindAxis(about, 'x'));
      page.dtype = FindType(about.dtype)->stored;
      page.compression = CompressionOf(options);
      page.predictor = coder_.coding().filter;
      page.is_rgb = options.jpeg_quality.has_value();
      page.y_um = StepOf(about, 'y') * static_cast<double>(1LL << level);
      page.x_um = StepOf(about, 'x') * static_cast<double>(1LL << level);
      page.software = options.creator;
      first_tile_.push_back(tiles_per_plane_);
      tiles_per_plane_ += page.tiles_down() * page.tiles_across();
      pages_.push_back(std::move(page));
    }
  }

  Status Write(const Path& path) {
    TEGULA_ASSIGN_OR_RETURN(TiffWriter writer, TiffWriter::Create(path, LargestSize() > options_.most_classic_bytes));
    const std::int64_t total = planes_.planes() * tiles_per_plane_;
    const std::int64_t batch = kTilesPerWorker * context_.executor.workers();
    std::vector<std::string> tiles(static_cast<std::size_t>(std::min(batch, total)));
    for (std::int64_t begin = 0; begin < total; begin += batch) {
      const auto make = [&](std::int64_t i, int) -> Status {
        TEGULA_ASSIGN_OR_RETURN(tiles[static_cast<std::size_t>(i)], Tile(begin + i));
        return Ok();
      };
      const std::int64_t count = std::min(batch, total - begin);
      TEGULA_TRY(ForEach(context_.executor, count, context_.stop, make));
      for (std::int64_t i = 0; i < count; ++i) {
        BeginIfFirst(begin + i, writer);
        TEGULA_TRY(writer.AddTile(tiles[static_cast<std::size_t>(i)]));
      }
      context_.progress.Update("writing OME-TIFF", begin + count, total, "tiles");
    }
    return writer.Commit();
  }

 private:
  struct Place {
    Plane plane;
    int level;
    std::int64_t y, x;  ///< the tile's first pixel
  };

  Place PlaceOf(std::int64_t tile) const noexcept {
    const std::int64_t in_plane = tile % tiles_per_plane_;
    const auto next = std::ranges::upper_bound(first_tile_, in_plane);
    const auto level = static_cast<std::size_t>(next - first_tile_.begin()) - 1;
    const TiffPage& page = pages_[level];
    const std::int64_t in_level = in_plane - first_tile_[level];
    return {planes_.At(tile / tiles_per_plane_), static_cast<int>(level),
            in_level / page.tiles_across() * page.tile_height, in_level % page.tiles_across() * page.tile_width};
  }

  void BeginIfFirst(std::int64_t tile, TiffWriter& writer) const {
    const auto level = std::ranges::find(first_tile_, tile % tiles_per_plane_);
    if (level == first_tile_.end()) return;
    TiffPage page = pages_[static_cast<std::size_t>(level - first_tile_.begin())];
    if (tile == 0) page.description = OmeXml(store_.options(), options_);
    if (level == first_tile_.begin()) {
      writer.BeginPage(std::move(page));
    } else {
      writer.BeginReduced(std::move(page));
    }
  }

  // More than the file can have.
  std::int64_t LargestSize() const {
    constexpr std::int64_t kPerTile = 16, kPerDirectory = 4096, kPerPlane = 256, kPerChannel = 4096, kHeader = 1 << 20;
    std::int64_t plane = 0;
    for (const TiffPage& page : pages_) {
      const std::int64_t samples = page.is_rgb ? 3 : 1;
      const std::int64_t raw = page.tile_height * page.tile_width * samples * DTypeSize(page.dtype);
      const std::int64_t most = page.is_rgb ? 2 * raw + kPerDirectory : coder_.Bound(raw);
      plane += page.tiles_down() * page.tiles_across() * (most + kPerTile) + kPerDirectory;
    }
    return planes_.planes() * (plane + kPerPlane) + kPerChannel * std::ssize(store_.options().channels) +
           kPerChannel * std::ssize(store_.options().classes) + kHeader;
  }

  Result<std::string> Tile(std::int64_t number) const {
    const Place place = PlaceOf(number);
    const TiffPage& page = pages_[static_cast<std::size_t>(place.level)];
    Shape begin = store_.LevelShape(0), shape = begin;
    for (int axis = 0; axis < store_.rank(); ++axis) {
      shape[axis] = 1;
      switch (store_.options().axes[static_cast<std::size_t>(axis)].name) {
        case 't': begin[axis] = place.plane.t; break;
        case 'c': begin[axis] = place.plane.c, shape[axis] = page.is_rgb ? 3 : 1; break;
        case 'z': begin[axis] = place.plane.z; break;
        case 'y': begin[axis] = place.y, shape[axis] = page.tile_height; break;
        default: begin[axis] = place.x, shape[axis] = page.tile_width; break;
      }
    }
    if (CanTakeChunks(shape)) {
      Shape index = begin;
      for (int axis = 0; axis < store_.rank(); ++axis) index[axis] /= shape[axis];
      TEGULA_ASSIGN_OR_RETURN(std::optional<std::string> chunk, store_.ReadEncoded(place.level, index));
      if (chunk) return std::move(*chunk);
    }
    const std::int64_t rows = std::min(page.tile_height, page.height - place.y),
                       columns = std::min(page.tile_width, page.width - place.x);
    TEGULA_ASSIGN_OR_RETURN(Tensor tile, Tensor::Allocate(page.dtype, shape));
    View pixels = tile.view();
    if (page.is_rgb) {  // channels last
      Shape strides = pixels.strides();
      for (int axis = 0; axis < store_.rank(); ++axis) {
        const char name = store_.options().axes[static_cast<std::size_t>(axis)].name;
        strides[axis] = name == 'y' ? 3 * page.tile_width : name == 'x' ? 3 : 1;
      }
      pixels = View(pixels.data(), page.dtype, shape, strides);
    }
    const int y = store_.rank() - 2, x = y + 1;
    const View inside = pixels.Slice(y, 0, rows).Slice(x, 0, columns);
    if (inside.elements() < tile.elements())  // what lies behind the image's edge is stored too
      std::memset(tile.view().data(), 0, static_cast<std::size_t>(tile.bytes()));
    TEGULA_TRY(store_.ReadBox(place.level, begin, inside)
                   .Context(fmt::format("tile of level {} at y={} x={}", place.level, place.y, place.x)));
    if (store_.options().dtype == DType::kBool)
      for (std::uint8_t& value : tile.values<std::uint8_t>()) value = value != 0 ? 255 : 0;
    if (!page.is_rgb) return coder_.Encode(std::as_const(tile).view());
    const View tile_yxc(tile.view().data(), DType::kU8, {page.tile_height, page.tile_width, 3});
    RepeatEdges(tile_yxc, rows, columns);
    return EncodeJpeg(tile_yxc, *options_.jpeg_quality, JpegForm::kTiffTile);
  }

  // Whether a chunk is coded as a tile of this shape is.
  bool CanTakeChunks(const Shape& tile) const {
    const StoreOptions& about = store_.options();
    return !options_.jpeg_quality && store_.ChunkShape() == tile && about.dtype != DType::kBool &&
           about.coding.filter == coder_.coding().filter &&
           about.coding.encoding.compressor == coder_.coding().encoding.compressor;
  }

  const RunContext& context_;
  const ChunkStore& store_;
  const OmeTiffOptions& options_;
  PlaneGrid planes_;
  std::vector<TiffPage> pages_;           // of one plane, by level
  std::vector<std::int64_t> first_tile_;  // of each level within a plane
  std::int64_t tiles_per_plane_ = 0;
  ChunkCoder coder_;
};

}  // namespace

ChunkCoding TileCoding(const OmeTiffOptions& options, DType dtype) noexcept {
  Filter filter = CanFilter(Filter::kDifferences, dtype) ? Filter::kDifferences : Filter::kNone;
  if (options.has_float_predictor && CanFilter(Filter::kFloatPlanes, dtype)) filter = Filter::kFloatPlanes;
  if (options.encoding.compressor == zarr::Compressor::kNone) filter = Filter::kNone;
  return {options.encoding, filter};
}

Status CheckOmeTiff(const StoreOptions& store, const OmeTiffOptions& options) {
  if (options.jpeg_quality && store.is_label)
    return UnsupportedError(fmt::format(
        "JPEG would change the labels of output {}, whose numbers are names; ask for another compression", store.name));
  if (options.jpeg_quality && (store.dtype != DType::kU8 || SizeOf(store, 'c') != 3))
    return UnsupportedError(
        fmt::format("JPEG holds RGB, three channels of uint8, but output {} has {} of {}; ask for another compression",
                    store.name, SizeOf(store, 'c'), DTypeName(store.dtype)));
  if (FindType(store.dtype) == nullptr)
    return UnsupportedError(
        fmt::format("OME-TIFF has neither 64-bit integers nor 16-bit floats, so it cannot hold an image of {}; ask for "
                    "ome-zarr instead{}",
                    DTypeName(store.dtype), store.dtype == DType::kF16 ? ", or for --values uint16" : ""));
  const Plane size = PlanesOf(store).size;  // each at most 2^31
  if (size.z > kMaxPlanes || size.c > kMaxPlanes || size.t > kMaxPlanes || size.z * size.c > kMaxPlanes ||
      size.z * size.c * size.t > kMaxPlanes)
    return ExhaustedError(
        fmt::format("an OME-TIFF of {} channels, {} z and {} t has more than the {} planes that are allowed", size.c,
                    size.z, size.t, kMaxPlanes));
  return Ok();
}

std::string OmeXml(const StoreOptions& store, const OmeTiffOptions& options) {
  constexpr std::string_view kSchema = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
  const std::int64_t channels = SizeOf(store, 'c');
  PlaneGrid planes = PlanesOf(store);
  if (options.jpeg_quality) planes.size.c = 1;
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<OME xmlns=\"{0}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"{0} "
      "{0}/ome.xsd\" Creator=\"{1}\">\n"
      "<Image ID=\"Image:0\" Name=\"{2}\">\n"
      "<Pixels ID=\"Pixels:0\" DimensionOrder=\"XYZCT\" Type=\"{3}\" SizeX=\"{4}\" SizeY=\"{5}\" SizeZ=\"{6}\" "
      "SizeC=\"{7}\" SizeT=\"{8}\"",
      kSchema, EscapeXml(options.creator), EscapeXml(store.name), FindType(store.dtype)->name, SizeOf(store, 'x'),
      SizeOf(store, 'y'), planes.size.z, channels, planes.size.t);
  xml += Step(store, 'x', "PhysicalSizeX", "µm") + Step(store, 'y', "PhysicalSizeY", "µm") +
         Step(store, 'z', "PhysicalSizeZ", "µm") + Step(store, 't', "TimeIncrement", "s") + ">\n";
  if (options.jpeg_quality)
    xml += fmt::format("<Channel ID=\"Channel:0:0\" SamplesPerPixel=\"{}\"/>\n", channels);
  else
    for (std::int64_t c = 0; c < channels; ++c) xml += ChannelXml(store, c);
  for (std::int64_t page = 0; page < planes.planes(); ++page) {
    const Plane at = planes.At(page);
    xml += fmt::format("<TiffData FirstZ=\"{}\" FirstC=\"{}\" FirstT=\"{}\" IFD=\"{}\" PlaneCount=\"1\"/>\n", at.z,
                       at.c, at.t, page);
  }
  const std::string annotation = AnnotationXml(store);
  xml += "</Pixels>\n";
  if (!annotation.empty()) xml += "<AnnotationRef ID=\"Annotation:0\"/>\n";
  return xml + "</Image>\n" + annotation + "</OME>\n";
}

Status WriteOmeTiff(const RunContext& context, const ChunkStore& store, const Path& path,
                    const OmeTiffOptions& options) {
  TEGULA_TRY(CheckOmeTiff(store.options(), options));
  return Export(context, store, options).Write(path);
}

}  // namespace tegula::outputs
