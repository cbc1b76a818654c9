#include "sluice/stats/risk_prior.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::stats {
namespace {

TEST(RiskPrior, ReachesAsFarAsItSays) {
  const auto& guardrail = risk_grid(RiskPrior::Guardrail);
  ASSERT_EQ(guardrail.size, 24U);
  EXPECT_NEAR(std::exp(guardrail.log_risk[0]), 1.1, 1e-12);
  EXPECT_NEAR(std::exp(guardrail.log_risk[23]), 20, 1e-9);
  EXPECT_EQ(risk_grid(RiskPrior::Larger).size, 16U);
  EXPECT_EQ(risk_grid(RiskPrior::Either).size, 32U);
  EXPECT_EQ(risk_grid(RiskPrior::Odds).size, 40U);
  EXPECT_NEAR(risk_grid(RiskPrior::Smaller).log_risk[0], -0.02, 1e-12);
  EXPECT_NEAR(risk_grid(RiskPrior::Smaller).log_risk[15], -0.7, 1e-12);
}

TEST(RiskPrior, TurnsShareAndRiskIntoAShareOfTheEvents) {
  EXPECT_NEAR(event_share(0.05, 1), 0.05, 1e-15);
  EXPECT_NEAR(event_share(0.5, 3), 0.75, 1e-15);
  EXPECT_NEAR(pairwise_share(0.1, 0.3), 0.25, 1e-15);
  EXPECT_EQ(pairwise_share(0, 0), 0);
}

}  // namespace
}  // namespace sluice::stats
