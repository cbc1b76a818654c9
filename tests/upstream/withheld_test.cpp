// Endpoints that a rollout withholds.
#include <gtest/gtest.h>

#include <atomic>

#include "monitor_fixture.hpp"
#include "support/fake_upstream.hpp"
#include "support/gate.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::EndpointState;

class WithheldTest : public MonitorFixture {
 protected:
  /// Ports that nobody needs to listen on, and which of them the rollout withholds; as the gateway does it.
  void withhold(const std::vector<std::uint16_t>& ports, const std::vector<std::uint16_t>& withheld) {
    prepare(ports, withheld);
    monitor.take_out_withheld();
  }
  void prepare(const std::vector<std::uint16_t>& ports, const std::vector<std::uint16_t>& withheld) {
    WatchedVersion wanted = version(ports);
    for (const std::uint16_t port : withheld) wanted.withheld.push_back("127.0.0.1:" + std::to_string(port));
    board = monitor.configure({std::move(wanted)}).front();
  }
};

TEST_F(WithheldTest, AnEndpointThatIsWithheldGetsNothingAndSaysWhy) {
  rules.health.enabled = false;
  withhold({1, 2}, {2});
  EXPECT_EQ(share(0), kFull);
  EXPECT_EQ(share(1), 0u);
  EXPECT_EQ(report(1).state, EndpointState::Draining);
  EXPECT_EQ(report(1).reason, "withheld by the rollout");
  EXPECT_TRUE(report(1).withheld);
  EXPECT_TRUE(report(1).ready) << "but for the rollout it would get traffic";
  EXPECT_FALSE(report(0).withheld);
  EXPECT_EQ(exported(EndpointState::Draining), 1u);
}

TEST_F(WithheldTest, OneThatHasTrafficKeepsItUntilItIsTakenOut) {
  rules.health.enabled = false;
  withhold({1, 2, 3}, {1});
  const std::uint32_t before = board->epoch.load();
  prepare({1, 2, 3, 4}, {2, 4});
  EXPECT_EQ(share(0), kFull) << "let in at once";
  EXPECT_EQ(share(1), kFull) << "workers do not look elsewhere yet";
  EXPECT_EQ(share(3), 0u) << "nobody knew it";
  monitor.take_out_withheld();
  EXPECT_EQ(share(1), 0u);
  EXPECT_NE(board->epoch.load(), before);
  monitor.take_out_withheld();
  EXPECT_EQ(share(0), kFull);
  EXPECT_EQ(share(2), kFull) << "harmless twice";
}

TEST_F(WithheldTest, FromTheStartItGetsNothingAtAll) {
  rules.health.enabled = false;
  prepare({1, 2}, {2});
  EXPECT_EQ(share(1), 0u) << "also before it is taken out";
  EXPECT_EQ(share(0), kFull);
}

TEST_F(WithheldTest, IsIndependentOfAnOperatorsDrain) {
  rules.health.enabled = false;
  withhold({1, 2}, {2});
  EXPECT_EQ(*monitor.drain({"fraud", "v1", "127.0.0.1:2"}, true), 1u);
  EXPECT_EQ(report(1).reason, "taken out by an operator");
  EXPECT_FALSE(report(1).ready);
  withhold({1, 2}, {});
  EXPECT_EQ(share(1), 0u) << "the operator's word holds";
  withhold({1, 2}, {2});
  EXPECT_EQ(*monitor.drain({"", "", "127.0.0.1:2"}, false), 1u);
  EXPECT_EQ(share(1), 0u) << "the rollout's word holds";
  withhold({1, 2}, {});
  EXPECT_EQ(share(1), kFull);
}

TEST_F(WithheldTest, AVersionOfWhichEverythingIsWithheldIsNoReasonForPanicOrWarning) {
  rules.health.enabled = false;
  has_fallback = false;
  configure({1, 2});
  testing::internal::CaptureStderr();
  withhold({1, 2}, {1, 2});
  withhold({1, 2}, {1, 2});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("no endpoint of a version"), std::string::npos) << said;
  EXPECT_EQ(said.find("all get traffic"), std::string::npos) << said;
  EXPECT_EQ(share(0) + share(1), 0u);
  EXPECT_FALSE(registry.snapshot().routes[0].versions[0].panic);
}

TEST_F(WithheldTest, WhatIsWithheldDoesNotCountAmongTheUsableOnesForPanic) {
  rules.ejection = {};
  rules.health.unhealthy_threshold = 1;
  has_fallback = false;
  test::FakeUpstream well;
  loop.start();
  withhold({well.port(), 1, 2, 3}, {1, 2, 3});
  EXPECT_TRUE(test::eventually([&] { return report(1).reason.find("connect_failed") != std::string::npos; }))
      << report(1).reason;
  EXPECT_FALSE(report(1).ready);
  EXPECT_EQ(share(1), 0u) << "one of one is usable";
  EXPECT_FALSE(registry.snapshot().routes[0].versions[0].panic);
}

TEST_F(WithheldTest, IsCheckedAllTheSame) {
  std::atomic<bool> well{false};
  test::FakeUpstream upstream([&](test::Conversation& gateway) {
    gateway.read_request();
    gateway.answer(well ? 200 : 503, "");
  });
  loop.start();
  withhold({upstream.port()}, {upstream.port()});
  ASSERT_TRUE(test::eventually([&] { return !report(0).ready && !report(0).last_check.empty(); }));
  EXPECT_NE(report(0).reason.find("withheld by the rollout; "), std::string::npos) << report(0).reason;
  well = true;
  ASSERT_TRUE(test::eventually([&] { return report(0).ready; }));
  EXPECT_EQ(report(0).reason, "withheld by the rollout");
  EXPECT_EQ(share(0), 0u);
}

TEST_F(WithheldTest, WhoIsLetInMustPassACheckFirstAndIsAskedAtOnce) {
  std::atomic<bool> well{true};
  test::Gate fails;
  test::FakeUpstream upstream([&](test::Conversation& gateway) {
    gateway.read_request();
    if (well) return gateway.answer(200, "");
    gateway.wait_for(fails);
    gateway.answer(503, "");
  });
  rules.health.interval = 1h;
  rules.health.unhealthy_interval = 20ms;
  rules.health.healthy_threshold = 1;
  loop.start();
  configure({upstream.port()});
  ASSERT_TRUE(test::eventually([&] { return report(0).last_check.starts_with("passed"); }));
  withhold({upstream.port()}, {upstream.port()});
  EXPECT_TRUE(report(0).ready);
  well = false;
  withhold({upstream.port()}, {});
  EXPECT_EQ(report(0).state, EndpointState::Starting) << "what it was before counts no more";
  EXPECT_EQ(report(0).reason, "not checked yet");
  EXPECT_FALSE(report(0).ready);
  fails.open();
  EXPECT_TRUE(test::eventually([&] { return report(0).last_check.starts_with("failed"); })) << "not in an hour";
  EXPECT_EQ(share(0), 0u);
  well = true;
  EXPECT_TRUE(becomes(0, EndpointState::Admitted));
  EXPECT_TRUE(report(0).ready);
}

TEST_F(WithheldTest, WhoIsLetInIsWarmedUpAndStartsSlowlyLikeANewOne) {
  rules.health.enabled = false;
  rules.warm_up.requests = {{"POST", "/v2/models/m/infer", {}, "{}"}};
  rules.slow_start.duration = 1h;
  test::FakeUpstream upstream;
  loop.start();
  configure({upstream.port()});
  EXPECT_EQ(report(0).state, EndpointState::Admitted) << "the first ones are believed to be well";
  withhold({upstream.port()}, {upstream.port()});
  EXPECT_EQ(upstream.request_count(), 0u) << "no warm-up while it gets nothing";
  withhold({upstream.port()}, {});
  EXPECT_TRUE(becomes(0, EndpointState::Ramping));
  EXPECT_EQ(upstream.request_count(), 1u);
  EXPECT_LT(share(0), kFull / 5);
  EXPECT_LT(report(0).seconds_ready, 60);
}

TEST_F(WithheldTest, AReportCanBeOfOneRoute) {
  rules.health.enabled = false;
  configure({1, 2});
  EXPECT_EQ(monitor.report("fraud").size(), 2u);
  EXPECT_EQ(monitor.report("other").size(), 0u);
}

}  // namespace
}  // namespace sluice::upstream
