#include <utility>

#include "sluice/admin/access.hpp"
#include "sluice/app/admin_views.hpp"
#include "sluice/app/daemon.hpp"
#include "sluice/base/log.hpp"

/// What operators see of a running Daemon and order it to do; all of it on the admin server's thread but start_admin.
namespace sluice::app {

namespace {

constexpr std::size_t kBodyBytes = 64 * 1024;
constexpr Duration kOperatorPatience = std::chrono::seconds(10);

}  // namespace

Result<void> Daemon::start_admin(const policy::Admin& admin) {
  admin::HttpServer::Options options;
  options.name = "admin";
  options.body_bytes = kBodyBytes;
  options.refusal = &admin::error_page;
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
  return ports;
}

std::vector<admin::RouteView> Daemon::routes() const {
  return route_views(registry_->snapshot(), gateway_->endpoints().report());
}

admin::ConfigView Daemon::config_view() const {
  const metrics::Snapshot snapshot = registry_->snapshot();
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

admin::DrainView Daemon::drain_view() const {
  const DrainStatus status = drain_.status();
  admin::DrainView view;
  view.phase = to_string(status.phase);
  view.signalled = status.signalled;
  view.open_connections = gateway_->open_connections();
  view.requests_in_flight = requests_in_flight(registry_->snapshot());
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
