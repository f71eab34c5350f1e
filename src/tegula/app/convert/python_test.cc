#include "tegula/app/convert/python.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/core/platform.h"

namespace tegula::app {
namespace {

using ::testing::HasSubstr;

// A program that is called as Python is.
class FakePython : public ::testing::Test {
 protected:
  Path Program(const std::string& script) const {
    const Path program = folder_.path() / "fake";
    EXPECT_TRUE(WriteFileWhole(program, "#!/bin/sh\n" + script + "\n").ok());
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return program;
  }
  Result<Path> Find(const std::string& script) {
    return FindPython(Program(script).string(), needs_, {}, {*executor_, silent_});
  }
  Result<std::string> Script(const std::string& script, ScriptLimits limits = {.seconds = 30}) const {
    return RunScript(Program(script), "{}", folder_.path(), limits, {});
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  PythonNeeds needs_{{"numpy", "torch"}, {"numpy", "torch"}};
  std::unique_ptr<Executor> executor_ = NewThreadExecutor(1);
  SilentProgress silent_;
};

TEST_F(FakePython, IsTheProgramThatItSaysItIs) {
  EXPECT_EQ(Find(R"(echo '{"executable": "/opt/real/python", "missing": []}')").value(), "/opt/real/python");
}

TEST_F(FakePython, WithoutTheModulesIsRefusedWithTheLineThatHelps) {
  const Error error = Find(R"(echo '{"executable": "/x", "missing": ["torch"]}')").error();
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_THAT(error.what, HasSubstr("has no torch"));
  EXPECT_THAT(error.what, HasSubstr("`pip install numpy torch`"));
}

TEST_F(FakePython, ThatIsNoneIsRefused) {
  EXPECT_THAT(Find("echo no such option >&2; exit 2").error().what, HasSubstr("no such option"));
  for (const char* const answer : {"nonsense", "[]", "{}", R"({"executable": 3, "missing": []})", ""})
    EXPECT_THAT(Find(std::string("echo '") + answer + "'").error().what, HasSubstr("does not answer as Python does"))
        << answer;
  EXPECT_EQ(FindPython("/no/such/python", needs_, {}, {*executor_, silent_}).error().code, Code::kNotFound);
  EXPECT_EQ(FindPython("new", needs_, {}, {*executor_, silent_}).error().code, Code::kUnsupported);
}

TEST_F(FakePython, GetsTheJobAndNothingOfTheEnvironmentButWhatItNeeds) {
  EXPECT_EQ(Script("cat").value(), "{}");
  const std::string environment = Script("env").value();
  EXPECT_THAT(environment, HasSubstr("HOME=" + folder_.path().string()));
  EXPECT_THAT(environment, ::testing::Not(HasSubstr("TEGULA")));
}

TEST_F(FakePython, ThatDoesNotAnswerIsQuoted) {
  const Error failed = Script("echo; echo 'ImportError: \033[31mno' >&2; exit 3").error();
  EXPECT_EQ(failed.code, Code::kUnsupported);
  EXPECT_EQ(failed.what, "Python ended with exit code 3; the last it said: ImportError:  [31mno");
  EXPECT_THAT(Script("true").error().what, HasSubstr("gave no answer"));
  EXPECT_EQ(Script("kill -9 $$").error().code, Code::kExhausted);
  EXPECT_THAT(Script("kill -11 $$").error().what, HasSubstr("ended by signal 11"));
}

TEST_F(FakePython, IsEndedWhenItsTimeIsOver) {
  const Error error = Script("sleep 60", {.seconds = 0.3}).error();
  EXPECT_EQ(error.code, Code::kExhausted);
  EXPECT_THAT(error.what, HasSubstr("--timeout"));
}

}  // namespace
}  // namespace tegula::app
