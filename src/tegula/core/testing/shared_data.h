// core/testing/shared_data.h — the models, images and reference results that tests read and the project does not hold.
#pragma once

#include <filesystem>
#include <string>

#include "tegula/core/files.h"
#include "tegula/core/platform.h"

namespace tegula::testing {

// Where `part` ("golden/ops") is in the folder that $TEGULA_TEST_DATA names; empty where it is not, and the test is
// skipped then: if (folder.empty()) GTEST_SKIP() << NoSharedData(part);
inline Path SharedData(const Path& part) {
  const std::string data = EnvironmentVariable("TEGULA_TEST_DATA");
  const Path path = Path(data) / part;
  return !data.empty() && std::filesystem::exists(path) ? path : Path();
}

inline std::string NoSharedData(const Path& part) { return "$TEGULA_TEST_DATA has no " + part.string(); }

}  // namespace tegula::testing
