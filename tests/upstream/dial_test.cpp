// How a pool opens connections: for whoever waits, ahead of need, within its bounds.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "pool_fixture.hpp"
#include "sluice/upstream/endpoint_pool.hpp"
#include "support/connection.hpp"
#include "support/dns_server.hpp"

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

// --- names ---

class DialByNameTest : public PoolFixture {
 protected:
  using Manner = test::DnsServer::Manner;

  DialByNameTest() {
    NameServers settings;
    settings.servers = {server.address()};
    settings.timeout = 1h;  // who asks must have the shorter patience
    names.update(settings);
  }
  ~DialByNameTest() override { names.stop(); }

  EndpointPool& make_pool_by_name(PoolLimits limits = {.warm = 0}) {
    return make_pool(peer.port(), limits, "model.test");
  }
  /// A request that gets a new connection, and gives it back unusable.
  AcquireError dial_once(EndpointPool& pool) {
    const auto customer = queue(pool);
    EXPECT_TRUE(run_until([&] { return customer->served; }));
    if (customer->connection != nullptr) give_back(*customer->connection, false);
    EXPECT_TRUE(run_until([&] { return idle() == 0 && active() == 0; }));
    return customer->error;
  }

  test::DnsServer server;
};

TEST_F(DialByNameTest, ConnectsToTheAddressOfTheName) {
  server.set("model.test", {"127.0.0.1"});
  EXPECT_EQ(dial_once(make_pool_by_name()), AcquireError::None);
  ASSERT_TRUE(run_until([&] { return peer.accepted() == 1; }));
}

TEST_F(DialByNameTest, TriesOneAddressAfterTheOther) {
  server.set("model.test", {"127.0.0.2", "127.0.0.3", "127.0.0.1"});  // nobody listens on the first two
  EXPECT_EQ(dial_once(make_pool_by_name()), AcquireError::None);
}

TEST_F(DialByNameTest, ManyDialsAskOnce) {
  server.set("model.test", {"127.0.0.1"});
  EndpointPool& pool = make_pool_by_name();
  std::vector<std::unique_ptr<Customer>> customers;
  for (int i = 0; i < 20; ++i) customers.push_back(queue(pool));
  for (const auto& customer : customers) {
    ASSERT_TRUE(run_until([&] { return customer->served; }));
    ASSERT_NE(customer->connection, nullptr);
  }
  EXPECT_EQ(server.questions("model.test"), 1u);
  for (const auto& customer : customers) give_back(*customer->connection, false);
}

TEST_F(DialByNameTest, AsksAgainOnlyOnceTheAnswerHasExpired) {
  server.set("model.test", {"127.0.0.1"}, 30);
  EndpointPool& pool = make_pool_by_name();
  EXPECT_EQ(dial_once(pool), AcquireError::None);
  advance(29s);
  EXPECT_EQ(dial_once(pool), AcquireError::None);
  EXPECT_EQ(server.questions("model.test"), 1u);
  advance(1s);
  server.set("model.test", {"127.0.0.2"}, 30);
  EXPECT_EQ(dial_once(pool), AcquireError::None) << "with the old address, beside the question";
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") == 2; }));
  EXPECT_TRUE(run_until([&] { return dial_once(pool) == AcquireError::ConnectFailed; })) << "the new one is used";
}

TEST_F(DialByNameTest, AnAddressThatIsNotReachedIsAskedForAgainBeforeItExpires) {
  server.set("model.test", {"127.0.0.2"}, 3600);
  EndpointPool& pool = make_pool_by_name();
  EXPECT_EQ(dial_once(pool), AcquireError::ConnectFailed);
  server.set("model.test", {"127.0.0.1"}, 3600);
  EXPECT_EQ(dial_once(pool), AcquireError::ConnectFailed);
  settle();
  EXPECT_EQ(server.questions("model.test"), 1u) << "not more than once a second";
  advance(1s);
  EXPECT_TRUE(run_until([&] { return dial_once(pool) == AcquireError::None; }));
  EXPECT_EQ(server.questions("model.test"), 2u);
}

TEST_F(DialByNameTest, ALookUpThatFailsTakesNothingAway) {
  server.set("model.test", {"127.0.0.1"}, 5);
  EndpointPool& pool = make_pool_by_name();
  EXPECT_EQ(dial_once(pool), AcquireError::None);
  server.behave(Manner::NoSuchName);
  for (std::size_t asked = 2; asked < 5; ++asked) {
    advance(6s);
    EXPECT_EQ(dial_once(pool), AcquireError::None);
    EXPECT_TRUE(run_until([&] { return server.questions("model.test") == asked; }));
    settle();
  }
}

TEST_F(DialByNameTest, ANameWithoutAddressFailsTheDial) {
  EndpointPool& pool = make_pool_by_name();
  EXPECT_EQ(dial_once(pool), AcquireError::ResolveFailed);
  server.set("model.test", {"127.0.0.1"});
  EXPECT_EQ(dial_once(pool), AcquireError::None) << "and is asked for by the next one";
}

TEST_F(DialByNameTest, ASilentServerCostsNoMoreThanConnectTimeout) {
  server.behave(Manner::Silent);
  EndpointPool& pool = make_pool_by_name();
  const auto customer = queue(pool);
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") == 1; }));
  advance(2s + wheel.tick());
  ASSERT_TRUE(run_until([&] { return customer->served; }));
  EXPECT_EQ(customer->error, AcquireError::ConnectTimeout);
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(DialByNameTest, ASilentServerDoesNotHoldTheEndUp) {
  server.behave(Manner::Silent);
  EndpointPool& pool = make_pool_by_name();
  const auto customer = queue(pool);
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") == 1; }));
  pool.close_all();
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); })) << "although no time has passed";
  EXPECT_EQ(customer->error, AcquireError::Cancelled);
}

TEST_F(DialByNameTest, APoolMayEndBesideALookUpThatNobodyWaitsFor) {
  server.set("model.test", {"127.0.0.1"}, 1);
  EndpointPool& pool = make_pool_by_name();
  EXPECT_EQ(dial_once(pool), AcquireError::None);
  server.behave(Manner::Silent);
  advance(2s);
  EXPECT_EQ(dial_once(pool), AcquireError::None);
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") == 2; }));
  pool.close_all();
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

}  // namespace
}  // namespace sluice::upstream
