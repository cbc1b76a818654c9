#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "canary_world.hpp"
#include "sluice/base/random.hpp"
#include "sluice/strategy/segments.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy {

/// Requests of one kind: how many come between two looks, and how often each version fails them.
struct Crowd {
  std::uint64_t requests = 0;
  double stable_fails = 0.01;
  double candidate_fails = 0.01;
  double slower = 1;  ///< how many times as long the candidate takes
};

/// A canary from v1 to v2 on a route with the segments mobile and tablet, under drawn traffic: every request is drawn
/// for itself, in the look that it comes in.
class SegmentWorld {
 public:
  explicit SegmentWorld(std::uint64_t seed = 1) : random_(seed) {
    route.unit = {};
    route.segments = {{"mobile", {header_match("x-device", "phone")}, {}},
                      {"tablet", {header_match("x-device", "tablet")}, {}}};
    policy::Canary canary;
    canary.stable = "v1";
    canary.candidate = "v2";
    canary.steps = {set_weight(20), set_weight(50)};
    canary.on_segment_failure = policy::OnSegmentFailure::ExcludeSegment;
    policy::Check check;
    check.metric = "error-rate";
    check.versus_stable.emplace().margin = policy::Quantity{0.01, policy::QuantityUnit::Ratio};
    canary.analysis.emplace().checks = {check};
    route.strategy = canary;
    evidence.versions.resize(2);
    for (std::size_t v = 0; v < 2; ++v) {
      evidence.versions[v].version = v == 0 ? "v1" : "v2";
      evidence.versions[v].endpoints = evidence.versions[v].usable = 2;
    }
  }

  policy::Canary& canary() { return std::get<policy::Canary>(route.strategy); }

  void start() { state = begin(route, 1, 1, now); }

  /// One look later.
  Transition look(const Command* command = nullptr) {
    if (command == nullptr) {
      now += std::chrono::seconds(10);
      come();
    }
    Transition made = advance(route, state, evidence, command, now);
    state = made.state;
    for (const Event& event : made.events) events.push_back(event);
    return made;
  }
  void looks(int count) {
    for (int i = 0; i < count && !is_over(state.phase); ++i) look();
  }
  Transition say(Verb verb, bool full = false) {
    const Command command{verb, full, "alice"};
    return look(&command);
  }

  const SegmentState* segment(const std::string& name) const {
    const auto found =
        std::find_if(state.segments.begin(), state.segments.end(), [&](const auto& one) { return one.name == name; });
    return found == state.segments.end() ? nullptr : &*found;
  }
  bool is_excluded(const std::string& name) const { return segment(name) != nullptr && segment(name)->excluded; }
  int count(const std::string& kind) const {
    return static_cast<int>(
        std::count_if(events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
  }
  std::string text_of(const std::string& kind) const {
    const auto found =
        std::find_if(events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; });
    return found == events.end() ? "" : found->text;
  }

  policy::ModelRoute route = route_with({"v1", "v2"});
  std::array<Crowd, 3> crowds{
      {{300, 0.01, 0.01, 1}, {200, 0.01, 0.01, 1}, {500, 0.01, 0.01, 1}}};  ///< the last: of no segment
  RolloutState state;
  Evidence evidence;
  WallTime now{std::chrono::seconds(1'000'000)};
  std::vector<Event> events;

 private:
  /// As the data plane counts: what a segment's rule sends somewhere is no evidence, and another window begins at zero.
  void come() {
    if (evidence.window != state.window) {
      for (auto& version : evidence.versions) {
        version.all = {};
        version.assigned = 0;
        version.segments.assign(route.segments.size(), {});
      }
    }
    evidence.window = state.window;
    evidence.versions[0].share = 1 - state.weight;
    evidence.versions[1].share = state.weight;
    for (auto& version : evidence.versions) version.segments.resize(route.segments.size());
    for (std::size_t c = 0; c < crowds.size(); ++c) {
      const bool in_segment = c < route.segments.size();
      if (in_segment && is_excluded(route.segments[c].name)) continue;
      for (std::uint64_t i = 0; i < crowds[c].requests; ++i) {
        const bool drawn = random_.uniform() < state.weight;
        VersionEvidence& version = evidence.versions[drawn ? 1 : 0];
        const bool fails = random_.uniform() < (drawn ? crowds[c].candidate_fails : crowds[c].stable_fails);
        const double millis = 20 * (1 + random_.uniform()) * (drawn ? crowds[c].slower : 1);
        const auto took = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(millis));
        ++version.assigned;
        note(version.all, fails, took);
        if (in_segment) note(version.segments[c].all, fails, took);
      }
    }
  }
  static void note(Sample& sample, bool fails, Duration took) {
    ++sample.requests;
    sample.failures += fails ? 1 : 0;
    sample.latency.record(took);
  }

  Random random_;
};

}  // namespace sluice::strategy
