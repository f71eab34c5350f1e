# tegula_module(NAME LAYER n SRCS ... HDRS ... DEPS modules... LIBS libraries...)
#
# One static library per folder of src/tegula, as tegula::NAME. DEPS are modules and must stand in a strictly lower
# layer: that is how the architecture is kept, and tools/lint checks the includes as well. LIBS are private.
# HDRS_LIBS are libraries that a header of the module includes (rare).
function(tegula_module name)
  cmake_parse_arguments(M "" "LAYER" "SRCS;HDRS;DEPS;LIBS;HDRS_LIBS" ${ARGN})
  if(M_UNPARSED_ARGUMENTS OR NOT DEFINED M_LAYER)
    message(FATAL_ERROR "tegula_module(${name}): wrong arguments: ${M_UNPARSED_ARGUMENTS}")
  endif()
  add_library(tegula_${name} STATIC ${M_SRCS})
  add_library(tegula::${name} ALIAS tegula_${name})
  set_target_properties(tegula_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(tegula_${name} PUBLIC cxx_std_20)
  target_sources(tegula_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${M_HDRS})
  target_link_libraries(tegula_${name} PUBLIC ${M_HDRS_LIBS} PRIVATE ${M_LIBS} $<BUILD_INTERFACE:tegula_flags>)
  set_property(GLOBAL PROPERTY tegula_layer_${name} ${M_LAYER})
  foreach(dep IN LISTS M_DEPS)
    get_property(layer GLOBAL PROPERTY tegula_layer_${dep})
    if(NOT DEFINED layer OR NOT layer LESS M_LAYER)
      message(FATAL_ERROR "layering: ${name} (layer ${M_LAYER}) may not use ${dep} (layer '${layer}')")
    endif()
    target_link_libraries(tegula_${name} PUBLIC tegula::${dep})
  endforeach()
endfunction()

# tegula_test(NAME SRCS ... DEPS libraries...): one program per module; every TEST becomes a ctest of its own.
# Tests get the paths of the project and of the shared data as environment variables.
function(tegula_test name)
  if(NOT TEGULA_TESTS)
    return()
  endif()
  cmake_parse_arguments(T "" "LABEL" "SRCS;DEPS" ${ARGN})
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  add_executable(${name}_test ${T_SRCS})
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(${name}_test PRIVATE ${T_DEPS} GTest::gtest_main GTest::gmock tegula_flags)
  target_include_directories(${name}_test PRIVATE "${PROJECT_SOURCE_DIR}/src")
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS ${T_LABEL} TIMEOUT 600
    ENVIRONMENT "${TEGULA_TEST_ENVIRONMENT};TEGULA_TEST_DATA=${TEGULA_DATA};TEGULA_BUILD=${CMAKE_BINARY_DIR};TEGULA_SOURCE=${PROJECT_SOURCE_DIR}")
endfunction()

# tegula_bench(NAME SRCS ... DEPS libraries...): one program build/bench/NAME_bench. Not part of an ordinary build:
# `tools/dev bench` builds the target `benchmarks` and runs them.
add_custom_target(benchmarks)
function(tegula_bench name)
  if(NOT TEGULA_BENCHMARKS OR NOT TEGULA_TESTS)
    return()
  endif()
  cmake_parse_arguments(B "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name}_bench EXCLUDE_FROM_ALL ${B_SRCS})
  set_target_properties(${name}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
  target_link_libraries(${name}_bench PRIVATE ${B_DEPS} tegula_flags)
  add_dependencies(benchmarks ${name}_bench)
endfunction()

# tegula_fuzz(NAME SRCS ... DEPS libraries...): one program build/fuzz/fuzz/NAME_fuzz for libFuzzer, in the preset `fuzz`
# only. `tools/dev fuzz` builds the target `fuzzers` and runs them.
add_custom_target(fuzzers)
function(tegula_fuzz name)
  if(NOT TEGULA_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(F "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name}_fuzz EXCLUDE_FROM_ALL ${F_SRCS})
  set_target_properties(${name}_fuzz PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  target_link_libraries(${name}_fuzz PRIVATE ${F_DEPS} tegula_flags)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers ${name}_fuzz)
endfunction()
