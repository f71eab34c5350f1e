#include "tegula/image/source.h"

#include <fmt/format.h>

namespace tegula::image {

void AssertReadable([[maybe_unused]] const ImageInfo& info, [[maybe_unused]] const ReadRequest& request,
                    [[maybe_unused]] const View& out_cyx) noexcept {
#ifndef NDEBUG
  TEGULA_ASSERT(request.level >= 0 && static_cast<std::size_t>(request.level) < info.levels.size());
  const Level& level = info.levels[static_cast<std::size_t>(request.level)];
  TEGULA_ASSERT((Box{{0, level.height}, {0, level.width}}.Contains(request.box)));
  TEGULA_ASSERT((Interval{0, info.size_z}.Contains(request.z)) && (Interval{0, info.size_t}.Contains(request.t)));
  for (std::int64_t i = 0; i < request.planes(info); ++i)
    TEGULA_ASSERT((Interval{0, static_cast<std::int64_t>(info.channels.size())}.Contains(request.channel(i))));
  TEGULA_ASSERT(out_cyx.dtype() == info.dtype);
  TEGULA_ASSERT((out_cyx.shape() == Shape{request.planes(info), request.box.height(), request.box.width()}));
#endif
}

std::vector<Channel> DefaultChannels(std::int64_t count, bool is_rgb) {
  if (is_rgb) return {{"red", Rgb{255, 0, 0}}, {"green", Rgb{0, 255, 0}}, {"blue", Rgb{0, 0, 255}}};
  std::vector<Channel> channels;
  for (std::int64_t i = 0; i < count; ++i) channels.push_back({fmt::format("channel{}", i), std::nullopt});
  return channels;
}

}  // namespace tegula::image
