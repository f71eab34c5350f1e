// A classifier that is read is written as a text that reads as the same, and applies without harm.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tegula/app/classifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = tegula::app::ClassifierFromJson({reinterpret_cast<const char*>(data), size});
  if (!read.ok()) return 0;
  const std::string text = tegula::app::ToJson(*read);
  const auto again = tegula::app::ClassifierFromJson(text);
  if (!again.ok() || tegula::app::ToJson(*again) != text) std::abort();
  tegula::app::PredictRequest request;
  static_cast<void>(tegula::app::Apply(*read, request));
  static_cast<void>(tegula::app::ClassesOf(*read));
  return 0;
}
