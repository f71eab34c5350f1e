// A classifier that is read is written as a text that reads as the same, and applies without harm.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tegula/app/classifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tegula::app;
  const auto read = ClassifierFromJson({reinterpret_cast<const char*>(data), size});
  if (!read.ok()) return 0;
  const std::string text = ToJson(*read);
  const auto again = ClassifierFromJson(text);
  if (!again.ok() || ToJson(*again) != text) std::abort();
  PredictRequest request;
  static_cast<void>(Apply(*read, request));
  static_cast<void>(ClassesOf(*read));
  return 0;
}
