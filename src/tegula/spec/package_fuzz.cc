// Any bytes as a zipped package: opened, and all files unpacked that it names.

#include <cstdint>

#include "tegula/core/files.h"
#include "tegula/spec/package.h"
#include "tegula/spec/package_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tegula::TemporaryFolder folder = tegula::TemporaryFolder::Create("tegula-fuzz").value();
  const tegula::Path path = folder.path() / "package.zip";
  if (!tegula::WriteFileWhole(path, std::string_view(reinterpret_cast<const char*>(data), size)).ok()) return 0;
  tegula::Limits limits;
  limits.archive_file_bytes = 1 << 20;
  limits.tensor_bytes = 1 << 20;
  const tegula::Result<tegula::spec::Package> package = tegula::spec::Package::Read(path, limits);
  if (!package.ok()) return 0;
  (void)tegula::spec::CheckFiles(*package, limits);
  for (const tegula::spec::WeightsEntry& weights : package->description().weights) (void)package->Weights(weights).ok();
  return 0;
}
