#include "tegula/outputs/feature_file.h"

namespace tegula::outputs {

Result<FeatureFile> FeatureFile::Create(const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TEGULA_TRY(file.Write(R"({"type":"FeatureCollection","features":[)"));
  return FeatureFile(std::move(file));
}

Status FeatureFile::Add(std::string_view feature) {
  TEGULA_TRY(file_.Write(features_++ == 0 ? "\n" : ",\n"));
  return file_.Write(feature);
}

Status FeatureFile::Commit() {
  TEGULA_TRY(file_.Write("\n]}\n"));
  return file_.Commit();
}

}  // namespace tegula::outputs
