#include "tegula/core/status.h"

namespace tegula {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kUnsupported: return "unsupported";
    case Code::kNotFound: return "not_found";
    case Code::kIo: return "io";
    case Code::kCorrupt: return "corrupt";
    case Code::kExhausted: return "exhausted";
    case Code::kCancelled: return "cancelled";
    case Code::kInternal: return "internal";
  }
  return "internal";
}

std::string ToString(const Error& error) {
  std::string text;
  // A name that the caller adds may have been known below already.
  for (auto link = error.context.rbegin(); link != error.context.rend(); ++link)
    if (link == error.context.rbegin() || *link != *(link - 1)) text += *link + ": ";
  return text + error.what;
}

}  // namespace tegula
