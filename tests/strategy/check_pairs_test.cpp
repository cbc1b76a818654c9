// Checks of a shadow against live, by pairs of answers to the same request.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "checks.hpp"
#include "pairs.hpp"
#include "samples.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

/// One check that looks at a shadow again and again.
struct PairedCheck {
  explicit PairedCheck(policy::Check check) : check(std::move(check)) {
    world.window = 7;
    world.counters = 1;
    analysis.checks = {this->check};
  }

  void see(const PairCount& count) { pairs = with_pairs(pairs.get(), count); }
  /// So many pairs that took so long.
  void time(std::uint64_t count, Duration live, Duration candidate) {
    auto made = pairs == nullptr ? std::make_shared<PairEvidence>() : std::make_shared<PairEvidence>(*pairs);
    auto& stratum = made->tally.stratum(1);
    for (std::uint64_t i = 0; i < count; ++i) {
      // Half to twice as long, by the difficulty of the request.
      const double times = 0.5 * std::pow(4.0, static_cast<double>(i % 97) / 96);
      const Duration slow(static_cast<Duration::rep>(static_cast<double>(live.count()) * times));
      const Duration other(static_cast<Duration::rep>(static_cast<double>(candidate.count()) * times));
      ++stratum.pairs;
      stratum.joint.add(slow, other);
      stratum.live_latency.add(std::chrono::duration<double>(slow).count());
      stratum.latency.add(std::chrono::duration<double>(other - slow).count());
    }
    pairs = std::move(made);
  }
  void begin_window() {
    ++world.window;
    pairs.reset();
  }
  void restart() {
    ++world.counters;
    pairs.reset();
  }
  Finding look(std::size_t guardrails = 1) {
    Subject subject{&sample, &sample, &world, "key"};
    subject.pairs = pairs.get();
    return judge_check(check, analysis, evidence, subject, 0, WallTime{}, guardrails);
  }

  policy::Check check;
  policy::Analysis analysis;
  Evidence world;
  Sample sample;
  CheckEvidence evidence;
  std::shared_ptr<const PairEvidence> pairs;
};

PairedCheck errors_by(double margin) {
  return PairedCheck(no_worse_by("error-rate", ratio(margin)));
}

TEST(CheckPairs, FailuresThatAreCommonToBothSayNothing) {
  auto check = errors_by(0.01);
  check.see({.pairs = 400, .both_failed = 20});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_DOUBLE_EQ(*found.value, 0.05);
  EXPECT_DOUBLE_EQ(*found.reference, 0.05);
  EXPECT_EQ(found.proof.method, "paired");
  EXPECT_EQ(found.proof.pairs, 400U);
  EXPECT_EQ(found.message.find("error-rate 5% <= 6% (stable 5% + 1%)"), 0U) << found.message;
  EXPECT_NE(found.message.find("400 pairs"), std::string::npos) << found.message;
}

TEST(CheckPairs, ASplitWouldHaveNeededManyTimesAsManyRequests) {
  auto check = errors_by(0.01);
  check.see({.pairs = 400, .both_failed = 20});
  const Finding found = check.look();
  ASSERT_TRUE(found.proof.of_split);
  EXPECT_GT(*found.proof.of_split, 4 * 400U);
}

TEST(CheckPairs, ACandidateThatFailsWhereLiveDoesNotIsFoundOut) {
  auto check = errors_by(0.01);
  check.see({.pairs = 400, .both_failed = 4, .only_candidate_failed = 40});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_GE(found.proof.log_e, found.proof.log_threshold);
  EXPECT_GT(*found.proof.lower, 0.01);
  EXPECT_NE(found.message.find("11% > 2%"), std::string::npos) << found.message;
}

TEST(CheckPairs, FailuresOfEachAloneThatBalanceAreNoEvidence) {
  auto check = errors_by(0.01);
  check.see({.pairs = 300, .only_candidate_failed = 30, .only_live_failed = 30});
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
}

TEST(CheckPairs, TooFewPairsDecideNothingHoweverBadTheyLook) {
  auto check = errors_by(0.01);
  check.see({.pairs = 60, .only_candidate_failed = 60});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message, "error-rate: 60 of 100 pairs");
}

TEST(CheckPairs, WithoutAPairOnNoDataSays) {
  auto check = errors_by(0.01);
  check.pairs = std::make_shared<const PairEvidence>();
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
  check.analysis.on_no_data = policy::OnNoData::Fail;
  EXPECT_EQ(check.look().verdict, Verdict::Fail);
}

TEST(CheckPairs, LooksAgainCountNothingTwice) {
  auto check = errors_by(0.01);
  check.see({.pairs = 150});
  const double once = check.look().proof.log_good;
  for (int i = 0; i < 5; ++i) EXPECT_DOUBLE_EQ(check.look().proof.log_good, once);
  EXPECT_EQ(check.look().samples, 150U);
}

TEST(CheckPairs, WindowsAndRestartsAddUp) {
  auto whole = errors_by(0.01);
  whole.see({.pairs = 300, .both_failed = 3, .only_candidate_failed = 2, .only_live_failed = 1});
  const Finding at_once = whole.look();

  auto parts = errors_by(0.01);
  parts.see({.pairs = 100, .both_failed = 1, .only_candidate_failed = 1});
  parts.look();
  parts.begin_window();
  parts.look();  // nothing is counted yet
  parts.see({.pairs = 100, .both_failed = 1, .only_candidate_failed = 1});
  parts.look();
  parts.restart();
  parts.see({.pairs = 100, .both_failed = 1, .only_live_failed = 1});
  const Finding in_parts = parts.look();
  EXPECT_EQ(in_parts.samples, 300U);
  EXPECT_DOUBLE_EQ(in_parts.proof.log_good, at_once.proof.log_good);
  EXPECT_EQ(parts.evidence.pairs.stretches, 3U);
}

TEST(CheckPairs, OneWhoFallsIllLateIsFoundOutByItsLatestWindow) {
  auto check = errors_by(0.01);
  check.see({.pairs = 200'000});
  check.look();
  check.begin_window();
  check.see({.pairs = 400, .only_candidate_failed = 80});
  EXPECT_EQ(check.look().verdict, Verdict::Fail) << "although it is 0.04 % of all pairs";
}

TEST(CheckPairs, ARelativeMarginIsOfWhereLivesRateMayLie) {
  PairedCheck fails(no_worse_by_part("error-rate", 0.5));
  fails.see({.pairs = 2000, .both_failed = 20, .only_candidate_failed = 140});
  EXPECT_EQ(fails.look().verdict, Verdict::Fail) << fails.look().message;
  PairedCheck near(no_worse_by_part("error-rate", 0.5));
  near.see({.pairs = 2000, .both_failed = 20, .only_candidate_failed = 12});
  EXPECT_NE(near.look().verdict, Verdict::Fail) << near.look().message;
  PairedCheck same(no_worse_by_part("error-rate", 0.5));
  same.see({.pairs = 3000, .both_failed = 30});
  EXPECT_EQ(same.look().verdict, Verdict::Pass) << same.look().message;
}

TEST(CheckPairs, WhereLivesRateMayLieIsPartOfWhatChecksShare) {
  const auto log_e = [](std::size_t guardrails) {
    PairedCheck check(no_worse_by_part("error-rate", 0.5));
    check.see({.pairs = 2000, .both_failed = 200, .only_candidate_failed = 240});
    return check.look(guardrails).proof.log_e;
  };
  EXPECT_LT(log_e(4), log_e(1)) << "a rate that is more certain may lie further away";
  EXPECT_GT(log_e(4), 0);
}

TEST(CheckPairs, ToFailWithLiveIsNoMerit) {
  auto check = errors_by(0.01);
  check.see({.pairs = 2000, .both_failed = 1000});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_NE(found.message.find("live is sick itself"), std::string::npos) << found.message;
}

TEST(CheckPairs, WeightsCountAsOftenAsTheyStandFor) {
  auto check = errors_by(0.02);
  check.see({.pairs = 1000, .weight = 1});
  check.see({.pairs = 1000, .only_candidate_failed = 100, .weight = 0.05});
  const Finding found = check.look();
  EXPECT_NEAR(*found.value, 0.05 * 100 / 1050, 1e-12);
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
}

TEST(CheckPairs, SeveralChecksShareTheDoubt) {
  auto check = errors_by(0.01);
  check.see({.pairs = 200, .only_candidate_failed = 9});
  const double alone = check.look(1).proof.log_threshold;
  EXPECT_NEAR(check.look(4).proof.log_threshold, alone + std::log(4.0), 1e-12);
}

// ---- latencies

TEST(CheckPairs, ASlowerCandidateIsFoundOutByFewPairs) {
  PairedCheck check(no_worse_by_part("latency-p95", 0.1));
  check.time(100, 20ms, 30ms);
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive) << "what limits are read off is no evidence";
  check.time(150, 20ms, 30ms);
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_EQ(found.proof.pairs, 150U);
}

TEST(CheckPairs, AnEquallyFastCandidatePassesByFewPairs) {
  PairedCheck check(no_worse_by_part("latency-p95", 0.1));
  check.time(100, 20ms, 20ms);
  check.look();
  check.time(150, 20ms, 20ms);
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
}

TEST(CheckPairs, OfLatenciesASplitWouldHaveNeededManyTimesAsManyRequests) {
  for (const Duration candidate : {20ms, 30ms}) {
    PairedCheck check(no_worse_by_part("latency-p95", 0.1));
    check.time(100, 20ms, candidate);
    check.look();
    EXPECT_FALSE(check.look().proof.of_split) << "nothing is decided";
    check.time(300, 20ms, candidate);
    const Finding found = check.look();
    ASSERT_NE(found.verdict, Verdict::Inconclusive) << found.message;
    ASSERT_TRUE(found.proof.of_split) << found.message;
    EXPECT_GT(*found.proof.of_split, 2 * *found.proof.of_pairs) << found.message;
    EXPECT_LT(*found.proof.of_split, 100'000U) << found.message;
  }
}

TEST(CheckPairs, LimitsOfLatencyOutliveARestart) {
  PairedCheck check(no_worse_by_part("latency-p95", 0.1));
  check.time(100, 20ms, 20ms);
  check.look();
  check.time(100, 20ms, 20ms);
  check.look();
  const auto limit = check.evidence.pairs.tracks[0].stable_limit;
  check.restart();
  check.time(100, 40ms, 40ms);
  const Finding found = check.look();
  EXPECT_EQ(check.evidence.pairs.tracks[0].stable_limit, limit);
  EXPECT_EQ(found.proof.pairs, 200U) << "a hundred before, a hundred since";
}

TEST(CheckPairs, MeansAreComparedWithinPairs) {
  PairedCheck slower(no_worse_by_part("latency-mean", 0.1));
  slower.time(500, 20ms, 30ms);
  EXPECT_EQ(slower.look().verdict, Verdict::Fail) << slower.look().message;
  PairedCheck alike(no_worse_by_part("latency-mean", 0.1));
  alike.time(2000, 20ms, 20100us);
  EXPECT_EQ(alike.look().verdict, Verdict::Pass) << alike.look().message;
  EXPECT_EQ(alike.look().proof.method, "paired-mean");
}

TEST(CheckPairs, FirstBytesAndFixedLimitsAreJudgedAsElsewhere) {
  PairedCheck fixed(at_most("error-rate", ratio(0.01)));
  fixed.see({.pairs = 500});
  fixed.sample = sample_of(500, 0);
  EXPECT_EQ(fixed.look().proof.method, "proportion");
  PairedCheck first_byte(no_worse_by_part("ttfb-p95", 0.1));
  first_byte.see({.pairs = 500});
  first_byte.sample = sample_of(500, 0);
  first_byte.look();
  EXPECT_TRUE(first_byte.evidence.pairs.empty());
}

}  // namespace
}  // namespace sluice::strategy
