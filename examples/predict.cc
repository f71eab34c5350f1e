// Applies a model to an image, as `tegula predict` does:  example_predict ENGINES MODEL IMAGE OUT
// ENGINES is the folder of the engines: lib/tegula of an installation, build/lib of a build.
#include <cstdio>

#include "tegula/app/predict.h"

namespace {

// Prints what the run has to say. Called from many threads; stdio locks.
class PrintingProgress final : public tegula::Progress {
 public:
  void Update(std::string_view, std::int64_t, std::int64_t, std::string_view) override {}
  void Note(std::string_view sentence) override {
    std::printf("note: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: example_predict ENGINES MODEL IMAGE OUT\n");
    return 2;
  }
  tegula::engines::Registry engines(argv[1]);
  const auto executor = tegula::NewThreadExecutor(4);
  PrintingProgress progress;
  const tegula::RunContext context{.executor = *executor, .progress = progress};

  tegula::app::PredictRequest request;
  request.model = argv[2];
  request.images = {argv[3]};
  request.output = argv[4];
  request.overwrite = true;
  request.engine.threads = 2;
  request.objects.classes = {"0"};  // the first output channel, above 0.5
  const auto done = tegula::app::Predict(request, engines, context);
  if (!done.ok()) {
    std::fprintf(stderr, "%s\n", tegula::ToString(done.error()).c_str());
    return 1;
  }
  for (const tegula::app::ImagePrediction& image : *done)
    std::printf("%s: %lld objects, %s\n", image.image.c_str(), static_cast<long long>(image.objects),
                image.report.c_str());
  return 0;
}
