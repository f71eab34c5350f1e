#include "tegula/pipeline/plane_reader.h"

#include <algorithm>
#include <limits>

#include "tegula/image/block_view.h"
#include "tegula/outputs/store_part.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

class StorePlane final : public PlaneReader {
 public:
  StorePlane(const outputs::ChunkStore& store, std::int64_t t, std::int64_t z)
      : store_(store), t_(t), z_(z), shape_(outputs::PlaneShape(store, 0)), chunk_(outputs::StorePart(store).chunk()) {}
  const Shape& shape() const noexcept override { return shape_; }
  DType dtype() const noexcept override { return store_.options().dtype; }
  std::int64_t chunk_rows() const noexcept override { return chunk_[GridAxis::kY]; }
  std::int64_t chunk_columns() const noexcept override { return chunk_[GridAxis::kX]; }
  Status Read(const Box& box, const View& out_cyx) const override {
    return outputs::ReadPlane(store_, 0, t_, z_, box, out_cyx);
  }

 private:
  const outputs::ChunkStore& store_;
  std::int64_t t_, z_;
  Shape shape_;
  PerAxis<std::int64_t> chunk_;
};

class ImagePlane final : public PlaneReader {
 public:
  ImagePlane(const image::BoundImage& image, std::int64_t y, std::int64_t x, std::int64_t height, std::int64_t width)
      : image_(image), y_(y), x_(x), shape_{image.info().channels, height, width} {}
  const Shape& shape() const noexcept override { return shape_; }
  DType dtype() const noexcept override { return DType::kF32; }
  std::int64_t chunk_rows() const noexcept override { return kPiece; }
  std::int64_t chunk_columns() const noexcept override { return kPiece; }

  Status Read(const Box& box, const View& out_cyx) const override {
    const Box wanted{box.y.Shifted(y_), box.x.Shifted(x_)};
    const Box inside = Intersect(wanted, Box{{0, image_.info().height()}, {0, image_.info().width()}});
    if (!(inside == wanted)) {
      constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
      const ConstView nothing(reinterpret_cast<const std::byte*>(&kNothing), DType::kF32, out_cyx.shape(), {0, 0, 0});
      ConvertCopy(nothing, out_cyx);
    }
    if (inside.empty()) return Ok();
    const View out = out_cyx.Slice(1, inside.y.begin - wanted.y.begin, inside.height())
                         .Slice(2, inside.x.begin - wanted.x.begin, inside.width());
    if (image_.info().dtype == out.dtype()) return image_.Read(BlockOf(inside), image::AsBlock(out));
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(image_.info().dtype, out.shape()));
    TEGULA_TRY(image_.Read(BlockOf(inside), image::AsBlock(pixels.view())));
    ConvertCopy(pixels.view(), out);
    return Ok();
  }

 private:
  static constexpr std::int64_t kPiece = 512;
  image::BoundImage image_;
  std::int64_t y_, x_;
  Shape shape_;
};

}  // namespace

std::unique_ptr<PlaneReader> PlaneOfStore(const outputs::ChunkStore& store, std::int64_t t, std::int64_t z) {
  return std::make_unique<StorePlane>(store, t, z);
}

std::unique_ptr<PlaneReader> PlaneOfImage(const image::BoundImage& image, std::int64_t y, std::int64_t x,
                                          std::int64_t height, std::int64_t width) {
  return std::make_unique<ImagePlane>(image, y, x, height, width);
}

}  // namespace tegula::pipeline
