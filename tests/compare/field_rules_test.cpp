#include "sluice/compare/field_rules.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::compare {
namespace {

FieldRules rules_of(const std::vector<std::pair<const char*, FieldMark>>& pointers) {
  FieldRules rules;
  for (const auto& [pointer, mark] : pointers) rules.add(pointer, mark);
  rules.make_ready();
  return rules;
}

FieldScope walk_down(const FieldRules& rules, const std::vector<const char*>& keys) {
  FieldScope scope = rules.root();
  for (const char* const key : keys) scope = rules.down(scope, key);
  return scope;
}

TEST(FieldRules, WithoutAnyEverythingCountsAndNothingLeadsOn) {
  const FieldRules rules = rules_of({});
  EXPECT_TRUE(rules.root().inside);
  EXPECT_TRUE(rules.is_settled(rules.root()));
  EXPECT_TRUE(rules.matters(walk_down(rules, {"a", "b"})));
}

TEST(FieldRules, IgnoreAPlaceAndAllBelow) {
  const FieldRules rules = rules_of({{"/meta/id", FieldMark::Ignored}});
  EXPECT_TRUE(rules.matters(walk_down(rules, {"meta"})));
  EXPECT_FALSE(rules.matters(walk_down(rules, {"meta", "id"})));
  EXPECT_FALSE(rules.matters(walk_down(rules, {"meta", "id", "x"})));
  EXPECT_TRUE(rules.matters(walk_down(rules, {"meta", "other"})));
  EXPECT_TRUE(rules.is_settled(walk_down(rules, {"meta", "other"})));
}

TEST(FieldRules, WithAWantedPlaceNothingElseCounts) {
  const FieldRules rules = rules_of({{"/a/b", FieldMark::Wanted}});
  EXPECT_FALSE(rules.root().inside);
  EXPECT_TRUE(rules.matters(walk_down(rules, {"a"})));
  EXPECT_FALSE(walk_down(rules, {"a"}).inside);
  EXPECT_TRUE(walk_down(rules, {"a", "b", "c"}).inside);
  EXPECT_FALSE(rules.matters(walk_down(rules, {"a", "c"})));
  EXPECT_FALSE(rules.matters(walk_down(rules, {"b"})));
}

TEST(FieldRules, TakeAStarForAnyKeyAndAnyIndex) {
  const FieldRules rules = rules_of({{"/rows/*/id", FieldMark::Ignored}, {"/rows/0", FieldMark::Unordered}});
  const FieldScope list = walk_down(rules, {"rows"});
  EXPECT_FALSE(rules.matters(rules.down(rules.down_index(list, 7), "id")));
  EXPECT_TRUE(rules.matters(rules.down(rules.down_index(list, 7), "name")));
  // Where both a star and an index lead, both hold.
  EXPECT_TRUE(rules.is_unordered(rules.down_index(list, 0)));
  EXPECT_FALSE(rules.is_unordered(rules.down_index(list, 1)));
  EXPECT_FALSE(rules.matters(rules.down(rules.down_index(list, 0), "id")));
  EXPECT_TRUE(rules.names(list, "0"));
  EXPECT_FALSE(rules.names(list, "7"));
}

TEST(FieldRules, IgnoreWithinWhatIsWanted) {
  const FieldRules rules = rules_of({{"/*", FieldMark::Wanted}, {"/id", FieldMark::Ignored}});
  EXPECT_FALSE(rules.matters(walk_down(rules, {"id"})));
  EXPECT_TRUE(rules.matters(walk_down(rules, {"score"})));
}

TEST(FieldRules, UnescapePointers) {
  EXPECT_EQ(pointer_tokens("/a~1b/~0/x~2/"), (std::vector<std::string>{"a/b", "~", "x~2", ""}));
  EXPECT_TRUE(pointer_tokens("").empty());
}

}  // namespace
}  // namespace sluice::compare
