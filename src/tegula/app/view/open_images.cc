#include "tegula/app/view/open_images.h"

namespace tegula::app {

Result<std::shared_ptr<const image::Source>> OpenImages::Get(const std::string& name) {
  const auto open = [&]() -> Result<std::shared_ptr<const image::Source>> {
    TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<image::Source> source, image::Open(name, access_));
    return std::shared_ptr<const image::Source>(std::move(source));
  };
  return images_.Get(name, "", open);
}

}  // namespace tegula::app
