#include "tegula/image/formats.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/folders.h"
#include "tegula/core/text.h"
#include "tegula/image/foreign_formats.h"
#include "tegula/image/recognise.h"
#include "tegula/net/address.h"

namespace tegula::image {
namespace {

Status Always() { return Ok(); }
std::string Nothing() { return {}; }

constexpr Format kFormats[] = {
    {"synthetic", "synthetic:noise|gradient|nuclei,height=..,width=..: made up on demand, of any size", &ProbeSynthetic,
     &OpenSynthetic, &Always, &Nothing},
    {"ome-zarr",
     "OME-Zarr 0.4 and 0.5 (Zarr 2 and 3, shards): blosc, zstd, gzip or raw, pyramids, z and t; also from http and "
     "https",
     &ProbeZarr, &OpenZarr, &Always, &Nothing},
    {"npy", "NumPy arrays of axes (y, x) or (channel, y, x), read by region", &ProbeNpy, &OpenNpy, &Always, &Nothing},
    {"png", "PNG: grey, RGB or palette, 8 or 16 bits", &ProbePng, &OpenPng, &Always, &Nothing},
    {"aperio", "Aperio slides (svs) of JPEG tiles; of JPEG 2000 or with missing tiles by OpenSlide", &ProbeAperio,
     &OpenAperio, &Always, &Nothing},
    {"openslide", "other whole slides: ndpi, vms, scn, mrxs, bif, svslide, Philips, and more by OpenSlide", &ProbeSlide,
     &OpenSlide, &SlidesAvailable, &SlidesDetail},
    {"jpeg", "JPEG: grey or RGB, baseline or progressive", &ProbeJpeg, &OpenJpeg, &Always, &Nothing, true},
    {"tiff", "TIFF, BigTIFF, OME-TIFF, ImageJ: tiles or strips, 8 to 64 bits, pyramids, z and t", &ProbeTiff, &OpenTiff,
     &Always, &Nothing, true},
};

constexpr std::int64_t kHeadBytes = 4096;

Result<std::vector<std::byte>> ReadHead(const std::string& name) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(name));
  std::vector<std::byte> head(static_cast<std::size_t>(std::min(file.size(), kHeadBytes)));
  TEGULA_TRY(file.Read(0, head));
  return head;
}

}  // namespace

std::span<const Format> Formats() { return kFormats; }

bool IsImageFolder(const std::string& name) { return ProbeZarr({name, {}}); }

bool LooksLikeImage(const std::string& name) {
  const Result<std::filesystem::file_type> type = TypeOf(name);
  if (!type.ok()) return false;
  if (*type == std::filesystem::file_type::directory) return IsImageFolder(name);
  const Result<std::vector<std::byte>> head = ReadHead(name);
  if (!head.ok() || head->empty()) return false;
  const ProbeInput input{name, *head};
  if (const ForeignFormat* const foreign = FindForeign(input); foreign != nullptr && !foreign->suffixes.empty())
    return false;
  return std::any_of(std::begin(kFormats), std::end(kFormats),
                     [&](const Format& format) { return format.probe(input); });
}

bool IsImageAddress(std::string_view name) {
  if (!net::IsAddress(name)) return false;
  const std::string path = ToLower(name.substr(0, name.find_first_of("?#"))) + "/";
  return path.find(".zarr/") != std::string::npos;
}

Result<std::unique_ptr<Source>> Open(const std::string& name, const Access& access) {
  if (net::IsAddress(name)) return OpenWebZarr(name, access);
  ProbeInput input{name, {}};
  std::vector<std::byte> head;
  if (!ProbeSynthetic(input)) {
    TEGULA_ASSIGN_OR_RETURN(const std::filesystem::file_type type, TypeOf(name));
    if (type == std::filesystem::file_type::directory)
      return ProbeZarr(input) ? OpenZarr(name, access) : FolderError(name);
    TEGULA_ASSIGN_OR_RETURN(head, ReadHead(name));
    if (head.empty()) return CorruptError(fmt::format("{} is empty", name));
    input.head = head;
  }
  const Format* const reader =
      std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& format) { return format.probe(input); });
  const bool found = reader != std::end(kFormats);
  if (found && !reader->is_general) {
    Result<std::unique_ptr<Source>> opened = reader->open(name, access);
    // OpenSlide recognises every CZI and more, but opens only slides.
    const ForeignFormat* const foreign =
        opened.ok() || opened.error().code != Code::kCorrupt ? nullptr : FindForeign(input);
    if (foreign == nullptr) return opened;
    return ForeignError(*foreign, name, opened.error().what);
  }
  // Bytes far into a TIFF or JPEG may be anything; only a name says that it is another format.
  const ForeignFormat* const foreign = FindForeign(input);
  if (foreign != nullptr && (!found || !foreign->suffixes.empty())) return ForeignError(*foreign, name);
  return found ? reader->open(name, access) : UnknownError(input);
}

}  // namespace tegula::image
