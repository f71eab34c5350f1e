// core/heap.h — how the allocator of a program keeps what is freed.
#pragma once

namespace tegula {

/// Sees to it that freed memory serves whoever asks next instead of staying with the thread that freed it: what a
/// program takes then depends on what is in use, and less on which workers met. For a program's beginning, before other
/// threads; without effect where the C library is not glibc.
void KeepHeapLow();

}  // namespace tegula
