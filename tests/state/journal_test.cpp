#include <gtest/gtest.h>

#include "state/fixtures.hpp"

namespace sluice::state {
namespace {

TEST(Journal, AHashIsTheSameInEveryRelease) {
  JournalEntry entry;
  entry.sequence = 7;
  entry.time = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  entry.route = "fraud";
  entry.rollout = "fraud-3";
  entry.actor = "sluice";
  entry.kind = "Advanced";
  entry.text = "v2 to 25%";
  // printf '3:abc1:713:17000000001235:fraud7:fraud-36:sluice8:Advanced9:v2 to 25%%' | sha256sum
  EXPECT_EQ(chain("abc", entry), "6ff5bbafea54a9ab1d5fe6a38c02719c55f9c38efa4685d05279d9b731e5a6c0");
}

TEST(Journal, EveryFieldIsInTheHash) {
  const JournalEntry entry = Chained().next();
  const std::string hash = chain("before", entry);
  EXPECT_NE(chain("", entry), hash);
  const auto changed = [&](auto change) {
    JournalEntry other = entry;
    change(other);
    return chain("before", other);
  };
  EXPECT_NE(changed([](JournalEntry& e) { ++e.sequence; }), hash);
  EXPECT_NE(changed([](JournalEntry& e) { e.time += std::chrono::milliseconds(1); }), hash);
  EXPECT_NE(changed([](JournalEntry& e) { e.route += "x"; }), hash);
  EXPECT_NE(changed([](JournalEntry& e) { e.rollout += "x"; }), hash);
  EXPECT_NE(changed([](JournalEntry& e) { e.actor += "x"; }), hash);
  EXPECT_NE(changed([](JournalEntry& e) { e.kind += "x"; }), hash);
  EXPECT_NE(changed([](JournalEntry& e) { e.text += "x"; }), hash);
  EXPECT_EQ(changed([](JournalEntry& e) { e.hash += "x"; }), hash) << "its own hash is what comes out";
}

TEST(Journal, TextCannotMoveFromOneFieldToTheNext) {
  JournalEntry one;
  one.actor = "anna";
  one.kind = "Paused";
  JournalEntry other = one;
  other.actor = "annaP";
  other.kind = "aused";
  EXPECT_NE(chain("", one), chain("", other));
}

TEST(Journal, PartsOfAMillisecondDoNotCount) {
  JournalEntry entry = Chained().next();
  const std::string hash = chain("", entry);
  entry.time += std::chrono::microseconds(400);
  EXPECT_EQ(chain("", entry), hash);
}

TEST(Journal, AWholeChainHasNoBreak) {
  Chained chained;
  auto entries = chained.some(20);
  EXPECT_EQ(first_break(entries), 20U);
  entries.erase(entries.begin(), entries.begin() + 5);
  EXPECT_EQ(first_break(entries), 15U) << "the first of those that are left is believed";
  EXPECT_EQ(first_break({}), 0U);
}

TEST(Journal, AChangedAMissingAndAnInsertedEntryShow) {
  const auto entries = Chained().some(10);
  auto changed = entries;
  changed[4].text = "nothing happened";
  EXPECT_EQ(first_break(changed), 4U);
  auto missing = entries;
  missing.erase(missing.begin() + 4);
  EXPECT_EQ(first_break(missing), 4U);
  auto inserted = entries;
  inserted.insert(inserted.begin() + 4, entries[3]);
  EXPECT_EQ(first_break(inserted), 4U);
  auto swapped = entries;
  std::swap(swapped[4], swapped[5]);
  EXPECT_EQ(first_break(swapped), 4U);
}

}  // namespace
}  // namespace sluice::state
