#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<ListenerTls> /*tag*/) {
  static const Type type = [] {
    Declaration<ListenerTls> d("ListenerTls", "TLS 1.2 or newer towards clients. The files are read again on reload.");
    d.field("certificateFile", &ListenerTls::certificate_file, "PEM file with the certificate, leaf first.").required();
    d.field("keyFile", &ListenerTls::key_file, "PEM file with the private key of the certificate.").required();
    d.field("clientCaFile", &ListenerTls::client_ca_file,
            "PEM file with authorities; when written, a client must show a certificate that one of them signed.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Listener> /*tag*/) {
  static const Type type = [] {
    Declaration<Listener> d("Listener", "One port that accepts prediction requests.");
    d.field("address", &Listener::address, "Numeric address and port; port 0 lets the kernel choose.").needs_restart();
    d.field("tls", &Listener::tls, "Encrypts the port; plain HTTP when absent.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Admin> /*tag*/) {
  static const Type type = [] {
    Declaration<Admin> d("Admin", "The port for operators: REST, events, dashboard.");
    d.field("address", &Admin::address, "Numeric address and port.").needs_restart();
    d.field("tokenFile", &Admin::token_file, "File with the bearer token; needed once the address is not loopback.");
    d.field(
        "anonymousRead", &Admin::anonymous_read,
        "Whether the status pages may be read without the token where one is set, by a client that names the port by "
        "`localhost` or a numeric address.");
    d.rule(check_admin);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<MetricsListener> /*tag*/) {
  static const Type type = [] {
    Declaration<MetricsListener> d("Metrics", "The port for `/metrics` and probes; nothing can be changed through it.");
    d.field("address", &MetricsListener::address, "Numeric address and port; port 0 lets the kernel choose.")
        .needs_restart();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<MemoryState> /*tag*/) {
  static const Type type = [] {
    return Declaration<MemoryState>("MemoryState", "Rollouts are forgotten on restart. No settings: `{}`.").finish();
  }();
  return type;
}

const Type& type_of(Tag<SqliteState> /*tag*/) {
  static const Type type = [] {
    Declaration<SqliteState> d("SqliteState", "Rollouts survive a restart in one local file.");
    d.field("path", &SqliteState::path, "The database file; made when it does not exist.").needs_restart();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<RedisState> /*tag*/) {
  static const Type type = [] {
    Declaration<RedisState> d("RedisState", "Rollouts are shared by several replicas.");
    d.field("address", &RedisState::address, "Where Redis listens, as `host:port`.")
        .format(host_format)
        .required()
        .needs_restart();
    d.field("prefix", &RedisState::prefix, "Begins every key, so that gateways can share one Redis.")
        .format(name_format)
        .needs_restart();
    d.field("passwordFile", &RedisState::password_file, "File with the password.").needs_restart();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<State> /*tag*/) {
  static const Type type = [] {
    const auto self = [](State& state) -> State& { return state; };
    Declaration<State> d("State", "Where rollouts survive a restart; exactly one place.");
    d.alternative<MemoryState>("memory", self, "Nowhere: the default.").one_of("place").needs_restart();
    d.alternative<SqliteState>("sqlite", self, "A local file.").one_of("place").needs_restart();
    d.alternative<RedisState>("redis", self, "A Redis server.").one_of("place").inactive().needs_restart();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Limits> /*tag*/) {
  static const Type type = [] {
    Declaration<Limits> d("Limits", "Bounds of the whole process; what exceeds them is refused.");
    d.field("connections", &Limits::connections, "Client connections at the same time.").between(1, 1'000'000);
    d.field("headerBytes", &Limits::header_bytes, "Size of a request or response head; a larger request gets 431.")
        .between(1_KiB, 63_KiB);
    d.field("headers", &Limits::headers, "Fields in a head; more get 431.").between(8, 128);
    d.field("bodyBytes", &Limits::body_bytes, "Size of a request body; a larger one gets 413.")
        .between(1_KiB, Bytes{1ULL << 40});
    d.field("requestsInFlight", &Limits::requests_in_flight,
            "Requests being served at the same time; more wait, or get 503 with `Retry-After`.")
        .between(1, 1'000'000);
    d.field("waiting", &Limits::waiting, "Requests that may wait for their turn.").between(0, 1'000'000);
    d.field("waitTimeout", &Limits::wait_timeout, "How long one of them waits before it gets 503.").between(1ms, 10min);
    d.field("memory", &Limits::memory,
            "Resident memory beyond which requests are refused; `auto` is 90% of the cgroup's limit, `0` is none.");
    d.field("compareBytes", &Limits::compare_bytes,
            "Bodies of answers that wait to be compared, of all routes together; those that find no room are counted "
            "and not compared.")
        .between(1_MiB, Bytes{1ULL << 34})
        .needs_restart();
    d.rule(check_limits);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ClientTimeouts> /*tag*/) {
  static const Type type = [] {
    Declaration<ClientTimeouts> d("ClientTimeouts", "How long a client may take; routes have their own `timeouts`.");
    d.field("header", &ClientTimeouts::header, "From the first byte of a request head to its end.")
        .between(10ms, 10min);
    d.field("bodyIdle", &ClientTimeouts::body_idle, "Between two pieces of a request body.").between(10ms, 1h);
    d.field("keepAlive", &ClientTimeouts::keep_alive, "Between two requests on one connection.").between(10ms, 24h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Dns> /*tag*/) {
  static const Type type = [] {
    Declaration<Dns> d("Dns", "Where the names of `dns://` endpoints are looked up, and how often.");
    d.field("servers", &Dns::servers, "Name servers; the system's when absent.").items(1, 8);
    d.field("timeout", &Dns::timeout, "How long one try waits for an answer.").between(10ms, 1min);
    d.field("tries", &Dns::tries, "Tries of one look-up.").between(1, 10);
    d.field("minTtl", &Dns::min_ttl, "A name is not looked up again sooner, whatever its answer says.")
        .between(100ms, 24h);
    d.field("maxTtl", &Dns::max_ttl, "Nor later.").between(100ms, 168h).default_is("5m, or `minTtl` if that is longer");
    d.completing_rule(complete_dns);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Drain> /*tag*/) {
  static const Type type = [] {
    Declaration<Drain> d("Drain", "How the process ends on SIGTERM without losing a request.");
    d.field("delay", &Drain::delay, "Readiness already says 503, requests are still served: time for load balancers.")
        .between(0s, 10min);
    d.field("timeout", &Drain::timeout, "After the delay, how long requests in flight may take to end.")
        .between(0s, 1h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<LogLevel> /*tag*/) {
  static const Type type = enumeration<LogLevel>("LogLevel", {{"Debug", "Everything."},
                                                              {"Info", "What changes."},
                                                              {"Warning", "What needs attention."},
                                                              {"Error", "What failed."}});
  return type;
}

const Type& type_of(Tag<LogFormat> /*tag*/) {
  static const Type type = enumeration<LogFormat>(
      "LogFormat", {{"Text", "Lines for people."}, {"Json", "One JSON object per line, for collectors."}});
  return type;
}

const Type& type_of(Tag<Log> /*tag*/) {
  static const Type type = [] {
    Declaration<Log> d("Log", "What is written to standard error. The command line has the last word.");
    d.field("level", &Log::level, "The least important lines that are written.");
    d.field("format", &Log::format, "How a line looks.").needs_restart();
    d.field("accessLog", &Log::access_log, "Share of requests that get a line of their own.").between(0_pct, 100_pct);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<DecisionLog> /*tag*/) {
  static const Type type = [] {
    Declaration<DecisionLog> d("DecisionLog",
                               "A file with every decision of a split, its probability and what came of it, for "
                               "`sluice evaluate`.");
    d.field("path", &DecisionLog::path, "The file; older ones stand beside it as `name.1.ext`.").required();
    d.field("sample", &DecisionLog::sample, "Share of decisions that are written, with their outcomes.")
        .between(0_pct, 100_pct);
    d.field("fileBytes", &DecisionLog::file_bytes, "Size at which a new file begins.")
        .between(64_KiB, Bytes{1ULL << 34});
    d.field("files", &DecisionLog::files, "Files that are kept, the one that is written included.").between(1, 1000);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Gateway> /*tag*/) {
  static const Type type = [] {
    Declaration<Gateway> d("Gateway", "Settings of the process; every field has a default.");
    d.field("listeners", &Gateway::listeners, "Ports for prediction requests.")
        .items(1, 16)
        .default_is("one on 0.0.0.0:8080")
        .needs_restart();
    d.field("admin", &Gateway::admin, "Port for operators.");
    d.field("metrics", &Gateway::metrics, "Port for Prometheus and probes.");
    d.field("workers", &Gateway::workers, "Threads that serve requests; `auto` is one per usable core.")
        .needs_restart();
    d.field("state", &Gateway::state, "Where rollouts survive a restart; memory when absent.");
    d.field("limits", &Gateway::limits, "Bounds of the whole process.");
    d.field("timeouts", &Gateway::timeouts, "How long clients may take.");
    d.field("dns", &Gateway::dns, "Where the names of `dns://` endpoints are looked up.");
    d.field("drain", &Gateway::drain, "How the process ends.");
    d.field("log", &Gateway::log, "What is logged.");
    d.field("decisionLog", &Gateway::decision_log, "Writes decisions down; off when absent.").needs_restart();
    d.rule(check_gateway);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
