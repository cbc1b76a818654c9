#include "sluice/rollout/injection.hpp"

#include <gtest/gtest.h>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

TEST(Injection, ACandidateMayAnswerOtherwise) {
  const auto parsed = parse_injection("v2:disagreement=3%");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->second.disagreement, 0.03);
  EXPECT_FALSE(parse_injection("v2:disagreement=130%"));
}

TEST(Injection, IsReadWithAllItsParts) {
  const auto read = parse_injection("v2:error-rate=5%,latency=80ms,after=10m");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->first, "v2");
  EXPECT_DOUBLE_EQ(read->second.error_rate.value_or(0), 0.05);
  EXPECT_EQ(read->second.latency, 80ms);
  EXPECT_EQ(read->second.after, 10min);
}

TEST(Injection, OfNothingIsAVersionAsTheOthers) {
  const auto read = parse_injection("v2");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->second, Injection{});
}

TEST(Injection, RefusesWhatMakesNoSense) {
  for (const char* text : {"", ":error-rate=5%", "v2:", "v2:error-rate", "v2:error-rate=5", "v2:error-rate=101%",
                           "v2:latency=0s", "v2:latency=80", "v2:after=soon", "v2:errors=5%", "v2:error-rate=5%,"}) {
    EXPECT_FALSE(parse_injection(text)) << text;
  }
}

std::vector<policy::Outcome> click_and_revenue() {
  std::vector<policy::Outcome> outcomes(2);
  outcomes[0].name = "click";
  outcomes[1].name = "revenue";
  outcomes[1].type = policy::OutcomeType::Value;
  return outcomes;
}

TEST(Injection, MayNameTheRoutesOutcomes) {
  const auto read = parse_injection(
      "v2:latency-p99=300ms,click=5.5%,click-delay=20m,revenue=12±3@40%,revenue-delay=1h~0.8", click_and_revenue());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->second.latency_p99, 300ms);
  const OutcomeLaw click = read->second.outcomes.at("click");
  EXPECT_DOUBLE_EQ(click.rate.value_or(0), 0.055);
  EXPECT_EQ(click.delay, 20min);
  EXPECT_EQ(click.sigma, std::nullopt);
  const OutcomeLaw revenue = read->second.outcomes.at("revenue");
  EXPECT_EQ(revenue.mean, 12);
  EXPECT_EQ(revenue.deviation, 3);
  EXPECT_DOUBLE_EQ(revenue.rate.value_or(0), 0.4);
  EXPECT_EQ(revenue.delay, 1h);
  EXPECT_EQ(revenue.sigma, 0.8);
}

TEST(Injection, PlusMinusMayBeWrittenInAscii) {
  const auto read = parse_outcome_laws("revenue=-1.5+-3", click_and_revenue());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->at("revenue").mean, -1.5);
  EXPECT_EQ(read->at("revenue").deviation, 3);
}

TEST(Injection, RefusesOutcomesThatAreNotThereOrOfTheOtherType) {
  for (const char* text : {"v2:buy=5%", "v2:click=12±3", "v2:revenue=lots", "v2:revenue=12±-3", "v2:revenue=12@200%",
                           "v2:click-delay=soon", "v2:click-delay=1m~x", "v2:buy-delay=1m"}) {
    EXPECT_FALSE(parse_injection(text, click_and_revenue())) << text;
  }
  EXPECT_FALSE(parse_outcome_laws("error-rate=5%", click_and_revenue()));
}

TEST(Expectation, IsReadWithAllItsParts) {
  const auto read = parse_expectation("v2:error-rate=5% aborts within 2m in 90% of runs");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, "v2");
  EXPECT_DOUBLE_EQ(read->injection.error_rate.value_or(0), 0.05);
  EXPECT_EQ(read->ending, Ending::Aborts);
  EXPECT_EQ(read->within, 2min);
  EXPECT_DOUBLE_EQ(read->share.fraction, 0.9);
}

TEST(Expectation, HasNoLimitAnd95PercentUnlessItSaysSo) {
  const auto read = parse_expectation("v2 promotes");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ending, Ending::Promotes);
  EXPECT_EQ(read->within, std::nullopt);
  EXPECT_DOUBLE_EQ(read->share.fraction, 0.95);
}

TEST(Expectation, KnowsFourEndings) {
  EXPECT_EQ(parse_expectation("v2 holds")->ending, Ending::Holds);
  EXPECT_EQ(parse_expectation("v2 concludes in 50%")->ending, Ending::Concludes);
}

TEST(Expectation, RefusesWhatMakesNoSense) {
  for (const char* text :
       {"", "v2", "v2 aborted", "v2 aborts within", "v2 aborts within soon", "v2 aborts in many", "v2 aborts in 0%",
        "v2 aborts in 95% of", "v2 aborts within 2m please", "v2:errors=1% aborts", "v2 aborts in 95% of days"}) {
    EXPECT_FALSE(parse_expectation(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::rollout
