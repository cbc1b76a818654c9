// Whose request a pair is of, where users stick: of each of them one answer counts for a drift.
#include "pair_fixture.hpp"
#include "sluice/outcomes/observation_ring.hpp"

namespace sluice::gateway {
namespace {

class PairUnitsTest : public PairFixture {
 protected:
  PairUnitsTest() { ring_.open(); }
  ~PairUnitsTest() override {
    if (gateway) gateway->stop();
  }
  void start_watched(Route route) {
    registry.emplace(1);
    gateway.emplace(*registry, clock);
    gateway->set_pair_sink(&box);
    gateway->set_observations(&ring_);
    const auto started = gateway->start(at_once(config_of(std::move(route))));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  std::uint64_t unit_of(const std::string& user) {
    test::RawClient(port).get("/", {{"x-user", user}});
    return pair()->unit;
  }
  outcomes::ObservationRing ring_{1};
};

TEST_F(PairUnitsTest, PairsNameTheUserWhereDriftIsWatched) {
  test::FakeUpstream live("live");
  test::FakeUpstream shadow("shadow");
  Route route = compared_route(live, shadow);
  route.plan = plan_of({{"v1", live.port()}, {"v2", shadow.port(), 0, true}}, traffic::Field::header("x-user"));
  route.observed = true;
  start_watched(std::move(route));
  const std::uint64_t alice = unit_of("alice");
  EXPECT_NE(alice, 0U);
  EXPECT_NE(unit_of("bob"), alice);
  EXPECT_EQ(unit_of("alice"), alice);
}

TEST_F(PairUnitsTest, PairsNameNobodyWhereNobodySticks) {
  test::FakeUpstream live("live");
  test::FakeUpstream shadow("shadow");
  Route route = compared_route(live, shadow);
  route.observed = true;
  start_watched(std::move(route));
  EXPECT_EQ(unit_of("alice"), 0U);
}

}  // namespace
}  // namespace sluice::gateway
