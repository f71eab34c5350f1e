#include "tegula/core/heap.h"

#include <algorithm>

#include "tegula/core/platform.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tegula {

LowHeap::LowHeap() {
#ifdef __GLIBC__
  // One heap for all threads: by itself glibc gives each its own, with holes as large as the largest block it ever
  // freed. Small blocks come from caches of each thread either way.
  ::mallopt(M_ARENA_MAX, 1);
  // Blocks of all sizes come and go with each window, and the holes between them grow with the image. To return large
  // blocks at once (M_MMAP_THRESHOLD) keeps them out too, for half again the time in the kernel on small images.
  trimmer_ = std::jthread([](const std::stop_token& stop) {
    for (double pause = 1; WaitFor(pause, stop);) {
      const double began = MonotonicSeconds();
      ReleaseFreeMemory();
      pause = std::max(1.0, 100 * (MonotonicSeconds() - began));
    }
  });
#endif
}

}  // namespace tegula
