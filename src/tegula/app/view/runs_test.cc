#include "tegula/app/view/runs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <latch>
#include <thread>

#include "tegula/core/folders.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {
namespace {

// Commands that do what a test tells them to, in the place of those of the program.
class Commands {
 public:
  RunCommands Made() {
    return {[](const auto&) { return Ok(); },
            [this](const auto& arguments, const RunContext& context) { return Do(arguments, context); },
            {"--engine", "toy"}};
  }
  std::function<Result<RunOutcome>(const std::vector<std::string>&, const RunContext&)> Do = [](const auto&,
                                                                                                const auto&) {
    return RunOutcome{{{"nucleus", 3}}, {}};
  };
};

// Works until it is told to stop; `begun` says that it does.
auto UntilStopped(std::latch& begun) {
  return [&begun, is_first = true](const auto&, const RunContext& context) mutable -> Result<RunOutcome> {
    context.progress.Update("predicting", 1, 4, "tiles");
    if (is_first) begun.count_down();
    is_first = false;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait(lock, context.stop, []() { return false; });
    return CancelledError();
  };
}

RunRequest Wanted(const std::string& name = "") {
  return {name, {"predict", {"models/m.zip", "slides/a b.svs"}, {{"tile", "512"}}}, ""};
}

class RunsTest : public testing::Test {
 protected:
  RunsTest() : folder_(*TemporaryFolder::Create("tegula-runs-test")) {}
  // With a thread for its work, which ends with it.
  struct Working {
    Runs* operator->() const { return runs.get(); }
    Runs& operator*() const { return *runs; }
    void End() {
      worker.request_stop();
      worker.join();
    }
    std::unique_ptr<Runs> runs;
    std::jthread worker;
  };
  Working Open() {
    Working working{*Runs::Open(folder_.path() / "out", commands_.Made(), context_), {}};
    working.worker = std::jthread([&runs = *working.runs](const std::stop_token& stop) { runs.Work(stop); });
    return working;
  }
  // Waits until it is in one of the states in which nothing goes on by itself.
  static RunRow Settled(const Runs& runs, const std::string& name) {
    std::uint64_t changes = 0;
    while (true) {
      const RunRow row = *runs.Find(name);
      if (row.state != RunState::kQueued && row.state != RunState::kRunning) return row;
      changes = runs.WaitForChange(changes);
    }
  }

  TemporaryFolder folder_;
  SerialExecutor executor_;
  SilentProgress silent_;
  RunContext context_{executor_, silent_};
  Commands commands_;
};

TEST_F(RunsTest, TheCommandThatIsShownIsTheOneThatIsDone) {
  std::vector<std::string> done;
  commands_.Do = [&](const auto& arguments, const auto&) {
    done = arguments;
    return RunOutcome{{{"nucleus", 3}, {"other", 4}}, {"a note"}};
  };
  const auto runs = Open();
  RunRequest request = Wanted();
  request.words.options.push_back({"threshold", "-1"});
  request.words.options.push_back({"qupath", "true"});
  const RunRow begun = *runs->Start(request);
  const RunRow row = Settled(*runs, begun.name);
  EXPECT_EQ(row.name, "a_b-m");
  EXPECT_EQ(row.state, RunState::kDone);
  EXPECT_EQ(row.objects, 7);
  EXPECT_EQ(row.notes, std::vector<std::string>{"a note"});
  const std::string out = (runs->out() / "a_b-m").string();
  EXPECT_EQ(row.command, "tegula predict models/m.zip 'slides/a b.svs' -o " + out +
                             " --tile 512 --threshold=-1 --qupath --engine toy");
  EXPECT_EQ(CommandText(done), row.command);
}

TEST_F(RunsTest, OneWorksAndTheOthersWait) {
  std::latch begun(1);
  commands_.Do = UntilStopped(begun);
  const auto runs = Open();
  ASSERT_TRUE(runs->Start(Wanted("first")).ok());
  ASSERT_TRUE(runs->Start(Wanted("second")).ok());
  begun.wait();
  EXPECT_EQ(runs->Find("first")->state, RunState::kRunning);
  EXPECT_EQ(runs->Find("first")->progress->total, 4);
  EXPECT_EQ(runs->Find("second")->state, RunState::kQueued);
  EXPECT_TRUE(runs->is_busy());
  ASSERT_TRUE(runs->Cancel("second").ok());
  EXPECT_EQ(runs->Find("second")->state, RunState::kCancelled);
  ASSERT_TRUE(runs->Cancel("first").ok());
  EXPECT_EQ(Settled(*runs, "first").state, RunState::kCancelled);
  EXPECT_FALSE(runs->is_busy());
}

TEST_F(RunsTest, WhatWasPausedGoesOnWithTheSameWords) {
  std::latch begun(1);
  std::vector<std::vector<std::string>> done;
  commands_.Do = [&, until_stopped = UntilStopped(begun)](const auto& arguments,
                                                          const auto& context) mutable -> Result<RunOutcome> {
    done.push_back(arguments);
    if (done.size() == 1) return until_stopped(arguments, context);
    return RunOutcome{};
  };
  const auto runs = Open();
  ASSERT_TRUE(runs->Start(Wanted("run")).ok());
  begun.wait();
  ASSERT_TRUE(runs->Pause("run").ok());
  EXPECT_EQ(Settled(*runs, "run").state, RunState::kPaused);
  EXPECT_FALSE(runs->Pause("run").ok());
  ASSERT_TRUE(runs->Resume("run").ok());
  EXPECT_EQ(Settled(*runs, "run").state, RunState::kDone);
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(done[0], done[1]);
  EXPECT_FALSE(runs->Resume("run").ok());
}

TEST_F(RunsTest, AFailureIsToldAndCanBeTriedAgain) {
  commands_.Do = [](const auto&, const auto&) -> Result<RunOutcome> { return InvalidError("no such channel"); };
  const auto runs = Open();
  ASSERT_TRUE(runs->Start(Wanted("run")).ok());
  const RunRow row = Settled(*runs, "run");
  EXPECT_EQ(row.state, RunState::kFailed);
  EXPECT_NE(row.sentence.find("no such channel"), std::string::npos);
  EXPECT_TRUE(runs->Resume("run").ok());
}

TEST_F(RunsTest, TheEndOfTheViewerPausesWhatRunsAndWaitsAndTheNextOneFindsIt) {
  std::latch begun(1);
  commands_.Do = UntilStopped(begun);
  auto runs = Open();
  ASSERT_TRUE(runs->Start(Wanted("first")).ok());
  ASSERT_TRUE(runs->Start(Wanted("second")).ok());
  begun.wait();
  const std::string command = runs->Find("second")->command;
  runs.End();

  commands_ = Commands();
  runs = Open();
  for (const char* name : {"first", "second"}) {
    EXPECT_EQ(runs->Find(name)->state, RunState::kPaused) << name;
    EXPECT_NE(runs->Find(name)->sentence.find("resume"), std::string::npos) << name;
  }
  EXPECT_EQ(runs->Find("second")->command, command);
  ASSERT_TRUE(runs->Resume("first").ok());
  EXPECT_EQ(Settled(*runs, "first").state, RunState::kDone);
}

TEST_F(RunsTest, RunsOfTheCommandLineAreInTheList) {
  outputs::RunRecord record;
  record.command = {"tegula predict m a.tif -o out/by-hand"};
  record.objects = {{.class_name = "nucleus", .count = 5}};
  ASSERT_TRUE(MakeFolders(folder_.path() / "out/by-hand").ok());
  ASSERT_TRUE(WriteFileWhole(folder_.path() / "out/by-hand/run.json", outputs::ToJson(record)).ok());
  auto runs = Open();
  EXPECT_EQ(runs->Find("by-hand")->state, RunState::kDone);
  EXPECT_EQ(runs->Find("by-hand")->command, record.command.front());
  EXPECT_EQ(runs->Find("by-hand")->objects, 5);
  ASSERT_TRUE(runs->RemoveFromList("by-hand").ok());
  EXPECT_FALSE(runs->Find("by-hand").ok());
  runs.End();
  runs = Open();
  EXPECT_FALSE(runs->Find("by-hand").ok());
  EXPECT_TRUE(*Exists(folder_.path() / "out/by-hand/run.json"));
}

TEST_F(RunsTest, ARegionLiesInTheFolderAndInTheCommand) {
  const auto runs = Open();
  RunRequest request = Wanted("run");
  request.region = R"({"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]]]})";
  const Result<RunRow> row = runs->Start(request);
  ASSERT_TRUE(row.ok()) << ToString(row.error());
  const std::string file = (runs->out() / "run" / kRegionFile).string();
  EXPECT_NE(row->command.find("--region " + file), std::string::npos) << row->command;
  EXPECT_NE(ReadFile(file, 1 << 20)->find("Polygon"), std::string::npos);
  request.name = "other";
  request.region = "{}";
  EXPECT_FALSE(runs->Start(request).ok());
  EXPECT_FALSE(*Exists(runs->out() / "other"));
}

TEST_F(RunsTest, NamesStayInTheFolderAndAreTakenOnce) {
  const auto runs = Open();
  for (const char* name : {"../x", "a/b", ".hidden", "a\nb"}) EXPECT_FALSE(runs->Start(Wanted(name)).ok()) << name;
  ASSERT_TRUE(runs->Start(Wanted("run")).ok());
  EXPECT_FALSE(runs->Start(Wanted("run")).ok());
  EXPECT_EQ(runs->Start(Wanted())->name, "a_b-m");
  EXPECT_EQ(runs->Start(Wanted())->name, "a_b-m-2");
}

TEST_F(RunsTest, WhatIsOnlyTriedLeavesNothing) {
  std::vector<std::string> done;
  commands_.Do = [&](const auto& arguments, const auto&) {
    done = arguments;
    return RunOutcome{{{"nucleus", 3}}, {}};
  };
  const auto runs = Open();
  const RunWords words{
      "objects", {"a-run"}, {{"threshold", "0.5"}, {"object-files", "geojson,labels"}, {"qupath", "true"}}};
  EXPECT_EQ(runs->Try(words, context_)->classes.front().objects, 3);
  const Path out = done[3];
  EXPECT_EQ(done, (std::vector<std::string>{"objects", "a-run", "-o", out.string(), "--threshold", "0.5",
                                            "--object-files", "csv"}));
  EXPECT_FALSE(*Exists(out.parent_path()));
  EXPECT_TRUE(runs->List().empty());
}

TEST(CheckRunWords, OptionsThatNameFilesOrAreNotKnownAreRefused) {
  const auto check = [](const std::string& command, const std::string& option, const std::string& value) {
    return CheckRunWords({command,
                          command == "predict" ? std::vector<std::string>{"m", "i"} : std::vector<std::string>{"p"},
                          {{option, value}}})
        .ok();
  };
  EXPECT_TRUE(check("predict", "channels", "DAPI"));
  EXPECT_FALSE(check("objects", "channels", "DAPI"));
  EXPECT_TRUE(check("objects", "threshold", "0.5"));
  for (const char* option : {"list", "statistics-from", "input", "output", "overwrite", "save-statistics", "convert"})
    EXPECT_FALSE(check("predict", option, "x")) << option;
  EXPECT_TRUE(check("predict", "region", "0,0,10,10"));
  EXPECT_TRUE(check("predict", "region", "tissue"));
  EXPECT_FALSE(check("predict", "region", "/etc/passwd"));
  EXPECT_FALSE(check("predict", "qupath", "no"));
  EXPECT_FALSE(check("predict", "channels", "a\nb"));
  EXPECT_FALSE(CheckRunWords({"predict", {"--list", "i"}, {}}).ok());
  EXPECT_TRUE(CheckRunWords({"predict", {"i"}, {{"classifier", "my nuclei"}}}).ok());
  for (const char* file : {"/tmp/x.json", "x.json", "../x"})
    EXPECT_FALSE(CheckRunWords({"predict", {"i"}, {{"classifier", file}}}).ok()) << file;
  EXPECT_FALSE(CheckRunWords({"predict", {"i"}, {}}).ok());
  EXPECT_FALSE(CheckRunWords({"view", {"m", "i"}, {}}).ok());
}

TEST(RunNote, IsReadAsItWasWritten) {
  const RunNote note{{"predict", {"m", "i"}, {{"tile", "y=512,x=512"}}, true}, "paused", "why", "2026-01-01", 4};
  const Result<RunNote> again = RunNoteFromJson(ToJson(note));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(ToJson(*again), ToJson(note));
  RunNote hostile = note;
  hostile.words.options = {{"list", "/etc/passwd"}};
  EXPECT_FALSE(RunNoteFromJson(ToJson(hostile)).ok());
}

}  // namespace
}  // namespace tegula::app
