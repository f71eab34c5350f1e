// outputs/findings_page.h — what is wrong with a description, as a page to send to its author.
#pragma once

#include <span>
#include <string>

#include "tegula/spec/finding.h"

namespace tegula::outputs {

/// `title` names the description, `summary` is one sentence with the verdict. A single HTML file without scripts.
std::string RenderFindingsPage(const std::string& title, const std::string& summary,
                               std::span<const spec::Finding> findings);

}  // namespace tegula::outputs
