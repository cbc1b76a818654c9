#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/http/error_body.hpp"
#include "sluice/traffic/plan.hpp"
#include "sluice/traffic/route_table.hpp"
#include "sluice/upstream/endpoint.hpp"
#include "sluice/upstream/name_servers.hpp"
#include "sluice/upstream/retry.hpp"
#include "sluice/upstream/supervision.hpp"

namespace sluice::outcomes {
struct AnswerField;
class TokenKeys;
}  // namespace sluice::outcomes

namespace sluice::gateway {

/// Certificates of a listener. Paths to PEM files, read when the configuration is published.
struct ListenerTls {
  std::string certificate_file;
  std::string key_file;
  std::string client_ca_file;  ///< empty: clients need no certificate
  friend bool operator==(const ListenerTls&, const ListenerTls&) = default;
};

struct Listener {
  std::string address;     ///< IPv4 or IPv6 without brackets
  std::uint16_t port = 0;  ///< 0: any free one
  std::optional<ListenerTls> tls;
  friend bool operator==(const Listener&, const Listener&) = default;
};

/// Bounds on what clients may ask for.
struct Limits {
  std::uint32_t connections = 10000;        ///< client connections of the whole gateway
  std::uint32_t header_bytes = 60 * 1024;   ///< one head
  std::uint16_t headers = 100;              ///< field lines of one head
  std::uint64_t body_bytes = 64ull << 20;   ///< one request body
  std::uint32_t requests_in_flight = 1024;  ///< of the whole gateway; beyond it requests wait, then 503
  std::uint32_t waiting = 0;                ///< requests that may wait for their turn
  std::chrono::milliseconds wait{1000};     ///< the longest such wait
  std::uint64_t memory_bytes = 0;           ///< resident memory beyond which requests are refused; 0: not looked at
};

/// Bounds on requests of a route or version, of the whole gateway.
struct ConcurrencyLimits {
  std::uint32_t requests_in_flight = 0;  ///< 0: no limit
  std::uint32_t waiting = 0;             ///< requests that may wait for their turn; beyond it 503
  std::chrono::milliseconds wait{1000};  ///< the longest such wait
  friend bool operator==(const ConcurrencyLimits&, const ConcurrencyLimits&) = default;
};

/// A limit on a version's requests in flight that is found by watching its latency; per worker.
struct AdaptiveConcurrency {
  bool enabled = false;
  std::uint32_t min = 4;
  std::uint32_t max = 1000;
  double tolerance = 1.5;  ///< latency may grow by this factor before the limit shrinks
  friend bool operator==(const AdaptiveConcurrency&, const AdaptiveConcurrency&) = default;
};

using upstream::NameServers;

/// Deadlines on the client's side that no route can know yet.
struct ClientTimeouts {
  std::chrono::milliseconds header{10000};      ///< from a head's first byte to its end; for TLS, the handshake too
  std::chrono::milliseconds keep_alive{75000};  ///< idle between requests
  std::chrono::milliseconds body_idle{30000};   ///< between two pieces of a request body
};

struct DrainTimes {
  std::chrono::milliseconds delay{5000};     ///< not ready, but still accepting
  std::chrono::milliseconds timeout{30000};  ///< for requests in flight, after the delay
};

/// Deadlines of one request on a route.
struct RouteTimeouts {
  std::chrono::milliseconds request{30000};  ///< from the head to the end of the answer; of a stream, to its head
  std::chrono::milliseconds backend_request{10000};  ///< from sending a request whole to the head of the answer
  std::chrono::milliseconds connect{2000};           ///< dial and TLS handshake
  std::chrono::milliseconds stream_idle{60000};      ///< between two pieces of an answer
};

/// What is kept of a copy's answer and of the one that its client got, to be compared. Per route.
struct PairRules {
  bool bodies = false;                    ///< false: status and latency alone
  std::uint64_t body_bytes = 1ull << 20;  ///< a larger answer is not kept
  double twin_share = 0;                  ///< of the copied requests, those that the live version answers twice
  std::vector<std::string> drop_headers;  ///< in lower case; copies do not carry them
  std::string score_header;               ///< of answers, in lower case: Answer::score_text is its value; empty: none
  std::string label_header;               ///< the same of Answer::label_text
  friend bool operator==(const PairRules&, const PairRules&) = default;
};

/// When the live version has capacity to spare.
struct IdleLimits {
  std::uint32_t requests_in_flight = 8;  ///< of the live version, of the whole gateway: fewer than that
  std::chrono::milliseconds latency{0};  ///< its recent mean is at most that; 0: not looked at
  friend bool operator==(const IdleLimits&, const IdleLimits&) = default;
};

/// Bounds on copies for shadows, per route.
struct MirrorLimits {
  std::uint32_t requests_in_flight = 32;     ///< of the whole gateway
  double requests_per_second = 0;            ///< of the whole gateway; 0: no limit
  std::uint64_t body_bytes = 1ull << 20;     ///< a larger request is not copied
  std::chrono::milliseconds timeout{10000};  ///< for one copy, from its start to the head of its answer
  std::optional<IdleLimits> idle;            ///< only then; a copy under way ends when it is over
  std::chrono::milliseconds deduplicate{0};  ///< a body is not copied again within this; 0: it is
  std::optional<std::uint64_t> requests;     ///< in all within a window of evidence, of the whole gateway
};

struct Version {
  std::string name;
  std::string role;  ///< stable, candidate, shadow, variant, …: for version_info
  std::vector<upstream::EndpointSpec> endpoints;
  upstream::PoolLimits pool;  ///< of each endpoint
  upstream::Supervision supervision;
  ConcurrencyLimits limits;
  AdaptiveConcurrency adaptive;
  std::int32_t fallback = -1;         ///< the version that answers what this one fails; -1: none
  std::vector<std::string> withheld;  ///< authorities of endpoints that get no traffic, by the rollout's word
};

/// One route, ready to serve. `versions[i]` is the version that the plan calls i.
struct Route {
  std::string name;
  std::string strategy;  ///< the policy's key, for version_info: "canary", "none", …
  http::ErrorStyle error_style = http::ErrorStyle::Raw;
  std::vector<Version> versions;
  traffic::TrafficPlan plan;
  RouteTimeouts timeouts;
  upstream::RetryRules retry;
  upstream::HedgeRules hedge;
  ConcurrencyLimits limits;
  MirrorLimits mirror;
  std::optional<PairRules> pairs;  ///< none: no pairs are made
  std::uint64_t window = 0;        ///< evidence is counted anew where this changes
  bool tokens = false;             ///< answers say by which decision they came, so that outcomes can be reported
  bool observed = false;           ///< what its requests show by themselves is told; so it is where choices are learned
  std::shared_ptr<const std::vector<outcomes::AnswerField>> answers;  ///< what is read from them; null: nothing
};

/// What a rollout says about a route: everything of it that changes while the policy stays.
struct RouteOrders {
  std::string route;
  traffic::TrafficPlan plan;                       ///< over the same versions
  std::vector<std::string> roles;                  ///< by version
  std::vector<std::int32_t> fallbacks;             ///< by version, see Version
  std::vector<std::vector<std::string>> withheld;  ///< by version, see Version
  MirrorLimits mirror;                             ///< its timeout is the configuration's, whatever it says here
  std::uint64_t window = 0;
};

/// Everything the data plane needs, immutable once published. `routes[i]` is what the table calls i.
struct Config {
  std::vector<Listener> listeners;
  std::uint32_t workers = 0;  ///< 0: one per core that may be used
  Limits limits;
  ClientTimeouts client;
  DrainTimes drain;
  NameServers names;
  double access_log_ratio = 0;  ///< share of requests that are logged
  traffic::RouteTable table;
  std::vector<Route> routes;
  std::uint64_t generation = 0;
  std::uint32_t policy_generation = 0;              ///< told in tokens
  std::shared_ptr<const outcomes::TokenKeys> keys;  ///< null: those in force stay; without any there are no tokens
};

}  // namespace sluice::gateway
