// Fixed limits of outcomes that come late: what may still convert has not failed to.
#include <gtest/gtest.h>

#include <memory>

#include "checks.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

constexpr double first_decision = 1'800'000'000;
constexpr double half_an_hour = 1800;

/// A version with clicks that are reported up to half an hour later.
struct SlowClicks {
  SlowClicks() : delays(half_an_hour) {
    route.outcomes.emplace_back();
    route.outcomes[0].name = "click";
    world.window = world.counters = 1;
    seen.name = "click";
  }
  void decide(double at, std::uint64_t decisions, std::uint64_t clicks, double delay = 600) {
    delays.add_decisions(at, static_cast<double>(decisions));
    if (clicks > 0) delays.add_conversion(at, delay, 1, static_cast<double>(clicks));
    seen.decisions += decisions;
    seen.reports += clicks;
    seen.events += clicks;
  }
  Finding look(const policy::Check& check, double at) {
    seen.delays = std::make_shared<const stats::DelayTable>(delays);
    VersionEvidence candidate;
    candidate.outcomes = {seen};
    Subject subject{&candidate.all, nullptr, &world, "k"};
    subject.candidate_version = &candidate;
    subject.outcomes = &route.outcomes;
    const auto now = std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(at));
    return judge_check(check, analysis, gathered, subject, 0, WallTime(now));
  }

  policy::ModelRoute route;
  policy::Analysis analysis;
  Evidence world;
  CheckEvidence gathered;
  OutcomeEvidence seen;
  stats::DelayTable delays;
};

TEST(CheckSettled, NothingReportedYetIsNoFailure) {
  SlowClicks test;
  test.analysis.on_no_data = policy::OnNoData::Fail;
  test.decide(first_decision, 300, 0);
  const auto found = test.look(at_least("click", ratio(0.02)), first_decision + 30);
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message, "click: n=0 of 100, 300 may still be reported about");
}

TEST(CheckSettled, WhatWasNeverReportedIsOneOnceItsTimeIsOver) {
  SlowClicks test;
  test.decide(first_decision, 300, 0);
  const auto check = at_least("click", ratio(0.1));
  test.look(check, first_decision + 30);
  const auto found = test.look(check, first_decision + 2 * half_an_hour);
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
}

TEST(CheckSettled, OnlyDecisionsOfWhichItIsKnownCount) {
  SlowClicks test;
  test.decide(first_decision, 2000, 100);
  const auto check = at_least("click", ratio(0.02));
  test.decide(first_decision + 2 * half_an_hour, 50'000, 0);
  const auto found = test.look(check, first_decision + 2 * half_an_hour + 30);
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_EQ(found.samples, 2000u);
}

TEST(CheckSettled, WhatIsRareByItselfIsNotGoodUpToHalfAPercent) {
  SlowClicks test;
  test.decide(first_decision, 5000, 4);
  const auto found = test.look(at_most("click", ratio(0.001)), first_decision + 2 * half_an_hour);
  EXPECT_NE(found.verdict, Verdict::Pass) << found.message;
}

TEST(CheckSettled, AnAnswerTellsAtOnce) {
  SlowClicks test;
  test.route.outcomes[0].from.emplace();
  test.decide(first_decision, 1000, 100, 0);
  EXPECT_EQ(test.look(at_least("click", ratio(0.02)), first_decision + 1).verdict, Verdict::Pass);
}

}  // namespace
}  // namespace sluice::strategy
