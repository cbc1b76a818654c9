#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "sluice/base/random.hpp"
#include "sluice/policy/reader.hpp"
#include "sluice/rollout/controller.hpp"
#include "sluice/strategy/context_table.hpp"

/// What one tick of the controller costs with as many rollouts as a process may have: 64 routes × 16 versions, half of
/// them bandits whose shares are reckoned anew, half canaries whose checks are looked at, in every tick. In the second
/// case those bandits go by 16 features, and all their scores are drawn anew in every tick.
namespace {

using namespace sluice;
using namespace std::chrono_literals;

constexpr int route_count = 64;
constexpr int version_count = 16;

std::string route_yaml(int index, bool by_context) {
  const std::string name = "route" + std::to_string(index);
  std::string out = "---\napiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: " + name +
                    "}\nspec:\n  matches: [{path: {type: PathPrefix, value: /" + name +
                    "}}]\n  unit: {header: x-user}\n" + "  versions:\n";
  std::string arms;
  for (int v = 0; v < version_count; ++v) {
    const std::string version = "v" + std::to_string(v);
    out += "    - {name: " + version + ", endpoints: [\"http://127.0.0.1:" + std::to_string(9000 + v) + "\"]}\n";
    arms += (v == 0 ? "" : ", ") + version;
  }
  if (index % 2 == 0) {
    out += "  strategy:\n    bandit:\n      arms: [" + arms + "]\n      minimumShare: 1%\n";
    if (!by_context) return out;
    out += "      algorithm: LinearThompson\n      context:\n";
    for (std::size_t f = 0; f < stats::most_features; ++f) out += "        - {header: x-" + std::to_string(f) + "}\n";
    return out;
  }
  return out + R"(  strategy:
    canary:
      stable: v0
      candidate: v1
      steps: [{setWeight: 10}, {pause: {}}]
      analysis:
        interval: 1s
        checks:
          - {metric: error-rate, thresholdRange: {max: 5%}}
          - {metric: error-rate, versusStable: {margin: 2%}}
          - {metric: latency-p99, versusStable: {relativeMargin: 20%}}
)";
}

class Traffic final : public rollout::TrafficControl {
 public:
  Result<void> steer(const std::vector<rollout::RouteSteering>& routes) override {
    for (const auto& route : routes) windows[route.route] = route.steering.window;
    steered += routes.size();
    return {};
  }
  std::map<std::string, std::uint64_t> windows;
  std::uint64_t steered = 0;
};

/// Every version has had 50 more requests with every look, and some of them failed.
class Kpis final : public rollout::KpiSource {
 public:
  explicit Kpis(Traffic& traffic) : traffic_(traffic) {}

  std::map<std::string, strategy::Evidence> gather() override {
    std::map<std::string, strategy::Evidence> out;
    gather_into(out);
    return out;
  }

  void gather_into(std::map<std::string, strategy::Evidence>& out) override {
    const auto begin = std::chrono::steady_clock::now();
    ++looks_;
    for (auto& [name, evidence] : evidence_) {
      evidence.window = traffic_.windows[name];
      for (std::size_t v = 0; v < evidence.versions.size(); ++v) count(evidence.versions[v], v);
      out[name] = evidence;
    }
    spent += std::chrono::steady_clock::now() - begin;
  }

  Duration spent{0};  ///< in gathering, which is the data plane's part

  void add(const policy::ModelRoute& route) {
    strategy::Evidence& evidence = evidence_[route.name];
    for (const auto& version : route.versions) {
      strategy::VersionEvidence one;
      one.version = version.name;
      one.endpoints = one.usable = 1;
      evidence.versions.push_back(std::move(one));
    }
  }
  /// What the bandits learnt by context; the same at every look, which costs as much as something new.
  void add_contexts() {
    Random random(5);
    std::vector<stats::Context> recent(128);
    strategy::ContextTable table({1, stats::most_features, {}, {}});
    for (int i = 0; i < 1000; ++i) {
      stats::Context& context = recent[static_cast<std::size_t>(i) % recent.size()];
      context.size = stats::most_features;
      for (float& value : context.value) value = static_cast<float>(random.uniform());
      table.add_request(context, random.uniform() < 0.1, std::chrono::milliseconds(20));
    }
    for (auto& [name, evidence] : evidence_) {
      evidence.recent_contexts = std::make_shared<const std::vector<stats::Context>>(recent);
      for (auto& version : evidence.versions) version.contexts = std::make_shared<const strategy::ContextTable>(table);
    }
  }

 private:
  void count(strategy::VersionEvidence& evidence, std::size_t version) const {
    for (auto* sample : {&evidence.all, &evidence.control}) {
      sample->requests += 50;
      sample->failures += (looks_ + version) % 8 == 0 ? 1 + version % 3 : 0;
      sample->latency.record(std::chrono::milliseconds(10 + (looks_ * 7 + version) % 40), 50);
      sample->first_byte.record(9ms, 50);
    }
  }

  Traffic& traffic_;
  std::map<std::string, strategy::Evidence> evidence_;
  std::uint64_t looks_ = 0;
};

class NoErrands final : public rollout::Errands {
 public:
  void keep(const std::vector<strategy::Errand>& /*errands*/,
            const std::vector<strategy::Query>& /*queries*/) override {}
  void send(const strategy::Errand& /*errand*/) override {}
  std::map<std::string, strategy::ErrandAnswer> answers() override { return {}; }
  std::map<std::string, strategy::QueryAnswer> values() override { return {}; }
};

/// Keeps nothing: what a disk takes is the disk's.
class NoStore final : public state::Store {
 public:
  Result<state::Contents> load(std::size_t /*journal*/) override { return state::Contents{}; }
  Result<void> commit(const state::Change& change) override {
    for (const auto& [name, record] : change.put) bytes += record.size();
    return {};
  }
  Result<std::vector<state::JournalEntry>> journal(const state::JournalQuery& /*query*/) const override {
    return std::vector<state::JournalEntry>{};
  }
  std::string name() const override { return "none"; }
  std::uint64_t bytes = 0;
};

std::vector<policy::ModelRoute> routes(bool by_context) {
  std::string yaml;
  for (int i = 0; i < route_count; ++i) yaml += route_yaml(i, by_context);
  const policy::Source source{"bench.yaml", yaml};
  auto reading = policy::read({&source, 1});
  if (!reading.ok()) reading.set.routes.clear();
  return std::move(reading.set.routes);
}

void Tick(benchmark::State& state) {
  NoStore store;
  Traffic traffic;
  Kpis kpis(traffic);
  NoErrands errands;
  rollout::Controller controller({store, traffic, kpis, errands});
  WallTime now{std::chrono::hours(500'000)};
  const bool by_context = state.range(0) != 0;
  auto prepared = controller.prepare(routes(by_context), 1, now);
  if (!prepared || prepared->routes.size() != route_count) return state.SkipWithError("no policy");
  for (const auto& route : prepared->routes) kpis.add(route);
  if (by_context) kpis.add_contexts();
  for (const auto& route : prepared->steerings) traffic.windows[route.route] = route.steering.window;
  if (!controller.adopt(std::move(prepared).value(), now)) return state.SkipWithError("not adopted");
  for (int i = 0; i < 200; ++i) controller.tick(now += 1s);
  const auto steered = traffic.steered;
  const auto bytes = store.bytes;
  kpis.spent = Duration(0);
  for (auto _ : state) controller.tick(now += 1s);
  const auto ticks = static_cast<double>(state.iterations());
  state.counters["gather_ms"] = std::chrono::duration<double, std::milli>(kpis.spent).count() / ticks;
  state.counters["steered/tick"] = static_cast<double>(traffic.steered - steered) / ticks;
  state.counters["kept_bytes/tick"] = static_cast<double>(store.bytes - bytes) / ticks;
}
BENCHMARK(Tick)->ArgName("by_context")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
