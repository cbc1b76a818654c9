#include "sluice/strategy/check_evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "checks.hpp"
#include "samples.hpp"
#include "sluice/base/random.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

const WallTime at_noon{std::chrono::hours(500'000)};

/// Two versions of a split, looked at again and again.
struct Pair {
  explicit Pair(policy::Check check) : check(std::move(check)) {
    world.window = world.counters = 1;
    world.versions.resize(2);
    stable().version = "v1";
    candidate().version = "v2";
    draw(0.05);
  }
  VersionEvidence& stable() { return world.versions[0]; }
  VersionEvidence& candidate() { return world.versions[1]; }
  void draw(double share) {
    candidate().share = share;
    stable().share = 1 - share;
  }
  /// So many more of each.
  Pair& serve(std::uint64_t of_candidate, std::uint64_t its_failures, std::uint64_t of_stable, std::uint64_t failures) {
    candidate().all.requests += of_candidate;
    candidate().all.failures += its_failures;
    stable().all.requests += of_stable;
    stable().all.failures += failures;
    return *this;
  }
  Finding look() {
    return judge_check(check, analysis, gathered, subject_of(candidate(), stable(), world, route, "k"), 0, at_noon);
  }

  policy::Check check;
  policy::Analysis analysis;
  Evidence world;
  CheckEvidence gathered;
  policy::ModelRoute route;
};

TEST(CheckEvidence, HoldsAllOfStableAgainstTheCandidateByTheSharesThatWereDrawn) {
  Pair pair(no_worse_by_part("error-rate", 0));
  const auto found = pair.serve(1000, 10, 19'000, 50).look();
  // Method (a): ln E = 4.2475 for 10 of 60 events at 5 %.
  EXPECT_NEAR(found.proof.log_e, 4.247526, 1e-4);
  EXPECT_LT(found.proof.log_threshold, std::log(20.0)) << "an exact one";
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_EQ(found.proof.method, "relative-risk");
  EXPECT_DOUBLE_EQ(*found.reference, 50 / 19'000.0);
}

TEST(CheckEvidence, FallsBackOnTheControlWhereTheSharesAreNotKnown) {
  Pair pair(no_worse_by_part("error-rate", 0));
  pair.candidate().share = pair.stable().share = 0;
  pair.stable().control = sample_of(1000, 5);
  const auto found = pair.serve(1000, 10, 19'000, 5000).look();
  EXPECT_DOUBLE_EQ(*found.reference, 0.005);
  EXPECT_LT(found.proof.log_e, 1);
}

TEST(CheckEvidence, KeepsTheShareOfEachLook) {
  Pair ramp(no_worse_by_part("error-rate", 0));
  ramp.serve(500, 5, 9500, 95).look();
  ++ramp.world.window;
  ramp.candidate().all = ramp.stable().all = {};
  ramp.draw(0.5);
  // Errors come four times as often by now, of both: pooled over the ramp the candidate would look twice as bad.
  const auto found = ramp.serve(5000, 200, 5000, 200).look();
  EXPECT_LT(found.proof.log_e, 0.5) << found.message;
}

TEST(CheckEvidence, PromotesAHealthyOneByAcceptance) {
  Pair pair(no_worse_by_part("error-rate", 0));
  EXPECT_EQ(pair.serve(200, 2, 3800, 38).look().verdict, Verdict::Inconclusive) << "no alarm is no merit";
  const auto found = pair.serve(1400, 14, 26'600, 266).look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_GT(found.proof.log_good, std::log(20.0));
}

TEST(CheckEvidence, PromotesOneWithoutAnErrorAtAll) {
  Pair pair(no_worse_by("error-rate", ratio(0.005)));
  EXPECT_EQ(pair.serve(150, 0, 2850, 0).look().verdict, Verdict::Inconclusive);
  const auto found = pair.serve(450, 0, 8550, 0).look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
}

TEST(CheckEvidence, NeitherFailsNorPassesOneThatIsATouchWorse) {
  Pair pair(no_worse_by_part("error-rate", 0.2));
  EXPECT_EQ(pair.serve(300, 5, 5700, 57).look().verdict, Verdict::Inconclusive);
}

TEST(CheckEvidence, TellsHowLongItTakes) {
  Pair pair(no_worse_by_part("error-rate", 0));
  const auto found = pair.serve(200, 2, 3800, 38).look();
  const double log_threshold = found.proof.log_threshold;
  EXPECT_NEAR(static_cast<double>(found.proof.until_twice), requests_until_found(2, 0.05, 0.01, log_threshold), 1);
  EXPECT_NEAR(static_cast<double>(found.proof.until_five_times), requests_until_found(5, 0.05, 0.01, log_threshold), 1);
  EXPECT_NEAR(requests_until_found(2, 0.05, 0.01, std::log(20)), 24'859, 300);
  EXPECT_NEAR(requests_until_found(5, 0.05, 0.01, std::log(20)), 2449, 50);
  ASSERT_TRUE(found.proof.smallest);
  EXPECT_GT(*found.proof.smallest, 3);
  EXPECT_LT(*found.proof.smallest, 5);
  ASSERT_TRUE(found.proof.still_needed) << found.message;
  EXPECT_NE(found.message.find(" more requests"), std::string::npos) << found.message;
}

/// How many of so many rollouts with a canary at 5 % ever fail, and how many ever pass, in 500 looks of 400 requests.
struct Ends {
  int failed = 0;
  int passed = 0;
};
Ends rollouts(int runs, double stable_rate, double candidate_rate, const policy::Check& check) {
  Random random(11);
  Ends ends;
  const auto events = [&](int requests, double rate) {
    std::uint64_t count = 0;
    for (int i = 0; i < requests; ++i) count += random.uniform() < rate ? 1 : 0;
    return count;
  };
  for (int run = 0; run < runs; ++run) {
    Pair pair(check);
    bool failed = false;
    bool passed = false;
    for (int look = 0; look < 500 && !failed; ++look) {
      const int own = static_cast<int>(events(400, 0.05));
      pair.serve(static_cast<std::uint64_t>(own), events(own, candidate_rate), static_cast<std::uint64_t>(400 - own),
                 events(400 - own, stable_rate));
      const auto verdict = pair.look().verdict;
      failed = verdict == Verdict::Fail;
      passed = passed || verdict == Verdict::Pass;
    }
    ends.failed += failed ? 1 : 0;
    ends.passed += passed ? 1 : 0;
  }
  return ends;
}

TEST(CheckEvidence, RollsHealthyCandidatesBackNoMoreOftenThanItSays) {
  const auto [failed, passed] = rollouts(100, 0.01, 0.01, no_worse_by_part("error-rate", 0));
  EXPECT_LE(failed, 11) << "5 % of 100, and what chance adds to it once in a hundred times";
  EXPECT_GE(passed, 94);
}

TEST(CheckEvidence, FindsBadCandidatesAndRarelyPassesThem) {
  const auto [failed, passed] = rollouts(60, 0.01, 0.03, no_worse_by_part("error-rate", 0));
  EXPECT_GE(failed, 58);
  EXPECT_LE(passed, 5);
}

// ---- users who stick

TEST(CheckUnits, OneUserWithManyErrorsCondemnsNobody) {
  Pair pair(no_worse_by_part("error-rate", 0));
  pair.candidate().failing_units_known = pair.stable().failing_units_known = true;
  pair.candidate().failing_units = {1, 1, 1, 1, 1};
  pair.stable().failing_units = {30, 4, 0, 0, 0};
  const auto found = pair.serve(1000, 60, 19'000, 34).look();
  EXPECT_EQ(found.proof.method, "units");
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
}

TEST(CheckUnits, HeavyUsersShiftNoComparisonOfLatencies) {
  Pair pair(no_worse_by_part("latency-p95", 0));
  pair.route.unit.source = policy::UnitSource::Header;
  pair.draw(0.1);
  // The tenth of the users that the candidate got makes an eighth of the requests.
  const auto serve = [&](std::uint64_t times) {
    pair.candidate().all = sample_of(125 * times, 0);
    pair.stable().all = sample_of(875 * times, 0);
    return pair.look();
  };
  serve(2);
  const auto found = serve(80);
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
  EXPECT_LT(found.proof.log_e, 1);
}

TEST(CheckUnits, ManyUsersWithErrorsDo) {
  Pair pair(no_worse_by("error-rate", ratio(0.005)));
  pair.candidate().failing_units_known = pair.stable().failing_units_known = true;
  pair.candidate().failing_units = {40, 12, 2, 0, 0};
  pair.stable().failing_units = {30, 4, 0, 0, 0};
  EXPECT_EQ(pair.serve(1000, 60, 19'000, 34).look().verdict, Verdict::Fail);
}

TEST(CheckUnits, AreNotReplacedByTheirRequestsOnceTheyCannotBeToldApart) {
  Pair pair(no_worse_by_part("error-rate", 0));
  pair.candidate().failing_units_known = pair.stable().failing_units_known = true;
  pair.candidate().failing_units = {1, 1, 1, 1, 1};
  pair.stable().failing_units = {30, 4, 0, 0, 0};
  const auto before = pair.serve(1000, 10, 19'000, 34).look();
  pair.stable().failing_units_known = false;
  pair.stable().failing_units = {};
  const auto found = pair.serve(1000, 90, 19'000, 34).look();
  EXPECT_EQ(found.verdict, Verdict::Inconclusive) << found.message;
  EXPECT_EQ(found.proof.method, "units");
  EXPECT_DOUBLE_EQ(found.proof.log_e, before.proof.log_e);
  EXPECT_NE(found.message.find(", more users than can be told apart, "), std::string::npos) << found.message;
  pair.stable().failing_units_known = true;
  EXPECT_DOUBLE_EQ(pair.look().proof.log_e, before.proof.log_e);
}

TEST(CheckUnits, AFewHeavyUsersOfStableProveNothing) {
  Pair pair(no_worse_by_part("error-rate", 0));
  pair.candidate().failing_units_known = pair.stable().failing_units_known = true;
  pair.stable().failing_units = {2, 2, 2, 2, 2};
  EXPECT_NE(pair.serve(1000, 0, 19'000, 100).look().verdict, Verdict::Pass);
  Pair many(no_worse_by_part("error-rate", 0));
  many.candidate().failing_units_known = many.stable().failing_units_known = true;
  many.candidate().failing_units = {16, 0, 0, 0, 0};
  many.stable().failing_units = {304, 0, 0, 0, 0};
  EXPECT_EQ(many.serve(1600, 16, 30'400, 304).look().verdict, Verdict::Pass) << "as many of each";
}

TEST(CheckUnits, WhereNobodyFailsRequestsProveItAsBefore) {
  Pair pair(no_worse_by_part("error-rate", 0));
  pair.candidate().failing_units_known = pair.stable().failing_units_known = true;
  EXPECT_EQ(pair.serve(1600, 0, 30'400, 0).look().verdict, Verdict::Pass);
}

// ---- outcomes

OutcomeEvidence clicks(std::uint64_t decisions, std::uint64_t events) {
  OutcomeEvidence made;
  made.name = "click";
  made.decisions = decisions;
  made.reports = made.events = events;
  made.sum = made.sum_squares = static_cast<double>(events);
  return made;
}

struct Clicks : Pair {
  explicit Clicks(policy::Check check, policy::OutcomeType type = policy::OutcomeType::Binary)
      : Pair(std::move(check)) {
    route.outcomes.emplace_back();
    route.outcomes[0].name = "click";
    route.outcomes[0].type = type;
    draw(0.5);
  }
  Finding click(OutcomeEvidence of_candidate, OutcomeEvidence of_stable) {
    candidate().outcomes = {std::move(of_candidate)};
    stable().outcomes = {std::move(of_stable)};
    return look();
  }
};

TEST(CheckOutcomes, FewerConversionsThanStableFail) {
  Clicks test(no_worse_by_part("click", 0));
  const auto found = test.click(clicks(10'000, 350), clicks(10'000, 500));
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_TRUE(found.message.starts_with("click 3.5% < 5% (stable 5% - 0%)")) << found.message;
}

TEST(CheckOutcomes, AsManyPass) {
  Clicks test(no_worse_by_part("click", 0));
  EXPECT_EQ(test.click(clicks(10'000, 500), clicks(10'000, 500)).verdict, Verdict::Pass);
  Clicks better(no_worse_by_part("click", 0));
  EXPECT_EQ(better.click(clicks(10'000, 700), clicks(10'000, 500)).verdict, Verdict::Pass) << "more is better";
}

TEST(CheckOutcomes, MoreOfWhatShouldBeFewFail) {
  Clicks test(no_worse_by_part("click", 0));
  test.route.outcomes[0].better = policy::Better::Lower;
  EXPECT_EQ(test.click(clicks(10'000, 700), clicks(10'000, 500)).verdict, Verdict::Fail);
}

TEST(CheckOutcomes, ValuesAreComparedByTheirMeans) {
  const auto revenue = [](double mean) {
    OutcomeEvidence made = clicks(2000, 2000);
    made.sum = 2000 * mean;
    made.sum_squares = 2000 * (mean * mean + 9);
    return made;
  };
  Clicks worse(no_worse_by_part("click", 0.05), policy::OutcomeType::Value);
  const auto found = worse.click(revenue(9), revenue(12));
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_EQ(found.proof.method, "mean");
  Clicks alike(no_worse_by_part("click", 0.05), policy::OutcomeType::Value);
  EXPECT_EQ(alike.click(revenue(12), revenue(12)).verdict, Verdict::Pass);
}

TEST(CheckOutcomes, ACandidateThatNeverConvertsIsNotGood) {
  Clicks test(no_worse_by_part("click", 0));
  test.draw(0.05);
  EXPECT_NE(test.click(clicks(5000, 0), clicks(95'000, 95)).verdict, Verdict::Pass);
}

TEST(CheckOutcomes, ARestartCountsNothingTwice) {
  Clicks test(no_worse_by_part("click", 0));
  const auto before = test.click(clicks(1000, 35), clicks(1000, 50));
  for (int restart = 0; restart < 20; ++restart) {
    ++test.world.counters;
    const auto found = test.look();
    EXPECT_DOUBLE_EQ(found.proof.log_e, before.proof.log_e);
    EXPECT_DOUBLE_EQ(found.proof.log_good, before.proof.log_good);
  }
}

TEST(CheckOutcomes, ALookWithoutUsersOfOneVersionIsNotJudgedByRequests) {
  Clicks test(no_worse_by_part("click", 0));
  test.route.unit.source = policy::UnitSource::Header;
  test.route.outcomes[0].better = policy::Better::Lower;
  auto none = clicks(2000, 0);
  auto one_user = clicks(2000, 60);
  one_user.units = 1;
  one_user.unit_events = {1, 1, 1, 1, 1};
  const auto found = test.click(one_user, none);
  EXPECT_EQ(found.proof.method, "units");
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
}

TEST(CheckOutcomes, NothingReportedYetIsNoData) {
  Clicks test(no_worse_by_part("click", 0));
  EXPECT_EQ(test.look().verdict, Verdict::Inconclusive);
}

// ---- forecasts

TEST(Forecasts, AreNothingWhereNothingCanBeSeen) {
  EXPECT_EQ(requests_until_found(2, 0, 0.01, 3), 0);
  EXPECT_EQ(requests_until_found(1, 0.5, 0.01, 3), 0);
  EXPECT_EQ(requests_until_found(2, 0.5, 0, 3), 0);
  EXPECT_EQ(smallest_visible(10, 0.05, 0.01, 3), 0);
}

TEST(Forecasts, AgreeWithEachOther) {
  const double risk = smallest_visible(20'000, 0.1, 0.01, 3);
  EXPECT_NEAR(requests_until_found(risk, 0.1, 0.01, 3), 20'000, 20);
}

}  // namespace
}  // namespace sluice::strategy
