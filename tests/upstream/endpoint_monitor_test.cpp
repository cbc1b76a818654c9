#include "sluice/upstream/endpoint_monitor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "monitor_fixture.hpp"
#include "support/fake_upstream.hpp"
#include "support/gate.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::EndpointState;
using test::Conversation;
using test::eventually;
using test::FakeUpstream;
using test::Gate;

/// A model that is ready once the gate is open, and not before.
FakeUpstream::Script ready_behind(const Gate& gate) {
  return [&gate](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.answer(gate.is_open() ? 200 : 503, "");
    }
  };
}

using EndpointMonitorTest = MonitorFixture;

TEST_F(EndpointMonitorTest, TheFirstEndpointsGetTrafficUntilACheckSaysOtherwise) {
  FakeUpstream well;
  FakeUpstream sick(test::answers(503, ""));
  configure({well.port(), sick.port()});
  EXPECT_EQ(share(0), kFull) << "before any check";
  EXPECT_EQ(share(1), kFull);
  loop.start();
  ASSERT_TRUE(becomes(1, EndpointState::Unhealthy));
  EXPECT_EQ(share(1), 0u);
  EXPECT_NE(report(1).last_check.find("failed: 503 in "), std::string::npos) << report(1).last_check;
  ASSERT_TRUE(eventually([&] { return report(0).last_check.starts_with("passed: 200 in "); }));
  EXPECT_EQ(share(0), kFull);
  EXPECT_EQ(exported(EndpointState::Unhealthy), 1u);
  EXPECT_EQ(exported(EndpointState::Admitted), 1u);
  EXPECT_GT(totals().checks_passed, 0u);
  EXPECT_GT(totals().checks_failed, 0u);
  EXPECT_EQ(well.request(0).target(), "/ready");
}

TEST_F(EndpointMonitorTest, ALaterEndpointGetsTrafficOnceItIsReady) {
  Gate ready;
  FakeUpstream first;
  FakeUpstream second(ready_behind(ready));
  loop.start();
  configure({first.port()});
  configure({first.port(), second.port()});
  EXPECT_EQ(share(1), 0u);
  ASSERT_TRUE(eventually([&] { return second.request_count() >= 3; }));
  EXPECT_EQ(report(1).state, EndpointState::Starting);
  EXPECT_EQ(share(1), 0u);
  ready.open();
  ASSERT_TRUE(becomes(1, EndpointState::Admitted));
  EXPECT_EQ(share(1), kFull);
}

TEST_F(EndpointMonitorTest, ChecksThatAReloadSwitchesOnTakeNobodyOutForOneFailure) {
  std::atomic<int> asked{0};
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(++asked == 1 ? 503 : 200, "");
  });
  FakeUpstream other;
  rules.health.enabled = false;
  rules.slow_start.duration = 1h;
  loop.start();
  configure({upstream.port(), other.port()});
  rules.health.enabled = true;
  configure({upstream.port(), other.port()});
  ASSERT_TRUE(eventually([&] { return totals().checks_failed == 1 && asked >= 3; }));
  EXPECT_EQ(report(0).state, EndpointState::Admitted) << "and no ramp, that would show for an hour";
  EXPECT_EQ(share(0), kFull);
}

TEST_F(EndpointMonitorTest, OneThatFallsAndRisesIsTakenOutAndLetInAgain) {
  Gate fall;
  Gate rise;
  FakeUpstream other;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(fall.is_open() && !rise.is_open() ? 500 : 200, "");
  });
  loop.start();
  configure({upstream.port(), other.port()});
  ASSERT_TRUE(eventually([&] { return totals().checks_passed > 3; }));
  fall.open();
  ASSERT_TRUE(becomes(0, EndpointState::Unhealthy));
  rise.open();
  ASSERT_TRUE(becomes(0, EndpointState::Admitted));
  EXPECT_EQ(share(0), kFull);
}

TEST_F(EndpointMonitorTest, NobodyListeningIsAFailedCheck) {
  loop.start();
  configure({test::refused_port()});
  ASSERT_TRUE(becomes(0, EndpointState::Unhealthy));
  EXPECT_TRUE(report(0).last_check.starts_with("failed: connect_failed in ")) << report(0).last_check;
}

TEST_F(EndpointMonitorTest, WithoutAnotherVersionAllGetTrafficWhenNoneIsUsable) {
  has_fallback = false;
  FakeUpstream sick(test::answers(503, ""));
  loop.start();
  configure({sick.port()});
  ASSERT_TRUE(becomes(0, EndpointState::Unhealthy));
  EXPECT_EQ(share(0), kFull);
  EXPECT_NE(report(0).reason.find("gets traffic all the same"), std::string::npos) << report(0).reason;
  EXPECT_TRUE(registry.snapshot().routes[0].versions[0].panic);
}

TEST_F(EndpointMonitorTest, ARemovedEndpointIsNoLongerProbed) {
  FakeUpstream stays;
  FakeUpstream goes;
  loop.start();
  configure({stays.port(), goes.port()});
  ASSERT_TRUE(eventually([&] { return goes.request_count() >= 2; }));
  configure({stays.port()});
  EXPECT_EQ(monitor.report().size(), 1u);
  // A check may still have been under way.
  ASSERT_TRUE(eventually([&] { return goes.open_connections() == 0; }));
  const std::size_t stayed = stays.request_count();
  ASSERT_TRUE(eventually([&] { return stays.request_count() >= stayed + 3; }));
  const std::size_t probed = goes.request_count();
  ASSERT_TRUE(eventually([&] { return stays.request_count() >= stayed + 10; }));
  EXPECT_EQ(goes.request_count(), probed);
}

TEST_F(EndpointMonitorTest, WithoutChecksAndWarmUpNobodyIsProbed) {
  rules.health.enabled = false;
  FakeUpstream upstream;
  loop.start();
  configure({upstream.port()});
  configure({upstream.port()});
  EXPECT_EQ(report(0).state, EndpointState::Admitted);
  EXPECT_EQ(upstream.connections(), 0u);
}

/// Time stands still, and so no tick ever comes.
class WithoutTicks : public MonitorFixture {
 protected:
  ~WithoutTicks() override {
    still.stop();
    still_loop.stop([this] { return still.is_quiet(); });
  }
  ManualClock stopped_clock;
  ServiceLoop still_loop{stopped_clock};
  EndpointMonitor still{still_loop, registry};
};

TEST_F(WithoutTicks, AStreakOfErrorsEjects) {
  rules.health.enabled = false;
  still_loop.start();
  board = still.configure({version({1, 2, 3})}).front();
  for (int i = 0; i < 5; ++i) board->endpoints[1]->gateway_error(i % 2);
  ASSERT_TRUE(eventually([&] { return still.report().at(1).state == EndpointState::Ejected; }));
  EXPECT_EQ(share(1), 0u);
  const EndpointReport ejected = still.report().at(1);
  EXPECT_EQ(ejected.ejections, 1u);
  EXPECT_EQ(ejected.reason, "5 requests in a row without an answer; ejected for 30s");
  EXPECT_EQ(exported(EndpointState::Ejected), 1u);
  EXPECT_EQ(totals().ejections[static_cast<std::size_t>(metrics::EjectionReason::GatewayErrors)], 1u);
}

TEST_F(EndpointMonitorTest, AnEjectedEndpointComesBack) {
  rules.health.enabled = false;
  rules.ejection.base_time = 20ms;
  rules.ejection.probation = 20ms;
  loop.start();
  configure({1, 2});
  for (int i = 0; i < 5; ++i) board->endpoints[0]->server_error(0);
  ASSERT_TRUE(eventually([&] { return report(0).ejections == 1; }));
  ASSERT_TRUE(becomes(0, EndpointState::Admitted));
  EXPECT_EQ(share(0), kFull);
}

TEST_F(EndpointMonitorTest, ARampIsPublishedStepByStep) {
  rules.health.enabled = false;
  // So long that half of it does not pass between two lines of this test.
  rules.slow_start = {.duration = test::kSanitized ? 6000ms : 1500ms, .floor = 0.1};
  loop.start();
  configure({1});
  configure({1, 2});
  EXPECT_LT(share(1), kFull / 2);
  EXPECT_GT(share(1), 0u);
  std::vector<std::uint32_t> seen;
  ASSERT_TRUE(eventually([&] {
    if (seen.empty() || seen.back() != share(1)) seen.push_back(share(1));
    return share(1) == kFull;
  }));
  EXPECT_GE(seen.size(), 4u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(EndpointMonitorTest, ANewEndpointIsWarmedUpBeforeItGetsTraffic) {
  Gate go;
  FakeUpstream first;
  FakeUpstream second([&](Conversation& gateway) {
    for (;;) {
      if (gateway.read_request().target() != "/ready") gateway.wait_for(go);
      gateway.answer(200, "");
    }
  });
  rules.warm_up.requests = {{"POST", "/infer", {{"x-a", "1"}}, "{}"}};
  rules.warm_up.repeat = 2;
  rules.warm_up.recorded = 3;
  recorder = std::make_shared<RequestRecorder>(3, 100);
  recorder->offer("POST /real HTTP/1.1\r\nhost: model\r\ncontent-length: 2\r\n\r\n", "ab");
  loop.start();
  configure({first.port()});
  configure({first.port(), second.port()});
  const auto warm_ups = [&] {
    std::vector<test::HttpMessage> found;
    for (const test::HttpMessage& request : second.requests()) {
      if (request.has("x-sluice-warmup")) found.push_back(request);
    }
    return found;
  };
  ASSERT_TRUE(eventually([&] { return warm_ups().size() == 1; }));
  EXPECT_EQ(report(1).state, EndpointState::Starting);
  EXPECT_EQ(share(1), 0u);
  EXPECT_EQ(report(1).reason, "being warmed up: 0 of 3 requests sent, 0 failed");
  go.open();
  ASSERT_TRUE(becomes(1, EndpointState::Admitted));
  const auto requests = warm_ups();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].target(), "/infer");
  EXPECT_EQ(requests[0].field("x-a"), "1");
  EXPECT_EQ(requests[2].target(), "/real");
  EXPECT_EQ(requests[2].body, "ab");
  EXPECT_EQ(totals().warm_ups_answered, 3u);
  for (const test::HttpMessage& request : first.requests()) EXPECT_EQ(request.target(), "/ready") << "not the old one";
}

TEST_F(EndpointMonitorTest, NoWarmUpBeginsWhileTheyAreHeld) {
  rules.health.enabled = false;
  rules.warm_up.requests = {{"POST", "/infer", {}, "{}"}};
  FakeUpstream first;
  FakeUpstream second;
  monitor.hold_warm_ups(true);
  loop.start();
  configure({first.port()});
  configure({first.port(), second.port()});
  // Two rounds of the loop later it would have begun.
  ASSERT_TRUE(test::eventually([&] { return report(1).seconds_in_state > 0.6; }));
  EXPECT_EQ(report(1).state, EndpointState::Starting);
  EXPECT_EQ(second.request_count(), 0u);
  monitor.hold_warm_ups(false);
  ASSERT_TRUE(becomes(1, EndpointState::Admitted));
  EXPECT_EQ(totals().warm_ups_answered, 1u);
}

TEST_F(EndpointMonitorTest, AWarmUpThatFailsIsCountedAndKeepsNobodyOut) {
  rules.health.enabled = false;
  rules.warm_up.requests = {{"POST", "/infer", {}, "{}"}};
  FakeUpstream first;
  FakeUpstream second(test::answers(500, ""));
  loop.start();
  configure({first.port()});
  configure({first.port(), second.port()});
  ASSERT_TRUE(becomes(1, EndpointState::Admitted));
  EXPECT_EQ(totals().warm_ups_failed, 1u);
}

TEST_F(EndpointMonitorTest, AWarmUpThatTakesTooLongLetsTrafficIn) {
  rules.health.enabled = false;
  rules.warm_up.requests = {{"POST", "/infer", {}, "{}"}};
  rules.warm_up.timeout = 50ms;
  FakeUpstream first;
  FakeUpstream second(test::never_answers());
  loop.start();
  configure({first.port()});
  configure({first.port(), second.port()});
  ASSERT_TRUE(becomes(1, EndpointState::Admitted));
  EXPECT_EQ(share(1), kFull);
}

// --- life ---

TEST_F(EndpointMonitorTest, ReportsFollowTheOrderOfTheConfiguration) {
  rules.health.enabled = false;
  monitor.configure({version({7, 5}), version({6}, 1)});
  const auto reports = monitor.report();
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0].authority, "127.0.0.1:7");
  EXPECT_EQ(reports[1].authority, "127.0.0.1:5");
  EXPECT_EQ(reports[2].version, "v2");
  EXPECT_EQ(reports[0].in_flight, 0);
}

TEST_F(EndpointMonitorTest, StopsWithAProbeUnderWay) {
  rules.health.timeout = 1h;
  FakeUpstream upstream(test::never_answers());
  loop.start();
  configure({upstream.port()});
  ASSERT_TRUE(eventually([&] { return upstream.request_count() == 1; }));
  monitor.stop();
  loop.stop([this] { return monitor.is_quiet(); });
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
}

TEST_F(EndpointMonitorTest, ReloadsReportsAndWorkersGoOnSideBySide) {
  FakeUpstream a;
  FakeUpstream b;
  rules.ejection.base_time = 10ms;
  rules.ejection.probation = 10ms;
  loop.start();
  configure({a.port(), b.port()});
  const auto first = board;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    threads.emplace_back([&, worker] {
      while (!stop) {
        for (const auto& endpoint : first->endpoints) {
          for (int i = 0; i < 7; ++i) endpoint->server_error(worker);
          endpoint->answered(worker, 1ms);
        }
        std::this_thread::yield();
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      monitor.report();
      (void)monitor.drain({"", "", "127.0.0.1:" + std::to_string(b.port())}, true);
      (void)monitor.drain({}, false);
    }
  });
  for (int i = 0; i < 200; ++i) {
    configure(i % 2 == 0 ? std::vector{a.port()} : std::vector{b.port(), a.port()});
    rules.health.enabled = i % 3 != 0;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  rules.health.enabled = true;
  configure({a.port()});
  const std::size_t before = a.request_count();
  EXPECT_TRUE(eventually([&] { return a.request_count() > before; })) << "checks still go on";
}

}  // namespace
}  // namespace sluice::upstream
