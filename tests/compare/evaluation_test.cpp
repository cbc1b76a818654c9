#include "sluice/compare/evaluation.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "evaluation_fixture.hpp"

namespace sluice::compare {
namespace {

TEST_F(EvaluationTest, PairsAreComparedAndAddedUp) {
  EXPECT_EQ(found(), nullptr) << "before the first pair";
  note_labels("a", "a");
  note_labels("a", "b");
  note(a_pair(answered(body_of("a")), failed_answer()), 1);
  const auto findings = found();
  ASSERT_NE(findings, nullptr);
  EXPECT_EQ(findings->pairs.pairs(), 3U);
  EXPECT_EQ(findings->pairs.compared(), 2U);
  EXPECT_EQ(findings->pairs.disagreements(), 1U);
  EXPECT_EQ(findings->pairs.only_candidate_failed(), 1U);
  EXPECT_EQ(findings->worst_field, "/label");
  EXPECT_EQ(found(1, "v3"), nullptr);
  EXPECT_EQ(found(1, "v9"), nullptr);
  EXPECT_EQ(evaluation_.findings("other", "v2", 1), nullptr);
}

TEST_F(EvaluationTest, EveryCandidateHasItsOwn) {
  AnswerPair pair = a_pair(answered(body_of("a")), answered(body_of("b")));
  pair.other = 2;
  note(std::move(pair));
  note_labels("a", "a");
  EXPECT_EQ(found(1, "v2")->pairs.disagreements(), 0U);
  EXPECT_EQ(found(1, "v3")->pairs.disagreements(), 1U);
}

TEST_F(EvaluationTest, TwinsTeachNoiseAndCountForNobody) {
  for (int i = 0; i < 30; ++i) {
    note(a_pair(answered(body_of("a", i)), answered(body_of("a", -1 - i))));
    note(a_twin(answered(body_of("a", i)), answered(body_of("a", -1 - i))));
  }
  const auto findings = found();
  EXPECT_EQ(findings->pairs.pairs(), 30U);
  EXPECT_EQ(findings->pairs.disagreements(), 0U);
  EXPECT_EQ(findings->twins, 30U);
  EXPECT_TRUE(findings->noise_known);
  EXPECT_EQ(found(1, "v1"), nullptr) << "live is no candidate";
}

TEST_F(EvaluationTest, FortyFieldsOfNoiseHideNoDifference) {
  const auto body = [](int time, double score) {
    std::string made = "{";
    for (int i = 0; i < 40; ++i) made += "\"at" + std::to_string(i) + "\":" + std::to_string(time) + ",";
    return made + "\"score\":" + std::to_string(score) + "}";
  };
  for (int i = 0; i < 30; ++i) {
    note(a_twin(answered(body(i, 0.5)), answered(body(i + 1, 0.5))));
    note(a_pair(answered(body(i, 0.5)), answered(body(i + 1, i < 3 ? 0.9 : 0.5))));
  }
  const auto findings = found();
  EXPECT_EQ(findings->pairs.disagreements(), 3U);
  EXPECT_EQ(findings->worst_field, "/score");
}

TEST_F(EvaluationTest, ACandidateThatRefusesEveryCopyDisagreesAlsoWhereLiveRefusesTwins) {
  const auto refusal = [] {
    Answer made = answered("");
    made.status = 401;
    return made;
  };
  for (int i = 0; i < 30; ++i) {
    note(a_pair(answered(body_of("a")), refusal()));
    note(a_twin(answered(body_of("a")), refusal()));
  }
  const auto findings = found();
  EXPECT_EQ(findings->pairs.disagreements(), 30U);
  EXPECT_EQ(findings->worst_field, "status");
  EXPECT_EQ(findings->twins, 0U);
  EXPECT_EQ(findings->refused_twins, 30U);
  EXPECT_FALSE(findings->noise_known);
  EXPECT_EQ(evaluation_.counts().versions.at(0).mismatch, 30U);
}

TEST_F(EvaluationTest, ASecondWindowBeginsAnewButKnowsTheNoise) {
  for (int i = 0; i < 20; ++i) note(a_twin(answered(body_of("a", 1)), answered(body_of("a", 2))));
  note_labels("a", "b");
  EXPECT_EQ(found()->pairs.disagreements(), 1U);
  evaluation_.set_current("fraud", 2);
  EXPECT_EQ(found(), nullptr) << "what was found before is forgotten";
  AnswerPair pair = a_pair(answered(body_of("a", 1)), answered(body_of("a", 2)));
  pair.window = 2;
  note(std::move(pair));
  note_labels("a", "a", 1);
  const auto findings = found(2);
  EXPECT_EQ(findings->pairs.pairs(), 1U);
  EXPECT_EQ(findings->pairs.disagreements(), 0U);
  EXPECT_TRUE(findings->noise_known);
  EXPECT_EQ(evaluation_.counts().lost_over, 1U) << "a pair of the window before";
}

TEST_F(EvaluationTest, TheDataPlaneMayBeAhead) {
  note_labels("a", "b", 2);
  note_labels("a", "b", 1);
  evaluation_.run_now();
  evaluation_.set_current("fraud", 1);
  EXPECT_EQ(found(2)->pairs.pairs(), 1U);
  evaluation_.set_current("fraud", 2);
  EXPECT_EQ(found(2)->pairs.pairs(), 1U);
  for (std::uint64_t window = 3; window < 100; ++window) note_labels("a", "a", window);
  EXPECT_EQ(found(50), nullptr) << "a few windows at most";
  EXPECT_NE(found(2), nullptr) << "and always the one in force";
  EXPECT_NE(found(99), nullptr);
}

TEST_F(EvaluationTest, EndsThatSayNothingOfTheirVersionAreLeftOut) {
  Answer gone = answered("");
  gone.complete = false;
  gone.counted = false;
  note(a_pair(std::move(gone), answered()));
  Answer yielded = answered("");
  yielded.complete = false;
  yielded.counted = false;
  note(a_pair(answered(), std::move(yielded)));
  EXPECT_EQ(found(), nullptr);
  EXPECT_EQ(evaluation_.counts().lost_over, 0U);
}

TEST_F(EvaluationTest, PairsThatFitNoPolicyAreDroppedAndCounted) {
  AnswerPair pair = a_pair();
  pair.route = 42;
  note(std::move(pair));
  pair = a_pair();
  pair.other = 3;
  note(std::move(pair));
  pair = a_pair();
  pair.live = 77;
  note(std::move(pair));
  pair = a_pair();
  pair.segment = 3;
  note(std::move(pair));
  pair = a_pair();
  pair.live_answer = nullptr;
  note(std::move(pair));
  EXPECT_EQ(found(), nullptr);
  EXPECT_EQ(evaluation_.counts().lost_over, 5U);
}

TEST_F(EvaluationTest, MemoryGoesBackWhenAPairWasCompared) {
  const auto reserved = [this](std::size_t bytes) {
    Answer answer = answered();
    EXPECT_TRUE(answer.memory.grow(evaluation_.memory(), bytes));
    return answer;
  };
  AnswerPair first = a_pair(reserved(4000), reserved(1000));
  AnswerPair second = a_pair();
  second.live_answer = first.live_answer;
  note(std::move(first));
  note(std::move(second));
  EXPECT_EQ(evaluation_.counts().waiting_bytes, 5000U);
  Answer large = answered();
  EXPECT_FALSE(large.memory.grow(evaluation_.memory(), 5001));
  large.out_of_memory = true;
  note(a_pair(answered(), std::move(large)));
  evaluation_.run_now();
  EXPECT_EQ(evaluation_.counts().waiting_bytes, 0U);
  EXPECT_EQ(evaluation_.counts().lost_memory, 1U);
}

TEST_F(EvaluationTest, AFullQueueLosesPairsAndStoppingDropsTheRest) {
  const std::size_t sent = Evaluation::kQueue + 10;
  for (std::size_t i = 0; i < sent; ++i) note_labels("a", "a");
  EXPECT_EQ(evaluation_.counts().lost_queue, 10U);
  evaluation_.stop();
  evaluation_.stop();
  EXPECT_EQ(evaluation_.counts().lost_queue, sent);
  note_labels("a", "a");
  EXPECT_EQ(evaluation_.counts().lost_queue, sent + 1);
  evaluation_.start();
  EXPECT_EQ(found(), nullptr);
}

TEST_F(EvaluationTest, APolicyThatComparesAlikeKeepsWhatThereIs) {
  note_labels("a", "b");
  evaluation_.run_now();
  policy::ModelRoute route = shadow_route();
  compare_in(route).noise = Ratio{0.05};
  note_labels("a", "b");
  evaluation_.set_routes({route});
  EXPECT_EQ(found()->pairs.disagreements(), 2U);
}

TEST_F(EvaluationTest, APolicyThatComparesOtherwiseBeginsAnewAndWhatWaitsGoesByIt) {
  note_labels("a", "b");
  evaluation_.run_now();
  note_labels("a", "b");
  policy::ModelRoute route = shadow_route();
  compare_in(route).ignore = {"/label"};
  evaluation_.set_routes({route});
  const auto findings = found();
  EXPECT_EQ(findings->pairs.compared(), 1U);
  EXPECT_EQ(findings->pairs.disagreements(), 0U);
}

TEST_F(EvaluationTest, PairsFromBeforeVersionsMovedAreNobodyElses) {
  policy::ModelRoute moved = shadow_route();
  std::swap(moved.versions[1], moved.versions[2]);
  evaluation_.set_routes({moved});
  const auto note_of = [this](const char* live, const char* other, std::uint32_t place) {
    AnswerPair pair = a_pair();
    pair.other = place;
    pair.live_name = route_hash(live);
    pair.other_name = route_hash(other);
    note(std::move(pair));
  };
  note_of("v1", "v2", 1);  // its copy was sent before
  note_of("v3", "v2", 2);
  EXPECT_EQ(found(1, "v3"), nullptr);
  EXPECT_EQ(found(1, "v2"), nullptr);
  EXPECT_EQ(evaluation_.counts().lost_over, 2U);
  note_of("v1", "v3", 1);
  ASSERT_NE(found(1, "v3"), nullptr);
  EXPECT_EQ(found(1, "v3")->pairs.pairs(), 1U);
}

TEST_F(EvaluationTest, PairsOfARouteThatIsGoneAreDropped) {
  note_labels("a", "b");
  evaluation_.run_now();
  note_labels("a", "b");
  evaluation_.set_routes({});
  EXPECT_EQ(found(), nullptr);
  EXPECT_EQ(evaluation_.counts().lost_over, 1U);
  EXPECT_TRUE(evaluation_.counts().versions.empty());
  evaluation_.set_routes({shadow_route()});
  EXPECT_EQ(found(), nullptr) << "it begins anew";
  ASSERT_EQ(evaluation_.counts().versions.size(), 2U);
  EXPECT_EQ(evaluation_.counts().versions.front().mismatch, 1U) << "but counters of metrics never go back";
}

TEST_F(EvaluationTest, AVersionWithEveryReleaseIsForgottenInTheEnd) {
  const auto release = [this](std::size_t number) {
    policy::ModelRoute route = shadow_route();
    route.versions[1].name = "v2." + std::to_string(number);
    std::get<policy::Shadow>(route.strategy).candidates[0].version = route.versions[1].name;
    evaluation_.set_routes({route});
    note_labels("a", "b");
    evaluation_.run_now();
    return evaluation_.counts().versions.at(0).mismatch;
  };
  for (std::size_t i = 0; i < Evaluation::kGoneVersions; ++i) EXPECT_EQ(release(i), 1U);
  EXPECT_EQ(release(0), 2U) << "what comes back goes on";
  for (std::size_t i = 0; i < Evaluation::kGoneVersions; ++i) EXPECT_EQ(release(1000 + i), 1U);
  EXPECT_EQ(release(0), 3U);
  EXPECT_EQ(release(5), 1U) << "it was gone for too many policies";
}

TEST_F(EvaluationTest, EveryCandidateIsCountedFromTheStart) {
  const EvaluationCounts counts = evaluation_.counts();
  ASSERT_EQ(counts.versions.size(), 2U);
  EXPECT_EQ(counts.versions[0].version, "v2");
  EXPECT_EQ(counts.versions[1].version, "v3");
  EXPECT_EQ(counts.versions[0].match, 0U);
  EXPECT_EQ(counts.versions[0].segment_mismatch.size(), 3U);
}

TEST_F(EvaluationTest, ResultsAreCountedAsTheyWereKnown) {
  AnswerPair pair = a_pair(answered(body_of("a")), answered(body_of("b")));
  pair.segment = 2;
  note(std::move(pair));
  note(a_pair(answered(body_of("a", 1)), answered(body_of("a", 2))));
  note(a_twin(answered(body_of("a", 1)), answered(body_of("a", 2))));
  note(a_pair(answered(body_of("a", 1)), answered(body_of("a", 2))));
  note(a_pair(answered(body_of("a")), failed_answer()));
  note_labels("a", "a");
  evaluation_.run_now();
  const auto v2 = evaluation_.counts().versions.at(0);
  EXPECT_EQ(v2.mismatch, 2U);
  EXPECT_EQ(v2.noise, 1U);
  EXPECT_EQ(v2.match, 1U);
  EXPECT_EQ(v2.not_compared, 0U) << "a failure is counted elsewhere";
  EXPECT_EQ(v2.segment_mismatch, (std::vector<std::uint64_t>{1, 0, 1}));
  EXPECT_GT(evaluation_.counts().busy_seconds, 0);
}

}  // namespace
}  // namespace sluice::compare
