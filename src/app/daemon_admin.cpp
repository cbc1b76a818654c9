#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sluice/admin/access.hpp"
#include "sluice/admin/live_feed.hpp"
#include "sluice/admin/live_json.hpp"
#include "sluice/app/admin_views.hpp"
#include "sluice/app/daemon.hpp"
#include "sluice/base/log.hpp"
#include "sluice/policy/print.hpp"

/// What operators see of a running Daemon and order it to do; all of it on the admin server's thread but start_admin.
namespace sluice::app {

namespace {

constexpr std::size_t kBodyBytes = 64 * 1024;
constexpr Duration kOperatorPatience = std::chrono::seconds(10);
constexpr Duration kWatchPeriod = std::chrono::seconds(1);
/// For which a policy is written at a time, so that others are answered meanwhile.
constexpr Duration kWritingTime = std::chrono::milliseconds(10);

/// To the millisecond.
double unix_seconds(WallTime time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<double>(milliseconds.count()) / 1000;
}

}  // namespace

Result<void> Daemon::start_admin(const policy::Admin& admin) {
  admin::HttpServer::Options options;
  options.name = "admin";
  options.body_bytes = kBodyBytes;
  options.refusal = &admin::error_page;
  options.feed =
      std::make_shared<admin::LiveFeed>([this] { return look(); }, [this] { return unix_seconds(clock_.wall_now()); });
  options.chore_interval = kWatchPeriod;
  options.chore = [this] { watch_routes(); };
  auto server = admin::HttpServer::start(
      admin.address.host, admin.address.port, [this](const admin::Request& request) { return api_.answer(request); },
      std::move(options));
  if (!server) {
    return fail(Error::internal(server.error().message +
                                " (spec.admin.address; gateways on one machine need one each, or port 0)"));
  }
  admin_server_ = std::move(*server);
  readers_ = admin_server_.get();
  return {};
}

admin::ApiPorts Daemon::ports() {
  admin::ApiPorts ports;
  ports.routes = [this] { return routes(); };
  ports.config = [this] { return config_view(); };
  ports.drain_state = [this] { return drain_view(); };
  ports.drain_process = [this](bool undo) { return drain_process(undo); };
  ports.drain_endpoints = [this](const admin::DrainOrder& order) { return drain_endpoints(order); };
  ports.reload = [this] { return reload_for_operator(); };
  ports.rollouts = [this] { return rollouts_->views(); };
  ports.verb = [this](const std::string& route, const strategy::Command& command) {
    return rollouts_->command(route, command);
  };
  ports.journal = [this](const state::JournalQuery& query) { return rollouts_->journal(query); };
  ports.history = [this](const std::string& route, std::int64_t after) { return history(route, after); };
  ports.policy = [this] { return policy_text(); };
  ports.disagreements = [this](const std::string& route) { return rollouts_->disagreements(route); };
  return ports;
}

std::vector<admin::RouteView> Daemon::routes() const {
  auto views = route_views(registry_->snapshot(), gateway_->endpoints().report(), wall_offset_);
  fill_from_rollouts(views, *rollouts_->recent_views());
  return views;
}

admin::ConfigView Daemon::config_view() const {
  return config_of(registry_->snapshot());
}

admin::ConfigView Daemon::config_of(const metrics::Snapshot& snapshot) const {
  const ReloadOutcomes::Outcome last = reloads_.last();
  admin::ConfigView view;
  view.build = snapshot.build.version;
  view.revision = snapshot.build.revision;
  view.policy = options_.path.string();
  view.generation = snapshot.generation;
  view.last_reload_successful = last.good;
  view.last_reload_error = last.reason;
  view.reloads_refused = snapshot.reload_failures;
  view.state_damage = rollouts_->damage();
  const std::lock_guard lock(mutex_);
  view.hash = hash_;
  return view;
}

/// Beside the thread that decides, which may wait for its store.
nlohmann::ordered_json Daemon::look() const {
  const metrics::Snapshot snapshot = registry_->snapshot();
  admin::LiveView live;
  live.routes = route_views(snapshot, gateway_->endpoints().report(), wall_offset_);
  live.rates = watch_.rates(snapshot, clock_.now());
  live.rollouts = rollouts_->recent_views();
  fill_from_rollouts(live.routes, *live.rollouts);
  live.config = config_of(snapshot);
  live.drain = drain_of(snapshot);
  live.started = started_;
  {
    const std::lock_guard lock(mutex_);
    live.name = in_force_.name;
  }
  return to_json(live);
}

void Daemon::watch_routes() {
  const WallTime wall = clock_.wall_now();
  if (watch_.is_due(wall)) watch_.sample(registry_->snapshot(), *rollouts_->recent_views(), clock_.now(), wall);
}

Result<std::vector<admin::HistoryPoint>, admin::Refusal> Daemon::history(const std::string& route,
                                                                         std::int64_t after) const {
  auto points = watch_.history().of(route, after);
  if (!points.empty()) return points;
  const auto known = rollouts_->recent_views();
  const bool is_known =
      std::any_of(known->begin(), known->end(), [&](const auto& view) { return view.route == route; });
  if (!is_known) return fail(admin::Refusal{404, "there is no route " + route});
  return points;
}

/// It may be replaced meanwhile: what is written is what was in force when it was asked for.
admin::ApiPorts::PolicyText Daemon::policy_text() const {
  struct Writing {
    explicit Writing(std::shared_ptr<const policy::PolicySet> set) : policy(std::move(set)), printer(*policy) {}
    std::shared_ptr<const policy::PolicySet> policy;
    policy::PolicyPrinter printer;
  };
  const std::lock_guard lock(mutex_);
  return [this, writing = std::make_shared<Writing>(policy_)]() -> std::optional<std::string> {
    const TimePoint enough = clock_.now() + kWritingTime;
    while (writing->printer.step()) {
      if (clock_.now() >= enough) return std::nullopt;
    }
    return writing->printer.text();
  };
}

admin::DrainView Daemon::drain_view() const {
  return drain_of(registry_->snapshot());
}

admin::DrainView Daemon::drain_of(const metrics::Snapshot& snapshot) const {
  const DrainStatus status = drain_.status();
  admin::DrainView view;
  view.phase = to_string(status.phase);
  view.signalled = status.signalled;
  view.open_connections = gateway_->open_connections();
  view.requests_in_flight = requests_in_flight(snapshot);
  return view;
}

Result<admin::DrainView, admin::Refusal> Daemon::drain_process(bool undo) {
  if (const auto ordered = drain_.order(undo); !ordered) return fail(admin::Refusal{409, ordered.error()});
  return drain_view();
}

Result<std::size_t, admin::Refusal> Daemon::drain_endpoints(const admin::DrainOrder& order) {
  auto unknown = unknown_name(order, routes());
  // An order that is called off may be about an endpoint that nobody names any more.
  if (unknown && !order.undo) return fail(std::move(*unknown));
  const upstream::EndpointSelector selector{order.route, order.version, order.endpoint};
  const auto changed = gateway_->endpoints().drain(selector, !order.undo);
  if (!changed) return fail(unknown ? std::move(*unknown) : admin::Refusal{409, changed.error().message});
  return *changed;
}

admin::ApiPorts::ReloadOutcome Daemon::reload_for_operator() {
  const std::uint64_t demand = watcher_->trigger();
  const TimePoint deadline = clock_.now() + kOperatorPatience;
  return [this, demand, deadline]() -> std::optional<Result<admin::ConfigView, admin::Refusal>> {
    if (const auto outcome = reloads_.of(demand)) {
      if (outcome->good) return config_view();
      const bool drains = drain_.status().phase != DrainPhase::Serving;
      return fail(admin::Refusal{drains ? 409U : 422U, outcome->reason});
    }
    if (clock_.now() < deadline) return std::nullopt;
    return fail(admin::Refusal{504, "the reload takes longer than 10 s; its outcome will be in the log"});
  };
}

}  // namespace sluice::app
