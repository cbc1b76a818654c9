// How a pool opens connections: for whoever waits, ahead of need, within its bounds.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "pool_fixture.hpp"
#include "sluice/upstream/endpoint_pool.hpp"
#include "support/connection.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

using DialTest = PoolFixture;

// --- dialling ---

TEST_F(DialTest, ARefusedDialFailsExactlyWhoWaitsLongest) {
  EndpointPool& pool = make_pool(test::refused_port(), {.connections = 1, .warm = 0});
  const auto first = queue(pool);
  const auto second = queue(pool);
  ASSERT_TRUE(run_until([&] { return first->served; }));
  EXPECT_EQ(first->error, AcquireError::ConnectFailed);
  EXPECT_FALSE(second->served) << "has a dial of its own coming";
  ASSERT_TRUE(run_until([&] { return second->served; }));
  EXPECT_EQ(second->error, AcquireError::ConnectFailed);
  settle();
  EXPECT_EQ(counters->connect_failures.value(), 2u) << "one dial for each, not more";
}

TEST_F(DialTest, NobodyDialsForARequestThatFailedAlready) {
  EndpointPool& pool = make_pool(test::refused_port());
  const auto only = queue(pool);
  ASSERT_TRUE(run_until([&] { return only->served; }));
  ASSERT_TRUE(run_until([&] { return pool.is_empty(); }));
  settle();
  EXPECT_EQ(counters->connect_failures.value(), 1u);
}

TEST_F(DialTest, AnEndpointThatDoesNotAcceptIsGivenUpOnInTime) {
  test::DeafListener deaf;
  EndpointPool& pool = make_pool(deaf.port());
  const auto customer = queue(pool);
  settle();
  advance(1999ms);
  settle();
  EXPECT_FALSE(customer->served) << "connectTimeout is 2 s, and the wait for a dial is longer than the dial";
  advance(1ms + wheel.tick());
  ASSERT_TRUE(run_until([&] { return customer->served; }));
  EXPECT_EQ(customer->error, AcquireError::ConnectTimeout);
}

TEST_F(DialTest, DialsNoMoreThanItsLimit) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 2, .warm = 0});
  std::vector<std::unique_ptr<Customer>> customers;
  for (int i = 0; i < 5; ++i) customers.push_back(queue(pool));
  ASSERT_TRUE(run_until([&] { return customers[0]->served && customers[1]->served; }));
  settle();
  EXPECT_FALSE(customers[2]->served);
  EXPECT_EQ(counters->connects.value(), 2u);
  for (int i = 0; i < 5; ++i) give_back(*customers[static_cast<std::size_t>(i)]->connection, true);
  EXPECT_EQ(pool.load(), 0u);
}

TEST_F(DialTest, DialsOnlySoManyAtOnce) {
  test::DeafListener deaf;
  EndpointPool& pool = make_pool(deaf.port());
  std::vector<std::unique_ptr<Customer>> customers;
  for (std::uint32_t i = 0; i < EndpointPool::kMaxDials + 10; ++i) customers.push_back(queue(pool));
  settle();
  advance(2000ms + wheel.tick());
  ASSERT_TRUE(run_until([&] { return counters->connect_failures.value() == EndpointPool::kMaxDials; }));
  settle();
  EXPECT_EQ(counters->connect_failures.value(), EndpointPool::kMaxDials) << "the other ten have only begun";
  EXPECT_FALSE(customers.back()->served);
}

// --- pre-warming ---

TEST_F(DialTest, WarmConnectionsAreDialledBeforeAnyRequest) {
  make_pool(peer.port(), {.warm = 3});
  advance(wheel.tick());
  EXPECT_TRUE(run_until([&] { return idle() == 3; }));
  EXPECT_EQ(active(), 0);
}

TEST_F(DialTest, AWarmConnectionThatIsLostIsDialledAgainWithinASecond) {
  make_pool(peer.port(), {.warm = 1});
  advance(wheel.tick());
  ASSERT_TRUE(run_until([&] { return idle() == 1 && peer.accepted() == 1; }));
  peer.socket(0).close();
  ASSERT_TRUE(run_until([&] { return idle() == 0; }));
  settle();
  advance(1s + wheel.tick());
  EXPECT_TRUE(run_until([&] { return idle() == 1; }));
}

TEST_F(DialTest, AWarmPoolAsksARefusingEndpointOnceASecond) {
  make_pool(test::refused_port(), {.warm = 1});
  for (std::uint64_t second = 1; second <= 3; ++second) {
    advance(second == 1 ? Duration(wheel.tick()) : 1s + wheel.tick());
    EXPECT_TRUE(run_until([&] { return counters->connect_failures.value() == second; }));
    settle();
    EXPECT_EQ(counters->connect_failures.value(), second);
  }
}

}  // namespace
}  // namespace sluice::upstream
