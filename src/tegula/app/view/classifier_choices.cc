#include "tegula/app/view/classifier_choices.h"

#include "tegula/app/classifier.h"

namespace tegula::app {

std::vector<ClassifierChoice> ClassifierChoicesOf(const spec::ModelDescription& model) {
  std::vector<ClassifierChoice> choices;
  for (const spec::TensorDescription& output : model.outputs) {
    ClassifierChoice& choice = choices.emplace_back();
    choice.output = output.id;
    Result<ClassReading> reading = ReadClassesOf(output, {});
    if (!reading.ok()) {
      choice.reason = ToString(reading.error());
      continue;
    }
    choice.classes = std::move(reading->classes);
    for (const OutputType& type : OutputTypes())
      if (CheckOutputType(type.name, choice.classes.size()).ok()) choice.types.push_back(type.name);
  }
  return choices;
}

}  // namespace tegula::app
