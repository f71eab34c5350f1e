#include "tegula/cli/class_words.h"

#include <CLI/CLI.hpp>

namespace tegula::cli {

void ClassWords::AddNamesTo(CLI::App& command) {
  command.add_option("--classes", request.names,
                     "what the channels mean, by name or index: \"0=Background*,1=Nucleus\", with a colour as "
                     "1=Nucleus#d55e00; names that end in * are ignored, equal names are one class");
}

void ClassWords::AddTo(CLI::App& command) {
  AddNamesTo(command);
  command.add_option("--threshold", threshold,
                     "a pixel has the class of every channel that is at least this; default: 0.5 for one channel, "
                     "the largest channel for several");
  command.add_flag("--overlapping", request.overlapping,
                   "each of several channels for itself, at least 0.5 or the threshold");
}

app::ClassRequest ClassWords::Request(const CLI::App& command) const {
  app::ClassRequest asked = request;
  if (const CLI::Option* option = command.get_option_no_throw("--threshold"); option != nullptr && option->count() > 0)
    asked.threshold = threshold;
  return asked;
}

}  // namespace tegula::cli
