// What strategies that judge nothing by segments tell of them.
#include <gtest/gtest.h>

#include "segment_world.hpp"

namespace sluice::strategy {
namespace {

/// An A/B test of v1 and v2 with this much evidence, just after a look.
class SegmentsReport : public ::testing::Test {
 protected:
  SegmentsReport() {
    world.route.strategy = policy::AbTest{};
    made.state.live = "v1";
    made.state.last_look = world.now;
    made.state.window = world.evidence.window = 7;
    for (auto& version : world.evidence.versions) {
      version.share = 0.5;
      version.segments.resize(2);
      for (auto& segment : version.segments) segment.all.requests = 1000;
    }
  }
  void report() { report_segments(world.route, {}, world.evidence, made, world.now); }

  SegmentWorld world;
  Transition made;
};

TEST_F(SegmentsReport, TellsOnceWhereAVersionIsWorse) {
  world.evidence.versions[1].segments[0].all.failures = 200;
  world.evidence.versions[0].segments[0].all.failures = 10;
  report();
  ASSERT_EQ(made.events.size(), 1U);
  EXPECT_EQ(made.events[0].kind, "SegmentWorse");
  EXPECT_NE(made.events[0].text.find("mobile: v2 is worse than v1, error-rate 20%"), std::string::npos)
      << made.events[0].text;
  ASSERT_EQ(made.state.segments.size(), 2U);
  EXPECT_TRUE(made.state.segments[0].worse);
  EXPECT_FALSE(made.state.segments[0].excluded) << "nothing follows";
  EXPECT_FALSE(made.state.segments[1].worse);
  report();
  EXPECT_EQ(made.events.size(), 1U) << "once";
}

TEST_F(SegmentsReport, TellsNothingWhereAllAreAlike) {
  for (auto& version : world.evidence.versions) {
    for (auto& segment : version.segments) segment.all.failures = 20;
  }
  report();
  EXPECT_TRUE(made.events.empty());
  EXPECT_EQ(made.state.segments.size(), 2U);
}

TEST_F(SegmentsReport, LooksOnlyWhenTheStrategyHasLooked) {
  world.evidence.versions[1].segments[0].all.failures = 200;
  made.state.last_look = world.now - std::chrono::seconds(1);
  report();
  EXPECT_TRUE(made.state.segments.empty());
}

TEST_F(SegmentsReport, LeavesACanaryToItself) {
  policy::Canary canary;
  world.route.strategy = canary;
  world.evidence.versions[1].segments[0].all.failures = 200;
  report();
  EXPECT_TRUE(made.events.empty());
}

}  // namespace
}  // namespace sluice::strategy
