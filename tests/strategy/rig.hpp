#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pairs.hpp"
#include "routes.hpp"
#include "sluice/strategy/dispatch.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// One strategy on a clock that is moved by hand, with counters that begin anew with every window.
template <typename Spec>
class Rig {
 public:
  Rig(Spec spec, const std::vector<std::string>& versions) : spec(std::move(spec)), route(route_with(versions)) {
    evidence.counters = 1;
    for (const auto& name : versions) {
      auto& version = evidence.versions.emplace_back();
      version.version = name;
      version.endpoints = version.usable = 2;
    }
    restart_rollout();
  }

  void restart_rollout() {
    RolloutState fresh;
    fresh.route = route.name;
    fresh.number = 3;
    fresh.phase = Phase::Pending;
    fresh.begun = fresh.phase_since = fresh.step_since = fresh.last_progress = now;
    state = begin(spec, fresh, context());
    events.clear();
  }

  VersionEvidence& version(const std::string& name) {
    if (evidence.window != state.window) forget_counts();
    for (auto& version : evidence.versions) {
      if (version.version == name) return version;
    }
    throw std::out_of_range(name);
  }
  /// What the data plane loses when its process ends.
  void restart_process() {
    ++evidence.counters;
    forget_counts();
    evidence.errands.clear();
  }
  void serve(const std::string& name, std::uint64_t requests, std::uint64_t failures = 0) {
    add(version(name).all, requests, failures);
  }
  void copy(const std::string& name, std::uint64_t requests, std::uint64_t failures = 0) {
    add(version(name).shadow, requests, failures);
  }
  /// Copies that were compared, beside what live answered.
  void compare(const std::string& name, const PairCount& count) {
    add(version(name).shadow, count.pairs, count.both_failed + count.only_candidate_failed);
    version(name).pairs = with_pairs(version(name).pairs.get(), count);
  }
  void usable(const std::string& name, std::uint32_t endpoints) { version(name).usable = endpoints; }

  /// One look after this time.
  Rig& tick(Duration after = std::chrono::seconds(1)) {
    now += std::chrono::duration_cast<WallTime::duration>(after);
    return take(advance(spec, state, context()));
  }
  /// A person's word; empty, or why it is refused.
  std::string say(Verb verb, bool full = false) {
    const Command command{verb, full, "ada"};
    take(advance(spec, state, {route, evidence, &command, now}));
    return last.refusal.value_or("");
  }

  /// Answers every errand that is wished now and whose key holds this text.
  void answer(const std::string& part, ErrandAnswer::State with, std::string detail = {}) {
    for (const auto& errand : last.errands) {
      if (errand.key.find(part) != std::string::npos) evidence.errands[errand.key] = {with, 0, detail, 1};
    }
  }

  Steering steering() const { return std::move(steer(spec, route, state)).value(); }
  double share(const std::string& name) const { return steering().plan.target_share(index(name)); }
  double mirrored(const std::string& name) const { return steering().plan.mirror_share(index(name)); }
  std::string role(const std::string& name) const { return steering().roles[index(name)]; }
  std::int32_t fallback(const std::string& name) const { return steering().fallbacks[index(name)]; }
  /// How often the journal got a line of this kind.
  int told(const std::string& kind) const {
    int count = 0;
    for (const auto& event : events) count += event.kind == kind ? 1 : 0;
    return count;
  }
  std::string where() const { return std::string(to_string(state.phase)) + "/" + state.reason; }

  Spec spec;
  policy::ModelRoute route;
  Evidence evidence;
  RolloutState state;
  Transition last;
  std::vector<Event> events;
  WallTime now = WallTime(std::chrono::hours(24 * 365));

 private:
  Context context() const { return {route, evidence, nullptr, now}; }
  void forget_counts() {
    evidence.window = state.window;
    for (auto& version : evidence.versions) {
      version.all = version.control = version.shadow = {};
      version.assigned = 0;
      version.shadow_bytes = 0;
      version.shadow_seconds = 0;
      version.pairs.reset();
      version.drifts.clear();
      version.outcomes.clear();
    }
  }
  static void add(Sample& sample, std::uint64_t requests, std::uint64_t failures) {
    sample.requests += requests;
    sample.failures += failures;
  }
  Rig& take(Transition transition) {
    last = std::move(transition);
    state = last.state;
    events.insert(events.end(), last.events.begin(), last.events.end());
    return *this;
  }
  traffic::VersionIndex index(const std::string& name) const {
    for (std::size_t i = 0; i < route.versions.size(); ++i) {
      if (route.versions[i].name == name) return static_cast<traffic::VersionIndex>(i);
    }
    throw std::out_of_range(name);
  }
};

/// At most this share of failed requests.
inline policy::Check error_rate_below(double ratio) {
  policy::Check check;
  check.metric = "error-rate";
  check.threshold_range = policy::ThresholdRange{{}, policy::Quantity{ratio, policy::QuantityUnit::Ratio}};
  return check;
}

inline policy::Analysis analysis_of(std::vector<policy::Check> checks) {
  policy::Analysis analysis;
  analysis.checks = std::move(checks);
  return analysis;
}

inline policy::Webhook hook(policy::WebhookType type) {
  policy::Webhook webhook;
  webhook.type = type;
  webhook.url = "http://127.0.0.1:1/hook";
  return webhook;
}

}  // namespace sluice::strategy
