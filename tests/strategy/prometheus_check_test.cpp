#include "sluice/strategy/prometheus_check.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "checks.hpp"
#include "samples.hpp"

namespace sluice::strategy {
namespace {

using Reply = QueryAnswer::State;
using std::chrono::seconds;

const WallTime asked_at{std::chrono::hours(500'000)};

QueryAnswer answer(Reply state, double value = 0, std::string detail = "") {
  return {state, value, std::move(detail), asked_at};
}

struct Asked {
  Evidence evidence;
  policy::Analysis analysis;
  policy::Check check = from_prometheus(at_most("gpu-memory", number(0.9)));
  Sample none;
  bool has_stable = false;

  Asked& says(QueryAnswer about, bool of_stable = false) {
    evidence.queries[query_key("fraud-1/1", 0, of_stable)] = std::move(about);
    return *this;
  }
  Finding judge(WallTime when = asked_at) {
    CheckEvidence gathered;
    return judge_check(check, analysis, gathered, {&none, has_stable ? &none : nullptr, &evidence, "fraud-1/1"}, 0,
                       when);
  }
};

TEST(PrometheusCheck, ComparesTheNumberWithoutWaitingForRequests) {
  const auto good = Asked().says(answer(Reply::Value, 0.73)).judge();
  EXPECT_EQ(good.verdict, Verdict::Pass);
  EXPECT_EQ(good.message, "gpu-memory 0.73 <= max 0.9");
  EXPECT_EQ(*good.value, 0.73);
  EXPECT_EQ(*good.threshold, 0.9);
  const auto bad = Asked().says(answer(Reply::Value, 0.93)).judge();
  EXPECT_EQ(bad.verdict, Verdict::Fail);
  EXPECT_EQ(bad.message, "gpu-memory 0.93 > max 0.9");
}

TEST(PrometheusCheck, WaitsForAnAnswer) {
  EXPECT_EQ(Asked().judge().verdict, Verdict::Pending);
  EXPECT_EQ(Asked().says(answer(Reply::Pending)).judge().verdict, Verdict::Pending);
}

TEST(PrometheusCheck, DoesNotTrustAnAnswerOfTwoIntervalsAgo) {
  auto asked = Asked().says(answer(Reply::Value, 0.1));
  EXPECT_EQ(asked.judge(asked_at + seconds(20)).verdict, Verdict::Pass);
  EXPECT_EQ(asked.judge(asked_at + seconds(21)).verdict, Verdict::Pending);
}

TEST(PrometheusCheck, NeverTakesWhatIsNoNumberForGood) {
  EXPECT_EQ(Asked().says(answer(Reply::Failed, 0, "timed out after 5s")).judge().verdict, Verdict::Error);
  EXPECT_EQ(Asked().says(answer(Reply::Failed, 0, "timed out after 5s")).judge().message,
            "gpu-memory: Prometheus could not be asked: timed out after 5s");
  EXPECT_EQ(Asked().says(answer(Reply::Many, 0, "3 series")).judge().verdict, Verdict::Error);
  EXPECT_EQ(Asked().says(answer(Reply::NotANumber, 0, "NaN")).judge().verdict, Verdict::Error);
  EXPECT_EQ(Asked().says(answer(Reply::Value, std::nan(""))).judge().verdict, Verdict::Error);
  EXPECT_EQ(Asked().says(answer(Reply::Value, -INFINITY)).judge().verdict, Verdict::Error);
}

TEST(PrometheusCheck, TakesNoSeriesForNoData) {
  auto asked = Asked().says(answer(Reply::Empty));
  EXPECT_EQ(asked.judge().verdict, Verdict::Inconclusive);
  EXPECT_EQ(asked.judge().message, "gpu-memory: Prometheus has no series");
  asked.analysis.on_no_data = policy::OnNoData::Pass;
  EXPECT_EQ(asked.judge().verdict, Verdict::Pass);
  asked.analysis.on_no_data = policy::OnNoData::Fail;
  EXPECT_EQ(asked.judge().verdict, Verdict::Fail);
}

TEST(PrometheusCheck, ComparesWithStablesNumber) {
  Asked asked;
  asked.check = from_prometheus(no_worse_by("gpu-memory", number(0.1)));
  asked.says(answer(Reply::Value, 0.73)).says(answer(Reply::Value, 0.7), true);
  EXPECT_EQ(asked.judge().verdict, Verdict::Pass);
  EXPECT_EQ(asked.judge().message, "gpu-memory 0.73 <= 0.8 (stable 0.7 + 0.1)");
  EXPECT_EQ(*asked.judge().reference, 0.7);
  asked.says(answer(Reply::Value, 0.5), true);
  EXPECT_EQ(asked.judge().verdict, Verdict::Fail);
  asked.says(answer(Reply::Many), true);
  EXPECT_EQ(asked.judge().verdict, Verdict::Error);
  asked.check = from_prometheus(no_worse_by_part("gpu-memory", 0.5));
  asked.says(answer(Reply::Value, 0.5), true);
  EXPECT_EQ(asked.judge().message, "gpu-memory 0.73 <= 0.75 (stable 0.5 + 50%)");
}

TEST(PrometheusCheck, WaitsForStableOnlyWhereThereIsOne) {
  Asked asked;
  asked.check = from_prometheus(no_worse_by("gpu-memory", number(0.1)));
  asked.says(answer(Reply::Value, 0.73));
  EXPECT_EQ(asked.judge().verdict, Verdict::Inconclusive);
  asked.has_stable = true;
  EXPECT_EQ(asked.judge().verdict, Verdict::Pending);
  EXPECT_EQ(asked.judge().message, "gpu-memory: Prometheus has not answered yet about stable");
}

}  // namespace
}  // namespace sluice::strategy
