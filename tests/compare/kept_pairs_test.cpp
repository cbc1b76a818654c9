#include "sluice/compare/kept_pairs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sluice::compare {
namespace {

using std::chrono::minutes;

policy::KeepPairs keeping(std::uint32_t pairs) {
  policy::KeepPairs rules;
  rules.pairs = pairs;
  rules.expire_after = minutes(10);
  return rules;
}

WallTime at(int minute) {
  return WallTime(minutes(1000 + minute));
}

KeptPair kept_pair(std::string request, double severity, int minute) {
  KeptPair pair;
  pair.request_id = std::move(request);
  pair.severity = severity;
  pair.at = at(minute);
  return pair;
}

std::string order_of(KeptPairs& pairs, int now) {
  std::string order;
  for (const KeptPair& pair : pairs.worst(at(now))) order += pair.request_id;
  return order;
}

TEST(KeptPairs, TheMostSevereComeFirstThenTheNewest) {
  KeptPairs pairs(keeping(10));
  pairs.add(kept_pair("a", 0.5, 0), at(3));
  pairs.add(kept_pair("b", 0.9, 1), at(3));
  pairs.add(kept_pair("c", 0.5, 2), at(3));
  pairs.add(kept_pair("d", 0.1, 3), at(3));
  EXPECT_EQ(order_of(pairs, 3), "bcad");
}

TEST(KeptPairs, BeyondTheirNumberTheLeastGoes) {
  KeptPairs pairs(keeping(2));
  pairs.add(kept_pair("a", 0.5, 0), at(3));
  pairs.add(kept_pair("b", 0.7, 0), at(3));
  EXPECT_FALSE(pairs.wants(0.4, at(3), "c", at(3)));
  pairs.add(kept_pair("c", 0.4, 3), at(3));
  EXPECT_EQ(order_of(pairs, 3), "ba");
  EXPECT_TRUE(pairs.wants(0.5, at(3), "d", at(3))) << "equally severe, but newer";
  pairs.add(kept_pair("d", 0.5, 3), at(3));
  EXPECT_EQ(order_of(pairs, 3), "bd");
}

TEST(KeptPairs, OneThatIsHardlyNewerTakesNoPlace) {
  KeptPairs pairs(keeping(1));
  pairs.add(kept_pair("a", 0.5, 0), at(0));
  EXPECT_FALSE(pairs.wants(0.5, at(0) + std::chrono::milliseconds(999), "b", at(1)));
  EXPECT_TRUE(pairs.wants(0.5, at(0) + std::chrono::seconds(1), "b", at(1)));
  EXPECT_TRUE(pairs.wants(0.6, at(0), "b", at(1))) << "but a worse one does";
}

TEST(KeptPairs, ARequestIsThereOnce) {
  KeptPairs pairs(keeping(3));
  pairs.add(kept_pair("a", 0.5, 0), at(3));
  pairs.add(kept_pair("a", 0.4, 1), at(3));
  EXPECT_EQ(pairs.worst(at(3)).at(0).severity, 0.5);
  pairs.add(kept_pair("a", 0.6, 2), at(3));
  EXPECT_EQ(order_of(pairs, 3), "a");
  EXPECT_EQ(pairs.worst(at(3)).at(0).severity, 0.6);
  pairs.add(kept_pair("", 0.2, 2), at(3));
  pairs.add(kept_pair("", 0.1, 2), at(3));
  EXPECT_EQ(pairs.worst(at(3)).size(), 3U) << "requests without an id are different ones";
}

TEST(KeptPairs, WhatIsOldIsGone) {
  KeptPairs pairs(keeping(2));
  pairs.add(kept_pair("a", 0.9, 0), at(0));
  pairs.add(kept_pair("b", 0.8, 5), at(5));
  EXPECT_EQ(order_of(pairs, 9), "ab");
  EXPECT_FALSE(pairs.wants(0.1, at(9), "c", at(9)));
  EXPECT_EQ(order_of(pairs, 10), "b");
  EXPECT_TRUE(pairs.wants(0.1, at(10), "c", at(10))) << "there is room again";
  EXPECT_FALSE(pairs.wants(1, at(0), "d", at(10))) << "expired before it was compared";
  pairs.add(kept_pair("d", 1, 0), at(10));
  EXPECT_EQ(order_of(pairs, 10), "b");
}

TEST(KeptPairs, NoneAreKeptWhereNoneMayBe) {
  KeptPairs pairs(keeping(0));
  EXPECT_FALSE(pairs.wants(1, at(0), "a", at(0)));
  pairs.add(kept_pair("a", 1, 0), at(0));
  EXPECT_TRUE(pairs.worst(at(0)).empty());
}

}  // namespace
}  // namespace sluice::compare
