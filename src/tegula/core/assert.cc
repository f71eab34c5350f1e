#include "tegula/core/assert.h"

#include <cstdio>
#include <cstdlib>

namespace tegula {

void AssertionFailed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
  std::abort();
}

}  // namespace tegula
