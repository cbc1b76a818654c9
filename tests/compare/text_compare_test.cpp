#include "sluice/compare/text_compare.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "sluice/base/random.hpp"

namespace sluice::compare {
namespace {

double ratio(const std::string& one, const std::string& other) {
  TextCompare compare;
  const double there = compare.edit_ratio(one, other);
  EXPECT_DOUBLE_EQ(compare.edit_ratio(other, one), there);
  return there;
}

/// The table of the textbook.
std::size_t plain_distance(const std::string& one, const std::string& other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::size_t corner = row[0]++;
    for (std::size_t k = 1; k <= other.size(); ++k) {
      const std::size_t above = row[k];
      row[k] = std::min({above + 1, row[k - 1] + 1, corner + (one[i - 1] == other[k - 1] ? 0 : 1)});
      corner = above;
    }
  }
  return row.back();
}

std::string some_words(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "word" + std::to_string(random.below(5000)) + ' ';
  return text;
}

TEST(TextCompare, CountsCharactersThatDiffer) {
  EXPECT_EQ(ratio("", ""), 0);
  EXPECT_EQ(ratio("same", "same"), 0);
  EXPECT_EQ(ratio("", "abc"), 1);
  EXPECT_DOUBLE_EQ(ratio("kitten", "sitting"), 3.0 / 7);
  EXPECT_DOUBLE_EQ(ratio("abcd", "abxd"), 0.25);
  EXPECT_DOUBLE_EQ(ratio("abcd", "bcd"), 0.25);
}

TEST(TextCompare, CountsCharactersNotBytes) {
  EXPECT_DOUBLE_EQ(ratio("na\xC3\xAFve", "naive"), 0.2);
  // Both begin with the byte 0xC3.
  EXPECT_DOUBLE_EQ(ratio("\xC3\xA4\xC3\xB6", "\xC3\xBC\xC3\xB6"), 0.5);
  EXPECT_DOUBLE_EQ(ratio("x\xF0\x9F\x98\x80", "x\xF0\x9F\x98\x81"), 0.5);
}

TEST(TextCompare, EqualsTheTextbookForAnyTexts) {
  Random random(11);
  for (int round = 0; round < 400; ++round) {
    std::string one;
    std::string other;
    const std::uint64_t letters = 1 + random.below(6);
    const std::uint64_t longest = round < 300 ? 80 : 400;
    for (std::uint64_t i = random.below(longest); i > 0; --i) one += static_cast<char>('a' + random.below(letters));
    for (std::uint64_t i = random.below(longest); i > 0; --i) other += static_cast<char>('a' + random.below(letters));
    const std::size_t longer = std::max<std::size_t>({one.size(), other.size(), 1});
    ASSERT_DOUBLE_EQ(ratio(one, other), static_cast<double>(plain_distance(one, other)) / static_cast<double>(longer))
        << one << " and " << other;
  }
}

TEST(TextCompare, OfLongTextsCountsWords) {
  Random random(5);
  const std::string one = some_words(random, 2000);
  std::string other = one;
  // One word in the beginning and one at the end: no part of the text is the same at both ends.
  other.replace(0, 4, "WORD");
  other.replace(other.size() - 3, 2, "ZZ");
  EXPECT_NEAR(ratio(one, other), 2.0 / 2000, 1e-4);
  EXPECT_GT(ratio(one, some_words(random, 2000)), 0.9);
}

TEST(TextCompare, OfVeryLongTextsCountsRunsThatFindBackIntoStep) {
  Random random(6);
  const std::string one = some_words(random, 100000);
  std::string other = one;
  other.insert(0, "inserted here ");
  other.replace(other.size() - 3, 2, "ZZ");
  const double few = ratio(one, other);
  EXPECT_GT(few, 0);
  EXPECT_LT(few, 0.01);
  EXPECT_GT(ratio(one, some_words(random, 100000)), 0.9);
}

TEST(TextCompare, SeesBlanksAndTextsWithoutAny) {
  const std::string letters(20000, 'x');
  std::string other = letters;
  other[3] = 'y';
  other[19990] = 'z';
  const double share = ratio(letters, other);
  EXPECT_GT(share, 0);
  EXPECT_LT(share, 0.01);
  std::string spaced;
  for (int i = 0; i < 3000; ++i) spaced += "ab cd ";
  std::string closer = spaced;
  closer.replace(2, 1, "\n");
  closer.replace(closer.size() - 3, 1, "\t");
  EXPECT_GT(ratio(spaced, closer), 0);
}

TEST(TextCompare, TellsManyLongTextsOfOnePairRoughly) {
  Random random(8);
  const std::string one = some_words(random, 300);
  const std::string other = some_words(random, 300);
  TextCompare compare;
  const double exact = compare.edit_ratio(one, other);
  for (int i = 0; i < 100; ++i) compare.edit_ratio(one, other);
  const double rough = compare.edit_ratio(one, other);
  EXPECT_NE(rough, exact);
  EXPECT_GT(rough, 0.5);
  compare.begin();
  EXPECT_EQ(compare.edit_ratio(one, other), exact);
}

TEST(TextCompare, StaysWithinItsBoundsForAnyBytes) {
  const std::string cases[] = {std::string(1 << 20, '\x80'), std::string(1 << 20, ' '), std::string(1 << 20, '.'),
                               std::string(1 << 20, 'a')};
  for (const std::string& one : cases) {
    for (const std::string& other : cases) {
      const double share = ratio("<" + one + ">", "[" + other + "]");
      EXPECT_GT(share, 0);
      EXPECT_LE(share, 1);
    }
  }
}

}  // namespace
}  // namespace sluice::compare
