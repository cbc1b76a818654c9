// What status says where a candidate is worse for some.
#include <gtest/gtest.h>

#include <algorithm>

#include "sluice/rollout/conditions.hpp"

namespace sluice::rollout {
namespace {

strategy::SegmentState segment_of(std::string name, bool worse, bool excluded) {
  strategy::SegmentState segment;
  segment.name = std::move(name);
  segment.worse = worse;
  segment.excluded = excluded;
  if (worse) segment.message = "error-rate 31% > 1%";
  return segment;
}

Condition sound(const std::vector<strategy::SegmentState>& segments) {
  strategy::RolloutState state;
  state.segments = segments;
  const auto conditions = conditions_of(state, {});
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [](const Condition& one) { return one.type == "SegmentsSound"; });
  return found == conditions.end() ? Condition{} : *found;
}

TEST(SegmentsSound, IsNotSaidWhereARouteHasNone) {
  EXPECT_EQ(sound({}).type, "");
}

TEST(SegmentsSound, IsTrueUntilOneIsWorse) {
  EXPECT_EQ(sound({segment_of("mobile", false, false)}).status, "True");
  const auto worse = sound({segment_of("tablet", false, false), segment_of("mobile", true, false)});
  EXPECT_EQ(worse.status, "False");
  EXPECT_EQ(worse.reason, "SegmentWorse");
  EXPECT_EQ(worse.message, "mobile: error-rate 31% > 1%");
}

TEST(SegmentsSound, NamesThoseThatStableKeeps) {
  const auto kept = sound({segment_of("tablet", true, false), segment_of("mobile", true, true)});
  EXPECT_EQ(kept.reason, "SegmentExcluded");
  EXPECT_EQ(kept.message, "stable keeps mobile; mobile: error-rate 31% > 1%");
}

TEST(SegmentsSound, AVersionThatKeepsASegmentHasTraffic) {
  traffic::PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.stable = 1;
  spec.splits = {{{1, 1}}};
  spec.otherwise = traffic::Target::split(0);
  spec.segments = {{"mobile", {traffic::Match()}, traffic::VersionIndex{0}}};
  strategy::Steering steering;
  steering.plan = traffic::TrafficPlan::build(spec).value();
  steering.fallbacks = {-1, -1};
  strategy::Evidence evidence;
  for (const char* name : {"v1", "v2"}) {
    auto& version = evidence.versions.emplace_back();
    version.version = name;
    version.endpoints = 1;
    version.usable = name == std::string("v2") ? 1 : 0;
  }
  EXPECT_EQ(serving_of(steering, evidence).word, "Down") << "who is left behind is served by v1";
}

}  // namespace
}  // namespace sluice::rollout
