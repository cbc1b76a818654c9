#include <algorithm>
#include <utility>

#include "sluice/app/admin_views.hpp"
#include "sluice/app/compile.hpp"
#include "sluice/app/daemon.hpp"
#include "sluice/app/log_level.hpp"
#include "sluice/base/log.hpp"
#include "sluice/policy/problem.hpp"

/// How a running Daemon takes a changed policy; all of it on the watcher's thread.
namespace sluice::app {

namespace {

constexpr const char* kWhileDraining = "the gateway drains; no policy is taken any more";

/// Every problem as one line of the log; a warning does not stand in the way.
void log_problems(const std::vector<policy::Problem>& problems) {
  for (const policy::Problem& problem : problems) {
    const auto level = problem.severity == policy::Severity::Error ? log::Level::Error : log::Level::Warn;
    log::write(level, policy::headline(problem));
  }
}

}  // namespace

void Daemon::on_change(const PolicyWatcher::Change& change) {
  const policy::Reading reading = policy::read(change.sources);
  std::vector<policy::Problem> problems = reading.problems;
  if (reading.ok()) {
    for (policy::Problem& problem : policy::inactive_features(reading.set)) problems.push_back(std::move(problem));
  }
  policy::sort_problems(problems);
  log_problems(problems);
  const auto wrong = std::find_if(problems.begin(), problems.end(), [](const policy::Problem& problem) {
    return problem.severity == policy::Severity::Error;
  });
  if (wrong == problems.end()) learn_names(reading.set);
  // A drain that begins meanwhile waits for the publishing, or is seen here.
  const std::lock_guard lock(gateway_mutex_);
  if (drain_.status().phase != DrainPhase::Serving) {
    reload_missed_ = true;
    reloads_.record({false, kWhileDraining}, change.demand);
    log::warn("policy not taken", {{"reason", kWhileDraining}});
    return gateway_->forget_names();
  }
  if (wrong != problems.end()) return refuse_change(policy::headline(*wrong), change.demand);
  if (auto applied = apply(reading.set); !applied) {
    gateway_->forget_names();
    return refuse_change(applied.error().message, change.demand);
  }
  registry_->record_reload(true, clock_.wall_now());
  readiness_.set("last-reload", true);
  log::info("policy in force", {{"hash", reading.set.content_hash}, {"routes", reading.set.routes.size()}});
  reloads_.record({true, {}}, change.demand);
}

/// Before anything is held that others want: a name server may take its time. What the rollouts do to the policy
/// changes no name.
void Daemon::learn_names(const policy::PolicySet& set) {
  if (drain_.status().phase != DrainPhase::Serving) return;
  // One that cannot be compiled is refused a moment later, with the reason.
  if (const auto config = compile(set)) gateway_->learn_names(*config);
}

void Daemon::refuse_change(const std::string& reason, std::uint64_t demand) {
  registry_->record_reload(false, clock_.wall_now());
  readiness_.declare("last-reload", admin::Readiness::Kind::Informational);
  readiness_.set("last-reload", false, reason);
  log::error("policy refused; the old one stays in force", {{"error", reason}});
  reloads_.record({false, reason}, demand);
}

void Daemon::on_unreadable(const Error& error, std::uint64_t demand) {
  registry_->record_reload(false, clock_.wall_now());
  log::error("policy cannot be read; the old one stays in force", {{"error", error.message}});
  reloads_.record({false, error.message}, demand);
}

Result<void> Daemon::apply(const policy::PolicySet& set) {
  const policy::Gateway old = [&] {
    const std::lock_guard lock(mutex_);
    return in_force_;
  }();
  const policy::Gateway& wished = set.gateway;
  const auto needs_restart = [](const char* field) {
    return fail(Error::client(std::string(field) + " cannot change while running; restart to change it"));
  };
  if (!(wished.metrics == old.metrics)) return needs_restart("spec.metrics");
  if (!(wished.admin.address == old.admin.address)) return needs_restart("spec.admin.address");
  if (!(wished.workers == old.workers)) return needs_restart("spec.workers");
  if (!(wished.limits.compare_bytes == old.limits.compare_bytes)) return needs_restart("spec.limits.compareBytes");
  if (wished.log.format != old.log.format) return needs_restart("spec.log.format");
  if (!(wished.decision_log == old.decision_log)) return needs_restart("spec.decisionLog");
  auto token = token_of(wished.admin);
  if (!token) return fail(token.error());
  if (!(wished.state == old.state)) return needs_restart("spec.state");
  const std::uint64_t generation = registry_->snapshot().generation + 1;
  const auto publish = [this](gateway::Config config) { return gateway_->publish(std::move(config)); };
  if (auto done = rollouts_->put_in_force(set, generation, publish); !done) return done;
  api_.set_lock({std::move(*token), wished.admin.anonymous_read});
  if (!options_.log_level) log::set_level(to_log_level(wished.log.level));
  if (!options_.access_log) log::set_access_ratio(wished.log.access_log.fraction);
  auto kept = std::make_shared<const policy::PolicySet>(set);
  const std::lock_guard lock(mutex_);
  in_force_ = wished;
  hash_ = set.content_hash;
  policy_ = std::move(kept);
  return {};
}

}  // namespace sluice::app
