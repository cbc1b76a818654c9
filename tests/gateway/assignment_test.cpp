// What of a split's decisions a rollout gets to know beside how they ended: how many, with which probability, and whose
// failed.
#include <gtest/gtest.h>

#include "rollout_fixture.hpp"

namespace sluice::gateway {
namespace {

using test::FakeUpstream;
using test::RawClient;

class AssignmentTest : public RolloutFixture {
 protected:
  VersionEvidence seen(std::size_t version) const { return gateway->evidence("digits")->versions.at(version); }
  static Config by_user(const std::vector<Backend>& backends) {
    return config_of(route_of(backends, traffic::Field::header("x-user")));
  }
  /// As often as that, from a client of that name.
  void ask(const std::string& user, int times) {
    RawClient client(port);
    for (int i = 0; i < times; ++i) client.get("/", user.empty() ? test::Fields{} : test::Fields{{"x-user", user}});
  }
  bool fails_by_unit(std::size_t version, const metrics::UnitFailureCounts& counts) const {
    const bool met = test::eventually([&] { return seen(version).failing_units == counts; });
    if (!met && seen(version).failing_units) {
      ADD_FAILURE() << testing::PrintToString(*seen(version).failing_units);
    }
    return met;
  }

  FakeUpstream v1{"one"};
  FakeUpstream faulty{test::answers(500, "x")};
};

TEST_F(AssignmentTest, IsCountedBeforeTheRequestIsOver) {
  test::Gate gate;
  FakeUpstream slow([&](test::Conversation& asked) {
    asked.read_request();
    asked.wait_for(gate);
    asked.answer(200, "late");
  });
  start(config_for({{"v1", slow.port()}, {"v2", v1.port(), 0}}));
  RawClient client(port);
  client.send(test::request_text("GET", "/"));
  slow.request(0);
  EXPECT_EQ(seen(0).totals.assigned, 1u);
  EXPECT_EQ(seen(0).totals.all.requests, 0u);
  EXPECT_EQ(seen(1).totals.assigned, 0u);
  gate.open();
  EXPECT_EQ(client.read_response().body, "late");
  EXPECT_TRUE(counts(0, 1, 0));
  EXPECT_EQ(seen(0).totals.assigned, 1u);
}

TEST_F(AssignmentTest, StaysWithTheChosenVersionWhenAnotherOneRescues) {
  FakeUpstream rude(hangs_up());
  Config config = config_for({{"v1", v1.port(), 0}, {"v2", rude.port(), 1}});
  config.routes[0].versions[1].fallback = 0;
  start(std::move(config));
  EXPECT_EQ(RawClient(port).get("/").body, "one");
  EXPECT_TRUE(counts(1, 1, 1));
  EXPECT_EQ(seen(1).totals.assigned, 1u);
  EXPECT_EQ(seen(0).totals.assigned, 0u);
}

TEST_F(AssignmentTest, IsTheSplitsAlone) {
  Config config = config_for({{"v1", v1.port(), 1}, {"v2", v1.port(), 0}});
  traffic::PlanSpec spec = config.routes[0].plan.spec();
  spec.pin = traffic::Pin{};
  spec.rules.push_back({{traffic::Match({{traffic::Field::header("x-tester"), traffic::TextTest::exact("yes")}})},
                        traffic::Target::version(1)});
  config.routes[0].plan = *traffic::TrafficPlan::build(std::move(spec));
  start(std::move(config), 1);
  RawClient client(port);
  client.get("/", {{"x-sluice-version", "v2"}});
  client.get("/", {{"x-tester", "yes"}});
  client.get("/");
  EXPECT_TRUE(counts(0, 1, 0));
  EXPECT_EQ(seen(0).totals.assigned, 1u);
  EXPECT_EQ(seen(1).totals.assigned, 0u);
}

TEST_F(AssignmentTest, BeginsAnewWithEachWindowAndKnowsItsShares) {
  const std::vector<Backend> quarter{{"v1", v1.port(), 75}, {"v2", v1.port(), 25}};
  start(config_for(quarter));
  EXPECT_EQ(seen(0).share, 0.75);
  EXPECT_EQ(seen(1).share, 0.25);
  ask("", 10);
  EXPECT_EQ(seen(0).totals.assigned + seen(1).totals.assigned, 10u);
  steer(orders_for({{"v1", v1.port(), 50}, {"v2", v1.port(), 50}}, 1));
  EXPECT_EQ(seen(0).share, 0.5);
  EXPECT_EQ(seen(0).totals.assigned + seen(1).totals.assigned, 0u);
}

TEST_F(AssignmentTest, OfFailuresIsKnownByUnit) {
  start(by_user({{"v1", faulty.port(), 1}, {"v2", v1.port(), 1}}));
  // Who is whose is the hash's business: each of the first users that v1 serves fails, and those of v2 do not.
  int failing = 0;
  for (int i = 0; failing < 3; ++i) {
    const std::string user = "user-" + std::to_string(i);
    if (RawClient(port).get("/", {{"x-user", user}}).status() != 500) continue;
    ask(user, failing == 0 ? 0 : failing == 1 ? 2 : 17);
    ++failing;
  }
  EXPECT_TRUE(fails_by_unit(0, {3, 2, 1, 1, 1}));
  EXPECT_TRUE(fails_by_unit(1, {}));
}

TEST_F(AssignmentTest, OfFailuresIsKnownByUnitOverAllWorkersAndAlsoWithoutASplit) {
  start(by_user({{"v1", faulty.port(), 1}, {"v2", v1.port(), 0}}), 3);
  for (int i = 0; i < 8; ++i) ask("alice", 1);
  ask("bob", 1);
  EXPECT_TRUE(fails_by_unit(0, {2, 1, 1, 1, 0}));
}

TEST_F(AssignmentTest, OfARescuedFailureIsItsUnitsAtTheChosenVersion) {
  FakeUpstream rude(hangs_up());
  Config config = by_user({{"v1", v1.port(), 0}, {"v2", rude.port(), 1}});
  config.routes[0].versions[1].fallback = 0;
  start(std::move(config));
  ask("alice", 2);
  EXPECT_TRUE(fails_by_unit(1, {1, 1, 0, 0, 0}));
  EXPECT_TRUE(fails_by_unit(0, {}));
}

TEST_F(AssignmentTest, OfAFailureWithoutAUnitIsAUnitOfItsOwn) {
  start(by_user({{"v1", faulty.port(), 1}, {"v2", faulty.port(), 1}}));
  ask("", 12);
  EXPECT_TRUE(test::eventually([&] {
    const auto first = seen(0).failing_units;
    const auto second = seen(1).failing_units;
    return first && second && first->at(0) + second->at(0) == 12 && first->at(1) + second->at(1) == 0;
  }));
}

TEST_F(AssignmentTest, OfFailuresIsNotKnownWhereTheRouteNamesNoUnit) {
  start(config_for({{"v1", faulty.port()}}));
  ask("alice", 2);
  EXPECT_TRUE(counts(0, 2, 2));
  EXPECT_FALSE(seen(0).failing_units);
}

TEST_F(AssignmentTest, OfFailuresBeginsAnewWithEachWindow) {
  const std::vector<Backend> one{{"v1", faulty.port()}};
  start(by_user(one));
  ask("alice", 2);
  EXPECT_TRUE(fails_by_unit(0, {1, 1, 0, 0, 0}));
  RouteOrders orders = orders_for(one, 1);
  orders.plan = plan_of(one, traffic::Field::header("x-user"));
  steer(std::move(orders));
  ask("alice", 1);
  EXPECT_TRUE(fails_by_unit(0, {1, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace sluice::gateway
