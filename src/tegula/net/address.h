// net/address.h — addresses on the web as text. Pure; nothing is looked up.
#pragma once

#include <string>
#include <string_view>

#include "tegula/core/status.h"

namespace tegula::net {

/// Whether `name` begins with http:// or https://, in any case.
bool IsAddress(std::string_view name) noexcept;

/// `text` with *** in place of what gives access: user names, passwords, queries and fragments of the addresses in it.
/// Everything that is shown or kept goes through this.
std::string Masked(std::string_view text);

/// A path with everything escaped that has a meaning in addresses, except '/'.
std::string Escaped(std::string_view path);

/// The last name of an address' path ("image.zarr" of https://host/a/image.zarr/?token=1), or the host if there is
/// none.
std::string NameOf(std::string_view address);

/// A folder on the web. A query, such as a signature, belongs to every file in it. A value type.
class FolderAddress {
 public:
  /// kInvalid if it is not of http or https, has no host, is longer than 4 KiB or has characters that must be escaped.
  static Result<FolderAddress> Parse(std::string_view address);
  /// The address of a file in it, by a path of names joined by '/'.
  std::string UrlOf(std::string_view path) const { return before_ + Escaped(path) + query_; }
  /// As people may see it, with and without a path in it: no '/' at the end.
  const std::string& shown() const noexcept { return shown_; }
  std::string Shown(std::string_view path) const { return shown_ + "/" + std::string(path); }

 private:
  std::string before_, query_, shown_;
};

}  // namespace tegula::net
