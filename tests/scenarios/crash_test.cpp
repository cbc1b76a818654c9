#include <gtest/gtest.h>

#include <memory>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

struct Crash {};

/// A rollout from its beginning to its end, and what may happen to the process meanwhile.
struct Case {
  std::string name;
  std::string yaml;
  double candidate_errors = 0;
  bool approves = false;  ///< a person promotes wherever that is waited for
  Phase end = Phase::Promoted;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

/// What must not depend on where the process died.
struct Ending {
  Phase phase = Phase::Idle;
  std::string live;
  std::uint64_t number = 0;
  std::vector<double> shares;       ///< of v2, as they were published
  std::vector<std::string> events;  ///< kinds, in order
  bool chained = false;
  friend bool operator==(const Ending&, const Ending&) = default;
};

void PrintTo(const Ending& ending, std::ostream* out) {
  *out << strategy::to_string(ending.phase) << " live=" << ending.live << " number=" << ending.number << " shares "
       << ::testing::PrintToString(ending.shares) << " events " << ::testing::PrintToString(ending.events)
       << (ending.chained ? "" : " NOT CHAINED");
}

Ending ending_of(Story& story) {
  Ending out;
  const auto view = story.view();
  out.phase = view.phase;
  for (const auto& version : view.versions) {
    if (version.target == 1) out.live = version.version;
  }
  out.number = view.id.empty() ? 0 : static_cast<std::uint64_t>(view.id.back() - '0');
  for (const auto& weights : story.world().published) {
    const double share = weights.share.at("v2");
    if (out.shares.empty() || out.shares.back() != share) out.shares.push_back(share);
  }
  const auto lines = story.journal();
  for (const auto& line : lines) out.events.push_back(line.kind);
  out.chained = state::first_break(lines) == lines.size();
  return out;
}

/// Runs until the end, and dies at the `crash_at`-th call of a port; 0: never. How many calls there were.
std::size_t live_through(const Case& one, std::size_t crash_at, Ending& ending) {
  Story story;
  std::size_t calls = 0;
  story.world().on_call = [&](const std::string&) {
    if (++calls == crash_at) throw Crash{};
  };
  story.given_traffic(400)
      .given_version("v2", {.error_rate = one.candidate_errors})
      .given_hook("http://127.0.0.1:7000/ok", HookScript::Says::Yes);
  bool alive = false;
  const auto survive = [&](auto&& act) {
    try {
      act();
      alive = true;
    } catch (const Crash&) {
      alive = false;
    }
  };
  survive([&] { story.given(one.yaml); });
  for (int second = 0; second < 400; ++second) {
    if (!alive) survive([&] { story.when_killed_and_restarted(one.yaml); });
    if (one.approves && alive && story.view().phase == Phase::Paused && story.view().reason.starts_with("Awaiting")) {
      survive([&] { story.when_person(Verb::Promote); });
      continue;
    }
    story.world().pass(1s);
    if (alive) survive([&] { story.tick(); });
    if (alive && second > 20 && strategy::is_over(story.view().phase)) break;
  }
  if (!alive) story.when_killed_and_restarted(one.yaml);
  ending = ending_of(story);
  return calls;
}

TEST(CrashStory, ARestartPromotesNobodyBecauseNothingHasBeenCountedYet) {
  Story story;
  story.given_version("v2", {.error_rate = 1})
      .given(canary_yaml(R"(
steps: [{setWeight: 50}]
analysis: {interval: 10s, minRequests: 50, onNoData: Pass, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]})"))
      .when_time_passes(5s)
      .then_weight("v2", 0.5);
  for (int second = 0; second < 60; ++second) story.world().pass(1s);  // nobody looks
  story.when_killed_and_restarted().when_time_passes(2s).then_weight("v2", 0.5).then_no_event("Promoted");
  story.when_time_passes(20s).then_phase(Phase::RolledBack, "CheckFailed").then_no_event("Promoted");
}

class Crashes : public ::testing::TestWithParam<Case> {};

TEST_P(Crashes, AtAnyCallOfAnyPortLeadToTheSameEnd) {
  Ending undisturbed;
  const std::size_t calls = live_through(GetParam(), 0, undisturbed);
  ASSERT_EQ(strategy::to_string(undisturbed.phase), strategy::to_string(GetParam().end))
      << ::testing::PrintToString(undisturbed);
  ASSERT_TRUE(undisturbed.chained);
  ASSERT_GT(calls, 100U);
  RecordProperty("calls", static_cast<int>(calls));
  int different = 0;
  for (std::size_t at = 1; at <= calls && different < 3; ++at) {
    Ending ending;
    live_through(GetParam(), at, ending);
    EXPECT_EQ(ending, undisturbed) << "died at call " << at << " of " << calls;
    if (!(ending == undisturbed)) ++different;
  }
}

TEST_P(Crashes, TicksThatAreMissedOrRepeatedLeadToTheSameEnd) {
  const Case& one = GetParam();
  Ending undisturbed;
  live_through(one, 0, undisturbed);
  const auto told = [&](unsigned missed, bool repeated) {
    Story story;
    story.given_traffic(400)
        .given_version("v2", {.error_rate = one.candidate_errors})
        .given_hook("http://127.0.0.1:7000/ok", HookScript::Says::Yes)
        .when_every_nth_tick_is_missed(missed)
        .when_every_tick_is_repeated(repeated)
        .given(one.yaml);
    for (int second = 0; second < 400 && (second < 20 || !strategy::is_over(story.view().phase)); ++second) {
      story.when_time_passes(1s);
      if (one.approves && story.view().phase == Phase::Paused && story.view().reason.starts_with("Awaiting")) {
        story.when_person(Verb::Promote);
      }
    }
    return ending_of(story);
  };
  for (unsigned missed = 2; missed < 8; ++missed) EXPECT_EQ(told(missed, false), undisturbed) << "every " << missed;
  EXPECT_EQ(told(0, true), undisturbed) << "each twice";
  EXPECT_EQ(told(3, true), undisturbed) << "every third missed, the others twice";
}

const char* const checked = R"(
  analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]})";

INSTANTIATE_TEST_SUITE_P(Of, Crashes,
                         ::testing::Values(Case{"CanaryGood", route_yaml({"v1", "v2"}, std::string(R"(canary:
  stable: v1
  candidate: v2
  steps: [{setWeight: 10}, {pause: {duration: 20s}}, {setWeight: 25}, {pause: {}}, {setWeight: 50}]
  webhooks:
    - {type: confirm-promotion, url: "http://127.0.0.1:7000/ok"}
    - {type: event, url: "http://127.0.0.1:7000/event"})") + checked),
                                                0, true, Phase::Promoted},
                                           Case{"CanaryBad", route_yaml({"v1", "v2"}, std::string(R"(canary:
  stable: v1
  candidate: v2
  steps: [{setWeight: 10}, {pause: {duration: 20s}}, {setWeight: 25}])") + checked),
                                                0.2, false, Phase::RolledBack},
                                           Case{"BlueGreen", route_yaml({"v1", "v2"}, R"(blueGreen:
  active: v1
  preview: v2
  prePromotion:
    mirror: 10%
    analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]}
  postPromotion:
    analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]})"),
                                                0, true, Phase::Promoted},
                                           Case{"Shadow", route_yaml({"v1", "v2"}, std::string(R"(shadow:
  live: v1
  candidates: [{version: v2}]
  stopWhen: Conclusive)") + checked),
                                                0, false, Phase::Concluded},
                                           Case{"StagesGood", route_yaml({"v1", "v2"}, std::string(R"(stages:
  - shadow:
      live: v1
      candidates: [{version: v2}]
      stopWhen: Conclusive
      analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]}
    until: Approved
  - canary:
      stable: v1
      candidate: v2
      steps: [{setWeight: 25}]
      analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]}
    atLeast: 20s
  - blueGreen:
      active: v1
      preview: v2
      autoPromote: {enabled: true}
      postPromotion:
        analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]})")),
                                                0, true, Phase::Promoted},
                                           Case{"StagesBad", route_yaml({"v1", "v2"}, std::string(R"(stages:
  - abTest:
      variants: [{version: v1}, {version: v2}]
    atLeast: 20s
  - blueGreen:
      active: v1
      preview: v2
      autoPromote: {enabled: true}
      postPromotion:
        analysis: {interval: 5s, minRequests: 50, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]})")),
                                                0.2, false, Phase::RolledBack},
                                           Case{"Rolling",
                                                route_yaml({"v1", "v2"}, std::string(R"(rolling:
  stable: v1
  candidate: v2
  minReady: 5s)") + checked,
                                                           3),
                                                0, false, Phase::Promoted}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sluice::scenarios
