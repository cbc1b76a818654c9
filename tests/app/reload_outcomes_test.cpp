#include "sluice/app/reload_outcomes.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

TEST(ReloadOutcomes, WhoWaitsIsToldWhatBecameOfADemand) {
  ReloadOutcomes outcomes;
  const auto ticket = outcomes.ticket();
  std::thread reloads([&] {
    outcomes.record({true, ""}, false);
    outcomes.record({false, "line 3"}, true);
  });
  const auto outcome = outcomes.wait(ticket, 10s);
  reloads.join();
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->good);
  EXPECT_EQ(outcome->reason, "line 3");
}

TEST(ReloadOutcomes, AReloadThatNobodyAskedForEndsNoWaiting) {
  ReloadOutcomes outcomes;
  outcomes.record({false, "line 3"}, false);
  EXPECT_FALSE(outcomes.wait(outcomes.ticket(), 0s));
  EXPECT_EQ(outcomes.last().reason, "line 3");
}

TEST(ReloadOutcomes, WhatCameBetweenTheTicketAndTheWaitIsNotMissed) {
  ReloadOutcomes outcomes;
  const auto ticket = outcomes.ticket();
  outcomes.record({true, ""}, true);
  EXPECT_TRUE(outcomes.wait(ticket, 0s));
  EXPECT_FALSE(outcomes.wait(outcomes.ticket(), 0s));
}

TEST(ReloadOutcomes, AStopEndsAllWaiting) {
  ReloadOutcomes outcomes;
  std::thread stop([&] { outcomes.give_up(); });
  EXPECT_FALSE(outcomes.wait(outcomes.ticket(), 24h));
  stop.join();
}

}  // namespace
}  // namespace sluice::app
