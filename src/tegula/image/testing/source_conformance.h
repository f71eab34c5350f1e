// image/testing/source_conformance.h — what every Source must do, whatever is behind it. A new reader adds one row to
// the table in source_conformance_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/image/source.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image::testing {

inline Tensor ReadAll(const Source& source, int level = 0, std::int64_t t = 0, std::int64_t z = 0) {
  const Level& l = source.info().levels[static_cast<std::size_t>(level)];
  Tensor out = Tensor::Allocate(source.info().dtype,
                                {static_cast<std::int64_t>(source.info().channels.size()), l.height, l.width})
                   .value();
  const Status read = source.Read({.level = level, .t = t, .z = z, .box = {{0, l.height}, {0, l.width}}}, out.view());
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : ToString(read.error()));
  return out;
}

inline bool Same(const ConstView& a, const ConstView& b) {
  Tensor x = Tensor::Allocate(a.dtype(), a.shape()).value(), y = Tensor::Allocate(b.dtype(), b.shape()).value();
  ConvertCopy(a, x.view());
  ConvertCopy(b, y.view());
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(x.view().data(), y.view().data(), static_cast<std::size_t>(x.bytes())) == 0;
}

inline ConstView Crop(const Tensor& whole_cyx, const Box& box) {
  return whole_cyx.view().Slice(1, box.y.begin, box.height()).Slice(2, box.x.begin, box.width());
}

/// Corners, edges of one pixel, and boxes of odd sizes at random places.
inline std::vector<Box> BoxesOf(const Level& level, std::uint32_t seed) {
  const std::int64_t h = level.height, w = level.width;
  const std::int64_t a = std::min<std::int64_t>(h, 7), b = std::min<std::int64_t>(w, 5);
  std::vector<Box> boxes = {{{0, a}, {0, b}},         {{0, a}, {w - b, w}}, {{h - a, h}, {0, b}},
                            {{h - a, h}, {w - b, w}}, {{h - 1, h}, {0, w}}, {{0, h}, {w - 1, w}}};
  std::mt19937 random(seed);
  const auto run = [&](std::int64_t size) {
    const std::int64_t begin = std::uniform_int_distribution<std::int64_t>(0, size - 1)(random);
    return Interval{begin, std::uniform_int_distribution<std::int64_t>(begin + 1, size)(random)};
  };
  for (int i = 0; i < 8; ++i) boxes.push_back({run(h), run(w)});
  return boxes;
}

inline void CheckMetadata(const ImageInfo& info) {
  EXPECT_FALSE(info.format.empty());
  ASSERT_FALSE(info.levels.empty());
  ASSERT_FALSE(info.channels.empty());
  EXPECT_GE(info.size_z, 1);
  EXPECT_GE(info.size_t, 1);
  EXPECT_EQ(info.levels.front().downsample_y, 1.0);
  EXPECT_EQ(info.levels.front().downsample_x, 1.0);
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    EXPECT_GE(info.levels[i].height, 1);
    EXPECT_GE(info.levels[i].width, 1);
    if (i == 0) continue;
    EXPECT_GT(info.levels[i].downsample_x, info.levels[i - 1].downsample_x);
  }
  for (const Channel& channel : info.channels) EXPECT_FALSE(channel.name.empty());
  EXPECT_TRUE(!info.is_rgb || info.channels.size() == 3);
  if (info.pixel_size) {
    EXPECT_GT(info.pixel_size->y_um, 0);
    EXPECT_GT(info.pixel_size->x_um, 0);
  }
}

inline void CheckBoxesAreCropsOfTheWhole(const Source& source) {
  for (std::size_t level = 0; level < source.info().levels.size(); ++level) {
    const Tensor whole = ReadAll(source, static_cast<int>(level));
    for (const Box& box : BoxesOf(source.info().levels[level], 7)) {
      Tensor part = Tensor::Allocate(whole.dtype(), {whole.shape()[0], box.height(), box.width()}).value();
      ASSERT_TRUE(source.Read({.level = static_cast<int>(level), .box = box}, part.view()).ok());
      EXPECT_TRUE(Same(std::as_const(part).view(), Crop(whole, box)))
          << "level " << level << " y " << box.y.begin << ".." << box.y.end << " x " << box.x.begin << ".."
          << box.x.end;
    }
  }
}

inline void CheckStridesAreKept(const Source& source) {
  const Tensor whole = ReadAll(source);
  const std::int64_t c = whole.shape()[0], h = whole.shape()[1], w = whole.shape()[2];
  // Channels last with a gap after each pixel.
  Tensor roomy = Tensor::Allocate(whole.dtype(), {h, w, c + 1}).value();
  std::memset(roomy.view().data(), 0, static_cast<std::size_t>(roomy.bytes()));
  const View out(roomy.view().data(), whole.dtype(), {c, h, w}, {1, w * (c + 1), c + 1});
  ASSERT_TRUE(source.Read({.box = {{0, h}, {0, w}}}, out).ok());
  EXPECT_TRUE(Same(out, whole.view()));
  const ConstView gap = std::as_const(roomy).view().Slice(2, c, 1);
  Tensor zero = Tensor::Allocate(whole.dtype(), gap.shape()).value();
  std::memset(zero.view().data(), 0, static_cast<std::size_t>(zero.bytes()));
  EXPECT_TRUE(Same(gap, std::as_const(zero).view()));
}

inline void CheckChannelsCanBeChosen(const Source& source) {
  const Tensor whole = ReadAll(source);
  const std::int64_t last = whole.shape()[0] - 1;
  const std::vector<std::int64_t> channels = {last, 0, last};
  Tensor out = Tensor::Allocate(whole.dtype(), {3, whole.shape()[1], whole.shape()[2]}).value();
  ASSERT_TRUE(
      source.Read({.box = {{0, whole.shape()[1]}, {0, whole.shape()[2]}}, .channels = channels}, out.view()).ok());
  for (std::size_t i = 0; i < channels.size(); ++i)
    EXPECT_TRUE(Same(std::as_const(out).view().Slice(0, static_cast<std::int64_t>(i), 1),
                     whole.view().Slice(0, channels[i], 1)));
}

inline void CheckThreadsReadTheSame(const Source& source) {
  const Tensor whole = ReadAll(source);
  std::vector<Box> boxes;
  for (std::uint32_t seed = 0; seed < 6; ++seed)
    for (const Box& box : BoxesOf(source.info().levels.front(), seed)) boxes.push_back(box);
  const std::unique_ptr<Executor> threads = NewThreadExecutor(4);
  const Status done =
      ForEach(*threads, static_cast<std::int64_t>(boxes.size()), {}, [&](std::int64_t i, int) -> Status {
        const Box& box = boxes[static_cast<std::size_t>(i)];
        TEGULA_ASSIGN_OR_RETURN(Tensor part,
                                Tensor::Allocate(whole.dtype(), {whole.shape()[0], box.height(), box.width()}));
        TEGULA_TRY(source.Read({.box = box}, part.view()));
        return Same(std::as_const(part).view(), Crop(whole, box)) ? Ok() : Status(InternalError("pixels differ"));
      });
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : ToString(done.error()));
}

inline void CheckSource(const Source& source) {
  CheckMetadata(source.info());
  CheckBoxesAreCropsOfTheWhole(source);
  CheckStridesAreKept(source);
  CheckChannelsCanBeChosen(source);
  CheckThreadsReadTheSame(source);
}

}  // namespace tegula::image::testing
