#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<ThresholdRange> /*tag*/) {
  static const Type type = [] {
    Declaration<ThresholdRange> d("ThresholdRange", "An absolute limit; at least one side.");
    d.field("min", &ThresholdRange::min, "The metric must not fall below this.");
    d.field("max", &ThresholdRange::max, "The metric must not exceed this.");
    d.rule(check_threshold_range);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<VersusStable> /*tag*/) {
  static const Type type = [] {
    Declaration<VersusStable> d("VersusStable",
                                "How much worse than the stable version is tolerated; exactly one margin.");
    d.field("margin", &VersusStable::margin, "In the metric's own unit.").one_of("margin");
    d.field("relativeMargin", &VersusStable::relative_margin, "As a share of the stable version's value.")
        .between(0_pct, 1000_pct)
        .one_of("margin");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<PrometheusQuery> /*tag*/) {
  static const Type type = [] {
    Declaration<PrometheusQuery> d("PrometheusQuery", "Takes the value from a Prometheus server.");
    d.field("address", &PrometheusQuery::address, "URL of the server.").format(http_url_format).required();
    d.field("query", &PrometheusQuery::query, "PromQL with one value; `{{route}}` and `{{version}}` are replaced.")
        .required();
    d.field("timeout", &PrometheusQuery::timeout, "How long one query may take; then there is no value.")
        .between(100ms, 1min);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Check> /*tag*/) {
  static const Type type = [] {
    Declaration<Check> d("Check", "One thing that must hold; exactly one limit.");
    d.field("metric", &Check::metric, "A built-in metric, an outcome of the route, or any name with `prometheus`.")
        .format(name_format)
        .required();
    d.field("thresholdRange", &Check::threshold_range, "An absolute limit.").one_of("limit");
    d.field("versusStable", &Check::versus_stable, "A limit relative to the stable version.").one_of("limit");
    d.field("failureLimit", &Check::failure_limit, "Failed looks that are forgiven before the check fails.")
        .between(0, 1000);
    d.field("inconclusiveLimit", &Check::inconclusive_limit,
            "Undecided looks in a row, then the rollout is held for a person; no end when absent.")
        .between(1, 1'000'000);
    d.field("dryRun", &Check::dry_run, "Looked at and shown, but decides nothing.");
    d.field("prometheus", &Check::prometheus, "Takes the value from a Prometheus server.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<OnNoData> /*tag*/) {
  static const Type type = enumeration<OnNoData>("OnNoData", {{"Hold", "Traffic stays where it is."},
                                                              {"Pass", "As if the check had passed."},
                                                              {"Fail", "As if the check had failed."}});
  return type;
}

const Type& type_of(Tag<Analysis> /*tag*/) {
  static const Type type = [] {
    Declaration<Analysis> d("Analysis", "What a candidate must prove.");
    d.field("interval", &Analysis::interval, "How often the checks are looked at.").between(1s, 24h);
    d.field("minRequests", &Analysis::min_requests, "With fewer requests a check is inconclusive and traffic holds.")
        .between(1, 1'000'000'000);
    d.field("confidence", &Analysis::confidence, "Certainty of a verdict, valid however often it is looked at.")
        .between(50_pct, 99.999_pct);
    d.field("onNoData", &Analysis::on_no_data, "What a check without enough data means.");
    d.field("checks", &Analysis::checks, "What must hold; all of them.").items(1, 32).required();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<WebhookType> /*tag*/) {
  static const Type type = enumeration<WebhookType>(
      "WebhookType", {{"confirm-rollout", "Before the rollout begins; it waits until the answer is 200."},
                      {"pre-rollout", "Before the candidate gets traffic; another answer than 200 is a failure."},
                      {"rollout", "At every look at the checks; another answer than 200 is a failure."},
                      {"confirm-traffic-increase", "Before each larger weight; it waits until the answer is 200."},
                      {"confirm-promotion", "Before the promotion; it waits until the answer is 200."},
                      {"post-rollout", "After the promotion or rollback; the answer does not matter."},
                      {"rollback", "At every look; the answer 200 rolls back."},
                      {"event", "At every event; the answer does not matter."}});
  return type;
}

const Type& type_of(Tag<Webhook> /*tag*/) {
  static const Type type = [] {
    Declaration<Webhook> d("Webhook", "A URL that is called with POST at certain moments, with Flagger's payload.");
    d.field("name", &Webhook::name, "For logs and events; the type when absent.").format(name_format);
    d.field("type", &Webhook::type, "When it is called and what its answer means.").required();
    d.field("url", &Webhook::url, "What is called.").format(http_url_format).required();
    d.field("timeout", &Webhook::timeout, "How long one call may take.").between(100ms, 10min);
    d.field("retries", &Webhook::retries, "Further calls after one that failed.").between(0, 10);
    d.field("metadata", &Webhook::metadata, "Sent along as it is.").items(0, 64);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
