// How often checks by pairs are wrong when they are looked at again and again: never more often than they may be.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "checks.hpp"
#include "sluice/base/random.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

/// What becomes of one pair.
struct PairLaw {
  double both_fail = 0;
  double only_candidate_fails = 0;
  double only_live_fails = 0;
  double disagree = 0;    ///< of those that both answered
  double slower = 1;      ///< times as long as live takes, in law
  double difficulty = 0;  ///< share of the pairs in which both latencies are of one draw
  bool latencies = false;
};

struct PairEnds {
  int failed = 0;
  int passed = 0;
};

double long_tailed(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  const double angle = 6.283185307179586 * random.uniform();
  return 0.02 * std::exp(0.5 * radius * std::cos(angle));
}

Duration as_time(double seconds) {
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

void draw_pair(Random& random, const PairLaw& law, stats::PairStratum& stratum) {
  ++stratum.pairs;
  double u = random.uniform();
  if ((u -= law.both_fail) < 0) return void(++stratum.both_failed);
  if ((u -= law.only_candidate_fails) < 0) return void(++stratum.only_candidate_failed);
  if ((u -= law.only_live_fails) < 0) return void(++stratum.only_live_failed);
  ++stratum.compared;
  if (random.uniform() < law.disagree) ++stratum.disagreements;
  if (!law.latencies) return;
  const double live = long_tailed(random);
  const double other = law.slower * (random.uniform() < law.difficulty ? live : long_tailed(random));
  stratum.joint.add(as_time(live), as_time(other));
}

/// Runs of that many looks, with as many pairs between two of them: how many ever saw either verdict.
PairEnds runs_of(const policy::Check& check, const PairLaw& law, int runs, int looks, int pairs) {
  PairEnds ends;
  for (int run = 0; run < runs; ++run) {
    Random random(static_cast<std::uint64_t>(run) + 1);
    auto evidence = std::make_shared<PairEvidence>();
    evidence->noise_known = true;
    policy::Analysis analysis;
    analysis.checks = {check};
    Evidence world;
    world.window = world.counters = 1;
    Sample none;
    CheckEvidence kept;
    Subject subject{&none, &none, &world, "key"};
    subject.pairs = evidence.get();
    bool failed = false;
    bool passed = false;
    for (int look = 0; look < looks; ++look) {
      for (int i = 0; i < pairs; ++i) draw_pair(random, law, evidence->tally.stratum(1));
      const Verdict verdict = judge_check(check, analysis, kept, subject, 0, WallTime{}).verdict;
      failed = failed || verdict == Verdict::Fail;
      passed = passed || verdict == Verdict::Pass;
    }
    ends.failed += failed ? 1 : 0;
    ends.passed += passed ? 1 : 0;
  }
  return ends;
}

/// Five in a hundred, and what chance makes of so many runs: three standard deviations more.
int most_of(int runs) {
  return static_cast<int>(0.05 * runs + 3 * std::sqrt(0.05 * 0.95 * runs));
}

TEST(PairsValidity, ACandidateThatFailsAsOftenAsItMayIsRarelyFoundToFailMore) {
  const PairEnds ends =
      runs_of(no_worse_by("error-rate", ratio(0.01)),
              {.both_fail = 0.02, .only_candidate_fails = 0.015, .only_live_fails = 0.005}, 200, 60, 50);
  EXPECT_LE(ends.failed, most_of(200));
}

TEST(PairsValidity, OneThatFailsTwiceTheMarginMoreRarelyPasses) {
  const PairEnds ends =
      runs_of(no_worse_by("error-rate", ratio(0.01)),
              {.both_fail = 0.02, .only_candidate_fails = 0.025, .only_live_fails = 0.005}, 200, 60, 50);
  EXPECT_LE(ends.passed, most_of(200));
  EXPECT_GT(ends.failed, 20) << "and some of them are found out";
}

TEST(PairsValidity, AtTheLimitDisagreementRarelyDecidesEitherWay) {
  const PairEnds ends = runs_of(at_most("disagreement", ratio(0.02)), {.disagree = 0.02}, 200, 60, 50);
  EXPECT_LE(ends.failed, most_of(200));
  EXPECT_LE(ends.passed, most_of(200));
}

TEST(PairsValidity, EquallyFastVersionsAreRarelyFoundToDiffer) {
  const PairLaw law{.slower = 1, .difficulty = 0.5, .latencies = true};
  const PairEnds ends = runs_of(no_worse_by_part("latency-p95", 0), law, 100, 20, 50);
  EXPECT_LE(ends.failed, most_of(100));
}

TEST(PairsValidity, AThirdSlowerIsFoundOutByHundredsOfPairs) {
  const PairLaw law{.slower = 1.35, .difficulty = 0.5, .latencies = true};
  const PairEnds ends = runs_of(no_worse_by_part("latency-p95", 0.05), law, 40, 20, 50);
  EXPECT_GE(ends.failed, 38);
}

}  // namespace
}  // namespace sluice::strategy
