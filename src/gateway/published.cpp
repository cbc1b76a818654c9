#include "sluice/gateway/published.hpp"

#include <algorithm>
#include <utility>

#include "sluice/outcomes/decision.hpp"

namespace sluice::gateway {

namespace {

Failure<Error> in_context(const std::string& where, const Error& error) {
  return fail(Error::internal(where + ": " + error.message));
}

Result<http::TlsContext> endpoint_context(const upstream::EndpointSpec& endpoint) {
  if (!endpoint.tls) return http::TlsContext{};
  const auto& tls = endpoint.tls_settings;
  return http::make_client_tls(tls.ca_file, tls.certificate_file, tls.key_file, tls.verify);
}

/// What makes two endpoints of two configurations the same pool. Certificates may change beneath it.
std::string pool_key(const Route& route, const Version& version, const upstream::EndpointSpec& endpoint) {
  return route.name + '\0' + version.name + '\0' + endpoint.host + '\0' + std::to_string(endpoint.port) +
         (endpoint.tls ? "s" : "");
}

}  // namespace

Result<std::shared_ptr<Published>> Published::load(Config config) {
  auto published = std::make_shared<Published>();
  for (const Listener& listener : config.listeners) {
    http::TlsContext context;
    if (listener.tls) {
      auto made =
          http::make_server_tls(listener.tls->certificate_file, listener.tls->key_file, listener.tls->client_ca_file);
      if (!made) return in_context("listener " + listener.address + ":" + std::to_string(listener.port), made.error());
      context = std::move(made).value();
    }
    published->listener_tls.push_back(std::move(context));
  }
  for (const Route& route : config.routes) {
    auto& by_version = published->endpoint_tls.emplace_back();
    for (const Version& version : route.versions) {
      auto& by_endpoint = by_version.emplace_back();
      for (const auto& endpoint : version.endpoints) {
        auto made = endpoint_context(endpoint);
        if (!made) return in_context("route " + route.name + ", version " + version.name, made.error());
        by_endpoint.push_back(std::move(made).value());
      }
    }
  }
  published->config = std::move(config);
  return published;
}

bool Published::has_endpoints_of(const Config& other) const {
  for (std::size_t r = 0; r < config.routes.size(); ++r) {
    for (std::size_t v = 0; v < config.routes[r].versions.size(); ++v) {
      if (config.routes[r].versions[v].endpoints != other.routes[r].versions[v].endpoints) return false;
    }
  }
  return true;
}

std::shared_ptr<Published> Published::with(Config other) const {
  auto next = std::make_shared<Published>();
  next->listener_tls = listener_tls;
  for (std::size_t r = 0; r < config.routes.size(); ++r) {
    auto& by_version = next->endpoint_tls.emplace_back();
    for (std::size_t v = 0; v < config.routes[r].versions.size(); ++v) {
      const auto& old = config.routes[r].versions[v].endpoints;
      auto& by_endpoint = by_version.emplace_back();
      for (const auto& endpoint : other.routes[r].versions[v].endpoints) {
        const auto known = std::find(old.begin(), old.end(), endpoint);
        by_endpoint.push_back(known == old.end() ? http::TlsContext{}
                                                 : endpoint_tls[r][v][static_cast<std::size_t>(known - old.begin())]);
      }
    }
  }
  next->config = std::move(other);
  return next;
}

bool MirrorBudget::admit_rate(TimePoint now) noexcept {
  if (per_second <= 0) return true;
  const double elapsed = std::chrono::duration<double>(now - refilled).count();
  tokens = std::min(tokens + elapsed * per_second, std::max(1.0, per_second));
  refilled = now;
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

double MirrorBudget::twin_share(double in_the_long_run, std::uint64_t window) noexcept {
  constexpr std::uint32_t kFirst = 32;
  constexpr double kAtFirst = 0.2;
  if (twin_window != window) first_twins = 0;
  twin_window = window;
  return first_twins < kFirst ? std::max(in_the_long_run, kAtFirst) : in_the_long_run;
}

void PoolSet::build(const Published& published, metrics::Registry& registry, std::size_t worker, LiveConfig& out) {
  const Config& config = published.config;
  const std::size_t workers = registry.workers();
  std::map<std::string, Pool> kept;
  std::map<std::string, std::shared_ptr<MirrorBudget>> budgets;
  std::map<std::string, std::shared_ptr<RouteState>> states;
  std::map<std::string, std::shared_ptr<VersionGate>> gates;
  const TimePoint now = context_->clock.now();
  const Limits& limits = config.limits;
  out.limits = share_of(ConcurrencyLimits{limits.requests_in_flight, limits.waiting, limits.wait}, workers);
  for (std::size_t r = 0; r < config.routes.size(); ++r) {
    const Route& route = config.routes[r];
    LiveRoute& live = out.routes.emplace_back();
    live.config = &route;
    live.counters = &registry.route(worker, published.slots[r].route);
    out.longest_request = std::max(out.longest_request, route.timeouts.request);
    live.mirrors = budgets[route.name] = budget_of(route);
    live.mirrors->max_in_flight = share_of(route.mirror.requests_in_flight, workers);
    live.mirrors->per_second = route.mirror.requests_per_second / static_cast<double>(workers);
    if (route.mirror.idle) live.mirrors->idle_in_flight = share_of(route.mirror.idle->requests_in_flight, workers);
    live.state = states[route.name] = state_of(route, *live.counters);
    live.state->gate.set(share_of(route.limits, workers));
    if (r < published.recorders.size()) live.recorder = published.recorders[r].get();
    if (r < published.windows.size()) live.window = published.windows[r].get();
    if (r < published.copied.size()) live.copied = published.copied[r].get();
    live.name_hash = outcomes::name_hash(route.name);
    out.takes_outcomes = out.takes_outcomes || route.tokens;
    for (std::size_t v = 0; v < route.versions.size(); ++v) {
      const Version& version = route.versions[v];
      LiveVersion& live_version = live.versions.emplace_back();
      live_version.config = &version;
      live_version.name_hash = outcomes::name_hash(version.name);
      live_version.counters = &registry.version(worker, published.slots[r].versions[v]);
      if (live.window != nullptr) live_version.evidence = &live.window->cells(worker, v);
      const std::string key = route.name + '\0' + version.name;
      live_version.gate = gates[key] = gate_of(key, *live_version.counters);
      live_version.gate->configure(version, workers, now);
      const auto board = r < published.boards.size() ? published.boards[r][v] : nullptr;
      std::vector<upstream::EndpointPool*> endpoints;
      for (std::size_t e = 0; e < version.endpoints.size(); ++e) {
        upstream::EndpointPool::Settings settings{version.endpoints[e], version.pool, route.timeouts.connect,
                                                  published.endpoint_tls[r][v][e]};
        if (board) settings.status = board->endpoints[e];
        settings.worker = worker;
        Pool pool =
            join(pool_key(route, version, version.endpoints[e]), std::move(settings), *live_version.counters, kept);
        endpoints.push_back(pool.get());
        out.pools.push_back(std::move(pool));
      }
      live_version.balancer = upstream::Balancer(std::move(endpoints), board);
    }
  }
  shut_down();
  pools_ = std::move(kept);
  mirrors_ = std::move(budgets);
  states_ = std::move(states);
  gates_ = std::move(gates);
}

std::shared_ptr<RouteState> PoolSet::state_of(const Route& route, metrics::RouteCounters& counters) const {
  const auto old = states_.find(route.name);
  return old != states_.end() ? old->second : std::make_shared<RouteState>(context_->wheel, counters);
}

std::shared_ptr<VersionGate> PoolSet::gate_of(const std::string& key, metrics::VersionCounters& counters) const {
  const auto old = gates_.find(key);
  return old != gates_.end() ? old->second : std::make_shared<VersionGate>(context_->wheel, counters);
}

std::shared_ptr<MirrorBudget> PoolSet::budget_of(const Route& route) const {
  if (const auto old = mirrors_.find(route.name); old != mirrors_.end()) return old->second;
  auto budget = std::make_shared<MirrorBudget>();
  budget->tokens = 1;
  budget->refilled = context_->clock.now();
  return budget;
}

/// The pool of that name: from this configuration, from the one before, or new.
PoolSet::Pool PoolSet::join(const std::string& key, upstream::EndpointPool::Settings settings,
                            metrics::VersionCounters& counters, std::map<std::string, Pool>& kept) {
  Pool& pool = kept[key];
  if (pool) return pool;
  if (const auto old = pools_.find(key); old != pools_.end()) {
    pool = std::move(old->second);
    pools_.erase(old);
    pool->update(std::move(settings));
  } else {
    pool = new upstream::EndpointPool(*context_, std::move(settings), counters);
  }
  return pool;
}

void PoolSet::sweep() {
  std::erase_if(leaving_, [](const Pool& pool) { return pool->is_empty() && pool->use_count() == 1; });
}

void PoolSet::shut_down() {
  for (auto& [key, pool] : pools_) {
    pool->leave();
    leaving_.push_back(std::move(pool));
  }
  pools_.clear();
}

void PoolSet::close_all() {
  shut_down();
  for (const Pool& pool : leaving_) pool->close_all();
}

}  // namespace sluice::gateway
