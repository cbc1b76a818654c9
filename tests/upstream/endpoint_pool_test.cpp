#include "sluice/upstream/endpoint_pool.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/write.hpp>

#include "pool_fixture.hpp"
#include "support/connection.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

using EndpointPoolTest = PoolFixture;

// --- handing out ---

TEST_F(EndpointPoolTest, HasNothingToHandOutAtFirst) {
  EndpointPool& pool = make_pool(peer.port());
  EXPECT_EQ(pool.take_idle(clock.now()), nullptr);
  EXPECT_TRUE(pool.is_empty());
  EXPECT_EQ(pool.load(), 0u);
}

TEST_F(EndpointPoolTest, DialsForWhoeverWaitsAndCountsIt) {
  EndpointPool& pool = make_pool(peer.port());
  const auto customer = queue(pool);
  EXPECT_EQ(pool.load(), 1u) << "who waits is load, too";
  ASSERT_TRUE(run_until([&] { return customer->served; }));
  ASSERT_NE(customer->connection, nullptr);
  EXPECT_FALSE(customer->connection->reused());
  EXPECT_EQ(pool.load(), 1u);
  EXPECT_EQ(active(), 1);
  EXPECT_EQ(counters->connects.value(), 1u);
  give_back(*customer->connection, true);
  EXPECT_EQ(pool.load(), 0u);
  EXPECT_EQ(active(), 0);
  EXPECT_EQ(idle(), 1);
}

TEST_F(EndpointPoolTest, TheConnectionUsedLastIsUsedNext) {
  EndpointPool& pool = make_pool(peer.port());
  Connection* const a = dial(pool);
  Connection* const b = dial(pool);
  Connection* const c = dial(pool);
  give_back(*b, true);
  give_back(*c, true);
  give_back(*a, true);
  EXPECT_EQ(pool.take_idle(clock.now()), a);
  EXPECT_EQ(pool.take_idle(clock.now()), c);
  EXPECT_TRUE(c->reused());
  EXPECT_EQ(pool.take_idle(clock.now()), b);
  EXPECT_EQ(pool.take_idle(clock.now()), nullptr);
  for (Connection* connection : {a, b, c}) give_back(*connection, true);
}

TEST_F(EndpointPoolTest, AConnectionThatIsNotReusableIsClosed) {
  EndpointPool& pool = make_pool(peer.port());
  give_back(*dial(pool), false);
  EXPECT_EQ(idle(), 0);
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(EndpointPoolTest, AnEndpointThatClosesAnIdleConnectionIsNoticedAtOnce) {
  EndpointPool& pool = make_pool(peer.port());
  give_back(*dial(pool), true);
  ASSERT_EQ(idle(), 1);
  ASSERT_TRUE(run_until([&] { return peer.accepted() == 1; }));
  peer.socket(0).close();
  EXPECT_TRUE(run_until([&] { return idle() == 0; }));
  EXPECT_EQ(pool.take_idle(clock.now()), nullptr);
}

TEST_F(EndpointPoolTest, AnIdleConnectionThatSpeaksUnaskedIsDropped) {
  EndpointPool& pool = make_pool(peer.port());
  give_back(*dial(pool), true);
  ASSERT_TRUE(run_until([&] { return peer.accepted() == 1; }));
  boost::asio::write(peer.socket(0), boost::asio::buffer("HTTP/1.1 408 Timeout\r\n\r\n", 24));
  EXPECT_TRUE(run_until([&] { return idle() == 0; }));
}

TEST_F(EndpointPoolTest, AConnectionWithBytesBehindItsAnswerIsNotUsedAgain) {
  EndpointPool& pool = make_pool(peer.port());
  Connection* const connection = dial(pool);
  ASSERT_TRUE(run_until([&] { return peer.accepted() == 1; }));
  boost::asio::write(peer.socket(0), boost::asio::buffer("HTTP/1.1 200 OK\r\n", 17));
  ASSERT_TRUE(test::eventually([&] { return connection->stream().socket().available() == 17; }));
  give_back(*connection, true);
  EXPECT_EQ(idle(), 0) << "though the loop had no turn to notice them";
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(EndpointPoolTest, OnlyTheConnectionThatDiedIsDropped) {
  EndpointPool& pool = make_pool(peer.port());
  Connection* const first = dial(pool);
  ASSERT_TRUE(run_until([&] { return peer.accepted() == 1; }));
  Connection* const second = dial(pool);
  give_back(*first, true);
  give_back(*second, true);
  peer.socket(0).close();
  ASSERT_TRUE(run_until([&] { return idle() == 1; }));
  EXPECT_EQ(pool.take_idle(clock.now()), second);
  give_back(*second, true);
}

// --- age and idleness ---

TEST_F(EndpointPoolTest, AConnectionOlderThanItsAgeIsNotUsedAgain) {
  EndpointPool& pool = make_pool(peer.port(), {.warm = 0, .idle_timeout = 1h, .max_age = 10min});
  Connection* const old = dial(pool);
  give_back(*old, true);
  clock.advance(10min);
  EXPECT_EQ(pool.take_idle(clock.now()), old) << "exactly as old as it may be";
  clock.advance(1ms);
  give_back(*old, true);
  EXPECT_EQ(idle(), 0) << "too old to go back";
}

TEST_F(EndpointPoolTest, AConnectionThatAgedInThePoolIsClosedWhenItsTurnComes) {
  EndpointPool& pool = make_pool(peer.port(), {.warm = 0, .idle_timeout = 1h, .max_age = 10min});
  give_back(*dial(pool), true);
  clock.advance(10min + 1ms);
  EXPECT_EQ(pool.take_idle(clock.now()), nullptr);
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(EndpointPoolTest, AConnectionIdleForTooLongIsClosed) {
  EndpointPool& pool = make_pool(peer.port(), {.warm = 0, .idle_timeout = 60s});
  give_back(*dial(pool), true);
  advance(59s);
  EXPECT_EQ(idle(), 1);
  advance(1s + wheel.tick());
  EXPECT_EQ(idle(), 0);
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(EndpointPoolTest, UseStartsTheIdleTimeAnew) {
  EndpointPool& pool = make_pool(peer.port(), {.warm = 0, .idle_timeout = 60s});
  Connection* const connection = dial(pool);
  give_back(*connection, true);
  advance(40s);
  ASSERT_EQ(pool.take_idle(clock.now()), connection);
  advance(40s);
  EXPECT_TRUE(connection->stream().is_open()) << "a connection in use is not idle";
  give_back(*connection, true);
  advance(40s);
  EXPECT_EQ(idle(), 1);
  advance(20s + wheel.tick());
  EXPECT_EQ(idle(), 0);
}

TEST_F(EndpointPoolTest, WhatIsNotNeededGrowsOldAndIsClosed) {
  EndpointPool& pool = make_pool(peer.port(), {.warm = 0, .idle_timeout = 60s});
  std::array<Connection*, 3> all{dial(pool), dial(pool), dial(pool)};
  for (Connection* connection : all) give_back(*connection, true);
  for (int i = 0; i < 8; ++i) {
    Connection* const used = pool.take_idle(clock.now());
    EXPECT_EQ(used, all[2]);
    give_back(*used, true);
    advance(10s);
  }
  EXPECT_EQ(idle(), 1) << "the one that is used";
}

// --- waiting ---

TEST_F(EndpointPoolTest, WhoWaitsLongestIsServedFirst) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 1, .warm = 0});
  Connection* const only = dial(pool);
  const auto first = queue(pool);
  const auto second = queue(pool);
  const auto third = queue(pool);
  EXPECT_EQ(pool.load(), 4u);
  give_back(*only, true);
  EXPECT_EQ(first->connection, only);
  EXPECT_FALSE(second->served);
  give_back(*only, true);
  EXPECT_EQ(second->connection, only);
  EXPECT_FALSE(third->served);
  give_back(*only, true);
  EXPECT_EQ(third->connection, only);
  EXPECT_EQ(counters->connects.value(), 1u);
  give_back(*only, true);
}

TEST_F(EndpointPoolTest, AConnectionThatEndsMakesRoomForADial) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 1, .warm = 0});
  Connection* const first = dial(pool);
  const auto customer = queue(pool);
  give_back(*first, false);
  ASSERT_TRUE(run_until([&] { return customer->served; }));
  ASSERT_NE(customer->connection, nullptr);
  EXPECT_FALSE(customer->connection->reused());
  EXPECT_EQ(counters->connects.value(), 2u);
  give_back(*customer->connection, true);
}

TEST_F(EndpointPoolTest, TheQueueHasAnEnd) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 1, .waiting = 2, .warm = 0});
  Connection* const only = dial(pool);
  const auto first = queue(pool);
  const auto second = queue(pool);
  const auto third = queue(pool);
  ASSERT_TRUE(third->served) << "told at once";
  EXPECT_EQ(third->connection, nullptr);
  EXPECT_EQ(third->error, AcquireError::PoolOverflow);
  EXPECT_FALSE(first->served);
  give_back(*only, true);
  EXPECT_EQ(first->connection, only);
  const auto fourth = queue(pool);
  EXPECT_FALSE(fourth->served) << "a place became free";
  give_back(*only, false);
}

TEST_F(EndpointPoolTest, WaitingForAFullPoolHasADeadline) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 1, .wait = 1000ms, .warm = 0});
  Connection* const only = dial(pool);
  const auto early = queue(pool);
  advance(500ms);
  const auto late = queue(pool);
  advance(500ms + wheel.tick());
  ASSERT_TRUE(early->served);
  EXPECT_EQ(early->error, AcquireError::PoolTimeout);
  EXPECT_FALSE(late->served) << "everyone has the whole time";
  give_back(*only, true);
  EXPECT_EQ(late->connection, only);
  give_back(*only, true);
}

TEST_F(EndpointPoolTest, WhoeverGivesUpLeavesTheLine) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 1, .warm = 0});
  Connection* const only = dial(pool);
  const auto first = queue(pool);
  const auto second = queue(pool);
  auto third = queue(pool);
  second->waiter->cancel();
  EXPECT_EQ(second->error, AcquireError::Cancelled);
  third.reset();
  EXPECT_EQ(pool.load(), 2u) << "a waiter that is destroyed leaves, too";
  give_back(*only, true);
  EXPECT_EQ(first->connection, only);
  give_back(*only, true);
  EXPECT_EQ(idle(), 1);
}

// --- life ---

TEST_F(EndpointPoolTest, LeavingClosesWhatIsIdleAndStillServesWhoWasSentHere) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 2, .warm = 1});
  Connection* const busy = dial(pool);
  Connection* const spare = dial(pool);
  give_back(*spare, true);
  pool.leave();
  EXPECT_EQ(idle(), 0);
  EXPECT_TRUE(busy->stream().is_open());
  const auto latecomer = queue(pool);
  ASSERT_TRUE(run_until([&] { return latecomer->served; }));
  ASSERT_NE(latecomer->connection, nullptr);
  give_back(*latecomer->connection, true);
  give_back(*busy, true);
  EXPECT_EQ(idle(), 0) << "nothing goes back into a pool that leaves";
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
  advance(5s);
  settle();
  EXPECT_TRUE(pool.is_empty()) << "nor is it kept warm";
}

TEST_F(EndpointPoolTest, ShuttingDownRefusesWhoeverWaits) {
  EndpointPool& pool = make_pool(peer.port(), {.connections = 1, .warm = 0});
  Connection* const only = dial(pool);
  const auto waiting = queue(pool);
  pool.shut_down();
  EXPECT_EQ(waiting->error, AcquireError::Cancelled);
  const auto late = queue(pool);
  EXPECT_EQ(late->error, AcquireError::Cancelled);
  EXPECT_TRUE(only->stream().is_open()) << "what is under way goes on";
  give_back(*only, true);
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(EndpointPoolTest, ClosingAllEndsDialsToo) {
  test::DeafListener deaf;
  EndpointPool& pool = make_pool(deaf.port());
  const auto customer = queue(pool);
  settle();
  pool.close_all();
  EXPECT_EQ(customer->error, AcquireError::Cancelled);
  EXPECT_TRUE(run_until([&] { return pool.is_empty(); }));
}

TEST_F(EndpointPoolTest, AnUpdateKeepsConnectionsAndHoldsFromThenOn) {
  EndpointPool& pool = make_pool(peer.port(), {.warm = 0, .max_age = 10min});
  Connection* const connection = dial(pool);
  give_back(*connection, true);
  EndpointPool::Settings settings = pool.settings();
  settings.limits.max_age = 1min;
  pool.update(settings);
  EXPECT_EQ(pool.take_idle(clock.now()), connection);
  give_back(*connection, true);
  clock.advance(61s);
  EXPECT_EQ(pool.take_idle(clock.now()), nullptr) << "the new age holds for old connections";
}

TEST(AcquireErrors, EachHasItsReason) {
  using metrics::FailureReason;
  EXPECT_EQ(failure_of(AcquireError::ResolveFailed), FailureReason::ResolveFailed);
  EXPECT_EQ(failure_of(AcquireError::ConnectFailed), FailureReason::ConnectFailed);
  EXPECT_EQ(failure_of(AcquireError::ConnectTimeout), FailureReason::ConnectTimeout);
  EXPECT_EQ(failure_of(AcquireError::TlsFailed), FailureReason::TlsFailed);
  EXPECT_EQ(failure_of(AcquireError::PoolOverflow), FailureReason::PoolOverflow);
  EXPECT_EQ(failure_of(AcquireError::PoolTimeout), FailureReason::PoolTimeout);
  EXPECT_EQ(failure_of(AcquireError::Cancelled), FailureReason::NoEndpoint);
}

}  // namespace
}  // namespace sluice::upstream
