// core/vector.h — loops in two versions: for any machine of the last decade, and for those with vectors twice as wide.
//
// There is one text of a loop, which is inlined into both. Neither version fuses multiplications with additions (a
// module whose loops have both is compiled with -ffp-contract=off), so both give the same bits.
#pragma once

#define TEGULA_INLINE __attribute__((always_inline))
#if defined(__x86_64__)
#define TEGULA_WIDE __attribute__((target("avx2")))
#else
#define TEGULA_WIDE
#endif

namespace tegula {

/// Whether this machine runs functions that are TEGULA_WIDE.
inline bool HasWideVectors() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return true;
#endif
}

/// Stores that went past the caches are seen by others before all that follow.
inline void OrderStores() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

template <class F>
TEGULA_WIDE void RunWide(F& loop) noexcept {
  loop();
}

/// Runs the version of `loop` for this machine; it is a lambda that is TEGULA_INLINE.
template <class F>
void RunVectorised(F&& loop) noexcept {
  if (HasWideVectors())
    RunWide(loop);
  else
    loop();
}

}  // namespace tegula
