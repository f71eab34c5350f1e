// core/heap.h — how the allocator of a program keeps what is freed.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tegula {

/// While it lives, freed memory serves whoever asks next instead of staying with the thread that freed it, and what
/// nobody asked for goes back to the system within seconds: what a program takes then depends on what is in use, not on
/// which workers met, nor on how long it ran. For a program's beginning, before other threads; one at a time. Costs a
/// thread that sleeps, and at most a hundredth of one core. Without effect where the C library is not glibc.
class LowHeap {
 public:
  LowHeap();
  LowHeap(const LowHeap&) = delete;
  LowHeap& operator=(const LowHeap&) = delete;
  ~LowHeap() = default;

 private:
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread trimmer_;  // last: it uses the others
};

}  // namespace tegula
