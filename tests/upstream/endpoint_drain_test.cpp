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

TEST_F(EndpointDrainTest, OneThatIsNamedAgainIsStillOutUntilTheOrderIsCalledOff) {
  rules.health.enabled = false;
  configure({1, 2});
  EXPECT_EQ(*monitor.drain({"fraud", "v1", "127.0.0.1:2"}, true), 1u);
  configure({1});
  configure({1, 2});
  EXPECT_EQ(report(1).state, EndpointState::Draining);
  EXPECT_EQ(share(1), 0u);
  EXPECT_EQ(exported(EndpointState::Draining), 1u);
  configure({1});
  EXPECT_TRUE(monitor.drain({"fraud", "", "127.0.0.1:2"}, false).ok()) << "selected, though nobody names it now";
  EXPECT_FALSE(monitor.drain({"fraud", "", "127.0.0.1:2"}, false).ok());
  configure({1, 2});
  EXPECT_EQ(share(1), kFull);
}

TEST_F(EndpointDrainTest, AVersionThatGoesTakesItsOrdersWithIt) {
  rules.health.enabled = false;
  configure({1, 2});
  EXPECT_EQ(*monitor.drain({"fraud", "v1", "127.0.0.1:2"}, true), 1u);
  monitor.configure({});
  configure({1, 2});
  EXPECT_EQ(report(1).state, EndpointState::Admitted);
}

TEST_F(EndpointDrainTest, WhoLeavesAVersionWithNobodyIsWarnedOnce) {
  rules.health.enabled = false;
  has_fallback = false;
  configure({1, 2});
  EXPECT_EQ(*monitor.drain({"fraud", "v1", "127.0.0.1:2"}, true), 1u);
  const auto said = [&](const std::vector<std::uint16_t>& ports) {
    testing::internal::CaptureStderr();
    configure(ports);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said({1, 2}).find("no endpoint of a version"), std::string::npos);
  const std::string warned = said({2});
  EXPECT_NE(warned.find("no endpoint of a version may get traffic"), std::string::npos) << warned;
  EXPECT_NE(warned.find("draining=1"), std::string::npos) << warned;
  EXPECT_EQ(said({2}), "") << "known";
  has_fallback = true;
  EXPECT_EQ(said({2}), "");
  has_fallback = false;
  EXPECT_NE(said({2}), "") << "the other version that answered is gone";
}

TEST_F(EndpointDrainTest, SelectingNothingIsAnError) {
  configure({1});
  const auto nothing = monitor.drain({"fraud", "v9", ""}, true);
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().message, "no endpoint is selected");
}

}  // namespace
}  // namespace sluice::upstream
