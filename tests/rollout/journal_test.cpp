#include "sluice/rollout/journal.hpp"

#include <gtest/gtest.h>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

Line line(const std::string& route, const std::string& text, std::uint64_t number = 1) {
  return {WallTime(1500us), route, route + "-" + std::to_string(number), "sluice", "Advanced", text};
}

/// A store's contents behind these lines.
state::Contents contents_of(const std::vector<Line>& lines) {
  Journal journal;
  state::Contents contents;
  contents.journal = journal.draft(lines);
  contents.records[Journal::kRecord] = journal.head_after(contents.journal);
  return contents;
}

TEST(Journal, NumbersLinesAndChainsThem) {
  Journal journal;
  const auto entries = journal.draft({line("a", "one"), line("b", "two")});
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].sequence, 1U);
  EXPECT_EQ(entries[1].sequence, 2U);
  EXPECT_EQ(entries[0].hash, state::chain("", entries[0]));
  EXPECT_EQ(entries[1].hash, state::chain(entries[0].hash, entries[1]));
  EXPECT_EQ(entries[0].time, WallTime(1ms)) << "whole milliseconds, so that a store gives back what it was given";
}

TEST(Journal, ADraftThatIsNotKeptTakesNoNumber) {
  Journal journal;
  (void)journal.draft({line("a", "lost")});
  const auto entries = journal.draft({line("a", "kept")});
  EXPECT_EQ(entries[0].sequence, 1U);
  journal.append(entries);
  EXPECT_EQ(journal.draft({line("a", "next")})[0].sequence, 2U);
}

TEST(Journal, GoesOnBehindWhatWasKept) {
  const auto contents = contents_of({line("a", "one"), line("a", "two")});
  Journal journal;
  EXPECT_EQ(journal.restore(contents), "");
  const auto next = journal.draft({line("a", "three")});
  EXPECT_EQ(next[0].sequence, 3U);
  auto all = contents.journal;
  all.push_back(next[0]);
  EXPECT_EQ(state::first_break(all), all.size());
}

TEST(Journal, NoticesALineThatWasChanged) {
  auto contents = contents_of({line("a", "one"), line("a", "two"), line("a", "three")});
  contents.journal[1].text = "to 100%";
  Journal journal;
  EXPECT_EQ(journal.restore(contents), "the journal's line 2 does not follow from the one before it");
}

TEST(Journal, NoticesLinesThatWereTakenFromTheEndAndDoesNotGiveTheirNumbersOutAgain) {
  auto contents = contents_of({line("a", "one"), line("a", "two"), line("a", "three")});
  contents.journal.pop_back();
  Journal journal;
  EXPECT_EQ(journal.restore(contents), "the journal ends with line 2, and line 3 was kept last");
  EXPECT_EQ(journal.draft({line("a", "four")})[0].sequence, 4U);
}

TEST(Journal, RemembersTheNewestLinesOfEachRoute) {
  Journal journal;
  std::vector<Line> lines;
  for (int i = 0; i < 30; ++i) lines.push_back(line(i % 2 == 0 ? "a" : "b", std::to_string(i)));
  journal.append(journal.draft(lines));
  const auto tail = journal.tail("a");
  ASSERT_EQ(tail.size(), Journal::kTail);
  EXPECT_EQ(tail.front().text, "28");
  EXPECT_EQ(tail.back().text, "10");
  EXPECT_TRUE(journal.tail("c").empty());
  journal.forget("a");
  EXPECT_TRUE(journal.tail("a").empty());
}

TEST(Journal, FillsATailWithOlderLinesOnce) {
  Journal journal;
  const auto entries = journal.draft({line("a", "one"), line("a", "two"), line("a", "three")});
  journal.append({entries[2]});
  journal.prepend("a", {entries[2], entries[1], entries[0]});
  const auto tail = journal.tail("a");
  ASSERT_EQ(tail.size(), 3U);
  EXPECT_EQ(tail.front().text, "three");
  EXPECT_EQ(tail.back().text, "one");
}

TEST(Journal, KnowsTheLastNumberOfARoutesRollouts) {
  Journal journal;
  journal.append(journal.draft({line("a", "x", 9), line("a", "x", 12), line("a-1", "x", 40), line("a", "x", 11)}));
  EXPECT_EQ(journal.last_number("a"), 12U);
  EXPECT_EQ(journal.last_number("a-1"), 40U);
  EXPECT_EQ(journal.last_number("b"), 0U);
}

}  // namespace
}  // namespace sluice::rollout
