// Opens a model and proves it, with the installed headers, archives and engines alone.
#include <cstdio>

#include "tegula/app/test.h"
#include "tegula/app/version.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  tegula::engines::Registry engines(ENGINES);
  const tegula::SerialExecutor executor;
  tegula::SilentProgress progress;
  const auto report = tegula::app::Test({.model = argv[1]}, engines, {.executor = executor, .progress = progress});
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", tegula::ToString(report.error()).c_str());
    return 1;
  }
  std::printf("Tegula %s: %s %s\n", std::string(tegula::app::Version()).c_str(), report->model.name.c_str(),
              report->passed() ? "passed" : "failed");
  return report->passed() ? 0 : 1;
}
