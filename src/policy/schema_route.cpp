#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<Protocol> /*tag*/) {
  static const Type type =
      enumeration<Protocol>("Protocol", {{"OpenInference", "Open Inference Protocol V2 (Triton, KServe, MLServer, …)."},
                                         {"KServeV1", "`/v1/models/NAME:predict` (KServe V1, TensorFlow Serving)."},
                                         {"OpenAI", "`/v1/chat/completions` and its like (vLLM, TGI, …)."},
                                         {"SageMaker", "`/invocations` and `/ping`."},
                                         {"Vertex", "Vertex AI prediction containers."},
                                         {"Raw", "Any other HTTP."}});
  return type;
}

const Type& type_of(Tag<Rewrite> /*tag*/) {
  static const Type type = [] {
    Declaration<Rewrite> d("Rewrite", "What is changed on the way to this version.");
    d.field("model", &Rewrite::model, "Model name that the endpoints see.").format(name_format);
    d.field("host", &Rewrite::host, "The Host header that the endpoints see.").format(host_format);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<UpstreamTls> /*tag*/) {
  static const Type type = [] {
    Declaration<UpstreamTls> d("UpstreamTls", "How `https://` endpoints are checked.");
    d.field("caFile", &UpstreamTls::ca_file, "PEM file with authorities; the system's when absent.");
    d.field("serverName", &UpstreamTls::server_name,
            "Name in the certificate and in SNI; the endpoint's host when absent.")
        .format(host_format);
    d.field("certificateFile", &UpstreamTls::certificate_file, "PEM file with a certificate to show to the endpoints.");
    d.field("keyFile", &UpstreamTls::key_file, "PEM file with the private key of that certificate.");
    d.field("insecureSkipVerify", &UpstreamTls::insecure_skip_verify, "Accepts any certificate: for tests only.");
    d.rule(check_upstream_tls);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Pool> /*tag*/) {
  static const Type type = [] {
    Declaration<Pool> d("Pool", "Connections to one endpoint; each worker thread has a pool of its own.");
    d.field("maxConnections", &Pool::max_connections, "Open connections at the same time.").between(1, 100'000);
    d.field("maxPending", &Pool::max_pending, "Requests that may wait for a connection; more get 503.")
        .between(0, 100'000);
    d.field("pendingTimeout", &Pool::pending_timeout, "How long a request waits for a connection before it gets 503.")
        .between(1ms, 10min);
    d.field("idleTimeout", &Pool::idle_timeout, "An unused connection is closed after this.").between(100ms, 24h);
    d.field("maxAge", &Pool::max_age, "A connection is closed after this, between two requests.").between(1s, 720h);
    d.field("prewarm", &Pool::prewarm, "Connections that are dialled before the first request comes.").between(0, 1000);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Version> /*tag*/) {
  static const Type type = [] {
    Declaration<Version> d("Version", "One version of the model and the servers that run it.");
    d.field("name", &Version::name, "What strategies call it; the `version` label of every metric.")
        .format(name_format)
        .required()
        .starts_rollout();
    d.field("endpoints", &Version::endpoints, "Servers; each request takes the less loaded of two random ones.")
        .items(1, 256)
        .required();
    d.field("rewrite", &Version::rewrite, "What is changed on the way to this version.").inactive();
    d.field("tls", &Version::tls, "How `https://` endpoints are checked.");
    d.field("pool", &Version::pool, "Replaces the route's `pool` as a whole.");
    d.field("health", &Version::health, "Replaces the route's `health` as a whole.");
    d.field("ejection", &Version::ejection, "Replaces the route's `ejection` as a whole.");
    d.field("slowStart", &Version::slow_start, "Replaces the route's `slowStart` as a whole.");
    d.field("warmUp", &Version::warm_up, "Replaces the route's `warmUp` as a whole.");
    d.field("limits", &Version::limits, "Requests of this version at the same time; the route's limit holds too.");
    d.field("adaptiveConcurrency", &Version::adaptive, "Replaces the route's `adaptiveConcurrency` as a whole.");
    d.rule(check_version);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<RouteTimeouts> /*tag*/) {
  static const Type type = [] {
    Declaration<RouteTimeouts> d("RouteTimeouts", "Deadlines of one request; one that passes is answered with 504.");
    d.field("request", &RouteTimeouts::request,
            "From the first byte of a request to the end of its answer, retries included; a stream has `streamIdle` "
            "instead.")
        .between(1ms, 24h);
    d.field("backendRequest", &RouteTimeouts::backend_request,
            "One attempt at an endpoint, until its response head is there.")
        .between(1ms, 24h)
        .default_is("10s, or `request` if that is shorter");
    d.field("connect", &RouteTimeouts::connect, "Dialling an endpoint, TLS included.")
        .between(1ms, 10min)
        .default_is("2s, or `backendRequest` if that is shorter");
    d.field("streamIdle", &RouteTimeouts::stream_idle, "Between two pieces of a response body.").between(10ms, 24h);
    d.completing_rule(complete_route_timeouts);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<OutcomeType> /*tag*/) {
  static const Type type = enumeration<OutcomeType>(
      "OutcomeType", {{"Binary", "It happens or it does not: 1 or 0."}, {"Value", "A number, such as revenue."}});
  return type;
}

const Type& type_of(Tag<Better> /*tag*/) {
  static const Type type =
      enumeration<Better>("Better", {{"Higher", "More is better: clicks."}, {"Lower", "Less is better: chargebacks."}});
  return type;
}

const Type& type_of(Tag<Outcome> /*tag*/) {
  static const Type type = [] {
    Declaration<Outcome> d("Outcome",
                           "Something that an application reports about a decision afterwards, or that stands in its "
                           "answer.");
    d.field("name", &Outcome::name, "What reports, checks and rewards call it.").format(name_format).required();
    d.field("type", &Outcome::type, "What values it takes.");
    d.field("better", &Outcome::better, "Which direction is an improvement.");
    d.field("attributionWindow", &Outcome::attribution_window,
            "How long after a decision a report about it counts; a bandit waits for it.")
        .between(1s, 2160h);
    d.field("from", &Outcome::from, "Where in an answer the value stands; reported by an application when absent.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ModelRoute> /*tag*/) {
  static const Type type = [] {
    Declaration<ModelRoute> d("ModelRoute", "One model behind one set of matches.");
    d.field("matches", &ModelRoute::matches, "Requests of this route; any one is enough; every request when absent.")
        .items(1, 64);
    d.field("protocol", &ModelRoute::protocol,
            "What clients speak: decides how errors look and what is read from a body.");
    d.field("unit", &ModelRoute::unit, "Who sticks to a version; every request on its own when absent.")
        .starts_rollout();
    d.field("versions", &ModelRoute::versions, "The versions of the model.").items(1, 16).required().starts_rollout();
    d.field("timeouts", &ModelRoute::timeouts, "Deadlines of one request.");
    d.field("pool", &ModelRoute::pool, "Connections to each endpoint.");
    d.field("retry", &ModelRoute::retry, "Further attempts after one failed.");
    d.field("hedge", &ModelRoute::hedge, "A second try beside a slow first one; none when absent.");
    d.field("health", &ModelRoute::health, "Active checks of every endpoint; none when absent.");
    d.field("ejection", &ModelRoute::ejection, "When failing or slow endpoints are taken out for a while.");
    d.field("slowStart", &ModelRoute::slow_start, "How a new endpoint gets its traffic.");
    d.field("panicThreshold", &ModelRoute::panic_threshold,
            "With a smaller share of a version's endpoints usable, all of them get traffic; `0%`: never. Not where "
            "another version answers instead (`parachute`).")
        .between(0_pct, 100_pct);
    d.field("warmUp", &ModelRoute::warm_up, "What a new endpoint gets before any request of a client.");
    d.field("limits", &ModelRoute::limits, "Requests of this route at the same time; only the gateway's when absent.");
    d.field("adaptiveConcurrency", &ModelRoute::adaptive,
            "A limit for each version that follows its latency; none when absent.");
    d.field("outcomes", &ModelRoute::outcomes,
            "What an application will report about decisions, or what stands in answers; with the former they carry "
            "`x-sluice-decision`.")
        .items(1, 16);
    d.field("segments", &ModelRoute::segments,
            "Requests that are also looked at by themselves; a request is of the first that matches.")
        .items(1, 8);
    d.field("drift", &ModelRoute::drift,
            "What of the answers is watched for a change of how it is distributed, for `score-drift`; nothing when "
            "absent.");
    d.field("mirror", &ModelRoute::mirror,
            "Copies of what stable answers, beside a strategy that splits, for `disagreement`; none when absent.");
    d.field("pinning", &ModelRoute::pinning, "Who may choose a version.");
    d.field("strategy", &ModelRoute::strategy, "Who gets which version, and how that changes.").starts_rollout();
    d.completing_rule(complete_route);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
