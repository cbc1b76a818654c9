// How often something is said of a candidate that is nowhere worse, and who is blamed where it is.
#include <gtest/gtest.h>

#include <cmath>

#include "segment_world.hpp"

namespace sluice::strategy {
namespace {

policy::Analysis error_rate_against_stable(double confidence) {
  policy::Check check;
  check.metric = "error-rate";
  check.versus_stable.emplace().relative_margin = Ratio{0};
  policy::Analysis analysis;
  analysis.checks = {check};
  analysis.min_requests = 1;
  analysis.confidence = Ratio{confidence};
  return analysis;
}

CheckMemory remembered(double log_e, Verdict verdict, double log_threshold = 3) {
  CheckMemory memory;
  memory.name = "error-rate";
  memory.verdict = verdict;
  memory.proof.log_e = log_e;
  memory.proof.log_threshold = log_threshold;
  return memory;
}

/// Two segments with this much evidence each, and those of none, under a whole that failed.
std::vector<std::size_t> blamed(double first, double second, double rest) {
  const SegmentWorld world;
  RolloutState state;
  for (const double log_e : {first, second, rest}) {
    state.segments.emplace_back().checks = {remembered(log_e, Verdict::Inconclusive, 5)};
  }
  state.segments[0].name = "mobile";
  state.segments[1].name = "tablet";
  Assessment found;
  found.verdict = Verdict::Fail;
  found.memory = {remembered(4, Verdict::Fail)};
  return segments_to_blame(error_rate_against_stable(0.95), world.route, found, state);
}

using Indexes = std::vector<std::size_t>;

TEST(Segments, ShareTheDoubtWithTheWhole) {
  SegmentWorld world;
  EXPECT_DOUBLE_EQ(doubt_of_whole(world.route), 0.8);
  EXPECT_DOUBLE_EQ(doubt_of_segment(world.route), 0.1);
  const auto own = analysis_of_segment(error_rate_against_stable(0.95), world.route);
  EXPECT_NEAR(own.confidence.fraction, 0.995, 1e-12);
  world.route.segments.clear();
  EXPECT_EQ(doubt_of_whole(world.route), 1);
  EXPECT_EQ(doubt_of_segment(world.route), 0);
}

TEST(Segments, AreNotJudgedByWhatIsNotCountedBySegment) {
  const SegmentWorld world;
  auto analysis = error_rate_against_stable(0.95);
  policy::Check outcome;
  outcome.metric = "click";
  policy::Check query;
  query.metric = "gpu";
  query.prometheus.emplace();
  analysis.checks.insert(analysis.checks.begin(), {outcome, query});
  const auto own = analysis_of_segment(analysis, world.route);
  ASSERT_EQ(own.checks.size(), 1U);
  EXPECT_EQ(own.checks[0].metric, "error-rate");
}

TEST(Segments, AreBlamedWhereTheOthersAreNotSuspected) {
  EXPECT_EQ(blamed(6, 0.5, -2), Indexes{0});
  EXPECT_EQ(blamed(4, 5, -2), (Indexes{0, 1}));
  EXPECT_EQ(blamed(9, 2, 2), Indexes{}) << "the others together are certain as well";
  EXPECT_EQ(blamed(9, -2, 9), Indexes{}) << "those of no segment suffer too";
  EXPECT_EQ(blamed(2, 2, -2), Indexes{}) << "nobody is certain";
}

TEST(Segments, AreNotBlamedForWhatOnlyThePolicysOtherChecksSaw) {
  const SegmentWorld world;
  auto analysis = error_rate_against_stable(0.95);
  policy::Check query;
  query.metric = "gpu";
  query.prometheus.emplace();
  analysis.checks.push_back(query);
  RolloutState state;
  state.segments.emplace_back().checks = {remembered(6, Verdict::Fail)};
  state.segments[0].name = "mobile";
  Assessment found;
  found.memory = {remembered(4, Verdict::Fail), remembered(0, Verdict::Fail, 0)};
  EXPECT_TRUE(segments_to_blame(analysis, world.route, found, state).empty());
}

TEST(Segments, AreNotLookedAtWhileNobodyKnowsTheShares) {
  SegmentWorld world;
  RolloutState state;
  VersionEvidence v1 = world.evidence.versions[0];
  VersionEvidence v2 = world.evidence.versions[1];
  v1.segments.resize(2);
  v2.segments.resize(2);
  v2.segments[0].all.requests = v2.segments[0].all.failures = 1000;
  v1.segments[0].all.requests = 1000;
  const auto analysis = error_rate_against_stable(0.95);
  EXPECT_TRUE(look_at_segments(analysis, world.route, {v2, v1}, state, world.evidence, world.now).empty());
  ASSERT_EQ(state.segments.size(), 3U);
  EXPECT_EQ(state.segments[0].name, "mobile");
  EXPECT_EQ(state.segments[2].name, "") << "those of none";
  v1.share = v2.share = 0.5;
  EXPECT_EQ(look_at_segments(analysis, world.route, {v2, v1}, state, world.evidence, world.now), Indexes{0});
  EXPECT_TRUE(state.segments[0].worse);
  EXPECT_GE(evidence_of(state.segments[0]), 1);
  EXPECT_FALSE(state.segments[1].worse);
}

TEST(Segments, AreJudgedByUsersWhereUsersStick) {
  const auto is_worse = [](UnitCounts users) {
    SegmentWorld world;
    world.route.unit = {policy::UnitSource::Header, "x-user", ""};
    RolloutState state;
    VersionEvidence& v1 = world.evidence.versions[0];
    VersionEvidence& v2 = world.evidence.versions[1];
    v1.share = v2.share = 0.5;
    for (VersionEvidence* version : {&v1, &v2}) {
      version->segments.resize(2);
      version->segments[0].all.requests = 1000;
      version->segments[0].failing_units_known = true;
    }
    v2.segments[0].all.failures = 200;
    v2.segments[0].failing_units = users;
    return !look_at_segments(error_rate_against_stable(0.95), world.route, {v2, v1}, state, world.evidence, world.now)
                .empty();
  };
  EXPECT_FALSE(is_worse({1, 1, 1, 1, 1})) << "one user's two hundred errors";
  EXPECT_TRUE(is_worse({60, 40, 20, 5, 0}));
}

TEST(Segments, AreTheSameUnderAnotherOrder) {
  SegmentWorld world;
  RolloutState state;
  state.segments.resize(2);
  state.segments[0].name = "mobile";
  state.segments[1].name = "tablet";
  state.segments[0].version = state.segments[1].version = "v2";
  state.segments[0].excluded = true;
  std::swap(world.route.segments[0], world.route.segments[1]);
  const auto& versions = world.evidence.versions;
  look_at_segments(error_rate_against_stable(0.95), world.route, {versions[1], versions[0]}, state, world.evidence,
                   world.now);
  EXPECT_EQ(state.segments[0].name, "tablet");
  EXPECT_FALSE(state.segments[0].excluded);
  EXPECT_TRUE(state.segments[1].excluded);
}

/// One healthy rollout, looked at often: whether anything was said of the whole or of a segment.
bool alarms(std::uint64_t seed, int looks, double confidence) {
  SegmentWorld world(seed);
  const auto analysis = error_rate_against_stable(confidence);
  Random random(seed);
  RolloutState state;
  VersionEvidence& v1 = world.evidence.versions[0];
  VersionEvidence& v2 = world.evidence.versions[1];
  v1.share = 0.8;
  v2.share = 0.2;
  for (VersionEvidence* version : {&v1, &v2}) version->segments.resize(2);
  const std::array<double, 3> rates{0.3, 0.05, 0.1};  // of mobile, tablet and the others; alike for both versions
  for (int i = 0; i < looks; ++i) {
    for (int request = 0; request < 6; ++request) {
      const auto crowd = static_cast<std::size_t>(random.uniform() * 3);
      VersionEvidence& version = random.uniform() < 0.2 ? v2 : v1;
      const std::uint64_t failed = random.uniform() < rates[crowd] ? 1 : 0;
      ++version.all.requests;
      version.all.failures += failed;
      if (crowd == 2) continue;
      ++version.segments[crowd].all.requests;
      version.segments[crowd].all.failures += failed;
    }
    Subject whole = subject_of(v2, v1, world.evidence, world.route, "");
    whole.part_of_doubt = doubt_of_whole(world.route);
    const auto found = assess(analysis, state.checks, state.check_evidence, std::nullopt,
                              world.now - std::chrono::seconds(10), whole, world.now);
    state.checks = found.memory;
    state.check_evidence = found.evidence;
    if (found.verdict == Verdict::Fail) return true;
    if (!look_at_segments(analysis, world.route, {v2, v1}, state, world.evidence, world.now).empty()) return true;
  }
  return false;
}

TEST(Segments, AndTheWholeTogetherAlarmNoMoreOftenThanThePolicyAllows) {
  constexpr int rollouts = 40;
  constexpr double doubt = 0.2;
  int alarmed = 0;
  for (std::uint64_t seed = 1; seed <= rollouts; ++seed) alarmed += alarms(seed, 1000, 1 - doubt) ? 1 : 0;
  const double deviation = std::sqrt(doubt * (1 - doubt) / rollouts);
  EXPECT_LE(alarmed / static_cast<double>(rollouts), doubt + 2 * deviation);
  EXPECT_GT(alarmed, 0) << "a test that cannot fail shows nothing";
}

}  // namespace
}  // namespace sluice::strategy
