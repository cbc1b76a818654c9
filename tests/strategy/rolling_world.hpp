#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "routes.hpp"
#include "sluice/strategy/rolling.hpp"

namespace sluice::strategy {

/// A few servers, traffic and a clock around one rolling update: what the update steers comes true, and what it asks of
/// the servers they do. One tick is a second.
class RollingWorld {
 public:
  /// What one endpoint of one version is like.
  struct Node {
    bool up = true;
    bool withheld = false;
    int in_flight = 0;
    WallTime ready_since{};
  };

  /// Versions v1 and v2 with endpoints of their own: a1… and b1….
  RollingWorld(int stable, int candidate) : route(route_with({"v1", "v2"})) {
    for (int i = 1; i <= stable; ++i) name(0, "a" + std::to_string(i));
    for (int i = 1; i <= candidate; ++i) name(1, "b" + std::to_string(i));
    prepare();
  }
  /// Servers s1… that both versions name, and that exchange their model.
  static RollingWorld with_servers(int count) {
    RollingWorld world(0, 0);
    for (int i = 1; i <= count; ++i) {
      world.name(0, "s" + std::to_string(i));
      world.name(1, "s" + std::to_string(i));
      world.models["s" + std::to_string(i) + ":80"] = "v1";
    }
    world.spec().replace = policy::Replace::ModelRepository;
    world.spec().repository = policy::Repository{"digits", {{"variant", "v1"}}, {{"variant", "v2"}}, true};
    return world;
  }

  policy::Rolling& spec() { return std::get<policy::Rolling>(route.strategy); }
  Node& node(const std::string& host) { return nodes[{host.front() == 'a' ? "v1" : "v2", host + ":80"}]; }
  void name(std::size_t version, const std::string& host) {
    policy::Endpoint endpoint;
    endpoint.host = host;
    endpoint.url = "http://" + host;
    route.versions[version].endpoints.push_back(endpoint);
    nodes[{route.versions[version].name, host + ":80"}].up = true;
  }

  void begin_rollout() {
    state = {};
    state.route = route.name;
    state.number = 1;
    state.strategy = "rolling";
    state.phase = Phase::Pending;
    state.begun = state.phase_since = state.last_progress = now;
    state.window = 100;
    const Evidence nothing;
    state = begin(spec(), state, {route, nothing, nullptr, now});
    follow();
  }

  /// One look, and a second in which its outcome comes true.
  Transition tick(const Command* command = nullptr) {
    const Evidence evidence = look();
    Transition made = advance(spec(), state, {route, evidence, command, now});
    if (made.refusal) {
      EXPECT_EQ(made.state, state) << "a refusal changed something: " << *made.refusal;
    }
    state = made.state;
    for (const Event& event : made.events) events.push_back(event);
    do_errands(made.errands);
    follow();
    now += std::chrono::seconds(1);
    return made;
  }
  Transition command(Verb verb, bool full = false) {
    const Command given{verb, full, "alice"};
    return tick(&given);
  }
  /// False: it did not come to that within `seconds`.
  bool run_until(const std::function<bool()>& fact, int seconds = 2000) {
    for (int i = 0; i < seconds && !fact(); ++i) tick();
    return fact();
  }
  bool run_to(Phase phase, int seconds = 2000) {
    return run_until([&] { return state.phase == phase; }, seconds);
  }
  /// What the data plane and the errands lose when their process ends.
  void restart_process() {
    samples_.clear();
    answered.clear();
  }
  std::size_t slots_in(SlotPhase phase) const {
    return static_cast<std::size_t>(std::count_if(state.slots.begin(), state.slots.end(),
                                                  [&](const SlotState& slot) { return slot.phase == phase; }));
  }
  bool has_event(const std::string& kind) const {
    return std::any_of(events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; });
  }
  std::string told() const {
    std::string text;
    for (const Event& event : events) text += event.kind + ": " + event.text + "\n";
    return text + std::string(to_string(state.phase)) + " " + state.reason + ": " + state.message;
  }

  /// The endpoints that would answer now: let in, up, warm and with the right model.
  int serving() const {
    int count = 0;
    for (const auto& [who, node] : nodes) count += answers(who, node) ? 1 : 0;
    return count;
  }
  bool is_withheld(std::size_t version, const std::string& host) const {
    const auto& list = steering.withheld[version];
    return std::find(list.begin(), list.end(), host + ":80") != list.end();
  }
  double candidate_share() const { return steering.plan.target_share(1); }

  policy::ModelRoute route;
  RolloutState state;
  Steering steering;
  WallTime now = WallTime(std::chrono::hours(24 * 365));
  std::map<std::pair<std::string, std::string>, Node> nodes;  ///< by version and authority
  std::map<std::string, std::string> models;                  ///< by authority: the version that is loaded; "": none
  std::vector<Event> events;
  std::vector<Errand> asked;                     ///< every errand once, in the order of their first wish
  std::map<std::string, ErrandAnswer> answered;  ///< by key; cleared by a restart
  std::function<bool(const Errand&)> refuses = [](const Errand&) { return false; };
  std::chrono::seconds warm_up{0};
  std::chrono::seconds load_time{0};
  std::map<std::string, double> error_rate;  ///< by version
  int requests_per_tick = 100;
  int least_serving = 1000;
  int most_let_in = 0;
  bool wrong_model = false;  ///< traffic went to a server that had the other model loaded

 private:
  void prepare() {
    policy::Rolling rolling;
    rolling.stable = "v1";
    rolling.candidate = "v2";
    rolling.min_ready = std::chrono::seconds(0);
    route.strategy = rolling;
  }

  bool is_up(const std::pair<std::string, std::string>& who, const Node& node) const {
    const auto model = models.find(who.second);
    return node.up && (model == models.end() || !model->second.empty());
  }
  bool answers(const std::pair<std::string, std::string>& who, const Node& node) const {
    const auto model = models.find(who.second);
    return !node.withheld && is_up(who, node) && node.ready_since <= now &&
           (model == models.end() || model->second == who.first);
  }

  Evidence look() {
    Evidence evidence;
    evidence.window = state.window;
    for (const auto& [who, node] : nodes) {
      EndpointEvidence seen;
      seen.version = who.first;
      seen.authority = who.second;
      seen.withheld = node.withheld;
      seen.ready = is_up(who, node) && (node.withheld || node.ready_since <= now);
      seen.ready_for = now - node.ready_since;
      seen.in_flight = node.in_flight;
      if (!seen.ready) seen.reason = "connection refused";
      evidence.endpoints.push_back(seen);
    }
    for (const std::string version : {"v1", "v2"}) {
      VersionEvidence seen;
      seen.version = version;
      seen.all = samples_[version];
      evidence.versions.push_back(seen);
    }
    evidence.errands = answered;
    return evidence;
  }

  void follow() {
    const auto made = steer(spec(), route, state);
    ASSERT_TRUE(made.ok()) << made.error().message;
    if (made->window != window_) samples_.clear();
    window_ = made->window;
    steering = made.value();
    int let_in = 0;
    for (auto& [who, node] : nodes) {
      const bool withheld = is_withheld(who.first == "v1" ? 0 : 1, who.second.substr(0, who.second.find(':')));
      if (node.withheld && !withheld) node.ready_since = now + warm_up;
      node.in_flight = withheld ? std::max(0, node.in_flight - 1) : node.in_flight;
      node.withheld = withheld;
      let_in += withheld ? 0 : 1;
      const auto model = models.find(who.second);
      const double share = steering.plan.target_share(who.first == "v1" ? 0 : 1);
      if (model != models.end() && !withheld && share > 0 && model->second != who.first) wrong_model = true;
    }
    least_serving = std::min(least_serving, serving());
    most_let_in = std::max(most_let_in, let_in);
    count_traffic();
  }

  void count_traffic() {
    for (const std::size_t version : {0u, 1u}) {
      const std::string& who = route.versions[version].name;
      const auto requests = static_cast<std::uint64_t>(
          requests_per_tick * steering.plan.target_share(static_cast<traffic::VersionIndex>(version)));
      Sample& sample = samples_[who];
      sample.requests += requests;
      sample.failures += static_cast<std::uint64_t>(static_cast<double>(requests) * error_rate[who]);
    }
  }

  void do_errands(const std::vector<Errand>& errands) {
    std::set<std::string> wished;
    for (const Errand& errand : errands) {
      wished.insert(errand.key);
      const bool known =
          std::any_of(asked.begin(), asked.end(), [&](const Errand& one) { return one.key == errand.key; });
      if (!known) asked.push_back(errand);
      ErrandAnswer& answer = answered[errand.key];
      if (answer.state != ErrandAnswer::State::Running && !errand.again) continue;
      answer = run(errand);
    }
    std::erase_if(answered, [&](const auto& one) { return !wished.contains(one.first); });
  }

  ErrandAnswer run(const Errand& errand) {
    if (refuses(errand)) return {ErrandAnswer::State::Refused, 400, "400: no", 1};
    const std::string authority = errand.url.substr(7, errand.url.find('/', 7) - 7);
    if (errand.url.ends_with("/unload")) models[authority].clear();
    if (errand.url.ends_with("/load")) {
      WallTime& until = loading_.try_emplace(errand.key, now + load_time).first->second;
      if (now < until) return {};
      models[authority] = errand.body.find("v2") == std::string::npos ? "v1" : "v2";
    }
    if (errand.url.ends_with("/ready") && models[authority].empty()) {
      return {ErrandAnswer::State::Refused, 503, "503: loading", 1};
    }
    return {ErrandAnswer::State::Succeeded, 200, "", 1};
  }

  std::map<std::string, Sample> samples_;
  std::map<std::string, WallTime> loading_;
  std::uint64_t window_ = 0;
};

/// "error-rate at most `max`", looked at every second.
inline policy::Analysis errors_below(double max) {
  policy::Check check;
  check.metric = "error-rate";
  check.threshold_range = policy::ThresholdRange{{}, policy::Quantity{max, policy::QuantityUnit::Ratio}};
  policy::Analysis analysis;
  analysis.interval = std::chrono::seconds(1);
  analysis.min_requests = 50;
  analysis.checks = {check};
  return analysis;
}

inline policy::Webhook hook(policy::WebhookType type, std::string url) {
  policy::Webhook made;
  made.name = "hook";
  made.type = type;
  made.url = std::move(url);
  return made;
}

}  // namespace sluice::strategy
