#include "sluice/traffic/cookie.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::traffic {
namespace {

TEST(Cookie, IsFoundByItsName) {
  EXPECT_EQ(find_cookie("a=1; b=2; c=3", "a"), "1");
  EXPECT_EQ(find_cookie("a=1; b=2; c=3", "b"), "2");
  EXPECT_EQ(find_cookie("a=1; b=2; c=3", "c"), "3");
  EXPECT_EQ(find_cookie("a=1;b=2 ;  c = 3", "c"), "3");
}

TEST(Cookie, KeepsWhatFollowsTheFirstEqualsSign) {
  EXPECT_EQ(find_cookie("t=a=b==; u=1", "t"), "a=b==");
}

TEST(Cookie, IsTheFirstOfSeveralOfOneName) {
  EXPECT_EQ(find_cookie("a=1; a=2", "a"), "1");
}

TEST(Cookie, ComparesNamesAsAWholeAndWithCase) {
  EXPECT_EQ(find_cookie("user=1; xuser=2", "xuser"), "2");
  EXPECT_EQ(find_cookie("xuser=2", "user").data(), nullptr);
  EXPECT_EQ(find_cookie("User=2", "user").data(), nullptr);
}

TEST(Cookie, TellsEmptyFromAbsent) {
  EXPECT_NE(find_cookie("a=", "a").data(), nullptr);
  EXPECT_TRUE(find_cookie("a=; b=1", "a").empty());
  for (const auto* field : {"", ";", ";;;", "a", "a; b", "=1", "=", " ; = ; "}) {
    EXPECT_EQ(find_cookie(field, "a").data(), nullptr) << field;
  }
}

TEST(Cookie, IsFoundBehindAHugeFieldOfNoise) {
  EXPECT_EQ(find_cookie(std::string(60000, ';') + "a=1", "a"), "1");
  EXPECT_EQ(find_cookie(std::string(60000, '='), "a").data(), nullptr);
}

}  // namespace
}  // namespace sluice::traffic
