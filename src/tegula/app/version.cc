#include "tegula/app/version.h"

namespace tegula::app {

std::string_view Version() { return TEGULA_VERSION; }

}  // namespace tegula::app
