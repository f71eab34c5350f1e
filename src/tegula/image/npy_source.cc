// Arrays of NumPy are read by region from the file itself: a row of the box is one read.
#include <fmt/format.h>

#include "tegula/image/formats.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/npy.h"

namespace tegula::image {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::int64_t kHeaderBytes = 1 << 16;
constexpr std::int64_t kFewChannels = 4;  // more than that is no colour image with channels last

/// Immutable and thread-safe.
class NpySource final : public Source {
 public:
  NpySource(RandomAccessFile file, std::int64_t offset, ImageInfo info)
      : file_(std::move(file)), offset_(offset), info_(std::move(info)) {}
  const ImageInfo& info() const noexcept override { return info_; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info_, request, out_cyx);
    const Level& level = info_.levels.front();
    const std::int64_t bytes = DTypeSize(info_.dtype);
    const Box& box = request.box;
    // Truth values are any byte in a file but only 0 and 1 in memory: read as numbers, then converted.
    const DType stored = info_.dtype == DType::kBool ? DType::kU8 : info_.dtype;
    TEGULA_ASSIGN_OR_RETURN(Tensor row, Tensor::Allocate(stored, {1, 1, box.width()}));
    const Tensor& filled = row;
    for (std::int64_t i = 0; i < request.planes(info_); ++i) {
      for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
        const std::int64_t first = (request.channel(i) * level.height + y) * level.width + box.x.begin;
        TEGULA_TRY(file_.Read(offset_ + first * bytes, {row.view().data(), static_cast<std::size_t>(row.bytes())}));
        ConvertCopy(filled.view(), out_cyx.Slice(0, i, 1).Slice(1, y - box.y.begin, 1));
      }
    }
    return Ok();
  }

 private:
  RandomAccessFile file_;
  std::int64_t offset_;
  ImageInfo info_;
};

// (channels, height, width) of an array, or why it is no image.
Result<Shape> ImageShape(const NpyHeader& header) {
  const Shape& shape = header.shape;
  if (header.fortran_order && shape.rank() > 1)
    return UnsupportedError("the array is in Fortran order; save it with numpy.ascontiguousarray");
  if (shape.rank() != 2 && shape.rank() != 3)
    return UnsupportedError(
        fmt::format("an image is an array of axes (y, x) or (channel, y, x), but this one is {}", ToString(shape)));
  const Shape cyx = shape.rank() == 2 ? Shape{1, shape[0], shape[1]} : shape;
  if (cyx[0] == 0 || cyx[1] == 0 || cyx[2] == 0)
    return UnsupportedError(fmt::format("the array of {} has no pixels", ToString(shape)));
  if (cyx[2] <= kFewChannels && cyx[0] > kFewChannels)
    return UnsupportedError(
        fmt::format("the array of {} seems to have its channels last; save it as (channel, y, x)", ToString(shape)));
  return cyx;
}

Status CheckLimits(const Shape& cyx, const Limits& limits) {
  if (cyx[0] > limits.channels || cyx[1] > limits.axis_size || cyx[2] > limits.axis_size)
    return ExhaustedError(fmt::format("the array of {} is larger than allowed", ToString(cyx)));
  return Ok();
}

Result<std::unique_ptr<Source>> OpenArray(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(name));
  std::string start(static_cast<std::size_t>(std::min(file.size(), kHeaderBytes)), '\0');
  TEGULA_TRY(file.Read(0, std::as_writable_bytes(std::span(start))));
  TEGULA_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(start));
  for (const std::int64_t size : header.shape.sizes())
    if (size > limits.axis_size)
      return ExhaustedError(fmt::format("an axis of {} pixels is longer than allowed", size));
  TEGULA_ASSIGN_OR_RETURN(const Shape cyx, ImageShape(header));
  TEGULA_TRY(CheckLimits(cyx, limits));
  // Divided, because the product of three sizes from a file may overflow.
  const std::int64_t elements = (file.size() - header.data_offset) / DTypeSize(header.dtype);
  if (elements / cyx[2] / cyx[1] < cyx[0])
    return CorruptError(fmt::format("the file ends before the array of {} that its header announces", ToString(cyx)));

  ImageInfo info;
  info.format = "npy";
  info.dtype = header.dtype;
  info.levels = {{.height = cyx[1], .width = cyx[2]}};
  info.channels = DefaultChannels(cyx[0], false);
  return std::unique_ptr<Source>(new NpySource(std::move(file), header.data_offset, std::move(info)));
}

}  // namespace

bool ProbeNpy(const ProbeInput& input) { return input.text().starts_with(kMagic); }

Result<std::unique_ptr<Source>> OpenNpy(const std::string& name, const Access& access) {
  return OpenArray(name, access.limits).Context(name);
}

}  // namespace tegula::image
