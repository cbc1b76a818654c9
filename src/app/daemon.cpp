#include "sluice/app/daemon.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <utility>

#include "sluice/app/compile.hpp"
#include "sluice/base/log.hpp"
#include "sluice/policy/problem.hpp"

namespace sluice::app {

namespace {

std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

log::Level level_of(policy::LogLevel level) {
  switch (level) {
    case policy::LogLevel::Debug:
      return log::Level::Debug;
    case policy::LogLevel::Info:
      return log::Level::Info;
    case policy::LogLevel::Warning:
      return log::Level::Warn;
    case policy::LogLevel::Error:
      return log::Level::Error;
  }
  return log::Level::Info;
}

std::string shown(const http::Tcp::endpoint& endpoint) {
  std::ostringstream out;
  out << endpoint;
  return out.str();
}

/// Every problem as one line of the log; a warning does not stand in the way.
void log_problems(const std::vector<policy::Problem>& problems) {
  for (const policy::Problem& problem : problems) {
    const auto level = problem.severity == policy::Severity::Error ? log::Level::Error : log::Level::Warn;
    log::write(level, policy::headline(problem));
  }
}

}  // namespace

Daemon::~Daemon() {
  stop();
}

int Daemon::start() {
  auto sources = policy::load_sources(options_.path);
  if (!sources) {
    std::cerr << "sluice: " << sources.error().message << '\n';
    return 2;
  }
  policy::Reading reading = policy::read(*sources);
  if (sources->empty()) reading.problems.front().position.file = options_.path.string();
  if (!accept_policy(reading)) return 2;
  const policy::PolicySet& set = reading.set;

  start_log(set.gateway.log);
  if (auto started = start_gateway(set); !started) {
    log::stop();
    std::cerr << "sluice: " << started.error().message << '\n';
    return started.error().origin == Origin::Client ? 2 : 1;
  }
  if (auto started = start_metrics(set); !started) {
    gateway_->stop();
    log::stop();
    std::cerr << "sluice: " << started.error().message << '\n';
    return 1;
  }
  in_force_ = set.gateway;
  readiness_.set("policy", true);
  readiness_.set("listeners", true);
  registry_->record_reload(true, clock_.wall_now());
  watcher_ = std::make_unique<PolicyWatcher>(
      options_.path, *sources,
      PolicyWatcher::Callbacks{
          [this](const PolicyWatcher::Change& change) { on_change(change); },
          [this](const Error& error) {
            registry_->record_reload(false, clock_.wall_now());
            log::error("policy cannot be read; the old one stays in force", {{"error", error.message}});
          }});
  print_addresses();
  log::info("serving",
            {{"policy", options_.path.string()}, {"routes", set.routes.size()}, {"workers", registry_->workers()}});
  return 0;
}

/// To stderr as a compiler would, before there is a log.
bool Daemon::accept_policy(const policy::Reading& reading) const {
  std::vector<policy::Problem> problems = reading.problems;
  bool good = reading.ok();
  if (good) {
    for (policy::Problem& problem : policy::inactive_features(reading.set)) {
      problems.push_back(std::move(problem));
      good = false;
    }
  }
  policy::sort_problems(problems);
  for (const policy::Problem& problem : problems) std::cerr << policy::describe(problem);
  return good;
}

void Daemon::start_log(const policy::Log& policy) const {
  log::Options options;
  options.level = level_of(policy.level);
  options.format = policy.format == policy::LogFormat::Json ? log::Format::Json : log::Format::Text;
  options.access_ratio = policy.access_log.fraction;
  // The command line was checked when it was parsed.
  if (options_.log_level) options.level = *log::parse_level(*options_.log_level);
  if (options_.log_format) options.format = *log::parse_format(*options_.log_format);
  if (options_.access_log) options.access_ratio = *options_.access_log;
  log::start(options);
}

Result<void> Daemon::start_gateway(const policy::PolicySet& set) {
  auto config = compile(set);
  if (!config) return fail(Error::client(config.error().message));
  const std::uint32_t wished = config->workers;
  registry_ = std::make_unique<metrics::Registry>(wished != 0 ? wished : usable_cores());
  registry_->set_build_info({SLUICE_VERSION, SLUICE_REVISION, __VERSION__});
  exporter_ = std::make_unique<metrics::Exporter>(*registry_);
  readiness_.declare("policy");
  readiness_.declare("listeners");
  readiness_.set("not-draining", true);
  gateway_ = std::make_unique<gateway::Gateway>(*registry_, clock_);
  return gateway_->start(std::move(*config));
}

Result<void> Daemon::start_metrics(const policy::PolicySet& set) {
  const policy::Address& address = set.gateway.metrics.address;
  auto server = admin::MetricsServer::start(
      address.host, address.port, [this] { return exporter_->text(); }, readiness_);
  if (!server) return fail(server.error());
  metrics_server_ = std::move(*server);
  return {};
}

void Daemon::print_addresses() const {
  for (const auto& endpoint : gateway_->listening()) std::cout << "listening data " << shown(endpoint) << '\n';
  std::cout << "listening metrics " << metrics_server_->address() << '\n' << "ready" << std::endl;
}

// --- reload, on the watcher's thread ---

void Daemon::on_change(const PolicyWatcher::Change& change) {
  const policy::Reading reading = policy::read(change.sources);
  std::vector<policy::Problem> problems = reading.problems;
  if (reading.ok()) {
    for (policy::Problem& problem : policy::inactive_features(reading.set)) problems.push_back(std::move(problem));
  }
  policy::sort_problems(problems);
  log_problems(problems);
  const bool good = std::none_of(problems.begin(), problems.end(), [](const policy::Problem& problem) {
    return problem.severity == policy::Severity::Error;
  });
  Result<void> applied;
  if (good) applied = apply(reading.set);
  if (good && applied) {
    registry_->record_reload(true, clock_.wall_now());
    readiness_.set("last-reload", true);
    log::info("policy in force", {{"hash", reading.set.content_hash}, {"routes", reading.set.routes.size()}});
    return;
  }
  registry_->record_reload(false, clock_.wall_now());
  const std::string reason = good ? applied.error().message : policy::headline(problems.front());
  readiness_.declare("last-reload", admin::Readiness::Kind::Informational);
  readiness_.set("last-reload", false, reason);
  log::error("policy refused; the old one stays in force", {{"error", reason}});
}

Result<void> Daemon::apply(const policy::PolicySet& set) {
  const policy::Gateway old = [&] {
    const std::lock_guard lock(mutex_);
    return in_force_;
  }();
  if (!(set.gateway.metrics == old.metrics)) {
    return fail(Error::client("spec.metrics cannot change while running; restart to move it"));
  }
  if (!(set.gateway.workers == old.workers)) {
    return fail(Error::client("spec.workers cannot change while running; restart to change it"));
  }
  if (set.gateway.log.format != old.log.format) {
    return fail(Error::client("spec.log.format cannot change while running; restart to change it"));
  }
  auto config = compile(set);
  if (!config) return fail(config.error());
  if (auto published = gateway_->publish(std::move(*config)); !published) return published;
  if (!options_.log_level) log::set_level(level_of(set.gateway.log.level));
  if (!options_.access_log) log::set_access_ratio(set.gateway.log.access_log.fraction);
  const std::lock_guard lock(mutex_);
  in_force_ = set.gateway;
  return {};
}

// --- the end ---

gateway::DrainTimes Daemon::drain_times() const {
  const std::lock_guard lock(mutex_);
  return {std::chrono::duration_cast<std::chrono::milliseconds>(in_force_.drain.delay),
          std::chrono::duration_cast<std::chrono::milliseconds>(in_force_.drain.timeout)};
}

void Daemon::announce_drain() {
  readiness_.set("not-draining", false, "shutting down");
  watcher_.reset();  // no reload may begin any more
  log::info("draining: not ready from now on");
}

void Daemon::begin_drain() {
  log::info("draining: connections are closed as they become idle", {{"open", gateway_->open_connections()}});
  gateway_->drain();
}

void Daemon::stop() {
  watcher_.reset();
  if (gateway_) {
    if (const auto cut = gateway_->open_connections(); cut > 0) log::warn("connections cut off", {{"open", cut}});
    gateway_->stop();
    gateway_.reset();
  }
  if (metrics_server_) {
    metrics_server_->stop();
    metrics_server_.reset();
    log::info("stopped");
  }
  log::stop();
}

}  // namespace sluice::app
