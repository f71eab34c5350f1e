#include "tegula/core/heap.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <stop_token>

namespace tegula {

LowHeap::LowHeap() {
#ifdef __GLIBC__
  // One heap for all threads: by itself glibc gives each its own, with holes as large as the largest block it ever
  // freed. Small blocks come from caches of each thread either way.
  ::mallopt(M_ARENA_MAX, 1);
  // Blocks of all sizes come and go with each window, and the holes between them grow with the image. To return large
  // blocks at once (M_MMAP_THRESHOLD) keeps them out too, for half again the time in the kernel on small images.
  trimmer_ = std::jthread([this](const std::stop_token& stop) {
    using Clock = std::chrono::steady_clock;
    Clock::duration pause = std::chrono::seconds(1);
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, stop, pause, [&stop]() { return stop.stop_requested(); })) {
      const Clock::time_point began = Clock::now();
      ::malloc_trim(0);
      pause = std::max<Clock::duration>(std::chrono::seconds(1), 100 * (Clock::now() - began));
    }
  });
#endif
}

}  // namespace tegula
