// core/heap.h — how the allocator of a program keeps what is freed.
#pragma once

#include <thread>

namespace tegula {

/// While it lives, freed memory serves whoever asks next instead of staying with the thread that freed it, and what
/// nobody asked for goes back to the system within seconds: what a program takes then depends on what is in use, not on
/// which workers met, nor on how long it ran. For a program's beginning, before other threads; one at a time. Costs a
/// thread that sleeps, and at most a hundredth of one core. Without effect where the C library is not glibc.
class LowHeap {
 public:
  LowHeap();

 private:
  std::jthread trimmer_;
};

}  // namespace tegula
