#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/address.hpp"

namespace sluice::policy {

struct ListenerTls {
  std::string certificate_file;  ///< PEM, leaf first
  std::string key_file;          ///< PEM
  std::string client_ca_file;    ///< PEM; when set, clients must show a certificate signed by it

  bool operator==(const ListenerTls&) const = default;
};

struct Listener {
  Address address{"0.0.0.0", 8080};
  std::optional<ListenerTls> tls;
  Position position;

  bool operator==(const Listener&) const = default;
};

struct Admin {
  Address address{"127.0.0.1", 9901};
  std::string token_file;
  bool anonymous_read = true;  ///< where a token is set: status pages may be read without it

  bool operator==(const Admin&) const = default;
};

struct MetricsListener {
  Address address{"0.0.0.0", 9464};

  bool operator==(const MetricsListener&) const = default;
};

/// How many worker threads serve traffic. 0 stands for `auto`: one per usable core.
struct Workers {
  std::uint32_t count = 0;

  bool operator==(const Workers&) const = default;
};

struct MemoryState {
  bool operator==(const MemoryState&) const = default;
};
struct SqliteState {
  std::string path = "./sluice.db";

  bool operator==(const SqliteState&) const = default;
};
struct RedisState {
  std::string address;  ///< `host:port`
  std::string prefix = "sluice";
  std::string password_file;

  bool operator==(const RedisState&) const = default;
};
/// Where rollouts survive a restart.
using State = std::variant<MemoryState, SqliteState, RedisState>;

/// Resident memory beyond which requests are refused. Written as a size, `auto` or `0`.
struct MemoryLimit {
  std::optional<Bytes> bytes;  ///< none: 90 % of what the process may use; 0: not looked at

  bool operator==(const MemoryLimit&) const = default;
};

/// Bounds of the whole process; what exceeds them is refused, never queued without end.
struct Limits {
  std::uint32_t connections = 10000;
  Bytes header_bytes = 60_KiB;
  std::uint32_t headers = 100;
  Bytes body_bytes = 64_MiB;
  std::uint32_t requests_in_flight = 1024;
  std::uint32_t waiting = 0;                        ///< requests that may wait for their turn
  Duration wait_timeout = std::chrono::seconds(1);  ///< how long one of them waits
  MemoryLimit memory;
  Bytes compare_bytes = 64_MiB;  ///< answers that wait to be compared, of all routes

  bool operator==(const Limits&) const = default;
};

/// Deadlines towards clients, before a route is known.
struct ClientTimeouts {
  Duration header = std::chrono::seconds(10);      ///< from the first byte of a head to its end
  Duration body_idle = std::chrono::seconds(30);   ///< between two pieces of a request body
  Duration keep_alive = std::chrono::seconds(75);  ///< between two requests on one connection

  bool operator==(const ClientTimeouts&) const = default;
};

/// Where the names of endpoints are looked up.
struct Dns {
  std::vector<Address> servers;                ///< empty: the system's
  Duration timeout = std::chrono::seconds(2);  ///< of one try
  std::uint32_t tries = 2;
  Duration min_ttl = std::chrono::seconds(1);
  Duration max_ttl = std::chrono::minutes(5);

  bool operator==(const Dns&) const = default;
};

struct Drain {
  Duration delay = std::chrono::seconds(5);     ///< readiness says 503, requests are still served
  Duration timeout = std::chrono::seconds(30);  ///< after the delay; then what is left is cut

  bool operator==(const Drain&) const = default;
};

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };
enum class LogFormat : std::uint8_t { Text, Json };

struct Log {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Text;
  Ratio access_log;  ///< share of requests that get a line; 0 is off

  bool operator==(const Log&) const = default;
};

/// Where every decision of a split is written down with its probability, so that other policies can be judged by it.
struct DecisionLog {
  std::string path;        ///< a file of NDJSON; it and its predecessors are bounded
  Ratio sample = 100_pct;  ///< share of decisions that are written, with what is reported about them
  Bytes file_bytes = 64_MiB;
  std::uint32_t files = 4;  ///< in all; the oldest goes

  bool operator==(const DecisionLog&) const = default;
};

/// The process: one per daemon. Every field has a default, the document itself may be absent.
struct Gateway {
  std::string name = "default";
  std::vector<Listener> listeners = {Listener{}};
  Admin admin;
  MetricsListener metrics;
  Workers workers;
  State state;
  Limits limits;
  ClientTimeouts timeouts;
  Dns dns;
  Drain drain;
  Log log;
  std::optional<DecisionLog> decision_log;  ///< none: off
  Position position;

  bool operator==(const Gateway&) const = default;
};

}  // namespace sluice::policy
