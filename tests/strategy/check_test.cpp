#include "sluice/strategy/check.hpp"

#include <gtest/gtest.h>

#include "checks.hpp"
#include "samples.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::milliseconds;

const WallTime now{std::chrono::hours(500'000)};

Finding judged(const policy::Check& check, const Sample& candidate, const Sample* stable = nullptr,
               const policy::Analysis& analysis = {}) {
  CheckEvidence evidence;
  return judge_check(check, analysis, evidence, {&candidate, stable, nullptr, "fraud-1/1"}, 0, now);
}

// ---- an absolute limit

TEST(Threshold, PassesWhatIsWithin) {
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(1204, 4));
  EXPECT_EQ(found.verdict, Verdict::Pass);
  EXPECT_EQ(found.message, "error-rate 0.332% <= max 1% (n=1 204)");
  EXPECT_NEAR(*found.value, 4 / 1204.0, 1e-12);
  EXPECT_EQ(*found.threshold, 0.01);
  EXPECT_EQ(found.samples, 1204u);
}

TEST(Threshold, PassesWhatIsExactlyOnTheLimit) {
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(3000, 30)).verdict, Verdict::Pass);
}

TEST(Threshold, FailsWhatIsBeyondForCertain) {
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(1204, 60));
  EXPECT_EQ(found.verdict, Verdict::Fail);
  EXPECT_TRUE(found.message.starts_with("error-rate 4.98% > max 1% (n=1 204), E ")) << found.message;
  EXPECT_NE(found.message.find(", E >1e9 of "), std::string::npos) << found.message;
}

TEST(Threshold, StaysUndecidedWhereItMayBeChance) {
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(200, 4));
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message, "error-rate 2% > max 1%, which may be chance (n=200)");
}

TEST(Threshold, HasALowerSideAsWell) {
  const auto check = at_least("error-rate", ratio(0.05));
  EXPECT_EQ(judged(check, sample_of(1000, 80)).verdict, Verdict::Pass);
  EXPECT_EQ(judged(check, sample_of(1000, 0)).verdict, Verdict::Fail);
  EXPECT_EQ(judged(check, sample_of(1000, 0)).message.substr(0, 32), "error-rate 0% < min 5% (n=1 000)");
  EXPECT_EQ(judged(check, sample_of(1000, 45)).verdict, Verdict::Inconclusive);
}

TEST(Threshold, TakesTheSideThatIsBroken) {
  auto check = at_most("error-rate", ratio(0.5));
  check.threshold_range->min = ratio(0.1);
  EXPECT_EQ(judged(check, sample_of(1000, 0)).message.substr(0, 33), "error-rate 0% < min 10% (n=1 000)");
  EXPECT_EQ(judged(check, sample_of(1000, 900)).message.substr(0, 34), "error-rate 90% > max 50% (n=1 000)");
  EXPECT_EQ(judged(check, sample_of(1000, 300)).verdict, Verdict::Pass);
}

TEST(Threshold, LimitsLatencies) {
  const auto check = at_most("latency-p95", in_seconds(0.050));
  EXPECT_EQ(judged(check, sample_of(1000, 0, milliseconds(30))).verdict, Verdict::Pass);
  EXPECT_EQ(judged(check, sample_of(1000, 0, milliseconds(80))).verdict, Verdict::Fail);
  // A fifth lies beyond: at 110 requests the 95th percentile may still be below, at 3 000 not.
  EXPECT_EQ(judged(check, sample_of(110, 0, milliseconds(42))).verdict, Verdict::Inconclusive);
  EXPECT_EQ(judged(check, sample_of(30'000, 0, milliseconds(45))).verdict, Verdict::Fail);
  EXPECT_EQ(judged(at_most("latency-mean", in_seconds(0.050)), sample_of(1000, 0, milliseconds(80))).verdict,
            Verdict::Fail);
  EXPECT_EQ(judged(at_most("ttfb-p95", in_seconds(0.030)), sample_of(1000, 0, milliseconds(80))).verdict,
            Verdict::Fail);
}

// ---- too little

TEST(TooLittle, HoldsBelowMinRequests) {
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(37, 37));
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message, "error-rate: n=37 of 100");
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(99, 0)).verdict, Verdict::Inconclusive);
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(100, 0)).verdict, Verdict::Inconclusive)
      << "a hundred without an error may be of a version that fails two in a hundred";
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(300, 0)).verdict, Verdict::Pass);
}

TEST(TooLittle, CountsOnlyWhatWasAnsweredForLatencies) {
  EXPECT_EQ(judged(at_most("latency-p50", in_seconds(1)), sample_of(150, 60)).message, "latency-p50: n=90 of 100");
}

TEST(NoData, IsWhatThePolicySays) {
  const auto check = at_most("error-rate", ratio(0.01));
  policy::Analysis analysis;
  EXPECT_EQ(judged(check, empty_sample(), nullptr, analysis).verdict, Verdict::Inconclusive);
  EXPECT_EQ(judged(check, empty_sample(), nullptr, analysis).message, "error-rate: no request was counted");
  EXPECT_FALSE(judged(check, empty_sample(), nullptr, analysis).value);
  analysis.on_no_data = policy::OnNoData::Pass;
  EXPECT_EQ(judged(check, empty_sample(), nullptr, analysis).verdict, Verdict::Pass);
  analysis.on_no_data = policy::OnNoData::Fail;
  EXPECT_EQ(judged(check, empty_sample(), nullptr, analysis).verdict, Verdict::Fail);
  // One request is data, though too little.
  EXPECT_EQ(judged(check, sample_of(1, 0), nullptr, analysis).verdict, Verdict::Inconclusive);
}

TEST(NoData, IsNeverMistakenForGoodWhenNothingWasAnswered) {
  EXPECT_EQ(judged(at_most("latency-p99", in_seconds(1)), sample_of(500, 500)).verdict, Verdict::Inconclusive);
}

TEST(UnknownMetric, IsAnError) {
  EXPECT_EQ(judged(at_most("click", ratio(0.01)), sample_of(500, 0)).verdict, Verdict::Error);
}

// ---- against stable

TEST(VersusStable, PassesWithinTheMargin) {
  const auto stable = sample_of(6090, 60);
  const auto found = judged(no_worse_by("error-rate", ratio(0.005)), sample_of(6131, 80), &stable);
  EXPECT_EQ(found.verdict, Verdict::Pass);
  EXPECT_TRUE(found.message.starts_with("error-rate 1.3% <= 1.49% (stable 0.985% + 0.5%), -")) << found.message;
  EXPECT_TRUE(found.message.ends_with("(95%), n=6 131, stable n=6 090")) << found.message;
  EXPECT_EQ(found.proof.method, "difference");
  EXPECT_LT(*found.proof.lower, 0.0032);
  EXPECT_GT(*found.proof.upper, 0.0032);
  EXPECT_LT(*found.proof.upper, 0.01);
  EXPECT_NEAR(*found.reference, 60 / 6090.0, 1e-12);
  EXPECT_NEAR(*found.threshold, 60 / 6090.0 + 0.005, 1e-12);
}

TEST(VersusStable, FailsBeyondTheMarginForCertain) {
  const auto stable = sample_of(1000, 10);
  EXPECT_EQ(judged(no_worse_by("error-rate", ratio(0.005)), sample_of(1000, 80), &stable).verdict, Verdict::Fail);
  EXPECT_EQ(judged(no_worse_by_part("error-rate", 0.5), sample_of(1000, 80), &stable).verdict, Verdict::Fail);
}

TEST(VersusStable, StaysUndecidedWhereItMayBeChance) {
  const auto stable = sample_of(200, 2);
  const auto found = judged(no_worse_by("error-rate", ratio(0.005)), sample_of(200, 6), &stable);
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_TRUE(found.message.starts_with("error-rate 3% > 1.5% (stable 1% + 0.5%), which may be chance, "))
      << found.message;
}

/// Latencies of stable are read off at the first look, and judged by what comes after it.
Finding judged_later(const policy::Check& check, const Sample& candidate, const Sample& stable) {
  CheckEvidence evidence;
  Evidence world;
  world.counters = 1;
  const auto twice = [](Sample sample) {
    sample.requests *= 2;
    sample.failures *= 2;
    sample.latency.merge(Sample(sample).latency);
    sample.first_byte.merge(Sample(sample).first_byte);
    return sample;
  };
  judge_check(check, {}, evidence, {&candidate, &stable, &world, "k"}, 0, now);
  const Sample more = twice(candidate);
  const Sample of_stable = twice(stable);
  return judge_check(check, {}, evidence, {&more, &of_stable, &world, "k"}, 0, now);
}

TEST(VersusStable, ComparesLatencies) {
  const auto stable = sample_of(2000, 0, milliseconds(40));
  const auto check = no_worse_by_part("latency-p95", 0.2);
  EXPECT_EQ(judged_later(check, sample_of(2000, 0, milliseconds(42)), stable).verdict, Verdict::Pass);
  const auto slow = judged_later(check, sample_of(2000, 0, milliseconds(65)), stable);
  EXPECT_EQ(slow.verdict, Verdict::Fail);
  EXPECT_EQ(slow.proof.method, "exceedance");
  EXPECT_EQ(judged_later(check, sample_of(60, 0, milliseconds(50)), stable).verdict, Verdict::Inconclusive);
  EXPECT_EQ(
      judged_later(no_worse_by("latency-p50", in_seconds(0.01)), sample_of(2000, 0, milliseconds(65)), stable).verdict,
      Verdict::Fail);
  EXPECT_EQ(judged(check, sample_of(2000, 0, milliseconds(65)), &stable).verdict, Verdict::Inconclusive)
      << "what stable's limits are read off is not judged by them";
}

TEST(VersusStable, FindsAShiftOfAllLatenciesWithinDozensOfAnswers) {
  const auto stable = sample_of(1200, 0, milliseconds(40));
  const auto found = judged_later(no_worse_by_part("latency-p99", 0), sample_of(60, 0, milliseconds(60)), stable);
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
}

TEST(VersusStable, DoesNotTakeTheGridOfTheHistogramForADifference) {
  // Nearly the same latencies on both sides of a bucket's bound.
  Sample candidate = sample_of(0, 0);
  Sample stable = candidate;
  candidate.requests = stable.requests = 100'000;
  candidate.latency.record(std::chrono::microseconds(50'001), 100'000);
  stable.latency.record(std::chrono::microseconds(49'999), 100'000);
  EXPECT_NE(judged_later(no_worse_by_part("latency-p50", 0), candidate, stable).verdict, Verdict::Fail);
  EXPECT_NE(judged(at_most("latency-p50", in_seconds(0.050001)), candidate).verdict, Verdict::Fail);
}

TEST(VersusStable, WaitsForEnoughOfStable) {
  const auto stable = sample_of(40, 0);
  const auto found = judged(no_worse_by("error-rate", ratio(0.005)), sample_of(500, 400), &stable);
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message, "error-rate: stable n=40 of 100, n=500");
}

TEST(VersusStable, HasNoDataWhereThereIsNothingToCompareWith) {
  policy::Analysis analysis;
  const auto check = no_worse_by("error-rate", ratio(0.005));
  EXPECT_EQ(judged(check, sample_of(500, 400), nullptr, analysis).verdict, Verdict::Inconclusive);
  analysis.on_no_data = policy::OnNoData::Pass;
  EXPECT_EQ(judged(check, sample_of(500, 400), nullptr, analysis).verdict, Verdict::Pass);
}

TEST(VersusStable, IsNoMeritWhereBothFail) {
  const auto check = no_worse_by("error-rate", ratio(0.01));
  const auto dead = sample_of(1000, 1000);
  const auto found = judged(check, sample_of(1000, 1000), &dead);
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message,
            "error-rate 100% <= 101% (stable 100% + 1%), but stable is sick itself, n=1 000, stable n=1 000");
  EXPECT_EQ(judged(no_worse_by_part("error-rate", 0.2), sample_of(1000, 300), &dead).verdict, Verdict::Pass) << "a fix";
  const auto sick = sample_of(1000, 200);
  EXPECT_EQ(judged(check, sample_of(1000, 195), &sick).verdict, Verdict::Inconclusive);
  EXPECT_EQ(judged(check, sample_of(1000, 50), &sick).verdict, Verdict::Pass);
  const auto ailing = sample_of(1000, 90);
  EXPECT_EQ(judged(check, sample_of(1000, 90), &ailing).verdict, Verdict::Pass) << "below a tenth it is a measure";
}

// ---- a stable that is sick itself

TEST(SickStable, DoesNotCondemnACandidateThatIsAsBad) {
  const auto stable = sample_of(1000, 110);
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(1000, 120), &stable);
  EXPECT_EQ(found.verdict, Verdict::Inconclusive);
  EXPECT_EQ(found.message, "error-rate 12% > max 1%, but stable is sick too: 11% (n=1 000, stable n=1 000)");
}

TEST(SickStable, LetsAFixThrough) {
  const auto stable = sample_of(1000, 300);
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(1000, 30), &stable);
  EXPECT_EQ(found.verdict, Verdict::Pass);
  EXPECT_EQ(found.message, "error-rate 3% > max 1%, but stable is worse: 30% (n=1 000, stable n=1 000)");
}

TEST(SickStable, DoesNotExcuseACandidateThatIsWorse) {
  const auto stable = sample_of(1000, 110);
  const auto found = judged(at_most("error-rate", ratio(0.01)), sample_of(1000, 300), &stable);
  EXPECT_EQ(found.verdict, Verdict::Fail);
  EXPECT_EQ(found.message, "error-rate 30% > max 1%, and stable is better: 11% (n=1 000, stable n=1 000)");
}

TEST(SickStable, CountsOnlyOnceEnoughIsKnownOfIt) {
  const auto stable = sample_of(49, 49);
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(1000, 300), &stable).verdict, Verdict::Fail);
  const auto half = sample_of(50, 15);
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(1000, 300), &half).verdict, Verdict::Inconclusive);
}

TEST(SickStable, HoldsForLatenciesAndLowerSidesAsWell) {
  const auto slow = sample_of(2000, 0, milliseconds(90));
  const auto limit = at_most("latency-p95", in_seconds(0.050));
  EXPECT_EQ(judged(limit, sample_of(2000, 0, milliseconds(89)), &slow).verdict, Verdict::Inconclusive);
  EXPECT_EQ(judged(limit, sample_of(2000, 0, milliseconds(60)), &slow).verdict, Verdict::Pass);
  EXPECT_EQ(judged(limit, sample_of(2000, 0, milliseconds(200)), &slow).verdict, Verdict::Fail);
  const auto none = sample_of(1000, 10);
  EXPECT_EQ(judged(at_least("error-rate", ratio(0.5)), sample_of(1000, 200), &none).verdict, Verdict::Pass);
  const auto some = sample_of(1000, 200);
  EXPECT_EQ(judged(at_least("error-rate", ratio(0.5)), sample_of(1000, 10), &some).verdict, Verdict::Fail);
}

TEST(HealthyStable, LeavesTheLimitAlone) {
  const auto stable = sample_of(1000, 0);
  EXPECT_EQ(judged(at_most("error-rate", ratio(0.01)), sample_of(1000, 100), &stable).verdict, Verdict::Fail);
}

TEST(RuleOf, SaysWhatThePolicySays) {
  EXPECT_EQ(rule_of(at_most("error-rate", ratio(0.01))), "max 1%");
  EXPECT_EQ(rule_of(no_worse_by("error-rate", ratio(0.005))), "margin 0.5%");
  EXPECT_EQ(rule_of(no_worse_by("latency-p99", in_seconds(0.01))), "margin 10ms");
  EXPECT_EQ(rule_of(no_worse_by_part("latency-p99", 0.2)), "relativeMargin 20%");
  auto both = at_most("gpu", number(0.9));
  both.threshold_range->min = number(0.1);
  EXPECT_EQ(rule_of(both), "min 0.1, max 0.9");
}

}  // namespace
}  // namespace sluice::strategy
