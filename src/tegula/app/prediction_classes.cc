#include "tegula/app/prediction_classes.h"

namespace tegula::app {

Result<ClassReading> ClassesOfPrediction(const StoredPrediction& prediction, const ClassRequest& request,
                                         const std::optional<Classifier>& classifier) {
  if (classifier) TEGULA_TRY(CheckMadeAs(*classifier, prediction.record));
  const ClassRequest said = classifier ? ClassesOf(*classifier) : request;
  const outputs::StoreOptions& store = prediction.store.options();
  return store.classes.empty() ? ReadClassesOf(store.channels, said) : ReadNumbersOf(store.classes, said);
}

}  // namespace tegula::app
