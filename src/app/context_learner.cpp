#include "sluice/app/context_learner.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "sluice/base/log.hpp"
#include "sluice/traffic/from_policy.hpp"

namespace sluice::app {
namespace {

using policy::Bandit;

/// Of each look so many contexts are remembered.
constexpr std::uint64_t contexts_of_a_look = 32;

std::vector<const Bandit*> bandits_by_context(const policy::ModelRoute& route) {
  std::vector<const Bandit*> all;
  if (const auto* const bandit = std::get_if<Bandit>(&route.strategy)) all.push_back(bandit);
  if (const auto* const stages = std::get_if<policy::Stages>(&route.strategy)) {
    for (const auto& stage : stages->stages) {
      if (const auto* const bandit = std::get_if<Bandit>(&stage.strategy)) all.push_back(bandit);
    }
  }
  const auto is_other = [](const Bandit* bandit) {
    return bandit->algorithm != policy::BanditAlgorithm::LinearThompson;
  };
  all.erase(std::remove_if(all.begin(), all.end(), is_other), all.end());
  return all;
}

}  // namespace

std::vector<ContextLearner::Plan> ContextLearner::plans_of(const policy::ModelRoute& route) {
  std::vector<Plan> plans;
  for (const Bandit* const bandit : bandits_by_context(route)) {
    const auto fields = traffic::context_fields(*bandit);
    if (!fields) continue;
    Plan plan;
    plan.features = traffic::features_of(*fields);
    plan.half_life = bandit->half_life;
    std::size_t place = 0;
    for (const policy::Outcome& outcome : route.outcomes) {
      if (outcome.name == bandit->reward && outcome.from) {
        plan.answer = place;
      } else if (outcome.name == bandit->reward) {
        plan.outcome = outcome.name;
        plan.window = outcome.attribution_window;
      }
      if (outcome.name == bandit->reward) plan.type = outcome.type;
      place += outcome.from ? 1 : 0;
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

void ContextLearner::set_routes(const std::vector<policy::ModelRoute>& routes) {
  std::map<std::uint64_t, Route> next;
  std::map<std::uint64_t, std::vector<std::string>> wanted;
  for (const policy::ModelRoute& route : routes) {
    auto plans = plans_of(route);
    if (plans.empty()) continue;
    const std::uint64_t hash = outcomes::name_hash(route.name);
    for (const Plan& plan : plans) {
      if (!plan.outcome.empty()) wanted[hash].push_back(plan.outcome);
    }
    const auto before = routes_.find(hash);
    const bool goes_on = before != routes_.end() && before->second.plans == plans;
    Route& made = next[hash] = goes_on ? std::move(before->second) : Route{};
    made.name = route.name;
    made.plans = std::move(plans);
    made.versions.clear();
    for (const auto& version : route.versions) made.versions.emplace(outcomes::name_hash(version.name), version.name);
  }
  routes_ = std::move(next);
  const std::lock_guard lock(mutex_);
  wanted_ = std::move(wanted);
}

void ContextLearner::begin_look(std::map<std::string, strategy::Evidence>& gathered, WallTime now) {
  now_ = now;
  for (auto& [name, evidence] : gathered) {
    evidence.recent_contexts.reset();
    for (auto& version : evidence.versions) version.contexts.reset();
  }
  for (auto& [hash, route] : routes_) {
    route.stride = std::max<std::uint64_t>(1, route.seen / contexts_of_a_look);
    route.seen = 0;
    for (auto& [version, table] : route.tables) {
      // Somebody may still look at what was told last.
      if (table.use_count() > 1) table = std::make_shared<strategy::ContextTable>(*table);
      table->age(now);
    }
  }
}

ContextLearner::Route* ContextLearner::route_of(const outcomes::Decision& decision) {
  if (!decision.split || decision.context.size == 0) return nullptr;
  const auto found = routes_.find(decision.route);
  return found == routes_.end() ? nullptr : &found->second;
}

const ContextLearner::Plan* ContextLearner::plan_of(const Route& route, const stats::Context& context) noexcept {
  const auto plan = std::find_if(route.plans.begin(), route.plans.end(),
                                 [&](const Plan& one) { return one.features == context.size; });
  return plan == route.plans.end() ? nullptr : &*plan;
}

strategy::ContextTable* ContextLearner::table_of(Route& route, const outcomes::Decision& decision, const Plan& plan) {
  const auto version = route.versions.find(decision.version);
  if (version == route.versions.end()) return nullptr;
  auto& table = route.tables[version->second];
  if (table == nullptr || table->shape().features != plan.features) {
    table = std::make_shared<strategy::ContextTable>(
        strategy::ContextTable::Shape{++tables_made_, plan.features, plan.window, plan.half_life});
    table->age(now_);
  }
  return table.get();
}

void ContextLearner::observe(const outcomes::Observation& observation) {
  const outcomes::Decision& decision = observation.decision;
  Route* const route = route_of(decision);
  if (route == nullptr || decision.window < route->window) return;
  const Plan* const plan = plan_of(*route, decision.context);
  if (plan == nullptr) return;
  if (decision.window > route->window) {
    route->window = decision.window;
    route->tables.clear();
    route->recent.clear();
    route->next_recent = 0;
  }
  strategy::ContextTable* const table = table_of(*route, decision, *plan);
  if (table == nullptr) return;
  remember(*route, decision.context);
  if (plan->answer) {
    if ((observation.read >> *plan->answer & 1U) != 0) {
      table->add_reward(decision.context, static_cast<double>(observation.values[*plan->answer]));
    }
  } else if (!plan->outcome.empty()) {
    table->add_decision(decision.context, decision.time);
  } else if (observation.counted) {
    const auto latency = std::llround(static_cast<double>(observation.latency) * 1e9);
    table->add_request(decision.context, observation.failed, Duration(latency));
  }
}

void ContextLearner::remember(Route& route, const stats::Context& context) {
  if (route.seen++ % route.stride != 0) return;
  if (route.recent.size() < most_recent) {
    route.recent.push_back(context);
    return;
  }
  route.recent[route.next_recent] = context;
  route.next_recent = (route.next_recent + 1) % most_recent;
}

void ContextLearner::note_report(const outcomes::Decision& decision, std::string_view outcome, double value) {
  if (!decision.split || decision.context.size == 0) return;
  const std::lock_guard lock(mutex_);
  const auto route = wanted_.find(decision.route);
  if (route == wanted_.end()) return;
  if (std::find(route->second.begin(), route->second.end(), outcome) == route->second.end()) return;
  if (reports_.size() < most_reports) {
    reports_.push_back({decision, std::string(outcome), value});
  } else if (!std::exchange(overflowed_, true)) {
    log::warn("more is reported than a bandit by context takes in: some rewards are not learnt from",
              {{"reports", most_reports}});
  }
}

void ContextLearner::take_reports() {
  std::vector<Report> reports;
  {
    const std::lock_guard lock(mutex_);
    reports.swap(reports_);
    overflowed_ = false;
  }
  for (const Report& report : reports) {
    Route* const route = route_of(report.decision);
    if (route == nullptr || report.decision.window != route->window) continue;
    const Plan* const plan = plan_of(*route, report.decision.context);
    if (plan == nullptr || plan->outcome != report.outcome) continue;
    strategy::ContextTable* const table = table_of(*route, report.decision, *plan);
    if (table != nullptr) table->add_report(report.decision.context, report.value, report.decision.time);
  }
}

void ContextLearner::add_to(std::map<std::string, strategy::Evidence>& gathered) {
  take_reports();
  for (auto& [hash, route] : routes_) {
    const auto evidence = gathered.find(route.name);
    if (evidence == gathered.end() || evidence->second.window != route.window) continue;
    for (auto& version : evidence->second.versions) {
      const auto table = route.tables.find(version.version);
      if (table != route.tables.end()) version.contexts = table->second;
    }
    evidence->second.recent_contexts = std::make_shared<const std::vector<stats::Context>>(route.recent);
  }
}

std::map<std::string, strategy::Evidence> KpisWithContexts::gather() {
  std::map<std::string, strategy::Evidence> gathered;
  gather_into(gathered);
  return gathered;
}

void KpisWithContexts::gather_into(std::map<std::string, strategy::Evidence>& gathered) {
  learner_.begin_look(gathered, clock_.wall_now());
  kpis_.gather_into(gathered);
  learner_.add_to(gathered);
}

}  // namespace sluice::app
