// Any text as a description: read, checked, and written in its own and in the newest format.

#include <cstdint>

#include "tegula/spec/format_update.h"
#include "tegula/spec/rdf.h"
#include "tegula/spec/yaml_writer.h"

namespace {

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace spec = tegula::spec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tegula::Result<spec::NodePointer> tree = spec::ParseYaml(text);
  if (tree.ok()) {
    // What is written reads back as the same.
    const tegula::Result<std::string> written = spec::WriteYaml(**tree);
    if (written.ok()) {
      const tegula::Result<spec::NodePointer> again = spec::ParseYaml(*written);
      Require(again.ok());
      const tegula::Result<std::string> rewritten = spec::WriteYaml(**again);
      Require(rewritten.ok() && *rewritten == *written);
    }
  }
  const tegula::Result<spec::ReadDescription> read = spec::ReadRdf(text);
  if (!read.ok()) return 0;
  for (const spec::Finding& finding : read->findings) Require(!spec::ToString(finding).empty());
  if (spec::HasErrors(read->findings) || !read->is_model) return 0;
  // A valid model is valid in the newest format too.
  const tegula::Result<spec::UpdatedDescription> updated = spec::UpdateFormat(*read);
  if (updated.ok()) Require(spec::ReadRdf(updated->yaml).ok());
  return 0;
}
