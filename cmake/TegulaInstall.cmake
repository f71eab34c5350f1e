# The install target and the package that find_package(Tegula) finds: bin/tegula, lib/tegula/ (engines), archives, headers.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Tegula")
set(TEGULA_INSTALLED_ENGINES "lib/tegula")  # where the program looks, beside its bin/

get_property(plugins GLOBAL PROPERTY tegula_engine_plugins)
install(TARGETS tegula_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS ${plugins} LIBRARY DESTINATION "${TEGULA_INSTALLED_ENGINES}")

set(modules ${TEGULA_MODULES})
list(REMOVE_ITEM modules cli)
list(TRANSFORM modules PREPEND tegula_ OUTPUT_VARIABLE module_targets)
install(TARGETS ${module_targets} tegula_blosc EXPORT TegulaTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/tegula"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT TegulaTargets NAMESPACE tegula:: DESTINATION "${package_dir}")

configure_package_config_file(cmake/TegulaConfig.cmake.in TegulaConfig.cmake
  INSTALL_DESTINATION "${package_dir}" PATH_VARS TEGULA_INSTALLED_ENGINES)
write_basic_package_version_file(TegulaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/TegulaConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/TegulaConfigVersion.cmake"
  DESTINATION "${package_dir}")
