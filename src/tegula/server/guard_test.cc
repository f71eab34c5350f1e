#include "tegula/server/guard.h"

#include <gtest/gtest.h>

namespace tegula::server {
namespace {

const Guard kGuard("0123456789abcdef", {"lab.example.org"});

bool MayEnter(std::string_view host, std::string_view origin = "") {
  return kGuard.CheckPlace({.host = host, .origin = origin}).ok();
}

TEST(Guard, LetsInWhoComesUnderANumberOrLocalhost) {
  EXPECT_TRUE(MayEnter("127.0.0.1:8080"));
  EXPECT_TRUE(MayEnter("localhost:9000"));
  EXPECT_TRUE(MayEnter("LOCALHOST"));
  EXPECT_TRUE(MayEnter("[::1]:8080"));
  EXPECT_TRUE(MayEnter("192.168.1.20:80"));
}

TEST(Guard, RefusesANameThatWasMadeToPointHere) {
  EXPECT_FALSE(MayEnter("evil.example:8080"));
  EXPECT_FALSE(MayEnter("127.0.0.1.evil.example"));
  EXPECT_FALSE(MayEnter("localhost.evil.example"));
  EXPECT_FALSE(MayEnter("127.0.0.1@evil.example"));
  EXPECT_FALSE(MayEnter("cafe.babe"));
  EXPECT_FALSE(MayEnter("1.2.3.999"));
  EXPECT_FALSE(MayEnter(""));
  EXPECT_FALSE(MayEnter("[evil"));
  EXPECT_FALSE(MayEnter("[::1]evil"));
  EXPECT_FALSE(MayEnter("[::1]:80.evil"));
  EXPECT_FALSE(MayEnter("localhost:80@evil"));
}

TEST(Guard, LetsInUnderANameThatWasAllowed) {
  EXPECT_TRUE(MayEnter("lab.example.org"));
  EXPECT_TRUE(MayEnter("Lab.Example.org:443", "https://Lab.Example.org:443"));
  EXPECT_FALSE(MayEnter("other.example.org"));
}

TEST(Guard, RefusesPagesOfOtherServers) {
  EXPECT_TRUE(MayEnter("127.0.0.1:8080", "http://127.0.0.1:8080"));
  EXPECT_FALSE(MayEnter("127.0.0.1:8080", "http://127.0.0.1:8081"));
  EXPECT_FALSE(MayEnter("127.0.0.1:8080", "http://evil.example"));
  EXPECT_FALSE(MayEnter("127.0.0.1:8080", "null"));
}

TEST(Guard, WantsTheWholeToken) {
  EXPECT_TRUE(kGuard.CheckToken({.token = "0123456789abcdef"}).ok());
  EXPECT_TRUE(kGuard.CheckToken({.bearer = "Bearer 0123456789abcdef"}).ok());
  EXPECT_FALSE(kGuard.CheckToken({}).ok());
  EXPECT_FALSE(kGuard.CheckToken({.token = "0123456789abcde"}).ok());
  EXPECT_FALSE(kGuard.CheckToken({.token = "0123456789abcdeff"}).ok());
  EXPECT_FALSE(kGuard.CheckToken({.bearer = "Basic 0123456789abcdef"}).ok());
}

TEST(Guard, DoesNotTakeTheTokenOfTheAddressWhereAHeaderHasAnother) {
  EXPECT_FALSE(kGuard.CheckToken({.bearer = "Bearer wrong", .token = "0123456789abcdef"}).ok());
}

TEST(NewToken, IsLongAndNeverTheSame) {
  const Result<std::string> one = NewToken(), other = NewToken();
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(one->size(), 32U);
  EXPECT_NE(*one, *other);
}

}  // namespace
}  // namespace tegula::server
