#include "sluice/gateway/gate_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "sluice/base/random.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using Arrival = GateRules::Arrival;
using Turn = GateRules::Turn;

constexpr TimePoint kOpens{std::chrono::hours(1)};

GateRules rules_of(std::uint32_t in_flight, std::uint32_t waiting, std::chrono::milliseconds wait = 400ms) {
  GateRules rules;
  rules.set({in_flight, waiting, wait});
  return rules;
}

TEST(GateRules, WithoutALimitEverybodyEntersAndIsCounted) {
  GateRules rules;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(rules.arrive(kOpens), Arrival::Enters);
  EXPECT_EQ(rules.in_flight(), 1000u);
  rules.set({1000, 0, 1s});
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Refused) << "who came before the limit counts against it";
}

TEST(GateRules, WithoutAQueueWhoeverIsTooManyIsRefused) {
  GateRules rules = rules_of(2, 0);
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Enters);
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Enters);
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Refused);
  rules.leave();
  EXPECT_EQ(rules.next(kOpens), Turn::Nobody);
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Enters);
}

TEST(GateRules, ABurstIsServedInTheOrderOfItsArrival) {
  GateRules rules = rules_of(1, 2);
  rules.arrive(kOpens);
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Waits);
  EXPECT_EQ(rules.arrive(kOpens + 50ms), Arrival::Waits);
  EXPECT_EQ(rules.arrive(kOpens + 50ms), Arrival::Refused) << "a queue that is no standing one keeps who is in it";
  EXPECT_EQ(rules.next(kOpens + 60ms), Turn::Nobody) << "nobody left yet";
  rules.leave();
  EXPECT_EQ(rules.next(kOpens + 99ms), Turn::Oldest);
  EXPECT_EQ(rules.next(kOpens + 99ms), Turn::Nobody);
  EXPECT_EQ(rules.in_flight(), 1u);
  EXPECT_EQ(rules.waiting(), 1u);
}

TEST(GateRules, AQueueThatHasNotBeenEmptyForAQuarterOfTheWaitServesTheNewestFirst) {
  GateRules rules = rules_of(1, 2, 400ms);
  rules.arrive(kOpens);
  rules.arrive(kOpens);
  rules.arrive(kOpens + 90ms);
  EXPECT_FALSE(rules.is_standing(kOpens + 99ms));
  EXPECT_TRUE(rules.is_standing(kOpens + 100ms));
  EXPECT_EQ(rules.arrive(kOpens + 100ms), Arrival::WaitsForOldest);
  EXPECT_EQ(rules.waiting(), 2u) << "one came, one was sent away";
  rules.leave();
  EXPECT_EQ(rules.next(kOpens + 100ms), Turn::Newest);
}

TEST(GateRules, AQueueThatWasEmptyOnceIsABurstAgain) {
  GateRules rules = rules_of(1, 4, 400ms);
  rules.arrive(kOpens);
  rules.arrive(kOpens);
  rules.leave();
  EXPECT_EQ(rules.next(kOpens + 300ms), Turn::Newest);
  EXPECT_FALSE(rules.is_standing(kOpens + 300ms)) << "nobody waits";
  EXPECT_EQ(rules.arrive(kOpens + 310ms), Arrival::Waits);
  EXPECT_FALSE(rules.is_standing(kOpens + 409ms));
  EXPECT_TRUE(rules.is_standing(kOpens + 410ms));
}

TEST(GateRules, WhoeverGivesUpMakesRoomInTheQueue) {
  GateRules rules = rules_of(1, 1);
  rules.arrive(kOpens);
  rules.arrive(kOpens);
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Refused);
  rules.give_up();
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Waits);
}

TEST(GateRules, ALimitThatShrinksSendsNobodyOutAndLetsNobodyInUntilEnoughHaveLeft) {
  GateRules rules = rules_of(3, 3);
  for (int i = 0; i < 5; ++i) rules.arrive(kOpens);
  rules.set_in_flight(1);
  rules.leave();
  rules.leave();
  EXPECT_EQ(rules.next(kOpens), Turn::Nobody);
  rules.leave();
  EXPECT_EQ(rules.next(kOpens), Turn::Oldest);
  rules.set_in_flight(2);
  EXPECT_EQ(rules.next(kOpens), Turn::Oldest);
  EXPECT_EQ(rules.waiting(), 0u);
}

TEST(GateRules, NobodyEntersAtOnceWhileOthersWaitThoughALimitThatGrewLeavesRoom) {
  GateRules rules = rules_of(1, 2);
  rules.arrive(kOpens);
  rules.arrive(kOpens);
  rules.set_in_flight(3);
  EXPECT_FALSE(rules.enter_at_once());
  EXPECT_EQ(rules.arrive(kOpens), Arrival::Waits);
  EXPECT_EQ(rules.next(kOpens), Turn::Oldest);
  EXPECT_EQ(rules.next(kOpens), Turn::Oldest);
  EXPECT_EQ(rules.in_flight(), 3u);
}

TEST(GateRules, CountsHoldWhateverHappens) {
  Random random(7);
  GateRules rules = rules_of(3, 5, 40ms);
  TimePoint now = kOpens;
  std::uint32_t inside = 0;
  std::uint32_t waiting = 0;
  for (int step = 0; step < 20000; ++step) {
    now += Duration(random.below(5'000'000));
    switch (random.below(4)) {
      case 0:
      case 1:
        switch (rules.arrive(now)) {
          case Arrival::Enters:
            ++inside;
            break;
          case Arrival::Waits:
            ++waiting;
            break;
          case Arrival::WaitsForOldest:
            EXPECT_EQ(waiting, 5u);
            break;
          case Arrival::Refused:
            EXPECT_GE(inside, 3u);
            EXPECT_EQ(waiting, 5u);
            break;
        }
        break;
      case 2:
        if (inside > 0) {
          rules.leave();
          --inside;
        }
        break;
      default:
        if (waiting > 0 && random.below(3) == 0) {
          rules.give_up();
          --waiting;
        }
    }
    while (rules.next(now) != Turn::Nobody) {
      ++inside;
      --waiting;
    }
    ASSERT_EQ(rules.in_flight(), inside);
    ASSERT_EQ(rules.waiting(), waiting);
    ASSERT_LE(inside, 3u);
    ASSERT_TRUE(waiting == 0 || inside == 3) << "nobody waits while there is room";
  }
}

/// One server, requests at a multiple of what it can do: the waits of those who were served.
std::vector<Duration> waits_under(double load, Duration length) {
  constexpr Duration kService = 10ms;
  GateRules rules = rules_of(1, 50, 1000ms);
  const auto gap = Duration(static_cast<Duration::rep>(static_cast<double>(Duration(kService).count()) / load));
  std::deque<TimePoint> queue;
  std::vector<Duration> waits;
  TimePoint done{};
  TimePoint next = kOpens;
  const auto serve = [&](TimePoint now) {
    rules.leave();
    while (!queue.empty() && now - queue.front() >= 1000ms) {
      queue.pop_front();
      rules.give_up();
    }
    const Turn turn = rules.next(now);
    if (turn == Turn::Nobody) return done = TimePoint{};
    const TimePoint came = turn == Turn::Oldest ? queue.front() : queue.back();
    turn == Turn::Oldest ? queue.pop_front() : queue.pop_back();
    waits.push_back(now - came);
    return done = now + kService;
  };
  while (next < kOpens + length) {
    if (done != TimePoint{} && done <= next) {
      serve(done);
      continue;
    }
    switch (rules.arrive(next)) {
      case Arrival::Enters:
        waits.push_back(Duration::zero());
        done = next + kService;
        break;
      case Arrival::WaitsForOldest:
        queue.pop_front();
        [[fallthrough]];
      case Arrival::Waits:
        queue.push_back(next);
        break;
      case Arrival::Refused:
        break;
    }
    next += gap;
  }
  std::sort(waits.begin(), waits.end());
  return waits;
}

TEST(GateRules, UnderLastingOverloadThoseWhoAreServedAreServedSoon) {
  for (const double load : {1.5, 2.0, 4.0, 10.0}) {
    const auto waits = waits_under(load, 60s);
    ASSERT_GE(waits.size(), 5900u) << "the server is never idle at load " << load;
    EXPECT_LE(waits[waits.size() / 2], 10ms) << load;
    // The burst before the queue counted as standing: a quarter of a second of a minute.
    EXPECT_LE(waits[waits.size() * 99 / 100], 260ms) << load;
    EXPECT_LE(waits.back(), 1000ms) << load;
  }
}

TEST(GateRules, WithinTheCapacityNobodyIsRefusedAndTheOrderIsThatOfArrival) {
  const auto waits = waits_under(0.99, 10s);
  EXPECT_GE(waits.size(), 989u);
  EXPECT_EQ(waits.back(), Duration::zero());
}

}  // namespace
}  // namespace sluice::gateway
