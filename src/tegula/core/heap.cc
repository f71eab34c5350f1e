#include "tegula/core/heap.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tegula {

void KeepHeapLow() {
#ifdef __GLIBC__
  // One heap for all threads: by itself glibc gives each its own, with holes as large as the largest block it ever
  // freed. Small blocks come from caches of each thread either way. To return large blocks at once (M_MMAP_THRESHOLD)
  // would save a little more, for three times the time in the kernel.
  ::mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace tegula
