#include "tegula/core/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <thread>

#include "tegula/core/platform.h"

namespace tegula {
namespace {

using ::testing::HasSubstr;

class Process : public ::testing::Test {
 protected:
  ProcessRequest Shell(const std::string& script) const {
    return {.program = "/bin/sh",
            .arguments = {"-c", script},
            .environment = {"PATH=/usr/bin:/bin"},
            .folder = folder_.path()};
  }
  Result<ProcessOutcome> Run(const std::string& script) const { return RunProcess(Shell(script)); }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(Process, GivesWhatTheProgramSaidAndHowItEnded) {
  const ProcessOutcome outcome = Run("echo out; echo err >&2; exit 7").value();
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.output, "out\n");
  EXPECT_EQ(outcome.error_tail, "err\n");
  EXPECT_EQ(Run("kill -9 $$").value().exit_code, 128 + 9);
}

TEST_F(Process, ArgumentsAreNotReadByAShell) {
  ProcessRequest request = Shell("");
  request.program = "/bin/echo";
  request.arguments = {"$HOME; `id` * 'x", "b"};
  EXPECT_EQ(RunProcess(request).value().output, "$HOME; `id` * 'x b\n");
}

TEST_F(Process, HasItsInputFolderAndNoEnvironmentButItsOwn) {
  ProcessRequest request = Shell("cat; pwd; env | grep -v -e PWD -e _= -e SHLVL -e PATH; true");
  request.input = std::string(1 << 20, 'x');
  request.environment.emplace_back("NAME=value");
  EXPECT_EQ(RunProcess(request).value().output,
            request.input + std::filesystem::canonical(folder_.path()).string() + "\nNAME=value\n");
}

TEST_F(Process, KeepsTheEndOfLongErrorsAndTheStartOfLongOutput) {
  const ProcessOutcome outcome =
      Run("echo first; head -c 20000000 /dev/zero; head -c 1000000 /dev/zero >&2; echo last >&2").value();
  EXPECT_EQ(outcome.output.size(), std::size_t{4} << 20);
  EXPECT_TRUE(outcome.output.starts_with("first\n"));
  EXPECT_LE(outcome.error_tail.size(), std::size_t{16} << 10);
  EXPECT_TRUE(outcome.error_tail.ends_with("last\n"));
}

TEST_F(Process, AMissingProgramOrFolderIsSaid) {
  ProcessRequest request = Shell("true");
  request.program = "/no/such/program";
  EXPECT_EQ(RunProcess(request).error().code, Code::kNotFound);
  request = Shell("true");
  request.folder /= "missing";
  EXPECT_THAT(ToString(RunProcess(request).error()), HasSubstr("entering the folder failed"));
}

TEST_F(Process, EndsWithAllItStartedWhenItsTimeIsOver) {
  ProcessRequest request = Shell("(sleep 1; echo late > late) & sleep 60");
  request.limits.wall_seconds = 0.3;
  const double begin = MonotonicSeconds();
  EXPECT_EQ(RunProcess(request).error().code, Code::kExhausted);
  EXPECT_LT(MonotonicSeconds() - begin, 10);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "late"));
}

TEST_F(Process, DoesNotWaitForWhatItLeavesBehind) {
  const double begin = MonotonicSeconds();
  EXPECT_EQ(Run("sleep 60 & echo started").value().output, "started\n");
  EXPECT_LT(MonotonicSeconds() - begin, 10);
}

TEST_F(Process, StopsWhenAsked) {
  std::stop_source source;
  std::jthread asks([&source]() {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    source.request_stop();
  });
  EXPECT_EQ(RunProcess(Shell("sleep 60"), source.get_token()).error().code, Code::kCancelled);
}

TEST_F(Process, LimitsOfCpuTimeMemoryAndFilesHold) {
  ProcessRequest request = Shell("while :; do :; done");
  request.limits = {.wall_seconds = 60, .cpu_seconds = 1};
  EXPECT_GE(RunProcess(request).value().exit_code, 128);
  request = Shell("dd if=/dev/zero of=/dev/null bs=1G count=1");
  request.limits.memory_bytes = 256 << 20;
  EXPECT_EQ(RunProcess(request).value().exit_code, 1);
  request = Shell("head -c 100000 /dev/zero > large; wc -c < large");
  request.limits.file_bytes = 5000;
  EXPECT_THAT(RunProcess(request).value().output, HasSubstr("5000"));
}

// Each way of confining that this system has.
class ConfinedProcess : public Process, public ::testing::WithParamInterface<Confinement> {
 protected:
  void SetUp() override {
    ProcessRequest request = Shell("true");
    request.confinement = GetParam();
    const Result<ProcessOutcome> outcome = RunProcess(request);
    if (!outcome.ok()) GTEST_SKIP() << ToString(outcome.error());
    if (outcome->exit_code != 0) GTEST_SKIP() << outcome->error_tail;
  }
  ProcessOutcome Confined(const std::string& script, ProcessLimits limits = {.wall_seconds = 60}) const {
    ProcessRequest request = Shell(script);
    request.confinement = GetParam();
    request.limits = limits;
    return RunProcess(request).value();
  }
};

TEST_P(ConfinedProcess, WorksInItsFolderAndNowhereElse) {
  const TemporaryFolder other = TemporaryFolder::Create("tegula-test").value();
  const ProcessOutcome outcome = Confined("cat > inside && echo done; echo x > " + (other.path() / "file").string());
  EXPECT_EQ(outcome.output, "done\n");
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "inside"));
  EXPECT_FALSE(std::filesystem::exists(other.path() / "file"));
  EXPECT_NE(Confined("mount -o remount,rw /").exit_code, 0);
  EXPECT_EQ(Confined("grep CapEff /proc/self/status").output, "CapEff:\t0000000000000000\n");
}

TEST_P(ConfinedProcess, HasNoNetworkAndNoSockets) {
  const Result<Path> python = FindProgram("python3");
  if (!python.ok()) GTEST_SKIP() << "needs python3";
  const std::string script =
      " -c 'import socket, sys\n"
      "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):\n"
      "  try: socket.socket(family, socket.SOCK_DGRAM); print(\"open\")\n"
      "  except PermissionError: print(\"refused\")'";
  EXPECT_EQ(Run(python->string() + script).value().output, "open\nopen\nopen\nopen\n");
  EXPECT_EQ(Confined(python->string() + script).output, "refused\nrefused\nrefused\nrefused\n");
  EXPECT_EQ(Confined("grep : /proc/net/dev | cut -d : -f 1").output, "    lo\n");
}

TEST_P(ConfinedProcess, CannotReachOtherProcesses) {
  const std::string asks = "kill -0 " + std::to_string(::getpid());  // whether a signal would arrive; none is sent
  EXPECT_EQ(Run(asks).value().exit_code, 0);
  EXPECT_NE(Confined(asks).exit_code, 0);
  EXPECT_EQ(Confined("exit 3").exit_code, 3);
}

TEST_P(ConfinedProcess, EndsWithWhatLeftItsGroup) {
  ProcessRequest request = Shell("(setsid sh -c 'sleep 1; echo late > late' &) ; sleep 60");
  request.confinement = GetParam();
  request.limits.wall_seconds = 0.4;
  EXPECT_EQ(RunProcess(request).error().code, Code::kExhausted);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "late"));
}

INSTANTIATE_TEST_SUITE_P(All, ConfinedProcess, ::testing::Values(Confinement::kNamespaces, Confinement::kBubblewrap),
                         [](const auto& given) {
                           return given.param == Confinement::kNamespaces ? "Namespaces" : "Bubblewrap";
                         });

}  // namespace
}  // namespace tegula
