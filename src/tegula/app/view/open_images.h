// app/view/open_images.h — images that are looked at, kept open between requests.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

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
  // A place for one image. `opening` is held while it is opened; `source` is set once.
  struct Slot {
    std::mutex opening;
    std::shared_ptr<const image::Source> source;
  };
  const image::Access access_;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<Slot>>> slots_;  // newest first
};

}  // namespace tegula::app
