// engines/plugin.h — what an engine's or a converter's shared library exports: one C function.
//
// Plug-in and program are built from the same headers by the same compiler; kAbi is a hash of the
// engine headers made by the build, so that a stale plug-in is refused instead of crashing. A plug-in is loaded with
// its symbols private, is never unloaded, and lets no exception out.
#pragma once

#include "tegula/engines/converter.h"
#include "tegula/engines/engine.h"

namespace tegula::engines {

/// Filled by the plug-in with what it is. Both live as long as the process.
struct PluginInfo {
  const char* abi = nullptr;
  Engine* engine = nullptr;
  Converter* converter = nullptr;
};

/// The type and name of the exported function.
using PluginEntry = void(PluginInfo* info) noexcept;
inline constexpr const char* kPluginEntryName = "tegula_engine_plugin";
#define TEGULA_ENGINE_PLUGIN_EXPORT extern "C" __attribute__((visibility("default")))

}  // namespace tegula::engines
