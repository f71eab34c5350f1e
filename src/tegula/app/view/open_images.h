// app/view/open_images.h — images that are looked at, kept open between requests.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tegula/app/view/opened_once.h"
#include "tegula/image/open.h"

namespace tegula::app {

/// Keeps the images that were used last. Thread-safe; an image that is asked for while it is opened is waited for.
class OpenImages {
 public:
  static constexpr std::size_t kMost = 8;
  explicit OpenImages(image::Access access) : access_(std::move(access)) {}

  /// The image of this name (ViewRoots::Resolve). It stays open as long as anybody holds it. Errors of image::Open.
  Result<std::shared_ptr<const image::Source>> Get(const std::string& name);

 private:
  const image::Access access_;
  OpenedOnce<std::shared_ptr<const image::Source>> images_{kMost};
};

}  // namespace tegula::app
