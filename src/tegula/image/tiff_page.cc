#include "tegula/image/tiff_page.h"

#include <fmt/format.h>
#include <tiffio.h>

namespace tegula::image {
namespace {

std::string CompressionName(int compression) {
  switch (compression) {
    case COMPRESSION_OJPEG: return "old-style JPEG";
    case 33003:
    case 33005:
    case 34712: return "JPEG 2000";
    case 22610:
    case 34934: return "JPEG XR";
    case COMPRESSION_JBIG: return "JBIG";
    default: break;
  }
  const TIFFCodec* codec = TIFFFindCODEC(static_cast<std::uint16_t>(compression));
  return codec != nullptr ? codec->name : fmt::format("number {}", compression);
}

}  // namespace

std::int64_t TiffPage::colour_samples() const noexcept {
  const auto alphas = std::count_if(extra_samples.begin(), extra_samples.end(),
                                    [](std::uint16_t kind) { return kind != EXTRASAMPLE_UNSPECIFIED; });
  return samples - static_cast<std::int64_t>(alphas);
}

bool TiffPage::has_jpeg_tiles() const noexcept {
  if (!tiled || compression != COMPRESSION_JPEG || bits != 8 || sample_format != SAMPLEFORMAT_UINT) return false;
  return is_colour() ? samples == 3 && !planar : samples == 1 && photometric == Photometric::kMinIsBlack;
}

DType TiffPage::dtype() const {
  if (sample_format == SAMPLEFORMAT_IEEEFP) return bits == 32 ? DType::kF32 : DType::kF64;
  const bool is_signed = sample_format == SAMPLEFORMAT_INT;
  switch (bits) {
    case 8: return is_signed ? DType::kI8 : DType::kU8;
    case 16: return is_signed ? DType::kI16 : DType::kU16;
    case 32: return is_signed ? DType::kI32 : DType::kU32;
    default: return is_signed ? DType::kI64 : DType::kU64;
  }
}

Status TiffPage::CheckReadable(const Limits& limits, bool palette_is_display) const {
  if (height < 1 || width < 1 || samples < 1)
    return CorruptError(fmt::format("a page of {} x {} pixels with {} samples", height, width, samples));
  if (height > limits.axis_size || width > limits.axis_size || samples > limits.channels)
    return ExhaustedError(
        fmt::format("a page of {} x {} pixels with {} samples is larger than allowed", height, width, samples));
  if (depth != 1)
    return UnsupportedError(
        fmt::format("a page is {} images deep (TIFF's ImageDepth); save every plane as a page of its own", depth));
  const bool is_float = sample_format == SAMPLEFORMAT_IEEEFP;
  const bool is_number =
      sample_format == SAMPLEFORMAT_UINT || sample_format == SAMPLEFORMAT_INT || sample_format == SAMPLEFORMAT_VOID;
  if (is_float ? bits != 32 && bits != 64 : !is_number || (bits != 8 && bits != 16 && bits != 32 && bits != 64))
    return UnsupportedError(fmt::format("pixels of {} bits{} are not read; save them with 8, 16 or 32 bits", bits,
                                        is_float    ? " in floating point"
                                        : is_number ? ""
                                                    : " of complex or unknown kind"));
  if (photometric == Photometric::kMinIsWhite)
    return UnsupportedError(
        "white is stored as zero (min-is-white); invert the image when you save it, so that zero is black");
  if (photometric == Photometric::kPalette && !palette_is_display)
    return UnsupportedError("the colours come from a palette; save the image as RGB or grey");
  const bool jpeg_colours = photometric == Photometric::kYCbCr && compression == COMPRESSION_JPEG;
  if (photometric != Photometric::kMinIsBlack && photometric != Photometric::kRgb &&
      photometric != Photometric::kPalette && !jpeg_colours)
    return UnsupportedError(
        fmt::format("colours of kind {} (TIFF's PhotometricInterpretation) are not read; save the image as RGB or grey",
                    static_cast<int>(photometric)));
  if (is_colour() && samples < 3) return CorruptError(fmt::format("a colour page with {} samples per pixel", samples));
  if (std::find(extra_samples.begin(), extra_samples.end(), EXTRASAMPLE_ASSOCALPHA) != extra_samples.end())
    return UnsupportedError("the colours are multiplied by a transparency; save the image without transparency");
  if (TIFFIsCODECConfigured(static_cast<std::uint16_t>(compression)) == 0 || compression == COMPRESSION_OJPEG)
    return UnsupportedError(
        fmt::format("the compression {} is not read; save the image with LZW, Deflate, Zstandard or JPEG",
                    CompressionName(compression)));
  if (block_height < 1 || block_width < 1)
    return CorruptError(fmt::format("blocks of {} x {} pixels", block_height, block_width));
  const std::int64_t pixel_bytes = samples_per_block() * bits / 8;
  if (block_height > kMaxBlockBytes / pixel_bytes / block_width)
    return ExhaustedError(
        fmt::format("its {} of {} x {} pixels are too large to be decoded one by one; save the image in tiles",
                    tiled ? "tiles" : "strips", block_height, block_width));
  return Ok();
}

}  // namespace tegula::image
