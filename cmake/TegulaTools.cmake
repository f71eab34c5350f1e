# Warnings, sanitizers, and what makes builds fast: one place for everything about the compiler.

add_library(tegula_flags INTERFACE)
target_compile_options(tegula_flags INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual)
# GCC 12 sees overlapping copies in `"text" + std::string` that cannot happen (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tegula_flags INTERFACE -Wno-restrict)
endif()
if(TEGULA_WERROR)
  target_compile_options(tegula_flags INTERFACE -Werror)
endif()
# Tegula's own loops over pixels are vectorised for any machine of the last decade; engines choose at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(tegula_flags INTERFACE -march=x86-64-v2 -mtune=generic)
endif()
if(TEGULA_SANITIZE)
  target_compile_options(tegula_flags INTERFACE -fsanitize=${TEGULA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tegula_flags INTERFACE -fsanitize=${TEGULA_SANITIZE})
  # OpenVINO's TBB loads a library in a way that sanitizers do not bear, unless it is told of them. TSan cannot see the
  # locks inside libraries that were built without it.
  set(TEGULA_TEST_ENVIRONMENT "TBB_ENABLE_SANITIZERS=1;TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0")
endif()

find_program(TEGULA_CCACHE ccache)
if(TEGULA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths inside the project are hashed as relative ones, so that all checkouts share what was compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 "${TEGULA_CCACHE}")
endif()
find_program(TEGULA_MOLD mold)
if(TEGULA_MOLD)
  target_link_options(tegula_flags INTERFACE -fuse-ld=mold)
endif()
