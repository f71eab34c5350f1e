// core/status.h — errors as values.
//
// Failures here are ordinary and plural (a bad tile, an unknown op, nine findings in one rdf) and cross
// worker threads, so they travel as values: a Result<T> holds a T or an Error, a Status holds nothing or
// an Error. An Error has a code that says what the caller can do, one sentence with the offending value,
// and a chain of contexts added where the noun is known (tile, tensor, file). No function of Tegula
// throws; exceptions of a library stop in the wrapper of that library (Guarded).
#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tegula/core/assert.h"

namespace tegula {

/// What the caller can do about it. One exit code and one HTTP status belongs to each (app/exit_code.h).
enum class Code : std::uint8_t {
  kInvalid,      ///< The request or the description is wrong: change it.
  kUnsupported,  ///< Well-formed, but Tegula does not do this.
  kNotFound,     ///< A file, id, channel or engine is not there.
  kIo,           ///< The system refused to read or write.
  kCorrupt,      ///< The content of a file contradicts its format or its checksum.
  kExhausted,    ///< Memory, disk or a limit is used up.
  kCancelled,    ///< The user asked to stop.
  kInternal,     ///< A defect of Tegula or of a library below it.
};

std::string_view CodeName(Code code);

/// One failure as a person should read it: `what` is a sentence without a full stop that names the
/// offending value; `context` runs innermost first ("tile y=7168 x=0", "slide CMU-1.svs").
struct Error {
  Code code = Code::kInternal;
  std::string what;
  std::vector<std::string> context = {};
};

/// "outermost: ...: innermost: what", the form that is shown to people.
std::string ToString(const Error& error);

/// A T or an Error. Not checked access is a programmer's error and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T v) : v_(std::in_place_index<0>, std::move(v)) {}      // NOLINT(google-explicit-constructor)
  Result(Error e) : v_(std::in_place_index<1>, std::move(e)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return v_.index() == 0; }
  T& value() & { return *Get<0>(v_); }
  const T& value() const& { return *Get<0>(v_); }
  T&& value() && { return std::move(*Get<0>(v_)); }
  const Error& error() const& { return *Get<1>(v_); }
  Error&& error() && { return std::move(*Get<1>(v_)); }

  T* operator->() { return Get<0>(v_); }
  const T* operator->() const { return Get<0>(v_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

  /// Adds one link to the chain if this is an error: `return Read(box).Context("slide " + name);`
  Result Context(std::string link) && {
    if (!ok()) Get<1>(v_)->context.push_back(std::move(link));
    return std::move(*this);
  }

 private:
  template <std::size_t kIndex, class V>
  static auto Get(V& v) {
    TEGULA_ASSERT(v.index() == kIndex);
    return std::get_if<kIndex>(&v);
  }
  std::variant<T, Error> v_;
};

using Status = Result<std::monostate>;
inline Status Ok() { return std::monostate{}; }

inline Error InvalidError(std::string what) { return {Code::kInvalid, std::move(what)}; }
inline Error UnsupportedError(std::string what) { return {Code::kUnsupported, std::move(what)}; }
inline Error NotFoundError(std::string what) { return {Code::kNotFound, std::move(what)}; }
inline Error IoError(std::string what) { return {Code::kIo, std::move(what)}; }
inline Error CorruptError(std::string what) { return {Code::kCorrupt, std::move(what)}; }
inline Error ExhaustedError(std::string what) { return {Code::kExhausted, std::move(what)}; }
inline Error CancelledError() { return {Code::kCancelled, "stopped on request"}; }
inline Error InternalError(std::string what) { return {Code::kInternal, std::move(what)}; }

/// Calls into a library that may throw and turns what it throws into an Error that names the library.
/// `call` returns a Result or Status. The only place of Tegula with a catch clause.
template <class F>
auto Guarded(std::string_view library, F&& call) -> decltype(call()) {
  try {
    return std::forward<F>(call)();
  } catch (const std::bad_alloc&) {
    return ExhaustedError(std::string(library) + " ran out of memory");
  } catch (const std::exception& e) {
    return InternalError(std::string(library) + ": " + e.what());
  } catch (...) {
    return InternalError(std::string(library) + " threw something that is not an exception");
  }
}

#define TEGULA_CONCAT_INNER(a, b) a##b
#define TEGULA_CONCAT(a, b) TEGULA_CONCAT_INNER(a, b)

/// Returns the error of a Status or Result expression, or goes on.
#define TEGULA_TRY(...) TEGULA_TRY_INNER(TEGULA_CONCAT(tegula_try_, __COUNTER__), __VA_ARGS__)
#define TEGULA_TRY_INNER(name, ...)                         \
  do {                                                      \
    if (auto name = (__VA_ARGS__); !name.ok()) [[unlikely]] \
      return std::move(name).error();                       \
  } while (false)

/// Declares `decl` from the value of a Result expression, or returns its error.
#define TEGULA_ASSIGN_OR_RETURN(decl, ...) \
  TEGULA_ASSIGN_OR_RETURN_INNER(TEGULA_CONCAT(tegula_result_, __COUNTER__), decl, __VA_ARGS__)
#define TEGULA_ASSIGN_OR_RETURN_INNER(name, decl, ...) \
  auto name = (__VA_ARGS__);                           \
  if (!name.ok()) [[unlikely]]                         \
    return std::move(name).error();                    \
  decl = std::move(name).value()

}  // namespace tegula
