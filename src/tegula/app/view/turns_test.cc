#include "tegula/app/view/turns.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace tegula::app {
namespace {

const auto kStays = []() { return false; };

TEST(Turns, LetsSoManyInAtOnce) {
  Turns turns(2);
  const Turns::Turn one = turns.Take(kStays), other = turns.Take(kStays);
  EXPECT_TRUE(one && other);
  EXPECT_FALSE(turns.Take([]() { return true; }));
}

TEST(Turns, GivesNoneToWhoIsGoneEvenIfItIsFree) {
  Turns turns(1);
  EXPECT_FALSE(turns.Take([]() { return true; }));
  EXPECT_TRUE(turns.Take(kStays));
}

TEST(Turns, GoesToTheNewestOfThoseWhoWait) {
  Turns turns(1);
  std::vector<int> order;
  std::latch first_waits(1), second_waits(1);
  // Whoever is asked whether it is gone does wait.
  const auto wait = [&](int number, std::latch& waits) {
    bool told = false;
    const Turns::Turn turn = turns.Take([&]() {
      if (!std::exchange(told, true)) waits.count_down();
      return false;
    });
    order.push_back(number);
  };
  std::jthread first, second;
  {
    const Turns::Turn held = turns.Take(kStays);
    first = std::jthread([&]() { wait(1, first_waits); });
    first_waits.wait();
    second = std::jthread([&]() { wait(2, second_waits); });
    second_waits.wait();
  }
  first.join();
  second.join();
  EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

}  // namespace
}  // namespace tegula::app
