#include "sluice/app/daemon.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <utility>

#include "sluice/admin/rollout_json.hpp"
#include "sluice/app/admin_views.hpp"
#include "sluice/app/log_level.hpp"
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

std::string shown(const http::Tcp::endpoint& endpoint) {
  std::ostringstream out;
  out << endpoint;
  return out.str();
}

}  // namespace

Daemon::Daemon(ServeOptions options, std::function<void()> wake)
    : options_(std::move(options)), drain_([this] { return drain_facts(); }, std::move(wake)) {}

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
  in_force_ = set.gateway;
  hash_ = set.content_hash;
  policy_ = std::make_shared<const policy::PolicySet>(set);
  Result<void> started = start_gateway(set);
  const bool policy_is_wrong = !started && started.error().origin == Origin::Client;
  if (started) started = start_metrics(set);
  if (started) started = start_control(set.gateway.admin, *sources);
  if (!started) {
    stop_quietly();
    log::stop();
    std::cerr << "sluice: " << started.error().message << '\n';
    return policy_is_wrong ? 2 : 1;
  }
  readiness_.set("policy", true);
  readiness_.set("listeners", true);
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
  options.level = to_log_level(policy.level);
  options.format = policy.format == policy::LogFormat::Json ? log::Format::Json : log::Format::Text;
  options.access_ratio = policy.access_log.fraction;
  // The command line was checked when it was parsed.
  if (options_.log_level) options.level = *log::parse_level(*options_.log_level);
  if (options_.log_format) options.format = *log::parse_format(*options_.log_format);
  if (options_.access_log) options.access_ratio = *options_.access_log;
  log::start(options);
}

Result<void> Daemon::start_gateway(const policy::PolicySet& set) {
  const std::uint32_t wished = set.gateway.workers.count;
  registry_ = std::make_unique<metrics::Registry>(wished != 0 ? wished : usable_cores());
  registry_->set_build_info({SLUICE_VERSION, SLUICE_REVISION, __VERSION__});
  exporter_ = std::make_unique<metrics::Exporter>(*registry_);
  readiness_.declare("policy");
  readiness_.declare("listeners");
  readiness_.set("not-draining", true);
  gateway_ = std::make_unique<gateway::Gateway>(*registry_, clock_);
  rollouts_ = std::make_unique<RolloutService>(
      *gateway_, *registry_, clock_,
      [this](const state::JournalEntry& entry) {
        if (admin::HttpServer* readers = readers_.load()) readers->publish_event(admin::event_of(entry));
      },
      set.gateway.limits.compare_bytes.count);
  if (auto opened = rollouts_->open(set.gateway.state, set.gateway.decision_log); !opened) return opened;
  return rollouts_->put_in_force(set, 1, [this](gateway::Config config) { return gateway_->start(std::move(config)); });
}

Result<void> Daemon::start_metrics(const policy::PolicySet& set) {
  const policy::Address& address = set.gateway.metrics.address;
  auto server = admin::MetricsServer::start(
      address.host, address.port, [this] { return exporter_->text(); }, readiness_);
  if (!server) return fail(server.error());
  metrics_server_ = std::move(*server);
  return {};
}

/// Everything from which changes come, once there is something to change.
Result<void> Daemon::start_control(const policy::Admin& admin, const std::vector<policy::Source>& sources) {
  auto token = token_of(admin);
  if (!token) return fail(token.error());
  api_.set_lock({std::move(*token), admin.anonymous_read});
  registry_->record_reload(true, clock_.wall_now());
  rollouts_->start();
  watcher_ = std::make_unique<PolicyWatcher>(
      options_.path, sources,
      PolicyWatcher::Callbacks{[this](const PolicyWatcher::Change& change) { on_change(change); },
                               [this](const Error& error, std::uint64_t demand) { on_unreadable(error, demand); }});
  return start_admin(admin);
}

void Daemon::print_addresses() const {
  for (const auto& endpoint : gateway_->listening()) std::cout << "listening data " << shown(endpoint) << '\n';
  std::cout << "listening metrics " << metrics_server_->address() << '\n'
            << "listening admin " << admin_server_->address() << '\n'
            << "ready" << std::endl;
}

// --- the end ---

DrainFacts Daemon::drain_facts() const {
  DrainFacts facts;
  facts.now = clock_.now();
  facts.open_connections = gateway_ ? gateway_->open_connections() : 0;
  const std::lock_guard lock(mutex_);
  facts.delay = in_force_.drain.delay;
  facts.timeout = in_force_.drain.timeout;
  return facts;
}

Duration Daemon::longest_drain() const {
  const DrainFacts facts = drain_facts();
  return facts.delay + facts.timeout;
}

Daemon::Progress Daemon::proceed() {
  for (;;) {
    switch (drain_.next()) {
      case DrainAction::None:
        return Progress::Going;
      case DrainAction::Announce:
        announce();
        break;
      case DrainAction::Resume:
        resume();
        break;
      case DrainAction::Close:
        close();
        break;
      case DrainAction::CutOff:
        cut_off();
        break;
      case DrainAction::Stop:
        stop();
        return Progress::Ended;
      case DrainAction::EndAtOnce:
        return Progress::EndAtOnce;
    }
  }
}

void Daemon::announce() {
  readiness_.set("not-draining", false, "shutting down");
  log::info("draining: not ready from now on");
}

void Daemon::resume() {
  readiness_.set("not-draining", true);
  log::info("the drain was called off: ready again");
  const std::lock_guard lock(gateway_mutex_);
  if (std::exchange(reload_missed_, false)) watcher_->trigger();
}

void Daemon::close() {
  log::info("draining: connections are closed as they become idle", {{"open", gateway_->open_connections()}});
  {
    const std::lock_guard lock(gateway_mutex_);
    gateway_->drain();
  }
  // Nobody is left to judge a version by, and what is kept is for the process that comes next.
  rollouts_->stop();
}

/// The data plane ends, the process stays.
void Daemon::cut_off() {
  rollouts_->close_door();
  const std::lock_guard lock(gateway_mutex_);
  if (const auto cut = gateway_->open_connections(); cut > 0) log::warn("connections cut off", {{"open", cut}});
  gateway_->stop();
}

void Daemon::stop() {
  const bool served = metrics_server_ != nullptr;
  stop_quietly();
  if (served) log::info("stopped");
  log::stop();
}

/// Those who give orders first, then what they order about; probes are answered to the end.
void Daemon::stop_quietly() {
  if (rollouts_) rollouts_->stop();  // it tells the admin server's readers
  admin_server_.reset();
  watcher_.reset();
  if (gateway_) {
    cut_off();
    const std::shared_ptr<const void> sink = rollouts_ ? rollouts_->pair_sink() : nullptr;
    rollouts_.reset();
    gateway_.reset();
  }
  metrics_server_.reset();
}

}  // namespace sluice::app
