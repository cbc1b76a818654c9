#include "sluice/compare/difference_list.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "comparing.hpp"
#include "pair_fixtures.hpp"

namespace sluice::compare {
namespace {

TEST(FieldPath, EscapesAndCutsKeys) {
  FieldPath path;
  EXPECT_EQ(path.text(), "body");
  path.push("a/b~c");
  const std::size_t mark = path.push_index();
  EXPECT_EQ(path.text(), "/a~1b~0c/*");
  path.pop(mark);
  EXPECT_EQ(path.text(), "/a~1b~0c");
  path.clear();
  path.push(std::string(63, 'x') + "\xC3\xA9");
  EXPECT_EQ(path.text(), "/" + std::string(63, 'x'));
  for (int i = 0; i < 100; ++i) path.push("deeper");
  EXPECT_LE(path.text().size(), FieldPath::kLongest);
}

TEST(DifferenceList, TellsEachFieldOnceByItsGravestChange) {
  DifferenceList list;
  EXPECT_TRUE(list.empty());
  list.note("/b", Change::Value, 2, 1, 0.2);
  list.note("/a", Change::Value, 1, 3, 0.3);
  list.note("/b", Change::Value, 5, 1, 0.1);
  list.note("/a", Change::Missing, 0, 1, 0.8);
  list.note("/a", Change::Value, 9, 1, 0.3);
  Comparison found;
  found.compared = true;
  list.finish(found);
  ASSERT_EQ(told(found), "/a missing, /b value");
  EXPECT_EQ(found.differences[0].count, 5u);
  EXPECT_EQ(found.differences[0].size, 0);
  EXPECT_EQ(found.differences[1].count, 2u);
  EXPECT_EQ(found.differences[1].size, 5);
  EXPECT_GT(severity_of(found), 0.8);
  EXPECT_LT(severity_of(found), 1);
  EXPECT_TRUE(list.empty());
}

TEST(DifferenceList, CountsRowsByOutputAndInAll) {
  DifferenceList list;
  list.note_rows("/outputs/a", 3, 1);
  list.note_rows("/outputs/b", 2, 2);
  list.note_rows("/outputs/a", 1, 0);
  for (int i = 0; i < 30; ++i) list.note_rows("/outputs/more" + std::to_string(i), 1, 0);
  Comparison found;
  list.finish(found);
  EXPECT_EQ(found.rows, 36u);
  EXPECT_EQ(found.flips, 3u);
  ASSERT_EQ(found.outputs.size(), max_outputs);
  EXPECT_EQ(found.outputs[0].rows, 4u);
  EXPECT_EQ(found.outputs[0].flips, 1u);
}

TEST(DifferenceList, CountsNoFurtherThanItCan) {
  DifferenceList list;
  constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  list.note("/a", Change::Value, 1, most, 0.1);
  list.note("/a", Change::Value, 1, 5, 0.1);
  Comparison found;
  list.finish(found);
  EXPECT_EQ(found.differences[0].count, most);
}

}  // namespace
}  // namespace sluice::compare
