#include "sluice/stats/share_history.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

TEST(ShareHistory, IsExactForAsManySharesAsItKeeps) {
  ShareHistory history;
  double truth = 0;
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = ShareHistory::kMost; i > 0; --i) {
      const double share = static_cast<double>(i) / 30;
      history.add(share, 3);
      truth += 3 * std::log1p(share * 4);
    }
  }
  EXPECT_EQ(history.size(), ShareHistory::kMost);
  EXPECT_NEAR(history.log_growth(5), truth, 1e-9);
  EXPECT_EQ(history.slack(5), 0);
}

TEST(ShareHistory, KnowsItsErrorOnceItIsFull) {
  Random random(2);
  for (const double risk : {0.05, 0.5, 0.9, 1.1, 2.0, 20.0}) {
    ShareHistory history;
    double truth = 0;
    double events = 0;
    for (int i = 0; i < 3000; ++i) {
      const double share = 0.01 + 0.97 * random.uniform();
      const auto many = static_cast<double>(1 + random.below(20));
      history.add(share, many);
      truth += many * std::log1p(share * (risk - 1));
      events += many;
    }
    double kept = 0;
    for (std::size_t i = 0; i < history.size(); ++i) kept += history[i].events;
    EXPECT_NEAR(kept, events, 1e-6);
    EXPECT_GE(history.log_growth(risk), truth - 1e-9);
    EXPECT_LE(history.log_growth(risk) - history.slack(risk), truth + 1e-9);
    EXPECT_LT(history.slack(risk), 0.02 * std::abs(truth)) << risk;
  }
}

TEST(ShareHistory, CountsNothingForNoEvents) {
  ShareHistory history;
  history.add(0.5, 0);
  EXPECT_EQ(history.size(), 0U);
  EXPECT_EQ(history.log_growth(2), 0);
  EXPECT_EQ(history.expected_events(2), 0);
}

}  // namespace
}  // namespace sluice::stats
