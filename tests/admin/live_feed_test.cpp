#include "sluice/admin/live_feed.hpp"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson patch(const char* before, const char* after) {
  const OrderedJson a = OrderedJson::parse(before);
  const OrderedJson b = OrderedJson::parse(after);
  OrderedJson made = merge_patch_between(a, b);
  OrderedJson again = a;
  again.merge_patch(made);
  EXPECT_EQ(nlohmann::json(again), nlohmann::json(b)) << made;
  return made;
}

TEST(MergePatch, SaysOnlyWhatChanged) {
  EXPECT_EQ(patch(R"({"a": 1, "b": {"c": 2, "d": 3}})", R"({"a": 1, "b": {"c": 2, "d": 4}})").dump(),
            R"({"b":{"d":4}})");
  EXPECT_EQ(patch(R"({"a": 1})", R"({"a": 1})").dump(), "{}");
}

TEST(MergePatch, TakesOutWhatIsGoneAndAddsWhatIsNew) {
  EXPECT_EQ(patch(R"({"a": {"x": 1}, "b": 2})", R"({"b": 2, "c": {"y": 3}})").dump(), R"({"c":{"y":3},"a":null})");
  EXPECT_EQ(patch(R"({"a": {"x": 1}})", R"({"a": {}})").dump(), R"({"a":{"x":null}})");
}

TEST(MergePatch, ListsAreSentWhole) {
  EXPECT_EQ(patch(R"({"a": [1, 2, 3]})", R"({"a": [1, 2, 4]})").dump(), R"({"a":[1,2,4]})");
  EXPECT_EQ(patch(R"({"a": {"x": 1}})", R"({"a": [1]})").dump(), R"({"a":[1]})");
}

TEST(MergePatch, AnotherOrderIsNoChange) {
  EXPECT_EQ(patch(R"({"a": 1, "b": 2, "c": 3})", R"({"c": 3, "a": 1, "b": 2})").dump(), "{}");
}

TEST(MergePatch, NullsCannotBeToldSoTheyAreLeftOut) {
  OrderedJson json = OrderedJson::parse(R"({"a": null, "b": {"c": null, "d": {"e": null}}, "f": [null, {"g": null}]})");
  drop_nulls(json);
  EXPECT_EQ(json.dump(), R"({"b":{"d":{}},"f":[null,{"g":null}]})");
}

/// What a reader of the feed makes of an event.
OrderedJson data_of(const Event& event) {
  const std::size_t begin = event.text.find("data: ") + 6;
  return OrderedJson::parse(event.text.substr(begin, event.text.find('\n', begin) - begin));
}

class LiveFeedTest : public ::testing::Test {
 protected:
  OrderedJson state_ = {{"routes", {{"fraud", {{"phase", "Paused"}, {"ended", nullptr}}}}}};
  int looks_ = 0;
  LiveFeed feed_{[this] {
                   ++looks_;
                   return state_;
                 },
                 [] { return 1790000000.5; }};
};

TEST_F(LiveFeedTest, BeginsWithTheWhole) {
  const Event whole = feed_.snapshot();
  EXPECT_TRUE(whole.text.starts_with("event: snapshot\ndata: {")) << whole.text;
  EXPECT_TRUE(whole.text.ends_with("\n\n"));
  EXPECT_EQ(data_of(whole).dump(), R"({"routes":{"fraud":{"phase":"Paused"}},"now":1790000000.5})");
}

TEST_F(LiveFeedTest, GoesOnWithWhatChangedAndSaysNothingElse) {
  EXPECT_FALSE(feed_.advance()) << "nobody has the whole";
  EXPECT_EQ(looks_, 0) << "so nobody looks";
  feed_.snapshot();
  EXPECT_FALSE(feed_.advance());
  state_["routes"]["fraud"]["phase"] = "Promoted";
  const auto change = feed_.advance();
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->text.starts_with("event: delta\n"));
  EXPECT_EQ(data_of(*change).dump(), R"({"routes":{"fraud":{"phase":"Promoted"}},"now":1790000000.5})");
  EXPECT_FALSE(feed_.advance());
}

TEST_F(LiveFeedTest, OneLookServesAllReaders) {
  feed_.snapshot();
  feed_.snapshot();
  EXPECT_EQ(looks_, 1);
  feed_.advance();
  EXPECT_EQ(looks_, 2);
}

TEST_F(LiveFeedTest, WhoBeginsLaterHasWhatWasSaidBefore) {
  const auto first = feed_.snapshot();
  state_["routes"]["other"] = {{"phase", "Idle"}};
  const auto change = feed_.advance();
  ASSERT_TRUE(change);
  const auto later = feed_.snapshot();
  EXPECT_GT(change->id, first.id);
  EXPECT_GE(later.id, change->id) << "so it does not get that again";
  EXPECT_TRUE(data_of(later)["routes"].contains("other"));
}

TEST_F(LiveFeedTest, WhatIsForgottenIsLookedAtAnew) {
  feed_.snapshot();
  feed_.forget();
  state_["routes"] = OrderedJson::object();
  EXPECT_FALSE(feed_.advance());
  EXPECT_TRUE(data_of(feed_.snapshot())["routes"].empty());
}

}  // namespace
}  // namespace sluice::admin
