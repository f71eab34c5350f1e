#include "tegula/app/image_access.h"

#include "tegula/net/address.h"
#include "tegula/net/connections.h"

namespace tegula::app {

image::Access AccessTo(const RunContext& context) {
  return {context.limits, context.offline, context.stop, net::NewConnections(NewThreadExecutor(kRequestsAtOnce))};
}

std::string ShownName(const std::string& image) { return net::Masked(image); }

std::string ShortName(const std::string& image) {
  return net::IsAddress(image) ? net::NameOf(image) : Path(image).filename().string();
}

}  // namespace tegula::app
