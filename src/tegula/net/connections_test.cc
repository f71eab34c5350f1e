#include "tegula/net/connections.h"

#include <gtest/gtest.h>

#include <barrier>
#include <set>
#include <thread>

#include "tegula/net/testing/scripted_http.h"

namespace tegula::net {
namespace {

class ConnectionsTest : public ::testing::Test {
 protected:
  Connections New(int count) {
    return Connections(NewThreadExecutor(count), [this]() -> Result<Downloader> {
      ++made_;
      return Downloader(std::make_unique<ScriptedHttp>(script_), {},
                        [](double, const std::stop_token&) { return true; });
    });
  }
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  std::atomic<int> made_{0};
};

TEST_F(ConnectionsTest, AreMadeWhenTheyAreNeededAndUsedAgain) {
  Connections connections = New(2);
  EXPECT_EQ(made_, 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(connections.Borrow({}).ok());
  EXPECT_EQ(made_, 1);
  const Result<Connections::Lease> one = connections.Borrow({}), other = connections.Borrow({});
  EXPECT_EQ(made_, 2);
}

TEST_F(ConnectionsTest, AreWaitedForUntilOneIsGivenBack) {
  Connections connections = New(1);
  std::optional<Result<Connections::Lease>> lease(connections.Borrow({}));
  std::jthread waiting([&] { EXPECT_TRUE(connections.Borrow({}).ok()); });
  lease.reset();
  waiting.join();
  EXPECT_EQ(made_, 1);
}

TEST_F(ConnectionsTest, NobodyWaitsAfterAStop) {
  Connections connections = New(1);
  const Result<Connections::Lease> lease = connections.Borrow({});
  std::stop_source stop;
  std::jthread stopping([&] { stop.request_stop(); });
  EXPECT_EQ(connections.Borrow(stop.get_token()).error().code, Code::kCancelled);
}

TEST_F(ConnectionsTest, OneThatCannotBeMadeIsNoneLess) {
  Connections connections(NewThreadExecutor(1), []() -> Result<Downloader> { return InvalidError("no"); });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(connections.Borrow({}).error().code, Code::kInvalid);
}

TEST_F(ConnectionsTest, ItemsRunAtOnceOnWhatIsFree) {
  Connections connections = New(4);
  const Result<Connections::Lease> held = connections.Borrow({});
  std::barrier all(3);  // passes only if three items are in work at once
  std::atomic<int> done{0};
  EXPECT_TRUE(connections
                  .ForEach(6, 100, {},
                           [&](std::int64_t) {
                             all.arrive_and_wait();
                             ++done;
                             return Ok();
                           })
                  .ok());
  EXPECT_EQ(done, 6);
}

TEST_F(ConnectionsTest, AtMostSoManyItemsRunAtOnce) {
  Connections connections = New(4);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  EXPECT_TRUE(connections
                  .ForEach(50, 1, {},
                           [&](std::int64_t) {
                             const std::lock_guard lock(mutex);
                             threads.insert(std::this_thread::get_id());
                             return Ok();
                           })
                  .ok());
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST_F(ConnectionsTest, TheFirstFailureEndsTheItems) {
  Connections connections = New(1);
  int done = 0;
  const Status status = connections.ForEach(10, 10, {}, [&](std::int64_t item) -> Status {
    ++done;
    return item == 3 ? Status(IoError("three")) : Ok();
  });
  EXPECT_EQ(status.error().what, "three");
  EXPECT_EQ(done, 4);
}

TEST_F(ConnectionsTest, AStopEndsTheItems) {
  Connections connections = New(2);
  std::stop_source stop;
  const Status status = connections.ForEach(1000, 10, stop.get_token(), [&](std::int64_t) {
    stop.request_stop();
    return Ok();
  });
  EXPECT_EQ(status.error().code, Code::kCancelled);
}

}  // namespace
}  // namespace tegula::net
