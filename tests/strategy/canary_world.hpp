#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "routes.hpp"
#include "sluice/strategy/canary.hpp"

namespace sluice::strategy {

using namespace std::chrono_literals;

inline policy::Step set_weight(double percent) {
  policy::Step step;
  step.weight = percent;
  return step;
}

inline policy::Step pause_for(std::optional<Duration> duration = std::nullopt) {
  policy::Step step;
  step.kind = policy::StepKind::Pause;
  step.pause.duration = duration;
  return step;
}

/// error-rate at most 1 %, looked at every 10 s, after 100 requests.
inline policy::Analysis error_rate_below_one_percent() {
  policy::Check check;
  check.metric = "error-rate";
  check.threshold_range.emplace().max = policy::Quantity{0.01, policy::QuantityUnit::Ratio};
  policy::Analysis analysis;
  analysis.checks.push_back(check);
  return analysis;
}

/// A canary from v1 to v2 and the world around it, moved by hand. Samples are of the window under way and are gone with
/// it, as in the data plane.
class CanaryWorld : public ::testing::Test {
 protected:
  CanaryWorld() {
    canary.stable = "v1";
    canary.candidate = "v2";
    evidence.versions.resize(2);
    for (std::size_t i = 0; i < 2; ++i) {
      evidence.versions[i].version = i == 0 ? "v1" : "v2";
      evidence.versions[i].endpoints = evidence.versions[i].usable = 2;
    }
  }

  void given(std::vector<policy::Step> steps) {
    canary.steps = std::move(steps);
    start();
  }
  void start() {
    RolloutState fresh;
    fresh.route = "fraud";
    fresh.number = 1;
    fresh.strategy = "canary";
    fresh.begun = fresh.phase_since = fresh.step_since = fresh.last_progress = fresh.window_since = now;
    state = begin(canary, fresh, {route, evidence, nullptr, now});
    evidence.window = state.window;
  }

  Transition tick(Duration by = 1s, const Command* command = nullptr) {
    now += std::chrono::duration_cast<WallTime::duration>(by);
    if (evidence.window != state.window) {
      evidence.window = state.window;
      for (auto& version : evidence.versions) version.all = version.control = {};
    }
    Transition made = advance(canary, state, {route, evidence, command, now});
    state = made.state;
    for (const auto& event : made.events) events.push_back(event);
    weights.push_back(state.weight);
    return made;
  }
  void ticks(int count, Duration each = 1s) {
    for (int i = 0; i < count; ++i) tick(each);
  }
  Transition say(Verb verb, bool full = false) {
    const Command command{verb, full, "alice"};
    return tick(0s, &command);
  }

  VersionEvidence& v1() { return evidence.versions[0]; }
  VersionEvidence& v2() { return evidence.versions[1]; }
  /// What the window under way has seen; the control slice is as large as the candidate.
  void seen(std::uint64_t requests, std::uint64_t failures, std::uint64_t control_failures = 0) {
    if (evidence.window != state.window) tick(0s);
    v2().all.requests = requests;
    v2().all.failures = failures;
    v1().control.requests = requests;
    v1().control.failures = control_failures;
    v1().all.requests = requests * 3;
    v1().all.failures = control_failures * 3;
  }
  void add_hook(policy::WebhookType type) {
    policy::Webhook hook;
    hook.type = type;
    hook.url = "http://hooks.test/";
    canary.webhooks.push_back(hook);
  }
  /// Everything that is asked now is answered so.
  void answer(const Transition& transition, ErrandAnswer::State answer) {
    for (const auto& errand : transition.errands) evidence.errands[errand.key] = {answer, 0, "", 1};
  }
  int count(const std::string& kind) const {
    return static_cast<int>(
        std::count_if(events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
  }
  const Event& last() const { return events.back(); }

  policy::ModelRoute route = route_with({"v1", "v2"});
  policy::Canary canary;
  RolloutState state;
  Evidence evidence;
  WallTime now{1'000'000s};
  std::vector<Event> events;
  std::vector<double> weights;
};

}  // namespace sluice::strategy
