// The metric `disagreement`: how often answers differ beyond noise.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "checks.hpp"
#include "pairs.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

/// One check that looks at a shadow again and again; live answers one request in a hundred twice.
struct DisagreementCheck {
  explicit DisagreementCheck(double max = 0.01) : check(at_most("disagreement", ratio(max))) {
    world.window = 7;
    world.counters = 1;
    analysis.checks = {check};
  }
  void see(const PairCount& count) { pairs = with_pairs(pairs.get(), count); }
  /// Another window of the same process: pairs are counted anew, what is known of noise stays known.
  void open_window() {
    ++world.window;
    pairs = with_pairs(nullptr, {.twins = pairs->twins});
  }
  void restart() {
    ++world.counters;
    pairs.reset();
  }
  Finding look() {
    Subject subject{&sample, &sample, &world, "key"};
    subject.pairs = pairs.get();
    subject.learns_noise = learns_noise;
    return judge_check(check, analysis, evidence, subject, 0, WallTime{});
  }

  policy::Check check;
  policy::Analysis analysis;
  Evidence world;
  Sample sample;
  CheckEvidence evidence;
  bool learns_noise = true;
  std::shared_ptr<const PairEvidence> pairs;
};

TEST(CheckDisagreement, IdenticalAnswersAreCertifiedByThreeHundredAndEightyPairs) {
  DisagreementCheck check;
  check.see({.pairs = 300});
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
  EXPECT_TRUE(check.look().proof.still_needed);
  check.see({.pairs = 80});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_EQ(found.samples, 380U);
  EXPECT_EQ(found.proof.method, "agreement");
}

TEST(CheckDisagreement, SaysHowManyDifferAndWhere) {
  DisagreementCheck check(0.05);
  check.see({.pairs = 1204, .disagreements = 5, .twins = 40});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass);
  EXPECT_EQ(found.message.find("disagreement 0.415% ("), 0U) << found.message;
  EXPECT_NE(found.message.find(") <= max 5%: 1 204 pairs; most differ at /outputs/score"), std::string::npos)
      << found.message;
}

TEST(CheckDisagreement, ManyDifferencesFailOnceNoiseIsKnown) {
  DisagreementCheck check;
  check.see({.pairs = 500, .disagreements = 150, .twins = 5});
  Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_NE(found.message.find("noise is not known yet"), std::string::npos) << found.message;
  EXPECT_LE(found.proof.log_e, 0) << "nor does it count together with other checks";
  check.see({.pairs = 1, .twins = 20});
  found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_NE(found.message.find("29.9%"), std::string::npos) << found.message;
}

TEST(CheckDisagreement, WithFewTwinsARareDifferenceMayStillBeNoise) {
  DisagreementCheck check;
  check.see({.pairs = 2000, .disagreements = 80, .twins = 25});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Inconclusive) << found.message;
  EXPECT_NE(found.message.find("answered by live twice"), std::string::npos) << found.message;
  check.see({.pairs = 0, .twins = 60});
  EXPECT_EQ(check.look().verdict, Verdict::Fail) << "one in 25 would have shown in 85 twins";
}

TEST(CheckDisagreement, WithoutNoiseToLearnEveryDifferenceCounts) {
  DisagreementCheck check;
  check.learns_noise = false;
  check.see({.pairs = 500, .disagreements = 50});
  EXPECT_EQ(check.look().verdict, Verdict::Fail);
}

TEST(CheckDisagreement, WhatTurnsOutToBeNoiseIsTakenBack) {
  DisagreementCheck check;
  check.see({.pairs = 1000, .disagreements = 400, .twins = 10});
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
  check.pairs = with_pairs(nullptr, {.pairs = 1400, .disagreements = 0, .twins = 30});
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_EQ(*found.value, 0);
}

TEST(CheckDisagreement, NoiseThatNobodyKnewBeforeARestartIsForgotten) {
  DisagreementCheck check;
  check.see({.pairs = 1000, .disagreements = 400, .twins = 10});
  check.look();
  check.restart();
  check.see({.pairs = 400, .twins = 30});
  const Finding found = check.look();
  EXPECT_EQ(found.samples, 400U);
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
}

TEST(CheckDisagreement, WhatWasKnownOutlivesARestart) {
  DisagreementCheck check;
  check.see({.pairs = 300, .twins = 30});
  check.look();
  check.restart();
  check.look();
  check.see({.pairs = 80});
  const Finding found = check.look();
  EXPECT_EQ(found.samples, 380U);
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_EQ(check.evidence.pairs.twins + check.evidence.pairs.twins_seen, 30U);
}

TEST(CheckDisagreement, TwinsAreNotCountedAgainInTheNextWindow) {
  DisagreementCheck check;
  check.see({.pairs = 500, .disagreements = 20, .twins = 25});
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive) << "one in 25 need not have shown in 25 twins";
  for (int i = 0; i < 4; ++i) {
    check.open_window();
    check.see({.pairs = 500, .disagreements = 20});
    EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
    EXPECT_EQ(check.evidence.pairs.twins + check.evidence.pairs.twins_seen, 25U);
  }
  check.see({.twins = 60});
  EXPECT_EQ(check.look().verdict, Verdict::Fail) << "it would have in 85";
  EXPECT_EQ(check.evidence.pairs.twins + check.evidence.pairs.twins_seen, 85U);
}

TEST(CheckDisagreement, OversampledSegmentsAreWeightedBack) {
  DisagreementCheck check(0.05);
  check.see({.pairs = 2000, .twins = 300, .weight = 1});
  check.see({.pairs = 2000, .disagreements = 400, .weight = 0.05});
  const Finding found = check.look();
  EXPECT_NEAR(*found.value, 0.05 * 400 / 2100, 1e-12);
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
}

TEST(CheckDisagreement, WithoutAPairOnNoDataSays) {
  DisagreementCheck check;
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
  EXPECT_EQ(check.look().message, "disagreement: no pair was compared");
  check.see({.pairs = 90});
  EXPECT_EQ(check.look().message, "disagreement: 90 of 100 pairs");
}

}  // namespace
}  // namespace sluice::strategy
