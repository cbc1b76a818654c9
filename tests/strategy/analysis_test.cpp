#include "sluice/strategy/analysis.hpp"

#include <gtest/gtest.h>

#include "checks.hpp"
#include "samples.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime start{std::chrono::hours(500'000)};

/// Remembers from look to look, as a strategy does.
struct Watch {
  policy::Analysis analysis;
  Evidence evidence;
  Sample candidate;
  const Sample* stable = nullptr;
  std::vector<CheckMemory> memory;
  EvidenceOfChecks gathered;
  std::optional<WallTime> last_look;

  explicit Watch(std::vector<policy::Check> checks) : analysis(analysis_of(std::move(checks))) {}

  Assessment at(Duration since_start) {
    const WallTime now = start + since_start;
    Subject subject{&candidate, stable, &evidence, "fraud-1/1"};
    if (stable != nullptr) subject.share = 0.5;
    auto made = assess(analysis, memory, gathered, last_look, start, subject, now);
    memory = made.memory;
    gathered = made.evidence;
    if (made.looked) last_look = now;
    return made;
  }
  /// Look after look, one every interval.
  Assessment next(Sample sample) {
    candidate = std::move(sample);
    clock += analysis.interval;
    return at(clock);
  }
  Duration clock{0};
};

TEST(Assess, LooksFirstOneIntervalAfterTheWindowBegan) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  watch.analysis.on_no_data = policy::OnNoData::Pass;
  const auto early = watch.at(milliseconds(9'999));
  EXPECT_FALSE(early.looked);
  EXPECT_EQ(early.verdict, Verdict::Pending);
  EXPECT_EQ(watch.at(seconds(7)).message, "the first look comes in 3s");
  const auto first = watch.at(seconds(10));
  EXPECT_TRUE(first.looked);
  EXPECT_EQ(first.verdict, Verdict::Pass);
}

TEST(Assess, RepeatsWhatItFoundUntilTheNextInterval) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  watch.candidate = sample_of(1000, 0);
  const auto first = watch.at(seconds(10));
  watch.candidate = sample_of(2000, 900);
  const auto repeated = watch.at(seconds(19));
  EXPECT_FALSE(repeated.looked);
  EXPECT_EQ(repeated.verdict, Verdict::Pass);
  EXPECT_EQ(repeated.memory, first.memory);
  EXPECT_EQ(watch.at(seconds(20)).verdict, Verdict::Fail);
}

TEST(Assess, CountsOneLookHoweverManyIntervalsWereMissed) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  watch.candidate = sample_of(1000, 0);
  watch.at(seconds(10));
  EXPECT_EQ(watch.at(seconds(500)).memory[0].looks, 2u);
}

TEST(Assess, LooksAtOnceWhenTheClockWasSetBack) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  watch.at(seconds(100));
  EXPECT_TRUE(watch.at(seconds(50)).looked);
}

TEST(Assess, FailsAtTheFirstFailedLookUnlessSomeAreForgiven) {
  Watch strict({at_most("error-rate", ratio(0.01))});
  const auto failed = strict.next(sample_of(1000, 100));
  EXPECT_EQ(failed.verdict, Verdict::Fail);
  EXPECT_TRUE(failed.message.starts_with("error-rate 10% > max 1% (n=1 000), E ")) << failed.message;
}

TEST(Assess, ForgivesAsManyFailedLooksAsThePolicySays) {
  auto check = at_most("error-rate", ratio(0.01));
  check.failure_limit = 2;
  Watch watch({check});
  const auto first = watch.next(sample_of(1000, 100));
  EXPECT_EQ(first.verdict, Verdict::Inconclusive) << "forgiven, but nothing to go on with";
  EXPECT_TRUE(first.message.ends_with(", failed look 1 of 2 that are forgiven")) << first.message;
  EXPECT_EQ(watch.next(sample_of(20'000, 100)).verdict, Verdict::Pass) << "it was a moment";
  EXPECT_EQ(watch.next(sample_of(24'000, 4000)).verdict, Verdict::Inconclusive);
  const auto third = watch.next(sample_of(25'000, 4500));
  EXPECT_EQ(third.verdict, Verdict::Fail);
  EXPECT_EQ(third.memory[0].failures, 3u);
  EXPECT_EQ(watch.next(sample_of(900'000, 4500)).verdict, Verdict::Fail) << "for the rest of the window";
}

TEST(Assess, IsExhaustedAfterTooManyUndecidedLooksInARow) {
  auto check = at_most("error-rate", ratio(0.01));
  check.inconclusive_limit = 2;
  Watch watch({check});
  EXPECT_FALSE(watch.next(sample_of(10, 0)).exhausted);
  EXPECT_FALSE(watch.next(sample_of(20, 0)).exhausted);
  EXPECT_FALSE(watch.next(sample_of(400, 0)).exhausted);
  EXPECT_EQ(watch.memory[0].inconclusive_in_a_row, 0u) << "a decided look ends the row";
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(watch.next(sample_of(10, 0)).exhausted);
  const auto third = watch.next(sample_of(10, 0));
  EXPECT_TRUE(third.exhausted);
  EXPECT_EQ(third.verdict, Verdict::Inconclusive);
  EXPECT_EQ(third.message, "error-rate: n=10 of 100");
}

TEST(Assess, WaitsWithoutEndWhereNoLimitIsSet) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(watch.next(sample_of(10, 0)).exhausted);
}

TEST(Assess, CountsErrorsAsUndecidedAndAnswersUnderWayNotAtAll) {
  auto check = from_prometheus(at_most("gpu-memory", number(0.9)));
  check.inconclusive_limit = 1;
  Watch watch({check});
  for (int i = 0; i < 5; ++i) {
    const auto pending = watch.next({});
    EXPECT_EQ(pending.verdict, Verdict::Pending);
    EXPECT_FALSE(pending.exhausted);
    EXPECT_EQ(pending.memory[0].looks, 0u);
  }
  const auto failed = [&] {
    return QueryAnswer{QueryAnswer::State::Failed, 0, "refused", start + watch.clock + watch.analysis.interval};
  };
  watch.evidence.queries["fraud-1/1/query/0"] = failed();
  EXPECT_EQ(watch.next({}).verdict, Verdict::Error);
  watch.evidence.queries["fraud-1/1/query/0"] = failed();
  EXPECT_TRUE(watch.next({}).exhausted);
}

TEST(Assess, PassesOnlyWhenAllChecksDo) {
  Watch watch({at_most("error-rate", ratio(0.01)), at_most("latency-p50", policy::Quantity{0.05, {}})});
  const auto all = watch.next(sample_of(6131, 0, milliseconds(20)));
  EXPECT_EQ(all.verdict, Verdict::Pass);
  EXPECT_EQ(all.message, "2 checks pass (n=6 131)");
  EXPECT_EQ(watch.next(sample_of(7000, 0, milliseconds(90))).verdict, Verdict::Fail);
}

TEST(Assess, LetsAFailureDecideAmongUndecidedOnes) {
  Watch watch({at_most("error-rate", ratio(0.01)), at_most("click", ratio(0.5)), at_most("error-rate", ratio(0.5))});
  const auto failed = watch.next(sample_of(1000, 200));
  EXPECT_EQ(failed.verdict, Verdict::Fail);
  EXPECT_TRUE(failed.message.starts_with("error-rate 20% > max 1% (n=1 000), E ")) << failed.message;
  EXPECT_EQ(failed.message.find("click"), std::string::npos) << "only what decides is told";
  Watch unknown({at_most("click", ratio(0.5)), at_most("error-rate", ratio(0.5))});
  EXPECT_EQ(unknown.next(sample_of(1000, 0)).verdict, Verdict::Error);
}

TEST(Assess, RollsBackOnTheMeanOfTheEvidence) {
  // Alone each of the two would need E 40; the mean asks for 20. Differences have no exact thresholds.
  const Sample reference = sample_of(1000, 10);
  Watch alone({no_worse_by("error-rate", ratio(0.005))});
  Watch both({no_worse_by("error-rate", ratio(0.005)), no_worse_by("error-rate", ratio(0.0049))});
  alone.stable = both.stable = &reference;
  std::uint64_t failures = 0;
  Assessment of_one;
  for (; of_one.verdict != Verdict::Fail; ++failures) of_one = alone.next(sample_of(1000 + failures, failures));
  const auto of_two = both.next(sample_of(999 + failures, failures - 1));
  EXPECT_EQ(of_two.verdict, Verdict::Fail) << of_two.message;
  EXPECT_LT(of_two.memory[0].proof.log_e, of_two.memory[0].proof.log_threshold);
  EXPECT_EQ(of_two.memory[1].verdict, Verdict::Fail) << "the one with the most evidence is named";
  EXPECT_TRUE(of_two.message.ends_with("certain together with the other checks")) << of_two.message;
}

TEST(Assess, ChecksWithExactThresholdsHaveTheirOwnPartsOfTheDoubt) {
  Watch both({at_most("error-rate", ratio(0.01)), at_most("error-rate", ratio(0.0099))});
  std::uint64_t failures = 0;
  Assessment last;
  for (; last.verdict != Verdict::Fail; ++failures) last = both.next(sample_of(1000 + failures, failures));
  EXPECT_EQ(last.memory[1].verdict, Verdict::Fail);
  EXPECT_GE(last.memory[1].proof.log_e, last.memory[1].proof.log_threshold);
  EXPECT_EQ(last.message.find("together"), std::string::npos) << last.message;
}

TEST(Assess, CarriesEvidenceOverWindowsAndRestarts) {
  const auto check = at_most("error-rate", ratio(0.01));
  Watch whole({check});
  whole.evidence.window = 1;
  whole.next(sample_of(400, 10));
  const auto once = whole.next(sample_of(800, 20));

  Watch restarted({check});
  restarted.evidence.window = restarted.evidence.counters = 1;
  restarted.next(sample_of(400, 10));
  ++restarted.evidence.counters;
  const auto after = restarted.next(sample_of(400, 10));
  EXPECT_DOUBLE_EQ(after.memory[0].proof.log_e, once.memory[0].proof.log_e) << "counters that began anew lose nothing";
  EXPECT_EQ(after.memory[0].samples, 400u) << "what is shown is of the counters";

  Watch windows({check});
  windows.evidence.window = 1;
  windows.next(sample_of(400, 10));
  ++windows.evidence.window;
  const auto next = windows.next(sample_of(400, 10));
  EXPECT_GT(next.memory[0].proof.log_e, 0.5 * once.memory[0].proof.log_e) << "a new window forgets nothing";
  EXPECT_EQ(next.memory[0].samples, 400u);
}

TEST(Assess, FindsOutOneThatFallsIllAfterALongHealthyTime) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  watch.evidence.window = 1;
  EXPECT_EQ(watch.next(sample_of(200'000, 1000)).verdict, Verdict::Pass);
  ++watch.evidence.window;
  EXPECT_EQ(watch.next(sample_of(1000, 100)).verdict, Verdict::Fail) << "by its second window alone";
}

TEST(Assess, LooksThatFindNothingNewAddNoEvidence) {
  Watch watch({at_most("error-rate", ratio(0.01))});
  const auto once = watch.next(sample_of(400, 6));
  for (int i = 0; i < 50; ++i) watch.next(sample_of(400, 6));
  EXPECT_EQ(watch.memory[0].proof.log_e, once.memory[0].proof.log_e);
}

TEST(Assess, TellsChecksOfOneMetricApart) {
  Watch watch({at_most("error-rate", ratio(0.01)), at_most("error-rate", ratio(0.02))});
  const auto found = watch.next(sample_of(1000, 0));
  EXPECT_EQ(found.memory[0].name, "error-rate");
  EXPECT_EQ(found.memory[1].name, "error-rate#2");
  EXPECT_EQ(found.memory[1].rule, "max 2%");
}

TEST(Assess, ReportsDryRunsAndDecidesNothingByThem) {
  auto dry = at_most("error-rate", ratio(0.01));
  dry.dry_run = true;
  dry.inconclusive_limit = 0;
  Watch watch({dry, at_most("latency-p50", policy::Quantity{0.05, policy::QuantityUnit::Seconds})});
  const auto found = watch.next(sample_of(1000, 200, milliseconds(20)));
  EXPECT_EQ(found.verdict, Verdict::Pass);
  EXPECT_EQ(found.memory[0].verdict, Verdict::Fail);
  EXPECT_EQ(found.memory[0].failures, 1u);
  EXPECT_TRUE(found.memory[0].dry_run);
  EXPECT_NE(found.message.find("latency-p50"), std::string::npos) << found.message;
  EXPECT_FALSE(watch.next(sample_of(10, 0)).memory[0].message.empty());
  Watch only({dry});
  EXPECT_EQ(only.next(sample_of(1000, 200)).message, "no check decides");
  EXPECT_FALSE(only.next(sample_of(1, 0)).exhausted);
}

TEST(Assess, ForgetsAChecksPastWhenItsRuleChanges) {
  auto check = at_most("error-rate", ratio(0.01));
  Watch watch({check});
  EXPECT_EQ(watch.next(sample_of(1000, 100)).verdict, Verdict::Fail);
  watch.analysis.checks[0].threshold_range->max = ratio(0.5);
  const auto found = watch.next(sample_of(1000, 100));
  EXPECT_EQ(found.verdict, Verdict::Pass);
  EXPECT_EQ(found.memory[0].failures, 0u);
}

TEST(Assess, ReadsTheRolloutsOwnMemory) {
  RolloutState state;
  state.window_since = start;
  const auto analysis = analysis_of({at_most("error-rate", ratio(0.01))});
  const auto sample = sample_of(1000, 0);
  const Subject subject{&sample, nullptr, nullptr, "fraud-1/1"};
  EXPECT_FALSE(assess(analysis, state, subject, start + seconds(9)).looked);
  const auto found = assess(analysis, state, subject, start + seconds(10));
  EXPECT_TRUE(found.looked);
  state.checks = found.memory;
  state.last_look = start + seconds(10);
  EXPECT_FALSE(assess(analysis, state, subject, start + seconds(19)).looked);
}

TEST(QueriesOf, FillInTheNames) {
  auto check = from_prometheus(at_most("gpu-memory", number(0.9)));
  check.prometheus->query = "max(gpu{r=\"{{route}}\",v=\"{{version}}\",w=\"{{version}}\"})";
  check.prometheus->timeout = seconds(3);
  auto analysis = analysis_of({at_most("error-rate", ratio(0.01)), check});
  analysis.interval = seconds(30);
  const auto queries = queries_of(analysis, "fraud", "v2", "v1", "fraud-3/1/2");
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_EQ(queries[0].key, "fraud-3/1/2/query/1");
  EXPECT_EQ(queries[0].address, "http://127.0.0.1:9090");
  EXPECT_EQ(queries[0].promql, "max(gpu{r=\"fraud\",v=\"v2\",w=\"v2\"})");
  EXPECT_EQ(queries[0].timeout, Duration(seconds(3)));
  EXPECT_EQ(queries[0].interval, Duration(seconds(30)));
}

TEST(QueriesOf, AskAboutStableWhereAChecksCompares) {
  const auto analysis = analysis_of({from_prometheus(no_worse_by("gpu-memory", number(0.1)))});
  const auto queries = queries_of(analysis, "fraud", "v2", "v1", "k");
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[1].key, "k/query/0/stable");
  EXPECT_EQ(queries[1].promql, "up{version=\"v1\"}");
  EXPECT_EQ(queries_of(analysis, "fraud", "v2", "", "k").size(), 1u);
}

TEST(QueriesOf, DoNotFillInWhatANameHappensToSay) {
  auto check = from_prometheus(at_most("gpu-memory", number(0.9)));
  check.prometheus->query = "{{version}}";
  const auto queries = queries_of(analysis_of({check}), "fraud", "{{version}}", "", "k");
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_EQ(queries[0].promql, "{{version}}");
}

}  // namespace
}  // namespace sluice::strategy
