#include "sluice/rollout/pulse.hpp"

#include <gtest/gtest.h>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

const WallTime begun(std::chrono::seconds(1'000'000));

policy::Canary canary_with_pause(Duration pause) {
  policy::Canary canary;
  canary.steps.emplace_back().weight = 10;
  auto& step = canary.steps.emplace_back();
  step.kind = policy::StepKind::Pause;
  step.pause.duration = pause;
  canary.analysis.emplace().interval = 7s;
  return canary;
}

TEST(Pulse, ComesAtOnceBehindWhatHappenedAndThenWithTheChecks) {
  const Pulse pulse(canary_with_pause(1min), begun);
  EXPECT_EQ(pulse.next(begun), begun + 250ms);
  EXPECT_EQ(pulse.next(begun + 250ms), begun + 7s);
  EXPECT_EQ(pulse.next(begun + 7s), begun + 14s);
}

TEST(Pulse, ComesWhenAPauseIsOverAlsoOffTheGrid) {
  const Pulse pulse(canary_with_pause(1min), begun);
  EXPECT_EQ(pulse.next(begun + 56s), begun + 60s);
  EXPECT_EQ(pulse.next(begun + 60s), begun + 63s);
}

TEST(Pulse, CountsFromTheStepThatBeganLast) {
  Pulse pulse(canary_with_pause(1min), begun);
  pulse.happened(begun + 10s);
  EXPECT_EQ(pulse.next(begun + 10s), begun + 10s + 250ms);
  EXPECT_EQ(pulse.next(begun + 11s), begun + 17s);
}

TEST(Pulse, ComesMoreSeldomWhereAStepIsLong) {
  const Pulse pulse(canary_with_pause(100h), begun);
  EXPECT_EQ(pulse.next(begun + 6993s), begun + 7000s);
  const WallTime late = begun + 350h;
  EXPECT_GT(pulse.next(late) - late, 600s);
}

}  // namespace
}  // namespace sluice::rollout
