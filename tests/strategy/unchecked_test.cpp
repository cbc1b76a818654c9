// The moment after a start, in which endpoints get traffic that no check has answered for yet.
#include "canary_world.hpp"
#include "flips.hpp"
#include "rolling_world.hpp"

namespace sluice::strategy::flips {
namespace {

void uncheck(VersionEvidence& version) {
  version.usable = 0;
  version.unchecked = version.endpoints;
}

void answer_check(VersionEvidence& version, bool passes) {
  version.usable = passes ? version.endpoints : 0;
  version.unchecked = 0;
}

TEST(Unchecked, IsWhereNobodyIsUsableAndSomebodyMayTurnOutToBe) {
  Evidence evidence;
  evidence.versions.resize(1);
  evidence.versions[0].version = "v1";
  evidence.versions[0].endpoints = 3;
  evidence.versions[0].unchecked = 2;
  EXPECT_TRUE(is_unchecked(evidence, "v1"));
  EXPECT_FALSE(is_usable(evidence, "v1"));
  EXPECT_TRUE(is_unchecked(without_samples(evidence), "v1"));
  evidence.versions[0].usable = 1;
  EXPECT_FALSE(is_unchecked(evidence, "v1")) << "one is enough";
  EXPECT_TRUE(is_usable(evidence, "v1"));
  evidence.versions[0].usable = evidence.versions[0].unchecked = 0;
  EXPECT_FALSE(is_unchecked(evidence, "v1"));
  EXPECT_FALSE(is_unchecked(evidence, "v9"));
}

class UncheckedCanary : public CanaryWorld {};

TEST_F(UncheckedCanary, BeginsNothingAndTellsNothingUntilTheFirstCheckHasEnded) {
  uncheck(v2());
  given({set_weight(20), pause_for()});
  ticks(2);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.weight, 0);
  EXPECT_TRUE(events.empty()) << "a moment's wait is no news";
  answer_check(v2(), false);
  tick();
  EXPECT_EQ(state.reason, "CandidateNotReady");
  answer_check(v2(), true);
  tick();
  EXPECT_EQ(state.weight, 0.2);
}

TEST_F(UncheckedCanary, StaysAtItsStepAfterARestartAndSaysNothing) {
  given({set_weight(20), pause_for(10s), set_weight(50)});
  ticks(2);
  ASSERT_EQ(state.reason, "TimedPause") << state.message;
  const auto told = events.size();
  uncheck(v1());
  uncheck(v2());
  const RolloutState before = state;
  tick(1min);
  EXPECT_EQ(state, before);
  EXPECT_EQ(events.size(), told);
  answer_check(v1(), true);
  answer_check(v2(), true);
  tick();
  EXPECT_EQ(state.weight, 0.5);
}

TEST_F(UncheckedCanary, IsPromotedByNobody) {
  uncheck(v2());
  given({set_weight(20), pause_for()});
  for (const bool full : {false, true}) {
    const auto refusal = say(Verb::Promote, full).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_NE(refusal->find("0 of 2 endpoints are usable, 2 not checked yet"), std::string::npos) << *refusal;
  }
}

TEST_F(UncheckedCanary, ADryRunThatFailsIsToldAsOne) {
  canary.analysis = error_rate_below_one_percent();
  canary.analysis->checks[0].dry_run = true;
  given({set_weight(20), pause_for()});
  ticks(2);
  seen(1204, 100);
  tick(10s);
  EXPECT_FALSE(is_over(state.phase));
  ASSERT_EQ(count("CheckFailed"), 1);
  const auto told = std::find_if(events.begin(), events.end(), [](const Event& e) { return e.kind == "CheckFailed"; });
  EXPECT_NE(told->text.find("a dry run: nothing follows from it"), std::string::npos) << told->text;
}

TEST(UncheckedPreview, IsNotFlippedToByAPersonNorByItself) {
  auto r = rig(automatic());
  uncheck(r.version("green"));
  r.tick().tick();
  EXPECT_EQ(r.state.phase, Phase::Pending);
  EXPECT_TRUE(r.events.empty());
  EXPECT_NE(r.say(Verb::Promote).find("not checked yet"), std::string::npos);
  EXPECT_NE(r.say(Verb::Promote, true).find("not checked yet"), std::string::npos);
  EXPECT_EQ(r.share("blue"), 1);
  answer_check(r.version("green"), true);
  r.tick().tick();
  EXPECT_EQ(r.share("green"), 1);
}

TEST(UncheckedPreview, OnTrialWaitsForAPersonWithoutAWordAfterARestart) {
  auto r = rig(flip());
  r.tick().tick();
  ASSERT_EQ(r.where(), "Paused/AwaitingPromotion");
  const auto before = r.state;
  r.events.clear();
  uncheck(r.version("blue"));
  uncheck(r.version("green"));
  r.tick();
  EXPECT_EQ(r.state, before);
  EXPECT_TRUE(r.events.empty());
  answer_check(r.version("green"), false);
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/PreviewNotReady");
}

TEST(UncheckedInstances, AreNotTakenOutForBeingDown) {
  RollingWorld world(3, 3);
  world.spec().max_surge.count = 0;
  world.begin_rollout();
  world.tick();
  Evidence evidence;
  evidence.window = world.state.window;
  for (const auto& [who, node] : world.nodes) {
    auto& seen = evidence.endpoints.emplace_back();
    seen.version = who.first;
    seen.authority = who.second;
    seen.withheld = node.withheld;
    seen.unchecked = !node.withheld;
  }
  const auto moved = [&] {
    const auto made = advance(world.spec(), world.state, {world.route, evidence, nullptr, world.now});
    return !(made.state.slots == world.state.slots);
  };
  world.begin_rollout();
  EXPECT_FALSE(moved());
  for (auto& seen : evidence.endpoints) {
    seen.ready = seen.unchecked;
    seen.unchecked = false;
  }
  EXPECT_TRUE(moved()) << "what is there to be waited for is over";
}

}  // namespace
}  // namespace sluice::strategy::flips
