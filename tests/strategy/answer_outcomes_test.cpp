// Outcomes that stand in answers: they come at once, and are counted by the process like errors.
#include <gtest/gtest.h>

#include "checks.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/tally.hpp"

namespace sluice::strategy {
namespace {

const WallTime some_morning{std::chrono::hours(500'000)};

policy::Outcome cut_short() {
  policy::Outcome outcome;
  outcome.name = "cut-short";
  outcome.better = policy::Better::Lower;
  outcome.from.emplace();
  return outcome;
}

OutcomeEvidence read_from_answers(std::uint64_t answers, std::uint64_t events) {
  OutcomeEvidence seen;
  seen.name = "cut-short";
  seen.decisions = seen.reports = answers;
  seen.events = events;
  seen.sum = seen.sum_squares = static_cast<double>(events);
  return seen;
}

/// A candidate and stable with half of the requests each.
struct ReadAnswers {
  ReadAnswers() {
    route.outcomes = {cut_short()};
    world.window = world.counters = 1;
    world.versions.resize(2);
    for (auto& version : world.versions) version.share = 0.5;
  }
  Finding look(const OutcomeEvidence& candidate, const OutcomeEvidence& stable) {
    world.versions[0].outcomes = {stable};
    world.versions[1].outcomes = {candidate};
    auto subject = subject_of(world.versions[1], world.versions[0], world, route, "k");
    subject.stable = &world.versions[0].all;
    return judge_check(check, analysis, gathered, subject, 0, some_morning);
  }

  policy::Check check = no_worse_by_part("cut-short", 0.1);
  policy::Analysis analysis;
  policy::ModelRoute route;
  Evidence world;
  CheckEvidence gathered;
};

TEST(AnswerOutcomes, GoOnOverARestartThatCountsAnew) {
  ReadAnswers test;
  test.look(read_from_answers(1000, 50), read_from_answers(1000, 50));
  test.world.counters = 2;
  test.look(read_from_answers(400, 20), read_from_answers(600, 30));
  EXPECT_EQ(test.gathered.candidate, 1400U);
  EXPECT_EQ(test.gathered.stable, 1600U);
  EXPECT_EQ(test.gathered.tracks.at(0).candidate, 70U);
  EXPECT_EQ(test.gathered.tracks.at(0).stable, 80U);
}

TEST(AnswerOutcomes, AreWeighedByTheAnswersThatWereRead) {
  ReadAnswers test;
  const auto found = test.look(read_from_answers(1000, 100), read_from_answers(4000, 400));
  EXPECT_NEAR(test.gathered.share, 0.2, 1e-9) << "most of the candidate's answers were too large, say";
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
  EXPECT_LT(found.proof.log_e, 0.5) << "as many of as many";
}

TEST(AnswerOutcomes, GiveAWorseCandidateAway) {
  ReadAnswers test;
  const auto found = test.look(read_from_answers(1000, 200), read_from_answers(1000, 100));
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
}

TEST(AnswerOutcomes, AreAddedToWhatAnArmHadBeforeTheRestart) {
  policy::ModelRoute route;
  route.outcomes = {cut_short()};
  const auto metric = primary_metric("cut-short", route);
  ASSERT_TRUE(metric);
  ArmState arm;
  const auto now = [](double n, double sum) {
    Tally tally;
    tally.n = n;
    tally.sum = tally.squares = sum;
    return tally;
  };
  absorb(arm, *metric, now(100, 10), 1);
  absorb(arm, *metric, now(150, 12), 1);
  EXPECT_EQ(arm.tallies.at(0).n, 150);
  absorb(arm, *metric, now(40, 4), 2);
  EXPECT_EQ(arm.tallies.at(0).n, 190);
  EXPECT_EQ(arm.tallies.at(0).sum, 16);
}

}  // namespace
}  // namespace sluice::strategy
