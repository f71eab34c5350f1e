#include "tegula/core/heap.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tegula {

void KeepHeapLow() {
#ifdef __GLIBC__
  // Chunks and what compresses them are larger. By itself glibc raises the threshold to the largest block that was ever
  // freed, and from then on every thread keeps a heap with holes of this size.
  constexpr int kReturnedAtOnce = 128 << 10;
  ::mallopt(M_MMAP_THRESHOLD, kReturnedAtOnce);
#endif
}

}  // namespace tegula
