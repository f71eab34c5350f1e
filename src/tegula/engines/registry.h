// engines/registry.h — which engines there are, and why one is not.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/engines/converter.h"
#include "tegula/engines/engine.h"

namespace tegula::engines {

/// One row of `tegula engines`.
struct EngineStatus {
  std::string name;
  bool available = false;
  std::string version;                       ///< if available
  std::string reason;                        ///< if not
  std::vector<spec::WeightsFormat> formats;  ///< what it runs; empty for the toy engine, which goes by the file's name
};

/// Finds and loads engines. Nothing is loaded before it is asked for. Thread-safe.
class Registry {
 public:
  /// Plug-ins are looked for as `folder`/libtegula_engine_NAME.so and libtegula_converter_NAME.so.
  explicit Registry(Path folder);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The known engines' names in order of preference.
  static std::vector<std::string> Names();
  /// Names of the engines that are made for this weights entry, in order of preference; loads nothing.
  static std::vector<std::string> CandidatesFor(const spec::WeightsEntry& weights);
  /// Loads the engine if need be. kNotFound for an unknown name (the sentence lists those there are), kUnsupported with
  /// the loader's reason if it is not installed or does not load.
  Result<const Engine*> Find(std::string_view name);
  /// The name of the converter that makes weights of this format readable for an engine that does not run them as they
  /// are; empty if there is none.
  static std::string_view ConverterFor(std::string_view engine, const spec::WeightsEntry& weights);
  /// Loads the converter if need be. Errors as Find.
  Result<const Converter*> FindConverter(std::string_view name);
  /// Changes whenever a plug-in is built or installed anew; loads nothing.
  std::string Fingerprint() const;
  /// Loads every engine and says how that went.
  std::vector<EngineStatus> StatusOfAll();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tegula::engines
