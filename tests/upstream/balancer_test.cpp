#include "sluice/upstream/balancer.hpp"

#include <gtest/gtest.h>

#include <map>

#include "pool_fixture.hpp"

namespace sluice::upstream {
namespace {

/// Pools that may not dial, so that their load is the number of customers in line, and a board whose shares a test
/// sets.
class BalancerTest : public PoolFixture {
 protected:
  void add_endpoint(std::size_t load = 0) {
    EndpointPool& pool = make_pool(peer.port(), {.connections = 0, .warm = 0});
    for (std::size_t i = 0; i < load; ++i) customers.push_back(queue(pool));
    ASSERT_EQ(pool.load(), load);
    endpoints.push_back(&pool);
  }
  /// How often each endpoint is drawn, without a board.
  std::vector<int> draws(int count) {
    Balancer balancer(endpoints, nullptr);
    return draws(balancer, count);
  }
  std::vector<int> draws(Balancer& balancer, int count, const EndpointPool* avoid = nullptr) {
    std::map<EndpointPool*, int> seen;
    for (int i = 0; i < count; ++i) ++seen[balancer.pick(random, avoid)];
    std::vector<int> out;
    for (EndpointPool* endpoint : endpoints) out.push_back(seen[endpoint]);
    return out;
  }
  /// With a board; all endpoints without load.
  Balancer with_board(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      add_endpoint();
      board->endpoints.push_back(std::make_shared<EndpointStatus>(1, [] {}));
    }
    return Balancer(endpoints, board);
  }
  void share(std::size_t endpoint, double share) {
    board->endpoints[endpoint]->set_share(static_cast<std::uint32_t>(share * EndpointStatus::kFullShare));
    board->epoch.fetch_add(1);
  }

  std::vector<EndpointPool*> endpoints;
  std::vector<std::unique_ptr<Customer>> customers;
  std::shared_ptr<VersionBoard> board = std::make_shared<VersionBoard>();
};

TEST_F(BalancerTest, OfNoneIsNone) {
  EXPECT_EQ(Balancer({}, nullptr).pick(random), nullptr);
  EXPECT_EQ(Balancer().usable(), 0u);
}

TEST_F(BalancerTest, OfOneIsThatOne) {
  add_endpoint(3);
  EXPECT_EQ(Balancer(endpoints, nullptr).pick(random), endpoints[0]);
}

TEST_F(BalancerTest, OfTwoIsAlwaysTheLessLoaded) {
  add_endpoint(2);
  add_endpoint(1);
  EXPECT_EQ(draws(1000), (std::vector<int>{0, 1000}));
}

TEST_F(BalancerTest, EqualsShareEqually) {
  for (int i = 0; i < 4; ++i) add_endpoint(1);
  // 40 000 draws at 1/4: a standard deviation of 87.
  for (const int drawn : draws(40000)) EXPECT_NEAR(drawn, 10000, 5 * 87);
}

TEST_F(BalancerTest, TheMostLoadedIsNeverDrawnAndTheLeastMostOften) {
  for (const std::size_t load : {0u, 1u, 2u, 3u}) add_endpoint(load);
  const auto drawn = draws(60000);
  // Of the six pairs, three hold the first, two more the second, one the third and the last.
  EXPECT_NEAR(drawn[0], 30000, 5 * 123);
  EXPECT_NEAR(drawn[1], 20000, 5 * 116);
  EXPECT_NEAR(drawn[2], 10000, 5 * 92);
  EXPECT_EQ(drawn[3], 0);
}

// --- shares ---

TEST_F(BalancerTest, OneWithoutAShareGetsNothing) {
  Balancer balancer = with_board(3);
  share(1, 0);
  EXPECT_EQ(balancer.usable(), 2u);
  EXPECT_EQ(draws(balancer, 500)[1], 0);
  share(0, 0);
  share(2, 0);
  EXPECT_EQ(balancer.pick(random), nullptr);
}

TEST_F(BalancerTest, AShareThatReturnsIsNoticed) {
  Balancer balancer = with_board(2);
  share(0, 0);
  EXPECT_EQ(balancer.pick(random), endpoints[1]);
  share(0, 1);
  EXPECT_GT(draws(balancer, 200)[0], 0);
}

TEST_F(BalancerTest, ASmallShareGetsItsPartOfTheUsualTraffic) {
  Balancer balancer = with_board(4);
  share(2, 0.1);
  const auto drawn = draws(balancer, 31000);
  // Three whole ones and a tenth: 1 of 31, with a standard deviation of 31.
  EXPECT_NEAR(drawn[2], 1000, 5 * 31);
  EXPECT_NEAR(drawn[0], 10000, 5 * 82);
}

TEST_F(BalancerTest, SharesAreRelative) {
  Balancer balancer = with_board(2);
  share(0, 0.1);
  share(1, 0.1);
  EXPECT_NEAR(draws(balancer, 10000)[0], 5000, 5 * 50);
  share(1, 0.05);
  EXPECT_NEAR(draws(balancer, 30000)[0], 20000, 5 * 82) << "twice as much, however small both are";
}

TEST_F(BalancerTest, TinySharesAreStillPicked) {
  Balancer balancer = with_board(2);
  for (const auto& endpoint : board->endpoints) endpoint->set_share(1);
  board->epoch.fetch_add(1);
  EXPECT_NE(balancer.pick(random), nullptr);
}

TEST_F(BalancerTest, AmongUnequalSharesTheLessLoadedOfTwoIsTaken) {
  Balancer balancer = with_board(3);
  share(2, 0.5);
  for (int i = 0; i < 3; ++i) customers.push_back(queue(*endpoints[0]));
  // It is taken only when both draws are its own: (1 / 2.5)², not 1 / 2.5.
  EXPECT_NEAR(draws(balancer, 10000)[0], 1600, 5 * 37);
}

// --- avoiding ---

TEST_F(BalancerTest, WhatIsToBeAvoidedIsTakenOnlyWhenNothingElseIsLeft) {
  Balancer balancer = with_board(3);
  EXPECT_EQ(draws(balancer, 500, endpoints[0])[0], 0);
  share(1, 0);
  EXPECT_EQ(draws(balancer, 100, endpoints[0])[0], 0);
  share(2, 0);
  EXPECT_EQ(balancer.pick(random, endpoints[0]), endpoints[0]);
}

TEST_F(BalancerTest, AvoidingHoldsHoweverSmallTheOthersSharesAre) {
  Balancer balancer = with_board(3);
  share(1, 0.001);
  share(2, 0.001);
  EXPECT_EQ(draws(balancer, 2000, endpoints[0])[0], 0);
}

}  // namespace
}  // namespace sluice::upstream
