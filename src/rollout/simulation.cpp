#include "sluice/rollout/simulation.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "sluice/rollout/controller.hpp"
#include "sluice/rollout/pulse.hpp"
#include "sluice/strategy/ab_test.hpp"

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;
using strategy::Phase;

constexpr Duration patience = 1h;

/// Says who is the first version of a strategy.
struct First {
  std::string operator()(const policy::Canary& canary) const { return canary.stable; }
  std::string operator()(const policy::BlueGreen& blue_green) const { return blue_green.active; }
  std::string operator()(const policy::Rolling& rolling) const { return rolling.stable; }
  std::string operator()(const policy::Shadow& shadow) const { return shadow.live; }
  std::string operator()(const policy::AbTest& test) const { return strategy::control_of(test); }
  std::string operator()(const policy::Bandit& bandit) const { return bandit.arms.empty() ? "" : bandit.arms.front(); }
  std::string operator()(const policy::Stages& stages) const {
    return stages.stages.empty() ? "" : std::visit(*this, stages.stages.front().strategy);
  }
  std::string operator()(const std::monostate& /*none*/) const { return {}; }
};

/// Takes the checks out that ask Prometheus, and counts them.
struct Drop {
  std::size_t& count;

  void from(std::vector<policy::Check>& checks) const {
    count += std::erase_if(checks, [](const policy::Check& check) { return check.prometheus.has_value(); });
  }
  void from(std::optional<policy::Analysis>& analysis) const {
    if (analysis) from(analysis->checks);
  }
  void operator()(policy::Canary& canary) const { from(canary.analysis); }
  void operator()(policy::BlueGreen& blue_green) const {
    from(blue_green.pre_promotion.analysis);
    from(blue_green.post_promotion.analysis);
  }
  void operator()(policy::Rolling& rolling) const { from(rolling.analysis); }
  void operator()(policy::Shadow& shadow) const { from(shadow.analysis); }
  void operator()(policy::AbTest& test) const { from(test.guardrails); }
  void operator()(policy::Bandit& bandit) const { from(bandit.guardrails); }
  void operator()(policy::Stages& stages) const {
    for (auto& stage : stages.stages) std::visit(*this, stage.strategy);
  }
  void operator()(std::monostate& /*none*/) const {}
};

std::optional<Ending> ending_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::Promoted:
      return Ending::Promotes;
    case Phase::RolledBack:
    case Phase::Aborted:
      return Ending::Aborts;
    case Phase::Held:
      return Ending::Holds;
    case Phase::Concluded:
      return Ending::Concludes;
    default:
      return std::nullopt;
  }
}

bool awaits_person(const RolloutView& view) {
  return view.phase == Phase::Paused && (view.reason == "AwaitingPromotion" || view.reason == "AwaitingApproval");
}

/// Whether a canary under way has checks that a person would want to see before it goes past a pause.
struct Checked {
  std::uint32_t stage = 0;

  bool operator()(const policy::Canary& canary) const { return canary.analysis && !canary.analysis->checks.empty(); }
  bool operator()(const policy::Stages& stages) const {
    return stage > 0 && stage <= stages.stages.size() && std::visit(*this, stages.stages[stage - 1].strategy);
  }
  template <typename Other>
  bool operator()(const Other& /*other*/) const {
    return false;
  }
};

bool checks_pass(const policy::Strategy& strategy, const RolloutView& view) {
  const bool looked = !view.checks.empty() || view.reason == "AwaitingApproval";
  if (!looked && std::visit(Checked{view.stage}, strategy)) return false;
  return std::all_of(view.checks.begin(), view.checks.end(), [](const strategy::CheckMemory& check) {
    return check.dry_run || check.verdict == strategy::Verdict::Pass;
  });
}

/// One run, look by look.
class Simulator {
 public:
  Simulator(const Scenario& scenario, std::uint64_t seed, const Watcher& watcher)
      : scenario_(scenario),
        watcher_(watcher),
        traffic_(scenario.route, first_version(scenario.route), scenario.traffic, seed),
        controller_({*store_, traffic_, traffic_, traffic_, [this](const auto& entry) { note(entry); }}),
        pulse_(scenario.route.strategy, scenario.start),
        now_(scenario.start) {}

  Result<Run> run() {
    if (auto begun = begin(); !begun) return fail(begun.error());
    const WallTime end = scenario_.start + std::chrono::duration_cast<WallTime::duration>(scenario_.longest);
    look();
    while (!is_decided()) {
      const WallTime next = next_look();
      if (next > end) {
        pass_until(end);
        break;
      }
      pass_until(next);
      controller_.tick(now_);
      ++run_.ticks;
      look();
      if (person_is_due()) promote();
    }
    finish();
    return std::move(run_);
  }

 private:
  Result<void> begin() {
    if (auto restored = controller_.restore(now_); !restored) return fail(restored.error());
    auto prepared = controller_.prepare({scenario_.route}, 1, now_);
    if (!prepared) return fail(prepared.error());
    traffic_.serve(prepared->steerings.front().steering, now_);
    if (auto adopted = controller_.adopt(std::move(prepared).value(), now_); !adopted) return fail(adopted.error());
    news_ = true;
    return {};
  }

  void note(const state::JournalEntry& entry) {
    run_.journal.push_back(entry);
    news_ = true;
  }

  void pass_until(WallTime time) {
    traffic_.pass(time - now_);
    now_ = time;
  }

  /// What is shown costs more than a look, so it is made where something may have changed.
  void look() {
    const bool moved = traffic_.steered() != steered_;
    if (!news_ && !moved && !waiting_since_) return;
    if (news_) pulse_.happened(now_);
    steered_ = traffic_.steered();
    view_ = std::move(controller_.views(now_).front());
    pulse_.enter_stage(view_.stage > 0 ? view_.stage - 1 : 0);
    if (!awaits_person(view_)) {
      waiting_since_.reset();
    } else if (!waiting_since_) {
      waiting_since_ = now_;
    }
    if (watcher_ && (news_ || moved) && !watcher_(now_, view_, traffic_.tally())) stopped_ = true;
    news_ = false;
  }

  bool is_decided() {
    if (stopped_) return true;
    if (strategy::is_over(view_.phase) || view_.phase == Phase::Held || view_.phase == Phase::Idle) return true;
    run_.awaits_person = waiting_since_ && !scenario_.approve_after && now_ - *waiting_since_ >= patience;
    return run_.awaits_person;
  }

  WallTime next_look() const {
    WallTime next = pulse_.next(now_);
    if (waiting_since_ && scenario_.approve_after) {
      const WallTime due = *waiting_since_ + std::chrono::duration_cast<WallTime::duration>(*scenario_.approve_after);
      if (due > now_) next = std::min(next, due);
    }
    return next;
  }

  bool person_is_due() const {
    return waiting_since_ && scenario_.approve_after && now_ - *waiting_since_ >= *scenario_.approve_after &&
           checks_pass(scenario_.route.strategy, view_);
  }

  void promote() {
    const strategy::Command command{strategy::Verb::Promote, false, "a person"};
    // Refused where the moment does not fit; the next look finds a better one.
    if (!controller_.command(scenario_.route.name, command, now_)) return;
    look();
  }

  void finish() {
    if (view_.phase != Phase::Idle) view_ = std::move(controller_.views(now_).front());
    run_.phase = view_.phase;
    run_.reason = view_.reason;
    run_.message = view_.message;
    run_.winner = view_.winner;
    run_.ending = run_.awaits_person ? std::optional(Ending::Holds) : ending_of(view_.phase);
    run_.took = (run_.awaits_person ? *waiting_since_ : now_) - scenario_.start;
    run_.tally = traffic_.tally();
    if (watcher_) watcher_(now_, view_, run_.tally);
  }

  const Scenario& scenario_;
  const Watcher& watcher_;
  std::unique_ptr<state::Store> store_ = state::make_memory_store(1);
  SyntheticTraffic traffic_;
  Run run_;
  bool news_ = false;
  bool stopped_ = false;
  Controller controller_;
  Pulse pulse_;
  WallTime now_;
  RolloutView view_;
  std::uint64_t steered_ = 0;
  std::optional<WallTime> waiting_since_;
};

}  // namespace

std::size_t drop_unknown_checks(policy::ModelRoute& route) {
  std::size_t count = 0;
  std::visit(Drop{count}, route.strategy);
  return count;
}

std::string first_version(const policy::ModelRoute& route) {
  std::string first = std::visit(First{}, route.strategy);
  return first.empty() && !route.versions.empty() ? route.versions.front().name : first;
}

Result<Run> simulate(const Scenario& scenario, std::uint64_t seed, const Watcher& watcher) {
  return Simulator(scenario, seed, watcher).run();
}

Result<std::vector<Run>> simulate_many(const Scenario& scenario, std::uint64_t seed, std::size_t runs,
                                       const std::function<void(std::size_t)>& progress) {
  std::vector<Run> made(runs);
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  std::optional<Error> problem;
  /// One more run; false when there is none left.
  const auto one = [&] {
    const std::size_t index = next++;
    if (index >= runs) return false;
    auto run = simulate(scenario, seed + index * 0x9e3779b97f4a7c15ULL);
    if (!run) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = run.error();
      next = runs;
      return false;
    }
    run->journal = {};
    made[index] = std::move(run).value();
    ++done;
    return true;
  };
  std::vector<std::thread> helpers;
  const std::size_t cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
  for (std::size_t i = 1; i < std::min(cores, runs); ++i) {
    helpers.emplace_back([&one] {
      while (one()) continue;
    });
  }
  while (one()) {
    if (progress) progress(done);
  }
  for (auto& helper : helpers) helper.join();
  if (problem) return fail(*problem);
  return made;
}

bool meets(const Run& run, const Expectation& expectation) noexcept {
  if (run.ending != expectation.ending) return false;
  return !expectation.within || run.took <= *expectation.within;
}

}  // namespace sluice::rollout
