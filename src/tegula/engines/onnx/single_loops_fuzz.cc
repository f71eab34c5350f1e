// Any bytes as an ONNX network: what comes without loops is a message again, and has none that could still go.

#include <cstdint>
#include <cstdlib>

#include "tegula/engines/onnx/single_loops.h"
#include "tegula/engines/onnx/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tegula::engines::onnx;  // lint-allow: one short function
  const std::optional<std::string> without = WithoutSingleLoops({reinterpret_cast<const char*>(data), size});
  if (without && (!FieldsOf(*without) || WithoutSingleLoops(*without))) std::abort();
  return 0;
}
