#include <gtest/gtest.h>

#include <map>

#include "pool_fixture.hpp"
#include "sluice/upstream/balancer.hpp"

namespace sluice::upstream {
namespace {

/// Pools that may not dial, so that their load is the number of customers in line.
class BalancerTest : public PoolFixture {
 protected:
  void add_endpoint(std::size_t load) {
    EndpointPool& pool = make_pool(peer.port(), {.connections = 0, .warm = 0});
    for (std::size_t i = 0; i < load; ++i) customers.push_back(queue(pool));
    ASSERT_EQ(pool.load(), load);
    endpoints.push_back(&pool);
  }
  /// How often each endpoint is drawn.
  std::vector<int> draws(int count) {
    std::map<EndpointPool*, int> seen;
    Balancer balancer(endpoints, nullptr);
    for (int i = 0; i < count; ++i) ++seen[balancer.pick(random)];
    std::vector<int> out;
    for (EndpointPool* endpoint : endpoints) out.push_back(seen[endpoint]);
    return out;
  }
  std::vector<EndpointPool*> endpoints;
  std::vector<std::unique_ptr<Customer>> customers;
};

TEST_F(BalancerTest, OfNoneIsNone) {
  EXPECT_EQ(Balancer({}, nullptr).pick(random), nullptr);
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

}  // namespace
}  // namespace sluice::upstream
