#include "tegula/image/foreign_formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/shell_word.h"
#include "tegula/core/text.h"

namespace tegula::image {
namespace {

using namespace std::string_view_literals;  // lint-allow: literals with zeros in them

// ------------------------------------------------------------------------------------------------------------- advice

// -series 0, because of several images in one OME-TIFF the first is read; -noflat keeps the levels of a pyramid.
constexpr std::string_view kBioFormats =
    "convert its first image with Bio-Formats: `bfconvert -noflat -bigtiff -compression LZW -series 0 {in} {ome}`";
constexpr std::string_view kVips = "convert it with libvips: `vips copy {in} {tif}`";
constexpr std::string_view kModel = "the model is named before the images: `tegula predict {in} IMAGE -o RESULTS`";
constexpr std::string_view kDownload =
    "the download probably failed; open the link in a browser and save the image itself";

// --------------------------------------------------------------------------------------------------------------- text

std::string_view WithoutMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

// UTF-8 without control characters; the last character may be cut.
bool IsText(const ProbeInput& input) {
  int missing = 0;  // bytes of a character that has begun
  for (const char c : input.text()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xC0) == 0x80;
    if (continues != (missing > 0)) return false;
    if (continues) {
      --missing;
    } else if (byte >= 0x80) {
      if (byte < 0xC2 || byte > 0xF4) return false;
      missing = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    } else if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || byte == 0x7F) {
      return false;
    }
  }
  return true;
}
bool IsNoText(const ProbeInput& input) { return !IsText(input); }

bool IsUtf16(const ProbeInput& input) {
  return input.text().starts_with("\xFF\xFE") || input.text().starts_with("\xFE\xFF");
}
bool IsAnyText(const ProbeInput& input) { return IsText(input) || IsUtf16(input); }

bool TextBegins(const ProbeInput& input, std::initializer_list<std::string_view> beginnings) {
  const std::string start = ToLower(Trim(WithoutMark(input.text())).substr(0, 64));
  return IsText(input) && std::any_of(beginnings.begin(), beginnings.end(),
                                      [&](std::string_view beginning) { return start.starts_with(beginning); });
}

bool IsHtml(const ProbeInput& input) {
  return TextBegins(input, {"<!doctype html", "<html"}) ||
         (TextBegins(input, {"<?xml", "<!--"}) && ToLower(input.text()).find("<html") != std::string::npos);
}
bool IsXml(const ProbeInput& input) { return TextBegins(input, {"<?xml", "<!--", "<ome"}); }
bool IsOmeXml(const ProbeInput& input) {
  return IsXml(input) &&
         (input.text().find("<OME") != std::string_view::npos || input.text().find(":OME ") != std::string_view::npos);
}

// A line that begins so.
bool HasLine(std::string_view text, std::string_view beginning) {
  return text.starts_with(beginning) || text.find("\n" + std::string(beginning)) != std::string_view::npos;
}

bool IsMetaImage(const ProbeInput& input) { return HasLine(input.text(), "NDims"); }

bool IsModelText(const ProbeInput& input) {
  const std::string_view text = WithoutMark(input.text());
  return IsText(input) && HasLine(text, "format_version:") && (HasLine(text, "type:") || HasLine(text, "weights:"));
}

constexpr std::string_view kVideoBrands[] = {"isom", "iso2", "mp4", "avc1", "qt  ", "M4V", "3gp", "MSNV"};
// The brand of an ISO media file: others are pictures.
bool IsVideo(const ProbeInput& input) {
  const std::string_view head = input.text();
  return std::any_of(std::begin(kVideoBrands), std::end(kVideoBrands), [&](std::string_view brand) {
    return head.substr(std::min<std::size_t>(8, head.size())).starts_with(brand);
  });
}

// ------------------------------------------------------------------------------------------------------------ archives

// The name of the first file in a zip, if it is among the first bytes.
std::string_view FirstInZip(const ProbeInput& input) {
  constexpr std::size_t kLengthAt = 26, kNameAt = 30;
  const std::string_view head = input.text();
  if (head.size() < kNameAt) return {};
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(head[i])); };
  return head.substr(kNameAt, byte(kLengthAt) + 256 * byte(kLengthAt + 1));
}
constexpr std::string_view kModelFiles[] = {"bioimageio.yaml", "rdf.yaml", "model.yaml"};
bool IsZippedModel(const ProbeInput& input) {
  return std::any_of(std::begin(kModelFiles), std::end(kModelFiles),
                     [&](std::string_view file) { return FirstInZip(input).ends_with(file); });
}
constexpr std::string_view kZarrFiles[] = {".zattrs", ".zgroup", ".zarray", "zarr.json"};
bool IsZippedZarr(const ProbeInput& input) {
  return std::any_of(std::begin(kZarrFiles), std::end(kZarrFiles),
                     [&](std::string_view file) { return FirstInZip(input).ends_with(file); });
}

// -------------------------------------------------------------------------------------------------------------- table

// Magic numbers: those of Bio-Formats' readers, of file(1), and of the formats' own descriptions.
constexpr ForeignFormat kForeign[] = {
    // Begin like a TIFF or a JPEG, but hold only an overview.
    {.name = "an Olympus VSI (cellSens) image",
     .suffixes = ".vsi",
     .also = &IsNoText,
     .advice = "with the folder of its pixels beside it, convert its first image with Bio-Formats: `bfconvert -noflat "
               "-bigtiff -compression LZW -series 0 {in} {ome}`"},
    {.name = "the index of a MIRAX slide",
     .suffixes = ".mrxs",
     .advice = "OpenSlide reads it only with the folder {bare} beside it; `tegula formats` says whether OpenSlide is "
               "installed"},

    // Microscopes.
    {.name = "a Zeiss CZI image", .first = {0, "ZISRAWFILE"}, .advice = kBioFormats},
    {.name = "a Nikon ND2 image", .first = {0, "\xDA\xCE\xBE\x0A"}, .advice = kBioFormats},
    {.name = "a Nikon ND2 image", .suffixes = ".nd2", .first = {4, "jP  "}, .advice = kBioFormats},
    {.name = "a Leica LOF image",
     .first = {0, "\x70\0\0\0"sv},
     .second = {13, "L\0M\0S\0_\0"sv},
     .advice = kBioFormats},
    {.name = "a Leica LOF image", .suffixes = ".lof", .first = {0, "\x70\0\0\0"sv}, .advice = kBioFormats},
    {.name = "a Leica LIF image", .first = {0, "\x70\0\0\0"sv}, .second = {8, "\x2A"}, .advice = kBioFormats},
    {.name = "a Leica XLEF project", .suffixes = ".xlef .xlif .xlcf", .also = &IsAnyText, .advice = kBioFormats},
    {.name = "an Olympus OIR image", .first = {0, "OLYMPUSRAWFORMAT"}, .advice = kBioFormats},
    {.name = "an Olympus OIB image",
     .suffixes = ".oib",
     .first = {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"},
     .advice = kBioFormats},
    {.name = "an Olympus OIF image", .suffixes = ".oif", .also = &IsAnyText, .advice = kBioFormats},
    {.name = "the pixels of an Olympus VSI image",
     .suffixes = ".ets",
     .first = {0, "SIS\0"sv},
     .advice = "convert the .vsi file that it belongs to with Bio-Formats' `bfconvert`"},
    {.name = "a Zeiss ZVI image",
     .suffixes = ".zvi",
     .first = {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"},
     .advice = kBioFormats},
    {.name = "a compound file (as of Zeiss ZVI, Olympus OIB, SimplePCI or old Office documents)",
     .first = {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"},
     .advice = kBioFormats},
    {.name = "an Imaris image", .suffixes = ".ims", .first = {0, "\x89HDF\r\n\x1A\n"}, .advice = kBioFormats},
    {.name = "a Volocity library", .suffixes = ".mvd2", .also = &IsNoText, .advice = kBioFormats},
    {.name = "a DeltaVision image", .suffixes = ".dv .r3d", .first = {96, "\xA0\xC0"}, .advice = kBioFormats},
    {.name = "a DeltaVision image", .suffixes = ".dv .r3d", .first = {96, "\xC0\xA0"}, .advice = kBioFormats},
    {.name = "an Andor SIF image", .first = {0, "Andor Technology Multi-Channel File"}, .advice = kBioFormats},
    {.name = "a Philips iSyntax slide",
     .suffixes = ".isyntax",
     .first = {0, "<"},
     .advice = "convert it with isyntax2raw and then raw2ometiff"},
    {.name = "a KLB image", .suffixes = ".klb", .first = {0, "\x02"}, .advice = kBioFormats},
    {.name = "an ICS image", .first = {0, "ics_version"}, .advice = kBioFormats},
    {.name = "an ICS image", .first = {2, "ics_version"}, .advice = kBioFormats},
    {.name = "a NanoZoomer image set",
     .first = {0, "[NanoZoomer Digital Pathology Image Set]"},
     .advice = "name one of the .ndpi files that it lists"},

    // Volumes.
    {.name = "a DICOM image", .first = {128, "DICM"}, .advice = kBioFormats},
    {.name = "a NIfTI image", .first = {344, "n+1\0"sv}, .advice = kBioFormats},
    {.name = "the header of a NIfTI image", .first = {344, "ni1\0"sv}, .advice = kBioFormats},
    {.name = "a NIfTI image", .suffixes = ".nii.gz", .first = {0, "\x1F\x8B"}, .advice = kBioFormats},
    {.name = "an MRC image", .first = {208, "MAP"}, .also = &IsNoText, .advice = kBioFormats},
    {.name = "an NRRD image", .first = {0, "NRRD000"}, .advice = kBioFormats},
    {.name = "a MetaImage",
     .suffixes = ".mhd .mha",
     .also = &IsMetaImage,
     .advice = "convert it with Python's SimpleITK: `python3 -c \"import sys, SimpleITK as itk; "
               "itk.WriteImage(itk.ReadImage(sys.argv[1]), sys.argv[2])\" {in} {tif}`"},
    {.name = "a FITS image", .first = {0, "SIMPLE  = "}, .advice = kBioFormats},
    {.name = "an HDF5 file",
     .first = {0, "\x89HDF\r\n\x1A\n"},
     .advice = "list its arrays with `h5ls -r {in}` and save the one that is the image as TIFF or .npy"},
    {.name = "a MATLAB file", .first = {0, "MATLAB "}, .advice = "save the image in MATLAB with `imwrite` as TIFF"},

    // Ordinary pictures.
    {.name = "a JPEG 2000 picture", .first = {0, "\0\0\0\x0CjP  \r\n\x87\n"sv}, .advice = kVips},
    {.name = "a JPEG 2000 picture", .first = {0, "\xFF\x4F\xFF\x51"}, .advice = kVips},
    {.name = "a JPEG XL picture", .first = {0, "\0\0\0\x0CJXL \r\n\x87\n"sv}, .advice = kVips},
    {.name = "a JPEG XL picture", .suffixes = ".jxl", .first = {0, "\xFF\x0A"}, .advice = kVips},
    {.name = "a JPEG XR picture", .first = {0, "II\xBC\x01"}, .advice = "convert it: `JxrDecApp -i {in} -o {tif}`"},
    {.name = "a WebP picture", .first = {0, "RIFF"}, .second = {8, "WEBP"}, .advice = kVips},
    {.name = "an AVIF picture", .first = {4, "ftypavi"}, .advice = kVips},
    {.name = "a HEIC picture", .first = {4, "ftyphe"}, .advice = kVips},
    {.name = "a HEIF picture", .first = {4, "ftypmif1"}, .advice = kVips},
    {.name = "a BMP picture", .first = {0, "BM"}, .second = {6, "\0\0\0\0"sv}, .advice = kVips},
    {.name = "a GIF picture", .first = {0, "GIF8"}, .advice = kVips},
    {.name = "a Photoshop picture", .first = {0, "8BPS"}, .advice = kVips},
    {.name = "an OpenEXR picture", .first = {0, "\x76\x2F\x31\x01"}, .advice = kVips},
    {.name = "a Netpbm picture", .suffixes = ".pbm .pgm .ppm .pnm .pam .pfm", .first = {0, "P"}, .advice = kVips},
    {.name = "a video",
     .first = {4, "ftyp"},
     .also = &IsVideo,
     .advice = "save its frames as pictures: `ffmpeg -i {in} {bare}-%05d.png`"},
    {.name = "a video",
     .first = {0, "RIFF"},
     .second = {8, "AVI "},
     .advice = "save its frames as pictures: `ffmpeg -i {in} {bare}-%05d.png`"},
    {.name = "a PDF document",
     .first = {0, "%PDF-"},
     .advice = "save its pages as pictures: `pdftoppm -png -r 300 {in} {bare}`"},

    // Archives.
    {.name = "a bioimage.io model package", .first = {0, "PK\x03\x04"}, .also = &IsZippedModel, .advice = kModel},
    {.name = "a Zarr in a ZIP archive",
     .first = {0, "PK\x03\x04"},
     .also = &IsZippedZarr,
     .advice = "unpack it (`unzip {in} -d {bare}`) and name the folder of the image"},
    {.name = "several NumPy arrays",
     .suffixes = ".npz",
     .first = {0, "PK\x03\x04"},
     .advice = "save the one that is the image with `numpy.save` as .npy"},
    {.name = "a ZIP archive",
     .first = {0, "PK\x03\x04"},
     .advice = "unpack the image first (`unzip {in}`), or, if it is a model package, name it before the images"},
    {.name = "a tar archive", .first = {257, "ustar"}, .advice = "unpack the image first: `tar -xf {in}`"},
    {.name = "a tar archive",
     .suffixes = ".tgz .tar.gz",
     .first = {0, "\x1F\x8B"},
     .advice = "unpack the image first: `tar -xf {in}`"},
    {.name = "compressed by gzip", .first = {0, "\x1F\x8B"}, .advice = "decompress it first: `gzip -dc {in} > {bare}`"},
    {.name = "compressed by bzip2", .first = {0, "BZh"}, .advice = "decompress it first: `bzip2 -dc {in} > {bare}`"},
    {.name = "compressed by xz",
     .first = {0,
               "\xFD"
               "7zXZ\0"sv},
     .advice = "decompress it first: `xz -dc {in} > {bare}`"},
    {.name = "compressed by Zstandard",
     .first = {0, "\x28\xB5\x2F\xFD"},
     .advice = "decompress it first: `zstd -dc {in} > {bare}`"},
    {.name = "a 7-Zip archive", .first = {0, "7z\xBC\xAF\x27\x1C"}, .advice = "unpack the image first: `7z x {in}`"},
    {.name = "a RAR archive", .first = {0, "Rar!\x1A\x07"}, .advice = "unpack the image first: `unrar x {in}`"},

    // Text.
    {.name = "a web page", .also = &IsHtml, .advice = kDownload},
    {.name = "a placeholder of Git LFS",
     .first = {0, "version https://git-lfs"},
     .advice = "fetch the image itself: `git lfs pull`"},
    {.name = "OME-XML", .also = &IsOmeXml, .advice = kBioFormats},
    {.name = "an XML file and no image", .also = &IsXml, .advice = "name the image that it belongs to"},
    {.name = "the description of a bioimage.io model", .also = &IsModelText, .advice = kModel},
    {.name = "a text file and no image",
     .also = &IsText,
     .advice = "name an image in one of the formats of `tegula formats`"},
    {.name = "a text file (UTF-16) and no image",
     .also = &IsUtf16,
     .advice = "name an image in one of the formats of `tegula formats`"},
};

bool Holds(const Magic& magic, std::string_view head) {
  return magic.bytes.empty() || (head.size() >= magic.offset && head.substr(magic.offset).starts_with(magic.bytes));
}

bool Holds(const ForeignFormat& format, const ProbeInput& input, std::string_view lower_name) {
  const std::vector<std::string> suffixes = Split(format.suffixes, ' ');
  const bool named = format.suffixes.empty() || std::any_of(suffixes.begin(), suffixes.end(), [&](const auto& suffix) {
                       return lower_name.ends_with(suffix);
                     });
  return named && Holds(format.first, input.text()) && Holds(format.second, input.text()) &&
         (format.also == nullptr || format.also(input));
}

// ------------------------------------------------------------------------------------------------------------
// sentences

// The name with another suffix; never the name itself, which the command would overwrite.
std::string WithSuffix(const std::string& name, const char* suffix) {
  const Path path(name);
  const std::string bare = (path.parent_path() / path.stem()).string();
  return bare + suffix == name ? bare + "-converted" + suffix : bare + suffix;
}

std::string Advice(std::string_view text, std::string name) {
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  const std::pair<std::string_view, std::string> words[] = {{"{in}", ShellWord(name)},
                                                            {"{ome}", ShellWord(WithSuffix(name, ".ome.tif"))},
                                                            {"{tif}", ShellWord(WithSuffix(name, ".tif"))},
                                                            {"{bare}", ShellWord(WithSuffix(name, ""))}};
  std::string out;
  while (!text.empty()) {
    const auto* const word = std::find_if(std::begin(words), std::end(words),
                                          [&](const auto& candidate) { return text.starts_with(candidate.first); });
    if (word == std::end(words)) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += word->second;
      text.remove_prefix(word->first.size());
    }
  }
  return out;
}

}  // namespace

std::span<const ForeignFormat> ForeignFormats() { return kForeign; }

const ForeignFormat* FindForeign(const ProbeInput& input) {
  const std::string lower_name = ToLower(input.name);
  const auto* const found = std::find_if(std::begin(kForeign), std::end(kForeign),
                                         [&](const ForeignFormat& format) { return Holds(format, input, lower_name); });
  return found == std::end(kForeign) ? nullptr : found;
}

Error ForeignError(const ForeignFormat& format, const std::string& name, std::string_view reason) {
  const std::string advice = Advice(format.advice, name);
  if (reason.empty())
    return UnsupportedError(fmt::format("{} is {}, which is not read here; {}", name, format.name, advice));
  return UnsupportedError(fmt::format("{} is {} that is not read here ({}); {}", name, format.name, reason, advice));
}

Error FolderError(const std::string& name) {
  std::error_code ignored;
  const auto has = [&](std::string_view file) { return std::filesystem::exists(Path(name) / file, ignored); };
  if (std::any_of(std::begin(kModelFiles), std::end(kModelFiles), has))
    return UnsupportedError(fmt::format("{} is the folder of a bioimage.io model; {}", name, Advice(kModel, name)));
  if (has("OME/METADATA.ome.xml"))
    return UnsupportedError(
        fmt::format("{} seems to be an OME-Zarr of several images; name the folder of one in it, as {}", name,
                    (Path(name) / "0").string()));
  if (has("attributes.json"))
    return UnsupportedError(
        fmt::format("{} is an N5 folder, which is not read here; open it in Fiji (File > Import > "
                    "HDF5/N5/Zarr/OME-NGFF) and save it as TIFF",
                    name));
  if (has("Slidedat.ini"))
    return UnsupportedError(fmt::format("{} is the folder of a MIRAX slide; name the .mrxs file beside it", name));
  return UnsupportedError(fmt::format("{} is a folder; name an image file in it", name));
}

Error UnknownError(const ProbeInput& input) {
  constexpr std::size_t kShown = 8;
  std::string bytes;
  for (const std::byte byte : input.head.first(std::min(kShown, input.head.size())))
    bytes += fmt::format("{}{:02X}", bytes.empty() ? "" : " ", static_cast<int>(byte));
  return UnsupportedError(fmt::format(
      "{} is in none of the formats that `tegula formats` lists: its first bytes are {}", input.name, bytes));
}

}  // namespace tegula::image
