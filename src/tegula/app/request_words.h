// app/request_words.h — what people write for channels and for sizes along axes, on command lines and in the viewer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"

namespace tegula::app {

/// A list separated by commas, without blanks around its parts; empty ones are left out.
std::vector<std::string> Names(const std::string& list);

/// The same of channels: commas in brackets, as in "mean(0,1),DAPI", separate nothing.
std::vector<std::string> ChannelWords(const std::string& list);

/// "512", for y and x, or "z=24,y=256,x=256"; nothing for none. kInvalid, with the name of the option, for anything
/// else.
Result<PerAxis<std::optional<std::int64_t>>> SizesFromText(std::string_view option, const std::string& text);
/// Back: "y=512,x=512"; axes without a size are left out.
std::string SizesText(const PerAxis<std::optional<std::int64_t>>& sizes);

}  // namespace tegula::app
