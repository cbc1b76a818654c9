#include "sluice/app/compile.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

#include "sluice/app/answer_fields.hpp"
#include "sluice/app/convert.hpp"
#include "sluice/app/gateway_ports.hpp"
#include "sluice/app/memory_limit.hpp"
#include "sluice/app/resilience.hpp"
#include "sluice/strategy/step.hpp"
#include "sluice/traffic/from_policy.hpp"

namespace sluice::app {
namespace {

gateway::Listener to_listener(const policy::Listener& listener) {
  gateway::Listener made;
  made.address = listener.address.host;
  made.port = listener.address.port;
  if (listener.tls) {
    made.tls =
        gateway::ListenerTls{listener.tls->certificate_file, listener.tls->key_file, listener.tls->client_ca_file};
  }
  return made;
}

/// Of what the process may use a tenth stays free: what is counted is what the process had a moment ago.
std::uint64_t memory_bytes(const policy::MemoryLimit& limit) {
  return limit.bytes ? limit.bytes->count : memory_limit() / 10 * 9;
}

void take_gateway(const policy::Gateway& from, gateway::Config& config) {
  for (const auto& listener : from.listeners) config.listeners.push_back(to_listener(listener));
  config.workers = from.workers.count;
  config.limits.connections = from.limits.connections;
  config.limits.header_bytes = clamp_to<std::uint32_t>(from.limits.header_bytes.count);
  config.limits.headers = clamp_to<std::uint16_t>(from.limits.headers);
  config.limits.body_bytes = from.limits.body_bytes.count;
  config.limits.requests_in_flight = from.limits.requests_in_flight;
  config.limits.waiting = from.limits.waiting;
  config.limits.wait = milliseconds(from.limits.wait_timeout);
  config.limits.memory_bytes = memory_bytes(from.limits.memory);
  config.client.header = milliseconds(from.timeouts.header);
  config.client.keep_alive = milliseconds(from.timeouts.keep_alive);
  config.client.body_idle = milliseconds(from.timeouts.body_idle);
  config.drain.delay = milliseconds(from.drain.delay);
  config.drain.timeout = milliseconds(from.drain.timeout);
  config.names = to_name_servers(from.dns);
  config.access_log_ratio = from.log.access_log.fraction;
}

http::ErrorStyle error_style(policy::Protocol protocol) {
  switch (protocol) {
    case policy::Protocol::OpenInference:
      return http::ErrorStyle::OpenInference;
    case policy::Protocol::KServeV1:
      return http::ErrorStyle::KServeV1;
    case policy::Protocol::OpenAi:
      return http::ErrorStyle::OpenAI;
    case policy::Protocol::SageMaker:
      return http::ErrorStyle::SageMaker;
    case policy::Protocol::Vertex:
      return http::ErrorStyle::Vertex;
    case policy::Protocol::Raw:
      break;
  }
  return http::ErrorStyle::Raw;
}

upstream::PoolLimits to_pool(const policy::Pool& pool) {
  upstream::PoolLimits made;
  made.connections = pool.max_connections;
  made.waiting = pool.max_pending;
  made.wait = milliseconds(pool.pending_timeout);
  made.warm = pool.prewarm;
  made.idle_timeout = milliseconds(pool.idle_timeout);
  made.max_age = milliseconds(pool.max_age);
  return made;
}

upstream::EndpointTls to_tls(const policy::UpstreamTls& tls) {
  upstream::EndpointTls made;
  made.ca_file = tls.ca_file;
  made.server_name = tls.server_name;
  made.certificate_file = tls.certificate_file;
  made.key_file = tls.key_file;
  made.verify = !tls.insecure_skip_verify;
  return made;
}

gateway::Version to_version(const policy::ModelRoute& route, const policy::Version& version) {
  gateway::Version made;
  made.name = version.name;
  made.pool = to_pool(version.pool.value_or(route.pool));
  for (const auto& endpoint : version.endpoints) {
    upstream::EndpointSpec spec;
    spec.host = endpoint.host;
    spec.port = endpoint.port;
    spec.tls = endpoint.scheme == policy::Scheme::Https;
    spec.dns = endpoint.scheme == policy::Scheme::Dns;
    if (spec.tls && version.tls) spec.tls_settings = to_tls(*version.tls);
    made.endpoints.push_back(std::move(spec));
  }
  made.supervision = to_supervision(route, version);
  made.limits = to_limits(version.limits);
  made.adaptive = to_adaptive(version.adaptive ? version.adaptive : route.adaptive);
  return made;
}

/// In lower case; empty: it stands in none.
std::string header_of(const std::optional<policy::FromAnswer>& from) {
  if (!from || from->part != policy::AnswerPart::Header) return {};
  std::string name = from->name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// 0: it stands in no body.
std::uint64_t body_bytes_of(const std::optional<policy::FromAnswer>& from) {
  return from && from->part != policy::AnswerPart::Header ? from->body_bytes.count : 0;
}

/// What is kept of answers to compare them, wherever copies are made. Without `compare` their bodies are kept only for
/// the values that drift is watched by.
std::optional<gateway::PairRules> to_pair_rules(const policy::ModelRoute& route) {
  if (!policy::makes_copies(route)) return std::nullopt;
  gateway::PairRules rules;
  if (const policy::Compare* compare = policy::compare_of(route)) {
    rules.bodies = true;
    rules.body_bytes = compare->body_bytes.count;
    rules.twin_share = compare->noise.fraction;
    rules.drop_headers = compare->drop_headers;
  } else if (route.drift) {
    rules.body_bytes = std::max(body_bytes_of(route.drift->score), body_bytes_of(route.drift->label));
    rules.bodies = rules.body_bytes > 0;
  }
  if (route.drift) {
    rules.score_header = header_of(route.drift->score);
    rules.label_header = header_of(route.drift->label);
  }
  return rules;
}

Failure<Error> in_route(const policy::ModelRoute& route, const Error& error) {
  return fail(Error::internal("route '" + route.name + "': " + error.message));
}

gateway::Route to_route(const policy::ModelRoute& route, const strategy::Steering& steering) {
  gateway::Route made;
  made.name = route.name;
  made.strategy = policy::strategy_name(route.strategy);
  if (made.strategy.empty()) made.strategy = "none";
  made.error_style = error_style(route.protocol);
  for (std::size_t i = 0; i < route.versions.size(); ++i) {
    gateway::Version& version = made.versions.emplace_back(to_version(route, route.versions[i]));
    version.role = steering.roles[i];
    version.fallback = steering.fallbacks[i];
    if (i < steering.withheld.size()) version.withheld = steering.withheld[i];
  }
  made.plan = steering.plan;
  made.window = steering.window;
  made.tokens = std::any_of(route.outcomes.begin(), route.outcomes.end(),
                            [](const policy::Outcome& outcome) { return !outcome.from; });
  made.answers = answer_fields(route);
  made.observed = is_observed(route);
  made.timeouts.request = milliseconds(route.timeouts.request);
  made.timeouts.backend_request = milliseconds(route.timeouts.backend_request);
  made.timeouts.connect = milliseconds(route.timeouts.connect);
  made.timeouts.stream_idle = milliseconds(route.timeouts.stream_idle);
  made.retry = to_retry_rules(route.retry, route.protocol);
  made.hedge = to_hedge_rules(route.hedge);
  made.limits = to_limits(route.limits);
  made.pairs = to_pair_rules(route);
  made.mirror = to_mirror_limits(steering.copies);
  // A copy is one attempt at a backend; a slow shadow must not hold its slots for as long as a client would wait.
  made.mirror.timeout = made.timeouts.backend_request;
  return made;
}

}  // namespace

Result<gateway::Config> compile(const policy::PolicySet& set, const std::vector<rollout::RouteSteering>& steerings) {
  gateway::Config config;
  take_gateway(set.gateway, config);
  std::vector<std::vector<traffic::Match>> matches;
  for (std::size_t i = 0; i < set.routes.size(); ++i) {
    const policy::ModelRoute& route = set.routes[i];
    auto compiled = traffic::to_matches(route.matches, route.protocol);
    if (!compiled) return fail(compiled.error());
    matches.push_back(std::move(compiled).value());
    config.routes.push_back(to_route(route, steerings[i].steering));
  }
  config.table = traffic::RouteTable(std::move(matches));
  return config;
}

Result<gateway::Config> compile(const policy::PolicySet& set) {
  std::vector<rollout::RouteSteering> steerings;
  for (const policy::ModelRoute& route : set.routes) {
    auto steering = strategy::steer(route, strategy::begin(route, 1, 1, WallTime{}));
    if (!steering) return in_route(route, steering.error());
    steerings.push_back({route.name, std::move(steering).value()});
  }
  return compile(set, steerings);
}

}  // namespace sluice::app
