#include "sluice/gateway/endpoint_service.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "sluice/gateway/published.hpp"

namespace sluice::gateway {

namespace {

/// As many as a policy may name for one version.
constexpr std::size_t kMaxEndpoints = 256;
constexpr std::chrono::milliseconds kFirstAnswer{3000};

void collect_names(const Config& config, std::set<std::string>& names) {
  for (const Route& route : config.routes) {
    for (const Version& version : route.versions) {
      for (const auto& endpoint : version.endpoints) {
        if (endpoint.dns) names.insert(endpoint.host);
      }
    }
  }
}

}  // namespace

EndpointService::EndpointService(metrics::Registry& registry, const Clock& clock, std::function<void()> on_change)
    : loop_(clock),
      names_(loop_.context().io, NameServers{}, &registry.names()),
      dns_(loop_.context(), names_, [on_change = std::move(on_change)](const std::string&) { on_change(); }),
      monitor_(loop_, registry) {
  loop_.context().names = &names_;
}

EndpointService::~EndpointService() {
  stop();
}

void EndpointService::start() {
  loop_.start();
}

void EndpointService::stop() {
  if (stopped_) return;
  stopped_ = true;
  dns_.stop();
  monitor_.stop();
  names_.stop();
  loop_.stop([this] { return dns_.is_quiet() && monitor_.is_quiet() && names_.is_quiet(); });
}

void EndpointService::watch_names(const Config& next, const Config* current) {
  names_.update(next.names);
  std::set<std::string> names;
  collect_names(next, names);
  if (current != nullptr) collect_names(*current, names);
  dns_.watch({names.begin(), names.end()});
}

void EndpointService::wait_for_names() const {
  dns_.wait_first(kFirstAnswer);
}

void EndpointService::settle(const Config& config) {
  names_.update(config.names);
  std::set<std::string> names;
  collect_names(config, names);
  dns_.watch({names.begin(), names.end()});
}

Config EndpointService::expand(const Config& config) const {
  Config out = config;
  for (Route& route : out.routes) {
    for (Version& version : route.versions) {
      std::vector<upstream::EndpointSpec> endpoints;
      const auto add = [&](upstream::EndpointSpec endpoint) {
        const bool known = std::find(endpoints.begin(), endpoints.end(), endpoint) != endpoints.end();
        if (!known && endpoints.size() < kMaxEndpoints) endpoints.push_back(std::move(endpoint));
      };
      for (const auto& endpoint : version.endpoints) {
        if (!endpoint.dns) {
          add(endpoint);
          continue;
        }
        for (const std::string& address : dns_.addresses(endpoint.host)) {
          upstream::EndpointSpec found = endpoint;
          found.host = address;
          found.dns = false;
          add(std::move(found));
        }
      }
      version.endpoints = std::move(endpoints);
    }
  }
  return out;
}

void EndpointService::watch(Published& published) {
  const Config& config = published.config;
  std::vector<upstream::WatchedVersion> watched;
  published.recorders.clear();
  std::erase_if(recordings_, [&](const auto& held) {
    return std::none_of(config.routes.begin(), config.routes.end(),
                        [&](const Route& route) { return route.name == held.first; });
  });
  for (std::size_t r = 0; r < config.routes.size(); ++r) {
    const Route& route = config.routes[r];
    const auto& recorder = published.recorders.emplace_back(recorder_of(route));
    for (std::size_t v = 0; v < route.versions.size(); ++v) {
      const Version& version = route.versions[v];
      upstream::WatchedVersion& made = watched.emplace_back();
      made.route = route.name;
      made.version = version.name;
      made.id = published.slots[r].versions[v];
      made.endpoints = version.endpoints;
      made.tls = published.endpoint_tls[r][v];
      made.connect_timeout = route.timeouts.connect;
      made.supervision = version.supervision;
      made.has_fallback = version.fallback >= 0;
      made.withheld = version.withheld;
      if (version.supervision.warm_up.recorded > 0) made.recorder = recorder;
    }
  }
  auto boards = monitor_.configure(std::move(watched));
  published.boards.clear();
  auto next = boards.begin();
  for (const Route& route : config.routes) {
    auto& of_route = published.boards.emplace_back();
    for (std::size_t v = 0; v < route.versions.size(); ++v) of_route.push_back(std::move(*next++));
  }
}

/// Kept over a reload that asks for the same; forgotten as soon as the policy no longer consents, or no longer names
/// the route.
std::shared_ptr<upstream::RequestRecorder> EndpointService::recorder_of(const Route& route) {
  Recording wanted;
  for (const Version& version : route.versions) {
    wanted.kept = std::max(wanted.kept, version.supervision.warm_up.recorded);
    if (version.supervision.warm_up.recorded > 0) {
      wanted.body_bytes = std::max(wanted.body_bytes, version.supervision.warm_up.recorded_body_bytes);
    }
  }
  Recording& held = recordings_[route.name];
  if (held.kept != wanted.kept || held.body_bytes != wanted.body_bytes) {
    held = wanted;
    if (held.kept > 0) held.recorder = std::make_shared<upstream::RequestRecorder>(held.kept, held.body_bytes);
  }
  return held.recorder;
}

}  // namespace sluice::gateway
