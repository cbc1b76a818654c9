#include "sluice/rollout/progress.hpp"

#include <gtest/gtest.h>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;
using strategy::Phase;

policy::Step weight(double percent) {
  policy::Step step;
  step.weight = percent;
  return step;
}

policy::Step pause(std::optional<Duration> duration) {
  policy::Step step;
  step.kind = policy::StepKind::Pause;
  step.pause.duration = duration;
  return step;
}

policy::Canary canary() {
  policy::Canary out;
  out.steps = {weight(5), pause(10min), weight(12.5), pause({})};
  return out;
}

strategy::RolloutState at_step(std::int32_t step) {
  strategy::RolloutState state;
  state.phase = Phase::Progressing;
  state.step = step;
  return state;
}

TEST(Progress, OfACanaryNamesItsStepAndTheNext) {
  const auto first = progress_of(canary(), at_step(0), {});
  EXPECT_EQ(first.step, 1);
  EXPECT_EQ(first.steps, 4);
  EXPECT_EQ(first.text, "setWeight 5");
  EXPECT_EQ(first.next, "pause 10m");
  EXPECT_EQ(progress_of(canary(), at_step(1), WallTime(3min + 48s)).text, "pause 10m, 6m12s left");
  EXPECT_EQ(progress_of(canary(), at_step(1), WallTime(11min)).text, "pause 10m, over");
  EXPECT_EQ(progress_of(canary(), at_step(1), {}).next, "setWeight 12.5");
  EXPECT_EQ(progress_of(canary(), at_step(3), {}).text, "pause until promote");
  EXPECT_EQ(progress_of(canary(), at_step(3), {}).next, "promotion");
}

TEST(Progress, NamesAllStepsAndWhenATimedOneEnds) {
  auto state = at_step(1);
  state.step_since = WallTime(1h);
  const auto timed = progress_of(canary(), state, WallTime(1h + 1min));
  EXPECT_EQ(timed.step_texts,
            (std::vector<std::string>{"setWeight 5", "pause 10m", "setWeight 12.5", "pause until promote"}));
  EXPECT_EQ(timed.ends, WallTime(1h + 10min));
  EXPECT_EQ(progress_of(canary(), at_step(3), {}).ends, std::nullopt) << "a person ends it";
  state.phase = Phase::Aborted;
  EXPECT_EQ(progress_of(canary(), state, WallTime(1h)).ends, std::nullopt);
  policy::AbTest test;
  test.max_duration = 24h;
  EXPECT_EQ(progress_of(test, at_step(0), {}).ends, WallTime(24h));
  policy::BlueGreen blue_green;
  blue_green.preview = "v2";
  blue_green.auto_promote.after = 5min;
  auto waiting = at_step(0);
  EXPECT_EQ(progress_of(blue_green, waiting, {}).ends, std::nullopt) << "it is on trial";
  waiting.reason = "AwaitingTime";
  const auto due = progress_of(blue_green, waiting, {});
  EXPECT_EQ(due.ends, WallTime(5min));
  EXPECT_EQ(due.step_texts, (std::vector<std::string>{"try v2", "watch v2 with all traffic"}));
}

TEST(Progress, OfStagesNamesTheirStrategies) {
  policy::Stages stages;
  stages.stages.resize(2);
  stages.stages[0].strategy = policy::Shadow{};
  stages.stages[1].strategy = canary();
  const auto first = progress_of(stages, at_step(0), {});
  EXPECT_EQ(first.stage_texts, (std::vector<std::string>{"shadow", "canary"}));
  EXPECT_TRUE(first.step_texts.empty());
}

TEST(Progress, BeforeTheFirstStepAndWithoutStepsIsNone) {
  auto pending = at_step(-1);
  pending.phase = Phase::Pending;
  EXPECT_EQ(progress_of(canary(), pending, {}).step, 0);
  EXPECT_EQ(progress_of(canary(), pending, {}).next, "setWeight 5");
  EXPECT_EQ(progress_of(policy::Canary{}, at_step(0), {}).steps, 0);
  EXPECT_EQ(progress_of(std::monostate{}, at_step(0), {}).text, "");
}

TEST(Progress, ByEvidenceNamesTheShare) {
  auto paced = canary();
  paced.pace = policy::Pace::Evidence;
  auto state = at_step(0);
  state.weight = 0.04;
  EXPECT_EQ(progress_of(paced, state, {}).text, "4% of at most 50%");
  EXPECT_EQ(progress_of(paced, state, {}).next, "a larger share");
  state.weight = 0.5;
  EXPECT_EQ(progress_of(paced, state, {}).next, "promotion");
}

TEST(Progress, OfARollingUpdateCountsInstances) {
  auto state = at_step(0);
  state.slots.resize(3);
  state.slots[0].phase = strategy::SlotPhase::New;
  const auto progress = progress_of(policy::Rolling{}, state, {});
  EXPECT_EQ(progress.step, 2);
  EXPECT_EQ(progress.steps, 3);
  EXPECT_EQ(progress.text, "1 of 3 instances replaced");
}

TEST(Progress, OfStagesIsThatOfTheStageUnderWay) {
  policy::Stages stages;
  stages.stages.resize(2);
  stages.stages[0].strategy = policy::Shadow{};
  stages.stages[1].strategy = canary();
  auto state = at_step(0);
  state.stage = 1;
  const auto progress = progress_of(stages, state, {});
  EXPECT_EQ(progress.stage, 2U);
  EXPECT_EQ(progress.stages, 2U);
  EXPECT_EQ(progress.text, "setWeight 5");
}

TEST(Progress, OfATestInAStageCountsFromTheStagesBegin) {
  policy::AbTest test;
  test.primary_metric = "error-rate";
  test.max_duration = 10min;
  policy::Stages stages;
  stages.stages.resize(2);
  stages.stages[0].strategy = canary();
  stages.stages[1].strategy = test;
  auto state = at_step(0);
  state.stage = 1;
  state.begun = WallTime(0min);
  state.stage_since = state.step_since = WallTime(60min);
  EXPECT_EQ(progress_of(stages, state, WallTime(64min)).text, "compare error-rate, 6m left");
}

TEST(Progress, AStageEndsWithTheNextOneAndTheLastWithItsOwnEnd) {
  policy::Shadow shadow;
  shadow.stop_when = policy::ShadowStop::Conclusive;
  policy::Stages stages;
  stages.stages.resize(3);
  stages.stages[0].strategy = shadow;
  stages.stages[1].strategy = canary();
  stages.stages[2].strategy = canary();
  auto state = at_step(3);
  EXPECT_EQ(progress_of(stages, state, {}).next, "stage 2 of 3");
  state.stage = 1;
  EXPECT_EQ(progress_of(stages, state, {}).next, "stage 3 of 3");
  state.step = 0;
  EXPECT_EQ(progress_of(stages, state, {}).next, "pause 10m") << "the stage is not at its end yet";
  state.reason = "AwaitingApproval";
  EXPECT_EQ(progress_of(stages, state, {}).next, "stage 3 of 3");
  state.stage = 2;
  state.step = 3;
  EXPECT_EQ(progress_of(stages, state, {}).next, "promotion");
}

TEST(Progress, OfARolloutThatIsOverHasNothingNext) {
  auto state = at_step(3);
  state.phase = Phase::Promoted;
  EXPECT_EQ(progress_of(canary(), state, {}).text, "");
  EXPECT_EQ(progress_of(canary(), state, {}).next, "");
}

}  // namespace
}  // namespace sluice::rollout
