#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "sluice/policy/metrics.hpp"
#include "sluice/policy/references.hpp"
#include "sluice/policy/rules.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/suggest.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

template <typename Named>
std::vector<std::string> names_of(const std::vector<Named>& list) {
  std::vector<std::string> names;
  names.reserve(list.size());
  for (const Named& item : list) names.push_back(item.name);
  return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_unique_names(const std::vector<std::string>& names, const Cursor& list) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto before = names.begin() + static_cast<std::ptrdiff_t>(i);
    if (!names[i].empty() && std::find(names.begin(), before, names[i]) != before) {
      list.at(i).at("name").error(Code::DuplicateName, in_quotes(names[i]) + " stands here twice");
    }
  }
}

void check_shared_endpoints(const std::vector<Version>& versions, const References& references, const Cursor& list) {
  std::map<std::string, std::string> owner;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    for (std::size_t j = 0; j < versions[i].endpoints.size(); ++j) {
      const Endpoint& endpoint = versions[i].endpoints[j];
      if (endpoint.host.empty()) continue;
      const auto [other, fresh] =
          owner.try_emplace(endpoint.host + ':' + std::to_string(endpoint.port), versions[i].name);
      if (!fresh && other->second != versions[i].name &&
          !replaced_in_place(references.rollings, versions[i].name, other->second)) {
        list.at(i)
            .at("endpoints")
            .at(j)
            .warning(Code::SharedEndpoint, "also serves version " + in_quotes(other->second));
      }
    }
  }
}

std::string_view example_of(QuantityUnit unit) {
  switch (unit) {
    case QuantityUnit::Ratio:
      return "a share such as 1%";
    case QuantityUnit::Seconds:
      return "a duration such as 250ms";
    case QuantityUnit::Number:
      break;
  }
  return "a bare number such as 0.9";
}

void check_unit(const std::optional<Quantity>& limit, QuantityUnit unit, const std::string& metric, const Cursor& at) {
  if (!limit || limit->unit == unit || !at.written()) return;
  at.error(Code::MetricUnit, "limits of " + metric + " are written as " + std::string(example_of(unit)));
}

/// The unit in which a metric of this route is limited; nothing when the metric is unknown.
std::optional<QuantityUnit> unit_of(const std::string& metric, const std::vector<Outcome>& outcomes) {
  if (const BuiltInMetric* built_in = find_built_in_metric(metric)) return built_in->unit;
  for (const Outcome& outcome : outcomes) {
    if (outcome.name != metric) continue;
    return outcome.type == OutcomeType::Binary ? QuantityUnit::Ratio : QuantityUnit::Number;
  }
  return std::nullopt;
}

void report_unknown_metric(const std::string& metric, const ModelRoute& route, const Cursor& at) {
  std::vector<std::string> known = names_of(route.outcomes);
  for (const BuiltInMetric& built_in : built_in_metrics()) known.emplace_back(built_in.name);
  at.error(Code::UnknownMetric, in_quotes(metric) + " is neither a built-in metric nor an outcome of this route",
           nearest(metric, known));
}

/// A report is JSON with the outcomes' names beside these two.
void check_outcome_names(const std::vector<Outcome>& outcomes, const Cursor& list) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::string& name = outcomes[i].name;
    const Cursor at = list.at(i).at("name");
    if (find_built_in_metric(name) != nullptr) at.error(Code::DuplicateName, in_quotes(name) + " is a built-in metric");
    if (name == "decision" || name == "unit") {
      at.error(Code::DuplicateName, in_quotes(name) + " means something else in a report");
    }
  }
}

/// It is read from the answers that clients get, as OpenAI has them.
void check_token_rate(const CheckReference& reference, Protocol protocol) {
  const Cursor at = reference.at.at("metric");
  if (protocol != Protocol::OpenAi) {
    at.error(Code::NotTogether, "only answers of protocol OpenAI tell their tokens");
  } else if (reference.of_copies) {
    at.error(Code::Unreachable, "answers to copies are measured, but not read");
  }
}

void check_check(const CheckReference& reference, const ModelRoute& route, const Cursor& drift) {
  const Check& check = *reference.check;
  const Cursor& at = reference.at;
  if (check.metric.empty() || check.prometheus) return;
  const auto unit = unit_of(check.metric, route.outcomes);
  if (!unit) return report_unknown_metric(check.metric, route, at.at("metric"));
  check_difference(reference, route, drift);
  if (reference.of_copies && find_built_in_metric(check.metric) == nullptr) {
    at.at("metric").error(Code::Unreachable, "a copy's answer reaches nobody, so nobody reports what came of it");
  }
  if (check.metric == token_rate_metric) check_token_rate(reference, route.protocol);
  if (check.threshold_range) {
    check_unit(check.threshold_range->min, *unit, check.metric, at.at("thresholdRange").at("min"));
    check_unit(check.threshold_range->max, *unit, check.metric, at.at("thresholdRange").at("max"));
  }
  if (check.versus_stable) {
    check_unit(check.versus_stable->margin, *unit, check.metric, at.at("versusStable").at("margin"));
  }
}

/// Elsewhere there is no e-value that would hold, and the bandit would never end.
void check_certified(const Bandit& bandit, const ModelRoute& route, const Cursor& at) {
  const auto reward = std::find_if(route.outcomes.begin(), route.outcomes.end(),
                                   [&](const Outcome& outcome) { return outcome.name == bandit.reward; });
  if (reward == route.outcomes.end() || reward->type != OutcomeType::Binary) {
    at.error(Code::NeedsAnother, "an arm is certified only by a reward that is a Binary outcome");
  } else if (route.unit.source != UnitSource::Request) {
    at.error(Code::NotTogether, "where users stick to an arm none is certified; remove unit");
  } else if (bandit.algorithm == BanditAlgorithm::LinearThompson) {
    at.error(Code::NotTogether, "with LinearThompson no arm is the best for everyone, so none is certified");
  }
}

void check_references(const ModelRoute& route, const References& references, const Cursor& drift) {
  const std::vector<std::string> versions = names_of(route.versions);
  const std::vector<std::string> outcomes = names_of(route.outcomes);
  for (const auto& [name, at] : references.versions) {
    if (!versions.empty() && !contains(versions, name)) {
      at.error(Code::UnknownVersion, in_quotes(name) + " is none of this route's versions", nearest(name, versions));
    }
  }
  for (const auto& [name, at] : references.outcomes) {
    if (!contains(outcomes, name)) {
      at.error(Code::UnknownOutcome, in_quotes(name) + " is none of this route's outcomes", nearest(name, outcomes));
    }
  }
  for (const auto& [name, at] : references.metrics) {
    if (unit_of(name, route.outcomes)) {
      refuse_difference_as_aim(name, at);
      if (name == token_rate_metric && route.protocol != Protocol::OpenAi) {
        at.error(Code::NotTogether, "only answers of protocol OpenAI tell their tokens");
      }
    } else {
      report_unknown_metric(name, route, at);
    }
  }
  for (const CheckReference& check : references.checks) check_check(check, route, drift);
  for (const auto& [bandit, at] : references.certified) check_certified(*bandit, route, at);
}

void check_strategy(const ModelRoute& route, const References& references, const Cursor& at) {
  const std::vector<std::string> names = names_of(route.versions);
  if (!at.at("strategy").written()) {
    const std::set<std::string> distinct(names.begin(), names.end());
    if (distinct.size() > 1 && !at.at("strategy").meant()) {
      at.error(Code::NoStrategy, std::to_string(distinct.size()) +
                                     " versions need a strategy that says who gets which; a plain split is abTest");
    }
    return;
  }
  check_references(route, references, at.at("drift"));
  if (std::holds_alternative<std::monostate>(route.strategy)) return;
  std::set<std::string> used;
  for (const Reference& reference : references.versions) {
    if (!contains(names, reference.name)) return;  // has been reported; perhaps it stands for the unused one
    used.insert(reference.name);
  }
  for (std::size_t i = 0; i < route.versions.size(); ++i) {
    const std::string& name = route.versions[i].name;
    if (!name.empty() && !used.contains(name)) {
      at.at("versions")
          .at(i)
          .at("name")
          .warning(Code::UnusedVersion, "version " + in_quotes(name) + " gets no traffic from this strategy");
    }
  }
}

}  // namespace

void check_upstream_tls(const UpstreamTls& tls, const Cursor& at) {
  const bool certificate = at.at("certificateFile").written();
  if (certificate && !at.at("keyFile").written()) {
    at.at("certificateFile").error(Code::IncompleteTls, "a certificate needs its keyFile");
  } else if (!certificate && at.at("keyFile").written()) {
    at.at("keyFile").error(Code::IncompleteTls, "a key needs its certificateFile");
  }
  if (!tls.insecure_skip_verify) return;
  const Cursor skip = at.at("insecureSkipVerify");
  if (at.at("caFile").written()) {
    skip.error(Code::NotTogether, "caFile is never looked at with insecureSkipVerify");
  } else {
    skip.warning(Code::Unverified, "anyone on the way can read and change this traffic");
  }
}

void check_version(const Version& version, const Cursor& at) {
  const Cursor endpoints = at.at("endpoints");
  std::set<std::string> seen;
  bool https = false;
  for (std::size_t i = 0; i < version.endpoints.size(); ++i) {
    const Endpoint& endpoint = version.endpoints[i];
    if (endpoint.host.empty()) continue;
    https = https || endpoint.scheme == Scheme::Https;
    if (!seen.insert(endpoint.host + ':' + std::to_string(endpoint.port)).second) {
      endpoints.at(i).error(Code::DuplicateAddress, "this endpoint stands twice in the version");
    }
  }
  if (version.tls && !https && !seen.empty()) {
    at.at("tls").error(Code::IncompleteTls, "TLS settings need an https:// endpoint");
  }
}

void complete_route_timeouts(RouteTimeouts& timeouts, const Cursor& at) {
  const auto fit = [&](std::string_view part, Duration& inner, std::string_view whole, Duration outer) {
    if (inner <= outer) return;
    if (at.at(part).written()) {
      at.at(part).error(Code::DeadlineOrder, std::string(part) + " (" + format_duration(inner) + ") exceeds " +
                                                 std::string(whole) + " (" + format_duration(outer) + ")");
    }
    inner = outer;
  };
  fit("backendRequest", timeouts.backend_request, "request", timeouts.request);
  fit("connect", timeouts.connect, "backendRequest", timeouts.backend_request);
}

void check_threshold_range(const ThresholdRange& range, const Cursor& at) {
  if (!at.at("min").written() && !at.at("max").written()) {
    at.error(Code::NeedsAnother, "needs min or max");
  } else if (range.min && range.max && range.min->value > range.max->value) {
    at.at("min").error(Code::OutOfBounds, "min is larger than max, so nothing could pass");
  }
}

void check_route(const ModelRoute& route, const Cursor& at) {
  const Cursor versions = at.at("versions");
  check_unique_names(names_of(route.versions), versions);
  check_unique_names(names_of(route.outcomes), at.at("outcomes"));
  const References references = collect_references(route.strategy, at.at("strategy"));
  check_shared_endpoints(route.versions, references, versions);
  for (const Rolling* rolling : references.rollings) check_same_servers(route, *rolling, versions);
  check_outcome_names(route.outcomes, at.at("outcomes"));
  check_answer_outcomes(route, at);
  if (at.at("pool").at("pendingTimeout").written() && route.pool.pending_timeout > route.timeouts.request) {
    at.at("pool").at("pendingTimeout").warning(Code::LateDeadline, "the request's deadline always comes first");
  }
  check_resilience(route, at);
  check_segments(route, at);
  check_shadows(route, at);
  check_strategy(route, references, at);
}

}  // namespace sluice::policy
