// outputs/ome_tiff.h — a finished store as one OME-TIFF file, which QuPath, Fiji, libvips and Python open.
//
// The layout is that of https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html since 6.0: one
// page per plane, z fastest, then c, then t (XYZCT); the levels of the pyramid are SubIFDs of their page, marked as
// reduced, largest first; the first page's description is OME-XML 2016-06. It is a BigTIFF only if it could grow beyond
// 4 GiB.
//
// Integers and float32 are stored as differences along the row (predictor 2; of float32 those of their bits, as GDAL
// and libtiff have them). TIFF's own predictor for floats (3) makes files a tenth smaller, but Bio-Formats, and with it
// QuPath and Fiji, refuses it ("Unknown Predictor"), so it is there for those who ask.
//
// What stored numbers stand for (scale, classes with their colours) is a MapAnnotation of the image. OME-TIFF has no
// place for these properties of a store, which OME-Zarr keeps: the origin of the axes, the range of
// values, how levels were reduced.
#pragma once

#include <optional>
#include <string>

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

struct OmeTiffOptions {
  std::string creator = "Tegula";                                 ///< program and version, as the file tells it
  zarr::Encoding encoding = {zarr::Compressor::kZlib, 1};         ///< kZlib, kZstd or kNone
  bool has_float_predictor = false;                               ///< predictor 3 for floats
  std::optional<int> jpeg_quality;                                ///< 1 to 100: JPEG instead, for RGB of uint8
  std::int64_t most_classic_bytes = (std::int64_t{1} << 32) - 1;  ///< from which on it is a BigTIFF
};

/// How the tiles of numbers of this type are coded: chunks that are coded so become tiles as they are.
ChunkCoding TileCoding(const OmeTiffOptions& options, DType dtype) noexcept;

/// Whether OME-TIFF can hold such a store: kUnsupported for 64-bit integers and float16, kExhausted for more planes
/// than readers take.
Status CheckOmeTiff(const StoreOptions& store, const OmeTiffOptions& options = {});

/// Writes the levels of a store; missing chunks are the fill value, bool becomes 0 and 255 of uint8 (what masks are in
/// ImageJ). The file appears under `path` when it is complete; the same store gives the same bytes for any number of
/// workers. Errors of CheckOmeTiff, of reading and of writing; kCancelled. Cost: every chunk is decoded once if it is a
/// tile (a multiple of 16 up to 1024 in y and x, 1 in the other axes), and not at all if it is coded as one; memory of
/// eight tiles per worker.
Status WriteOmeTiff(const RunContext& context, const ChunkStore& store, const Path& path,
                    const OmeTiffOptions& options = {});

/// The OME-XML of a store; text of others is escaped, what XML cannot hold becomes the replacement character.
std::string OmeXml(const StoreOptions& store, const OmeTiffOptions& options);

}  // namespace tegula::outputs
