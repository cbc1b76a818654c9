#include "sluice/upstream/name_answer.hpp"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

FamilyAnswer found(const char* address, Duration ttl) {
  FamilyAnswer out;
  out.result = LookupResult::Answered;
  out.addresses = {make_address(address)};
  out.ttl = ttl;
  return out;
}
FamilyAnswer broken(LookupResult result, const char* error) {
  FamilyAnswer out;
  out.result = result;
  out.error = error;
  return out;
}

TEST(NameAnswer, TriesIpv6FirstOnlyWhereThereIsARoute) {
  const auto v4 = found("10.0.0.1", 60s);
  const auto v6 = found("fd00::1", 60s);
  EXPECT_EQ(combine(v4, v6, true, {}).addresses.front(), make_address("fd00::1"));
  EXPECT_EQ(combine(v4, v6, false, {}).addresses.front(), make_address("10.0.0.1"));
  EXPECT_EQ(combine(v4, v6, false, {}).addresses.size(), 2u);
}

TEST(NameAnswer, LivesAsLongAsItsShortestRecord) {
  EXPECT_EQ(combine(found("10.0.0.1", 60s), found("fd00::1", 20s), true, {}).ttl, 20s);
  EXPECT_EQ(combine(found("10.0.0.1", 5s), {}, false, {}).ttl, 5s);
}

TEST(NameAnswer, StaysWithinTheBounds) {
  NameServers settings;
  settings.min_ttl = 3s;
  settings.max_ttl = 10s;
  EXPECT_EQ(combine(found("10.0.0.1", 0s), {}, false, settings).ttl, 3s);
  EXPECT_EQ(combine(found("10.0.0.1", 11s), {}, false, settings).ttl, 10s);
  EXPECT_EQ(combine({}, {}, false, settings).pause, 3s);
}

TEST(NameAnswer, AFailureOfOneFamilyIsToldButNotFatal) {
  const NameAnswer half = combine(broken(LookupResult::Timeout, "late"), found("fd00::1", 60s), true, {});
  EXPECT_EQ(half.result, LookupResult::Answered);
  EXPECT_TRUE(half.v4_failed);
  EXPECT_FALSE(half.v6_failed);
  EXPECT_EQ(half.error, "late");
}

TEST(NameAnswer, AFailureWeighsMoreThanNoAddress) {
  const NameAnswer late = combine({}, broken(LookupResult::Timeout, "late"), false, {});
  EXPECT_EQ(late.result, LookupResult::Timeout);
  EXPECT_EQ(late.error, "late");
  EXPECT_EQ(combine({}, {}, false, {}).result, LookupResult::NoAddress);
  EXPECT_NE(combine({}, {}, false, {}).error, "");
}

}  // namespace
}  // namespace sluice::upstream
