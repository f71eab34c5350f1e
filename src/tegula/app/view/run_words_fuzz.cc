// A note of a run that is read is written as a text that reads as the same, and its command takes no option that names
// a file.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tegula/app/view/run_words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = tegula::app::RunNoteFromJson({reinterpret_cast<const char*>(data), size});
  if (!read.ok()) return 0;
  const std::string text = tegula::app::ToJson(*read);
  const auto again = tegula::app::RunNoteFromJson(text);
  if (!again.ok() || tegula::app::ToJson(*again) != text) std::abort();
  if (read->state == tegula::app::kRemovedRun) return 0;
  for (const std::string& word : tegula::app::ArgumentsOf(read->words, "out", {}))
    for (const char* of_file : {"--list", "--input", "--statistics-from", "--output"})
      if (word.starts_with(of_file)) std::abort();
  return 0;
}
