// core/assert.h — checks of the programmer's own promises.
//
// An assertion is never about a file, a user's argument or anything else that comes from outside: those
// are checked and answered with an Error. It is on in every build but Release.
#pragma once

namespace tegula {
[[noreturn]] void AssertionFailed(const char* expression, const char* file, int line) noexcept;
}  // namespace tegula

#ifdef NDEBUG
#define TEGULA_ASSERT(condition) static_cast<void>(0)
#else
#define TEGULA_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::tegula::AssertionFailed(#condition, __FILE__, __LINE__))
#endif
