#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "ab_tests.hpp"
#include "samples.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

policy::Outcome outcome_of(std::string name, policy::OutcomeType type = policy::OutcomeType::Binary,
                           policy::Better better = policy::Better::Higher) {
  policy::Outcome outcome;
  outcome.name = std::move(name);
  outcome.type = type;
  outcome.better = better;
  return outcome;
}

/// A test by this outcome, with no unit unless `sticky`.
AbRig by(const policy::Outcome& outcome, policy::AbTest spec, bool sticky = false) {
  spec.primary_metric = outcome.name;
  AbRig made = rig(test_of({{"v1", 1}}));
  made.spec = std::move(spec);
  made.route.outcomes = {outcome};
  if (!sticky) made.route.unit = {policy::UnitSource::Request, "", ""};
  made.restart_rollout();
  return made;
}

OutcomeEvidence& reported(AbRig& rig, const std::string& version) {
  auto& outcomes = rig.version(version).outcomes;
  if (outcomes.empty()) outcomes.emplace_back().name = rig.route.outcomes[0].name;
  return outcomes[0];
}

/// So many decisions of which so many converted, all dealt out by the split.
void convert(AbRig& rig, const std::string& version, std::uint64_t decisions, std::uint64_t conversions) {
  rig.serve(version, decisions);
  rig.version(version).assigned += decisions;
  for (const auto& arm : rig.state.arms) rig.version(arm.version).share = arm.share;
  auto& seen = reported(rig, version);
  seen.decisions += decisions;
  seen.reports += conversions;
  seen.events += conversions;
  seen.sum += static_cast<double>(conversions);
  seen.sum_squares += static_cast<double>(conversions);
}

TEST(AbTestOutcome, IsWonByTheVariantWithMoreConversions) {
  auto test = by(outcome_of("click"), deciding());
  convert(test, "v1", 4000, 200);
  convert(test, "v2", 4000, 320);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Concluded/WinnerFound") << test.state.message;
  EXPECT_EQ(test.state.winner, "v2");
  EXPECT_TRUE(test.state.message.starts_with("'v2' wins: click 8% against v1's 5%: +60% (+")) << test.state.message;
  EXPECT_NEAR(*test.state.arms[1].lift, 0.6, 1e-6);
  EXPECT_GT(*test.state.arms[1].lift_lower, 0);
  EXPECT_GT(*test.state.arms[1].lift_upper, 0.6);
}

TEST(AbTestOutcome, OfWhichLessIsBetterIsWonByFewer) {
  const auto chargeback = outcome_of("chargeback", policy::OutcomeType::Binary, policy::Better::Lower);
  auto test = by(chargeback, deciding());
  convert(test, "v1", 4000, 320);
  convert(test, "v2", 4000, 200);
  test.tick(seconds(10));
  EXPECT_EQ(test.state.winner, "v2");
}

TEST(AbTestOutcome, ThatIsANumberIsWonByTheHigherMean) {
  auto test = by(outcome_of("revenue", policy::OutcomeType::Value), deciding());
  for (const auto& [version, mean] : {std::pair{"v1", 10.0}, std::pair{"v2", 11.0}}) {
    convert(test, version, 4000, 4000);
    auto& seen = reported(test, version);
    seen.sum = 4000 * mean;
    seen.sum_squares = 4000 * (mean * mean + 16);
  }
  test.tick(seconds(10));
  EXPECT_EQ(test.state.winner, "v2") << test.state.message;
  EXPECT_NEAR(*test.state.arms[1].lift, 0.1, 1e-9);
}

TEST(AbTestOutcome, IsNotCountedAgainWhereALittleLessIsRead) {
  auto test = by(outcome_of("click"), deciding());
  convert(test, "v1", 1000, 50);
  convert(test, "v2", 1000, 50);
  test.tick(seconds(10));
  reported(test, "v2").decisions = 990;
  reported(test, "v2").events = 49;
  test.tick(seconds(10));
  EXPECT_DOUBLE_EQ(test.state.arms[1].tallies.back().n, 990);
  EXPECT_DOUBLE_EQ(test.state.arms[1].tallies.back().events[0], 49);
}

TEST(AbTestOutcome, CountsUsersWhereTheyStick) {
  // One user's hundred conversions are not a hundred conversions.
  auto test = by(outcome_of("click"), deciding(), true);
  convert(test, "v1", 4000, 200);
  convert(test, "v2", 4000, 320);
  reported(test, "v1").unit_events = {10, 10, 10, 10, 10};
  reported(test, "v2").unit_events = {12, 12, 12, 12, 12};
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  reported(test, "v1").unit_events = {200, 0, 0, 0, 0};
  reported(test, "v2").unit_events = {320, 0, 0, 0, 0};
  test.tick(seconds(10));
  EXPECT_EQ(test.state.winner, "v2") << test.state.message;
}

TEST(AbTestOutcome, StopsCountingWhereUsersCannotBeToldApartAnyMore) {
  auto test = by(outcome_of("click"), deciding(), true);
  convert(test, "v1", 4000, 20);
  convert(test, "v2", 4000, 20);
  for (const auto* version : {"v1", "v2"}) reported(test, version).unit_events = {20, 0, 0, 0, 0};
  test.tick(seconds(10));
  convert(test, "v1", 4000, 0);
  convert(test, "v2", 4000, 2000);
  reported(test, "v2").units_known = false;
  reported(test, "v2").unit_events = {};
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  EXPECT_EQ(test.state.arms[1].tallies.back().events, (std::vector<double>{20, 0, 0, 0, 0}));
}

TEST(AbTestUnits, ThatWereUnknownForAWhileAreCountedAgainAfterARestart) {
  auto test = rig(deciding());
  const auto fail = [&](std::uint64_t units, bool known) {
    for (const auto* version : {"v1", "v2"}) {
      test.serve(version, 1000, units);
      test.version(version).failing_units = {units, 0, 0, 0, 0};
      test.version(version).failing_units_known = known;
    }
    test.tick(seconds(10));
  };
  fail(7, true);
  fail(9, false);
  EXPECT_EQ(test.state.arms[1].tallies.back().events, (std::vector<double>{7, 0, 0, 0, 0}));
  test.restart_process();
  fail(5, true);
  test.tick(seconds(10));
  EXPECT_EQ(test.state.arms[1].tallies.back().events, (std::vector<double>{12, 0, 0, 0, 0}));
}

TEST(AbTestElimination, TakesOutOneOfThreeThatIsBeatenByAnother) {
  auto test = by(outcome_of("click"), deciding({{"v1", 1}, {"v2", 1}, {"v3", 1}}));
  convert(test, "v1", 4000, 240);
  convert(test, "v2", 4000, 290);
  convert(test, "v3", 4000, 150);
  test.tick(seconds(10));
  EXPECT_EQ(test.told("ArmDropped"), 1);
  EXPECT_DOUBLE_EQ(test.share("v3"), 0);
  EXPECT_DOUBLE_EQ(test.share("v2"), 0.5);
  EXPECT_EQ(test.where(), "Progressing/Testing");
  EXPECT_EQ(test.state.arms[2].decided, 2u);
  const auto window = test.state.window;
  convert(test, "v1", 8000, 480);
  convert(test, "v2", 8000, 640);
  test.tick(seconds(10));
  EXPECT_EQ(test.state.window, window) << "what two have of each other's requests stays the same";
  EXPECT_EQ(test.state.winner, "v2") << test.state.message;
}

TEST(AbTestRestart, KeepsItsEvidence) {
  auto whole = by(outcome_of("click"), deciding());
  auto broken = by(outcome_of("click"), deciding());
  for (int i = 0; i < 10; ++i) {
    for (auto* test : {&whole, &broken}) {
      convert(*test, "v1", 100, 5);
      convert(*test, "v2", 100, 6);
      test->tick(seconds(10));
    }
    if (i != 4) continue;
    // The data plane's counters begin anew; reports are kept by the ledger.
    ++broken.evidence.counters;
    for (auto& version : broken.evidence.versions) version.all = {}, version.assigned = 0;
    broken.tick(seconds(1));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(whole.state.arms[i].tallies, broken.state.arms[i].tallies);
  }
}

TEST(AbTestRestart, KeepsItsErrorsToo) {
  auto test = rig(deciding());
  serve_both(test, 60, 40);
  test.tick(seconds(10));
  test.restart_process();
  serve_both(test, 60, 40);
  test.tick(seconds(1)).tick(seconds(10));
  EXPECT_DOUBLE_EQ(test.state.arms[0].tallies.back().events[0], 120);
  EXPECT_DOUBLE_EQ(test.state.arms[1].tallies.back().n, 4000);
}

TEST(AbTestWeights, BeginANewPageAndKeepWhatWasCounted) {
  auto test = by(outcome_of("click"), deciding());
  convert(test, "v1", 4000, 200);
  convert(test, "v2", 4000, 230);
  test.tick(seconds(10));
  const auto window = test.state.window;
  test.spec.variants[1].weight = 9;
  test.tick(seconds(1));
  EXPECT_GT(test.state.window, window);
  ASSERT_EQ(test.state.arms[1].tallies.size(), 2u);
  EXPECT_DOUBLE_EQ(test.state.arms[1].tallies[0].events[0], 230);
  convert(test, "v1", 1000, 50);
  convert(test, "v2", 9000, 450);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing") << "nine times the conversions at nine times the weight";
  EXPECT_LT(*test.state.arms[1].lift, 0.2);
}

TEST(AbTestMetric, ThatIsAnotherBeginsTheCountingAnew) {
  auto test = by(outcome_of("click"), deciding());
  convert(test, "v1", 4000, 200);
  convert(test, "v2", 4000, 230);
  test.tick(seconds(10));
  const auto window = test.state.window;
  test.spec.primary_metric = "error-rate";
  test.tick(seconds(1));
  EXPECT_GT(test.state.window, window) << "whoever saw the numbers may have chosen the metric by them";
  EXPECT_DOUBLE_EQ(test.state.arms[1].tallies.back().n, 0);
  EXPECT_FALSE(test.state.arms[1].lift);
}

// ---- the split itself

TEST(AbTestSplit, ThatIsBrokenDecidesNothing) {
  auto test = by(outcome_of("click"), deciding());
  convert(test, "v1", 4000, 200);
  convert(test, "v2", 4000, 400);
  test.version("v2").assigned = 3000;
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/SampleRatioMismatch") << test.state.message;
  EXPECT_NE(test.state.message.find(" of the requests that were drawn for it, E "), std::string::npos)
      << test.state.message;
  EXPECT_EQ(test.told("SampleRatioMismatch"), 1);
  EXPECT_EQ(test.told("ArmDropped"), 0);
  EXPECT_EQ(test.say(Verb::Promote), "there is no winner yet: promote --full takes the variant that leads");
  test.tick(seconds(10));
  EXPECT_EQ(test.told("SampleRatioMismatch"), 1) << "told once";
}

TEST(AbTestSplit, ThatIsDoubtfulIsSaid) {
  auto test = by(outcome_of("click"), deciding());
  convert(test, "v1", 4000, 200);
  convert(test, "v2", 4000, 205);
  test.version("v2").assigned = 3680;
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  EXPECT_NE(test.state.message.find("the split is doubtful"), std::string::npos) << test.state.message;
}

// ---- latencies

TEST(AbTestLatency, IsJudgedBeyondALimitThatIsFrozen) {
  auto spec = deciding();
  spec.primary_metric = "latency-p90";
  auto test = rig(spec);
  const auto serve = [&](const std::string& version, Duration latency) {
    const auto more = sample_of(3000, 0, latency);
    auto& all = test.version(version).all;
    all.requests += more.requests;
    all.latency.merge(more.latency);
  };
  serve("v1", std::chrono::milliseconds(40));
  serve("v2", std::chrono::milliseconds(20));
  test.tick(seconds(10));
  ASSERT_TRUE(test.state.experiment.limit);
  EXPECT_NEAR(*test.state.experiment.limit, 0.048, 0.005);
  EXPECT_EQ(test.where(), "Progressing/Testing") << "what the limit was taken from decides nothing";
  serve("v1", std::chrono::milliseconds(40));
  serve("v2", std::chrono::milliseconds(20));
  test.tick(seconds(10));
  EXPECT_EQ(test.state.winner, "v2") << test.state.message;
  EXPECT_NE(test.state.message.find("beyond the limit -"), std::string::npos) << test.state.message;
}

// ---- trust

/// How many of 200 tests of alike variants that are looked at 100 times name a winner or take one out.
int false_claims(const std::vector<std::pair<std::string, std::uint32_t>>& variants) {
  std::mt19937_64 random(11);
  int claims = 0;
  for (int run = 0; run < 200; ++run) {
    auto test = by(outcome_of("click"), deciding(variants));
    for (int look = 0; look < 100 && test.state.phase == Phase::Progressing && test.told("ArmDropped") == 0; ++look) {
      for (const auto& [version, weight] : variants) {
        const auto decisions = std::poisson_distribution<std::uint64_t>(100.0 * weight)(random);
        convert(test, version, decisions, std::binomial_distribution<std::uint64_t>(decisions, 0.05)(random));
      }
      test.tick(seconds(10));
    }
    claims += test.state.phase != Phase::Progressing || test.told("ArmDropped") > 0 ? 1 : 0;
  }
  return claims;
}

TEST(AbTestTrust, AlikeVariantsAreCalledAlike) {
  // At most 10 of 200 are to be expected at 95 %; three deviations more are 19.
  EXPECT_LE(false_claims({{"v1", 1}, {"v2", 1}}), 19);
  EXPECT_LE(false_claims({{"v1", 2}, {"v2", 1}, {"v3", 1}}), 19);
}

TEST(AbTestTrust, TheBetterOneIsFound) {
  std::mt19937_64 random(5);
  int right = 0;
  for (int run = 0; run < 20; ++run) {
    auto test = by(outcome_of("click"), deciding({{"v1", 1}, {"v2", 1}, {"v3", 1}}));
    const double rates[] = {0.05, 0.075, 0.04};
    for (int look = 0; look < 400 && test.state.phase == Phase::Progressing; ++look) {
      for (std::size_t i = 0; i < 3; ++i) {
        if (test.state.arms[i].dropped) continue;
        const auto decisions = static_cast<std::uint64_t>(150 * test.state.arms[i].share);
        convert(test, test.state.arms[i].version, decisions,
                std::binomial_distribution<std::uint64_t>(decisions, rates[i])(random));
      }
      test.tick(seconds(10));
    }
    right += test.state.winner == "v2" ? 1 : 0;
  }
  EXPECT_GE(right, 19);
}

}  // namespace
}  // namespace sluice::strategy
