// Endpoints that an operator takes out.
#include <gtest/gtest.h>

#include "monitor_fixture.hpp"

namespace sluice::upstream {
namespace {

using metrics::EndpointState;

using EndpointDrainTest = MonitorFixture;

TEST_F(EndpointDrainTest, AnOperatorTakesAnEndpointOutAndLetsItInAgain) {
  rules.health.enabled = false;
  loop.start();
  configure({1, 2});
  const auto out = monitor.drain({"fraud", "v1", "127.0.0.1:2"}, true);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(*out, 1u);
  EXPECT_EQ(share(1), 0u);
  EXPECT_EQ(report(1).state, EndpointState::Draining);
  EXPECT_EQ(exported(EndpointState::Draining), 1u);
  EXPECT_EQ(*monitor.drain({"fraud", "v1", "127.0.0.1:2"}, true), 0u) << "harmless twice";
  configure({1, 2});
  EXPECT_EQ(share(1), 0u) << "a reload does not let it in";
  EXPECT_EQ(*monitor.drain({"", "", "127.0.0.1:2"}, false), 1u);
  EXPECT_EQ(report(1).state, EndpointState::Admitted);
  EXPECT_EQ(share(1), kFull);
}

TEST_F(EndpointDrainTest, AVersionThatNobodyReplacesKeepsOneEndpoint) {
  rules.health.enabled = false;
  has_fallback = false;
  configure({1, 2});
  EXPECT_TRUE(monitor.drain({"", "", "127.0.0.1:1"}, true).ok());
  const auto refused = monitor.drain({"", "", "127.0.0.1:2"}, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "version \"v1\" of route \"fraud\" would be left with no endpoint, and no other version answers for it");
  EXPECT_EQ(share(1), kFull) << "and nothing was changed";
  EXPECT_FALSE(monitor.drain({"fraud", "v1", ""}, true).ok());
}

TEST_F(EndpointDrainTest, AVersionWithAnotherToAnswerMayBeTakenOutWhole) {
  rules.health.enabled = false;
  configure({1, 2});
  const auto out = monitor.drain({"fraud", "v1", ""}, true);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(*out, 2u);
  EXPECT_EQ(share(0) + share(1), 0u);
}

TEST_F(EndpointDrainTest, SelectingNothingIsAnError) {
  configure({1});
  const auto nothing = monitor.drain({"fraud", "v9", ""}, true);
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().message, "no endpoint is selected");
}

}  // namespace
}  // namespace sluice::upstream
