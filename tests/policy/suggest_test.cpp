#include "sluice/policy/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::policy {
namespace {

TEST(EditDistance, CountsTypingMistakes) {
  EXPECT_EQ(edit_distance("steps", "steps"), 0U);
  EXPECT_EQ(edit_distance("stepz", "steps"), 1U);
  EXPECT_EQ(edit_distance("setps", "steps"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance(std::string(1000, 'a'), ""), 64U);
}

TEST(Suggestions, NameWhatWasProbablyMeant) {
  const std::vector<std::string> fields{"stable", "candidate", "steps", "maxWeight"};
  EXPECT_EQ(nearest("stepz", fields), "steps");
  EXPECT_EQ(nearest("maxweight", fields), "maxWeight");
  EXPECT_EQ(nearest("canditate", fields), "candidate");
  EXPECT_EQ(nearest("quux", fields), "");
  EXPECT_EQ(nearest("", fields), "");
  EXPECT_EQ(nearest("x", std::vector<std::string>{"y"}), "y") << "one of one is worth a guess";
}

}  // namespace
}  // namespace sluice::policy
