// app/view/run_words.h — what a run is asked for in the viewer: the words of the command that does the same.
//
// A run has one description, its words. The command that is shown is written of them, and what is done is what the
// program's own reader of commands makes of them, so the two cannot differ. Only options of the table are taken: none
// of them names a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::app {

inline constexpr std::string_view kPredictWord = "predict", kObjectsWord = "objects";

/// An option that runs may be asked for.
struct RunOption {
  std::string_view name;  ///< without dashes
  bool of_predict = false, of_objects = false;
  bool is_flag = false;
  std::string_view description;
};
std::span<const RunOption> RunOptions() noexcept;

struct OptionWord {
  std::string name, value;  ///< of flags "true"
};

/// A command, what it is about, and options.
struct RunWords {
  std::string command;                ///< kPredictWord or kObjectsWord
  std::vector<std::string> subjects;  ///< model and image, or with a classifier the image alone; or a prediction
  std::vector<OptionWord> options;
  bool has_region = false;  ///< kRegionFile in its folder says what part is predicted

  const std::string* Find(std::string_view option) const noexcept;
};

/// The annotation that is the region of a run, in its folder.
inline constexpr const char* kRegionFile = "region.geojson";

/// kInvalid for another command, an option that is not in the table or not of this command, a subject or a value that
/// could be taken for something else, and a region that is a file.
Status CheckRunWords(const RunWords& words);

/// The words behind `tegula`, for results in `folder`; `always` are options that every command gets.
std::vector<std::string> ArgumentsOf(const RunWords& words, const Path& folder, const std::vector<std::string>& always);
/// "tegula predict ...", for a shell.
std::string CommandText(const std::vector<std::string>& arguments);

/// How far a run was when it was last noted, in the file that stands in its folder.
struct RunNote {
  RunWords words;
  std::string state;     ///< a name of a RunState, or kRemovedRun
  std::string sentence;  ///< why it failed, or what to do
  std::string asked;     ///< when, UTC
  std::int64_t objects = 0;
};

inline constexpr const char* kRemovedRun = "removed";  ///< from the list; then the words may say nothing
inline constexpr const char* kRunNoteFile = ".tegula-view.json";
std::string ToJson(const RunNote& note);
/// kCorrupt with what is wrong, also with its words; kUnsupported for a later format.
Result<RunNote> RunNoteFromJson(std::string_view text);

}  // namespace tegula::app
