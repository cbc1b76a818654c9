// What requests leave behind for a rollout.
#include <thread>

#include "rollout_fixture.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using metrics::ShadowDropReason;
using test::FakeUpstream;
using test::RawClient;

class EvidenceTest : public RolloutFixture {
 protected:
  std::uint64_t dropped(std::size_t version, ShadowDropReason reason) const {
    return totals(version).shadow_dropped[static_cast<std::size_t>(reason)];
  }
  FakeUpstream v1{"one"};
};

TEST_F(EvidenceTest, AnAnswerBelow500IsOneRequestWithItsTimes) {
  FakeUpstream v2(test::answers(404, "x"));
  start(config_for({{"v1", v1.port(), 0}, {"v2", v2.port(), 1}}));
  RawClient client(port);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").status(), 404);
  EXPECT_TRUE(counts(1, 5, 0));
  EXPECT_TRUE(counts(0, 0, 0));
  const auto seen = evidence(1);
  EXPECT_EQ(seen.all.latency.count(), 5u);
  EXPECT_EQ(seen.all.first_byte.count(), 5u);
  EXPECT_GT(seen.all.latency.sum(), 0ns);
  EXPECT_GE(seen.all.latency.sum(), seen.all.first_byte.sum());
  EXPECT_EQ(seen.control.requests + seen.shadow.requests, 0u);
}

TEST_F(EvidenceTest, AnAnswerOf500AndNoneAtAllAreFailures) {
  FakeUpstream faulty(test::answers(503, "x"));
  FakeUpstream rude(hangs_up());
  start(config_for({{"v1", faulty.port()}, {"v2", rude.port(), 0}}));
  EXPECT_EQ(RawClient(port).get("/").status(), 503);
  EXPECT_TRUE(counts(0, 1, 1));
  EXPECT_EQ(evidence(0).all.latency.count(), 1u) << "it was answered";
  steer(orders_for({{"v1", faulty.port(), 0}, {"v2", rude.port()}}));
  EXPECT_EQ(RawClient(port).get("/").status(), 502);
  EXPECT_TRUE(counts(1, 1, 1));
  EXPECT_EQ(evidence(1).all.latency.count(), 0u);
}

TEST_F(EvidenceTest, ARescuedRequestIsAFailureOfTheAssignedVersionOnceAndNobodyElsesSuccess) {
  FakeUpstream rude(hangs_up());
  Config config = config_for({{"v1", v1.port(), 0}, {"v2", rude.port(), 1}});
  config.routes[0].versions[1].fallback = 0;
  start(std::move(config));
  EXPECT_EQ(RawClient(port).get("/").body, "one");
  EXPECT_TRUE(counts(1, 1, 1));
  EXPECT_EQ(evidence(1).all.latency.count(), 0u) << "what stable took says nothing about it";
  EXPECT_EQ(evidence(0).all.requests, 0u);
}

TEST_F(EvidenceTest, WhatARuleOrAPinDecidedDoesNotCount) {
  Config config = config_for({{"v1", v1.port(), 1}, {"v2", v1.port(), 0}});
  traffic::PlanSpec spec = config.routes[0].plan.spec();
  spec.pin = traffic::Pin{};
  spec.rules.push_back({{traffic::Match({{traffic::Field::header("x-tester"), traffic::TextTest::exact("yes")}})},
                        traffic::Target::version(1)});
  config.routes[0].plan = *traffic::TrafficPlan::build(std::move(spec));
  start(std::move(config), 1);
  RawClient client(port);
  EXPECT_EQ(client.get("/", {{"x-sluice-version", "v2"}}).field("x-sluice-version"), "v2");
  EXPECT_EQ(client.get("/", {{"x-tester", "yes"}}).field("x-sluice-version"), "v2");
  EXPECT_EQ(client.get("/").field("x-sluice-version"), "v1");
  EXPECT_TRUE(counts(0, 1, 0));
  EXPECT_EQ(evidence(1).all.requests, 0u);
}

TEST_F(EvidenceTest, OfAUserWhoSticksTheFirstRequestCountsOnItsOwn) {
  Config config = config_for({{"v1", v1.port(), 1}, {"v2", v1.port(), 1}});
  traffic::PlanSpec spec = config.routes[0].plan.spec();
  spec.unit = traffic::Field::header("x-user");
  config.routes[0].plan = *traffic::TrafficPlan::build(std::move(spec));
  start(std::move(config), 1);
  RawClient client(port);
  const auto answered = [&](const std::string& user) {
    return client.get("/", {{"x-user", user}}).field("x-sluice-version") == "v1" ? 0 : 1;
  };
  const int version = answered("alice");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(answered("alice"), version);
  EXPECT_TRUE(counts(static_cast<std::size_t>(version), 10, 0));
  const auto seen = evidence(static_cast<std::size_t>(version));
  EXPECT_EQ(seen.units.requests, 1u);
  EXPECT_EQ(seen.units.latency.count(), 1u);
  EXPECT_EQ(seen.assigned_units, 1u);
  answered("bob");
  EXPECT_TRUE(test::eventually([&] { return evidence(0).units.requests + evidence(1).units.requests == 2; }));
}

/// A plan with a segment of phones.
traffic::TrafficPlan with_phones(const traffic::TrafficPlan& plan, std::optional<traffic::VersionIndex> only = {}) {
  traffic::PlanSpec spec = plan.spec();
  spec.segments = {
      {"desktop", {traffic::Match({{traffic::Field::header("x-device"), traffic::TextTest::exact("pc")}})}, {}},
      {"mobile", {traffic::Match({{traffic::Field::header("x-device"), traffic::TextTest::exact("phone")}})}, only}};
  return *traffic::TrafficPlan::build(std::move(spec));
}

TEST_F(EvidenceTest, ARequestOfASegmentCountsThereAsWell) {
  FakeUpstream faulty(test::answers(503, "x"));
  Config config = config_for({{"v1", v1.port(), 0}, {"v2", faulty.port(), 1}});
  config.routes[0].plan = with_phones(config.routes[0].plan);
  start(std::move(config));
  RawClient client(port);
  EXPECT_EQ(client.get("/", {{"x-device", "phone"}}).status(), 503);
  EXPECT_EQ(client.get("/", {{"x-device", "phone"}}).status(), 503);
  EXPECT_EQ(client.get("/").status(), 503);
  EXPECT_TRUE(counts(1, 3, 3));
  const auto seen = evidence(1);
  ASSERT_EQ(seen.segments.size(), 2u);
  EXPECT_EQ(seen.segments[1].requests, 2u);
  EXPECT_EQ(seen.segments[1].failures, 2u);
  EXPECT_EQ(seen.segments[1].latency.count(), 2u);
  EXPECT_EQ(seen.segments[0].requests, 0u);
}

TEST_F(EvidenceTest, ASegmentThatBelongsToOneVersionIsNoEvidence) {
  Config config = config_for({{"v1", v1.port(), 0}, {"v2", v1.port(), 1}});
  config.routes[0].plan = with_phones(config.routes[0].plan, traffic::VersionIndex{0});
  start(std::move(config), 1);
  RawClient client(port);
  EXPECT_EQ(client.get("/", {{"x-device", "phone"}}).field("x-sluice-version"), "v1");
  EXPECT_EQ(client.get("/", {{"x-device", "pc"}}).field("x-sluice-version"), "v2");
  EXPECT_TRUE(counts(1, 1, 0));
  EXPECT_TRUE(counts(0, 0, 0));
  EXPECT_EQ(evidence(0).segments[1].requests, 0u);
  EXPECT_EQ(evidence(1).segments[0].requests, 1u);
}

TEST_F(EvidenceTest, AClientThatLeavesBeforeItsAnswerIsNotCounted) {
  test::Gate gate;
  FakeUpstream slow([&](test::Conversation& gateway) {
    gateway.read_request();
    gateway.wait_for(gate);
  });
  start(config_for({{"v1", slow.port()}}), 1);
  {
    RawClient client(port);
    client.send(test::request_text("GET", "/"));
    slow.request(0);
  }
  EXPECT_TRUE(test::eventually(
      [&] { return totals(0).failures[static_cast<std::size_t>(metrics::FailureReason::ClientAbort)] == 1; }));
  gate.open();
  // The next request is over after the first, on the only worker.
  EXPECT_EQ(RawClient(port).get("/").status(), 502);
  EXPECT_TRUE(counts(0, 1, 1));
}

TEST_F(EvidenceTest, WhatALimitRefusedBeforeATryIsNotCounted) {
  test::Gate gate;
  FakeUpstream slow([&](test::Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, "late");
    }
  });
  Config config = config_for({{"v1", slow.port()}});
  config.routes[0].versions[0].limits = {.requests_in_flight = 1, .waiting = 0};
  start(std::move(config), 1);
  RawClient first(port);
  first.send(test::request_text("GET", "/"));
  slow.request(0);
  EXPECT_EQ(RawClient(port).get("/").field("x-sluice-error"), "version_overloaded");
  gate.open();
  EXPECT_EQ(first.read_response().status(), 200);
  EXPECT_TRUE(counts(0, 1, 0));
}

TEST_F(EvidenceTest, TheControlSliceIsCountedBesideAll) {
  Config config = config_for({{"v1", v1.port(), 1}, {"v2", v1.port(), 1}});
  traffic::PlanSpec spec = config.routes[0].plan.spec();
  spec.control = 0.5;
  config.routes[0].plan = *traffic::TrafficPlan::build(std::move(spec));
  start(std::move(config));
  RawClient client(port);
  std::uint64_t stable = 0;
  for (int i = 0; i < 60; ++i) stable += client.get("/").field("x-sluice-version") == "v1" ? 1 : 0;
  EXPECT_TRUE(counts(0, stable, 0));
  EXPECT_TRUE(counts(1, 60 - stable, 0));
  EXPECT_EQ(evidence(0).control.requests, stable) << "all of stable's half is the control";
  EXPECT_EQ(evidence(0).control.latency.count(), stable);
  EXPECT_EQ(evidence(1).control.requests, 0u);
}

// --- windows ---

TEST_F(EvidenceTest, ANewWindowBeginsWithNothingAndTheSameOneGoesOn) {
  const std::vector<Backend> one{{"v1", v1.port()}};
  start(config_for(one));
  RawClient client(port);
  client.get("/");
  EXPECT_TRUE(counts(0, 1, 0));
  steer(orders_for(one));
  EXPECT_EQ(evidence(0).all.requests, 1u) << "steered within the window";
  publish(config_for(one));
  EXPECT_EQ(evidence(0).all.requests, 1u) << "reloaded within the window";
  steer(orders_for(one, 1));
  EXPECT_EQ(evidence(0).all.requests, 0u);
  EXPECT_EQ(gateway->evidence("digits")->window, 1u);
  client.get("/");
  EXPECT_TRUE(counts(0, 1, 0));
}

TEST_F(EvidenceTest, OtherVersionsAreAnotherWindow) {
  start(config_for({{"v1", v1.port()}}));
  RawClient client(port);
  client.get("/");
  EXPECT_TRUE(counts(0, 1, 0));
  publish(config_for({{"v1", v1.port()}, {"v2", v1.port()}}));
  EXPECT_EQ(evidence(0).all.requests, 0u);
}

TEST_F(EvidenceTest, ARequestOfBeforeDoesNotLeakIntoANewWindow) {
  test::Gate gate;
  FakeUpstream slow([&](test::Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(500, "late");
    }
  });
  const std::vector<Backend> one{{"v1", slow.port()}};
  start(config_for(one), 1);
  RawClient old(port);
  old.send(test::request_text("GET", "/"));
  slow.request(0);
  steer(orders_for(one, 1));
  EXPECT_EQ(gateway->evidence("digits")->versions[0].in_flight, 1);
  gate.open();
  EXPECT_EQ(old.read_response().status(), 500);
  EXPECT_EQ(old.get("/").status(), 500);
  EXPECT_TRUE(counts(0, 1, 1)) << "only the one that began in it";
  EXPECT_TRUE(test::eventually([&] { return gateway->evidence("digits")->versions[0].in_flight == 0; }));
}

TEST_F(EvidenceTest, OfARouteThatIsNotThereThereIsNone) {
  start(config_for({{"v1", v1.port()}}));
  EXPECT_FALSE(gateway->evidence("fraud"));
}

// --- copies ---

TEST_F(EvidenceTest, CopiesAreCountedApart) {
  FakeUpstream shadow(test::answers(500, "x"));
  start(config_for({{"v1", v1.port()}, {"v2", shadow.port(), 0, true}}));
  RawClient client(port);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").body, "one");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 4; }));
  EXPECT_EQ(evidence(1).shadow.failures, 4u);
  EXPECT_EQ(evidence(1).shadow.latency.count(), 4u);
  EXPECT_EQ(evidence(1).all.requests, 0u);
  EXPECT_TRUE(counts(0, 4, 0));
}

TEST_F(EvidenceTest, ACopyThatIsNotAnsweredIsAFailure) {
  FakeUpstream shadow(hangs_up());
  start(config_for({{"v1", v1.port()}, {"v2", shadow.port(), 0, true}}));
  EXPECT_EQ(RawClient(port).get("/").body, "one");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.failures == 1; }));
  EXPECT_EQ(evidence(1).shadow.latency.count(), 0u);
}

TEST_F(EvidenceTest, NoMoreCopiesAreMadeInAWindowThanItMayHave) {
  FakeUpstream shadow;
  const std::vector<Backend> both{{"v1", v1.port()}, {"v2", shadow.port(), 0, true}};
  Config config = config_for(both);
  config.routes[0].mirror.requests = 5;
  start(std::move(config));
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient client(port);
      for (int asked = 0; asked < 10; ++asked) EXPECT_EQ(client.get("/").body, "one");
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 5; }));
  EXPECT_EQ(dropped(1, ShadowDropReason::UsedUp), 35u);
  RouteOrders orders = orders_for(both, 1);
  orders.mirror.requests = 1;
  steer(std::move(orders));
  RawClient client(port);
  for (int i = 0; i < 3; ++i) client.get("/");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; })) << "counted anew in a new window";
  EXPECT_EQ(shadow.request_count(), 6u);
}

TEST_F(EvidenceTest, ACopyThatIsNotSentAfterAllDoesNotCount) {
  FakeUpstream shadow;
  Config config = config_for({{"v1", v1.port()}, {"v2", shadow.port(), 0, true}});
  config.routes[0].mirror.requests = 1;
  start(std::move(config), 1);
  {
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\nhalf");
    EXPECT_TRUE(test::eventually([&] { return totals(0).in_flight == 1; }));
  }
  EXPECT_TRUE(test::eventually([&] { return dropped(1, ShadowDropReason::Aborted) == 1; }));
  EXPECT_EQ(RawClient(port).get("/").body, "one");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; }));
}

}  // namespace
}  // namespace sluice::gateway
