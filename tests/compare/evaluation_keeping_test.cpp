#include "sluice/compare/evaluation.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "evaluation_fixture.hpp"

namespace sluice::compare {
namespace {

class KeepingTest : public EvaluationTest {
 protected:
  KeepingTest() { evaluation_.set_routes({keeping_route()}); }

  static policy::ModelRoute keeping_route() {
    policy::ModelRoute route = shadow_route();
    policy::KeepPairs keep;
    keep.pairs = 2;
    keep.bytes = policy_bytes(60);
    keep.redact = {"/time"};
    keep.expire_after = std::chrono::minutes(10);
    compare_in(route).keep = keep;
    return route;
  }
  static Bytes policy_bytes(std::uint64_t count) { return Bytes{count}; }

  void note_request(const std::string& id, const std::string& live, const std::string& other) {
    AnswerPair pair = a_pair(answered(live), answered(other));
    pair.request_id = id;
    pair.segment = 1;
    note(std::move(pair));
  }
  std::vector<KeptPair> kept() {
    evaluation_.run_now();
    return evaluation_.kept("fraud");
  }
};

TEST_F(KeepingTest, TheWorstPairsAreShownRedacted) {
  note_request("same", body_of("a"), body_of("a"));
  note_request("label", body_of("a", 7), body_of("b", 7));
  const auto pairs = kept();
  ASSERT_EQ(pairs.size(), 1U);
  const KeptPair& pair = pairs.front();
  EXPECT_EQ(pair.request_id, "label");
  EXPECT_EQ(pair.version, "v2");
  EXPECT_EQ(pair.segment, "mobile");
  EXPECT_EQ(pair.live_body, R"({"label":"a","time":"<redacted>"})");
  EXPECT_EQ(pair.other_body, R"({"label":"b","time":"<redacted>"})");
  EXPECT_EQ(pair.live_status, 200);
  EXPECT_GT(pair.severity, 0);
  ASSERT_EQ(pair.differences.size(), 1U);
  EXPECT_EQ(pair.differences.front().field, "/label");
}

TEST_F(KeepingTest, AsManyAsThePolicyAllowsAndForAsLong) {
  for (int i = 0; i < 5; ++i) {
    clock_.advance(std::chrono::minutes(1));
    note_request("r" + std::to_string(i), body_of("a"), body_of("b"));
  }
  ASSERT_EQ(kept().size(), 2U);
  EXPECT_EQ(kept().front().request_id, "r4") << "of those that are equally bad the newest";
  clock_.advance(std::chrono::minutes(9));
  EXPECT_EQ(kept().size(), 1U);
  clock_.advance(std::chrono::minutes(1));
  EXPECT_TRUE(kept().empty());
}

TEST_F(KeepingTest, BodiesAreCut) {
  note_request("long", body_of(std::string(500, 'a')), body_of("b"));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().front().live_body, R"({"label":")" + std::string(50, 'a'));
}

TEST_F(KeepingTest, WhatTurnsOutToBeNoiseIsShownNoLonger) {
  note_request("time", body_of("a", 1), body_of("a", 2));
  note_request("both", body_of("a", 1), body_of("b", 2));
  EXPECT_EQ(kept().size(), 2U);
  note(a_twin(answered(body_of("a", 1)), answered(body_of("a", 2))));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().front().request_id, "both");
  ASSERT_EQ(kept().front().differences.size(), 1U);
  EXPECT_EQ(kept().front().differences.front().field, "/label");
}

TEST_F(KeepingTest, NamesBelowWhatIsRedactedAreNowhere) {
  policy::ModelRoute route = keeping_route();
  compare_in(route).keep->redact = {"/users"};
  evaluation_.set_routes({route});
  note_request("users", R"({"users":{"alice@example.org":1}})", R"({"users":{"bob@example.org":1}})");
  ASSERT_EQ(kept().size(), 1U);
  ASSERT_EQ(kept().front().differences.size(), 1U);
  EXPECT_EQ(kept().front().differences.front().field, "/users");
  EXPECT_EQ(found()->worst_field, "/users");
  EXPECT_EQ(found()->fields.front().name, "/users");
  const auto v2 = evaluation_.counts().versions.at(0);
  ASSERT_EQ(v2.fields.size(), 1U);
  EXPECT_EQ(v2.fields.front().first, "/users");
  compare_in(route).keep->redact = {"/label"};
  evaluation_.set_routes({route});
  EXPECT_EQ(found()->worst_field, "/users/alice@example.org") << "the policy in force says what is shown";
}

TEST_F(KeepingTest, NoiseMakesNoPairWorse) {
  const auto scored = [](double score, const std::string& noise) {
    return R"({"score":)" + std::to_string(score) + noise + "}";
  };
  note(a_twin(answered(scored(0.5, R"(,"id":"a")")), answered(scored(0.5, R"(,"id":"b")"))));
  note_request("far", scored(0.5, R"(,"id":"a")"), scored(0.9, R"(,"id":"b")"));
  note_request("middle", scored(0.5, R"(,"id":"a")"), scored(0.6, R"(,"id":"b")"));
  clock_.advance(std::chrono::minutes(1));
  note_request("near", scored(0.5, R"(,"id":"a")"), scored(0.51, R"(,"id":"b")"));
  const auto pairs = kept();
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].request_id, "far") << "an id that differs is worse than any of the scores, and says nothing";
  EXPECT_EQ(pairs[1].request_id, "middle");
  EXPECT_LT(pairs[0].severity, 0.6);
}

TEST_F(KeepingTest, OfManyFieldsTheGravestAreShown) {
  const auto with = [](int value) {
    std::string made = R"({"a":1)";
    for (int i = 0; i < 60; ++i) made += ",\"t" + std::to_string(i) + "\":" + std::to_string(value);
    return made;
  };
  note_request("many", with(1) + R"(,"z":1})", with(2) + "}");
  ASSERT_EQ(kept().size(), 1U);
  const auto differences = kept().front().differences;
  ASSERT_EQ(differences.size(), 32U);
  EXPECT_EQ(differences.back().field, "/z") << "that it is missing is the gravest";
}

TEST_F(KeepingTest, WhatTurnsOutToBeNoiseMakesRoom) {
  for (int i = 0; i < 2; ++i) note_request("missing" + std::to_string(i), R"({"score":0.5,"t":1})", R"({"score":0.5})");
  EXPECT_EQ(kept().size(), 2U);
  note(a_twin(answered(R"({"score":0.5,"t":1})"), answered(R"({"score":0.5})")));
  note_request("score", R"({"score":0.5})", R"({"score":0.6})");
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().front().request_id, "score") << "milder than what stood there, but no noise";
}

TEST_F(KeepingTest, WhatIsOverGoesWithEveryLookAlsoWhereNobodyAsksForIt) {
  note_request("label", body_of("a"), body_of("b"));
  evaluation_.run_now();
  clock_.advance(std::chrono::minutes(10));
  evaluation_.set_current("fraud", 1);
  clock_.advance(-std::chrono::minutes(5));
  EXPECT_TRUE(kept().empty()) << "nothing is left that a clock that is set back could show";
}

TEST_F(KeepingTest, AnotherRedactionForgetsWhatWasKeptUnderTheOldOne) {
  note_request("label", body_of("a"), body_of("b"));
  EXPECT_EQ(kept().size(), 1U);
  policy::ModelRoute route = keeping_route();
  compare_in(route).keep->redact.push_back("/label");
  evaluation_.set_routes({route});
  EXPECT_TRUE(kept().empty());
  EXPECT_EQ(found()->pairs.disagreements(), 1U) << "only that is forgotten";
  note_request("again", body_of("a"), body_of("b"));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().front().other_body, R"({"label":"<redacted>","time":"<redacted>"})");
}

TEST_F(KeepingTest, WithoutThePolicysWordNothingIsKept) {
  note_request("label", body_of("a"), body_of("b"));
  EXPECT_EQ(kept().size(), 1U);
  evaluation_.set_routes({shadow_route()});
  EXPECT_TRUE(kept().empty());
  note_request("label", body_of("a"), body_of("b"));
  EXPECT_TRUE(kept().empty());
  EXPECT_TRUE(evaluation_.kept("other").empty());
}

}  // namespace
}  // namespace sluice::compare
