#include "sluice/rollout/synthetic_traffic.hpp"

#include <algorithm>
#include <cmath>

#include "synthetic_pairs.hpp"

namespace sluice::rollout {
namespace {

std::string authority_of(const policy::Endpoint& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

/// Whether only what one version (stable) answers is copied to this one.
bool copies_of_one(const traffic::TrafficPlan& plan, std::size_t version) {
  const auto& mirrors = plan.spec().mirrors;
  return std::any_of(mirrors.begin(), mirrors.end(),
                     [&](const traffic::Mirror& mirror) { return mirror.version == version && mirror.of; });
}

}  // namespace

SyntheticTraffic::SyntheticTraffic(const policy::ModelRoute& route, std::string first, TrafficModel model,
                                   std::uint64_t seed)
    : route_(route),
      model_(std::move(model)),
      random_(seed),
      has_units_(route.unit.source != policy::UnitSource::Request),
      outcomes_(route.outcomes, route.versions.size(), has_units_, model_.expected ? 0 : model_.population.units) {
  if (model_.population.units > 0 && !model_.expected) {
    population_ = std::make_unique<const Population>(model_.population, seed);
  }
  for (std::size_t i = 0; i < route_.versions.size(); ++i) {
    if (route_.versions[i].name == first) first_ = i;
    versions_.push_back(version_of(route_.versions[i]));
  }
  for (const Version& version : versions_) {
    for (const Manner* manner : {&version.before, &version.later}) {
      for (const ReportLaw& law : manner->outcomes) reports_are_late_ = reports_are_late_ || law.delay > 0;
    }
  }
  compare_ = policy::compare_of(route_);
  times_pairs_ = compares_latencies(route_.strategy);
  tally_.versions.resize(versions_.size());
  tally_.worth.resize(route_.outcomes.size());
  tally_.best_worth.resize(route_.outcomes.size());
  begin_piece(Duration::zero());
}

SyntheticTraffic::Manner SyntheticTraffic::manner_of(const Injection& injection) const {
  Manner manner;
  manner.error_rate = injection.error_rate.value_or(model_.error_rate);
  manner.median = injection.latency.value_or(model_.latency);
  manner.disagreement = injection.disagreement.value_or(0);
  manner.score_drift = injection.score_drift.value_or(0);
  manner.p99 = injection.latency_p99 ? injection.latency_p99 : model_.latency_p99;
  if (!injection.latency_p99 && manner.p99 && injection.latency) {
    const double slower = static_cast<double>(manner.median.count()) /
                          static_cast<double>(std::max<Duration::rep>(1, model_.latency.count()));
    manner.p99 = std::chrono::duration_cast<Duration>(*manner.p99 * slower);
  }
  const auto law_in = [](const OutcomeLaws& laws, const std::string& name) {
    const auto found = laws.find(name);
    return found == laws.end() ? OutcomeLaw{} : found->second;
  };
  for (const auto& outcome : route_.outcomes) {
    manner.outcomes.push_back(
        report_law(outcome, law_in(model_.outcomes, outcome.name), law_in(injection.outcomes, outcome.name)));
  }
  if (!population_) return manner;
  manner.unit_errors = population_->rates(manner.error_rate, 0);
  for (const auto& law : manner.outcomes) {
    manner.unit_events.push_back(population_->rates(law.rate, manner.unit_events.size() + 1));
  }
  return manner;
}

SyntheticTraffic::Version SyntheticTraffic::version_of(const policy::Version& version) const {
  const auto found = model_.injections.find(version.name);
  const auto lost = model_.lost.find(version.name);
  Version made;
  made.name = version.name;
  made.before = manner_of({});
  if (found != model_.injections.end()) {
    made.later = manner_of(found->second);
    made.later_from = found->second.after;
  } else {
    made.later = made.before;
  }
  made.lost = lost == model_.lost.end() ? 0 : std::clamp(lost->second, 0.0, 1.0);
  return made;
}

void SyntheticTraffic::serve(const strategy::Steering& steering, WallTime now) {
  elapsed_ = Duration::zero();
  outcomes_.begin(now);
  steering_ = steering;
  open();
  watch_endpoints();
}

void SyntheticTraffic::open() {
  evidence_.window = steering_.window;
  evidence_.counters = 1;
  evidence_.versions.clear();
  for (std::size_t i = 0; i < route_.versions.size(); ++i) {
    auto& seen = evidence_.versions.emplace_back();
    seen.version = route_.versions[i].name;
    seen.failing_units_known = has_units_;
    versions_[i].streams = {};
  }
  outcomes_.open();
  if (population_) unit_failures_.assign(versions_.size() * population_->size(), 0);
}

void SyntheticTraffic::put(const strategy::Steering& steering) {
  const bool other_window = steering.window != steering_.window;
  steering_ = steering;
  ++steered_;
  if (other_window) open();
  watch_endpoints();
}

/// Every endpoint is ready, and has been for long; what the rollout withholds gets nothing.
void SyntheticTraffic::watch_endpoints() {
  evidence_.endpoints.clear();
  for (std::size_t i = 0; i < route_.versions.size(); ++i) {
    auto& version = evidence_.versions[i];
    version.share = steering_.plan.target_share(static_cast<traffic::VersionIndex>(i));
    version.endpoints = static_cast<std::uint32_t>(route_.versions[i].endpoints.size());
    version.usable = 0;
    for (const auto& endpoint : route_.versions[i].endpoints) {
      strategy::EndpointEvidence seen;
      seen.version = version.version;
      seen.authority = authority_of(endpoint);
      seen.ready = true;
      seen.ready_for = std::chrono::hours(1);
      if (i < steering_.withheld.size()) {
        const auto& withheld = steering_.withheld[i];
        seen.withheld = std::find(withheld.begin(), withheld.end(), seen.authority) != withheld.end();
      }
      if (!seen.withheld) ++version.usable;
      evidence_.endpoints.push_back(std::move(seen));
    }
  }
}

/// How long everything may be taken to stand still.
Duration SyntheticTraffic::next_piece(Duration time) const {
  for (const Version& version : versions_) {
    if (elapsed_ < version.later_from) time = std::min(time, version.later_from - elapsed_);
  }
  if (const auto steady = steadiness(model_.drifts)) time = std::min(time, *steady);
  if (const auto steady = outcomes_.steadiness(); steady && reports_are_late_) {
    time = std::min(time, std::max<Duration>(*steady, Duration(1)));
  }
  return time;
}

void SyntheticTraffic::begin_piece(Duration middle) {
  middle_ = middle;
  const auto& drifts = model_.drifts;
  for (Version& version : versions_) {
    const Manner& manner = elapsed_ >= version.later_from ? version.later : version.before;
    const bool changed = version.manner != &manner;
    version.manner = &manner;
    if (!changed && drifts.empty()) continue;
    version.error_factor = factor_of(drifts, version.name, "error-rate", middle);
    version.error_rate = std::min(1.0, manner.error_rate * version.error_factor);
    version.outcomes = manner.outcomes;
    version.outcome_factors.assign(manner.outcomes.size(), 1);
    for (std::size_t i = 0; i < version.outcomes.size(); ++i) {
      ReportLaw& law = version.outcomes[i];
      const double factor = factor_of(drifts, version.name, route_.outcomes[i].name, middle);
      if (law.binary) {
        law.rate = std::min(1.0, law.rate * factor);
        version.outcome_factors[i] = factor;
      } else {
        law.mean *= factor;
        law.deviation *= factor;
      }
    }
    shape(version);
  }
}

/// A shape costs a hundred draws, so it is made anew only once latencies have drifted half a percent.
void SyntheticTraffic::shape(Version& version) {
  const double factor = factor_of(model_.drifts, version.name, "latency", middle_);
  const auto scaled = [&](Duration time) { return std::chrono::duration_cast<Duration>(time * factor); };
  const Duration median = scaled(version.manner->median);
  const auto p99 = version.manner->p99 ? std::optional(scaled(*version.manner->p99)) : std::nullopt;
  const bool is_near = version.shape && median * 200 < version.shape_median * 201 &&
                       version.shape_median * 200 < median * 201 && p99.has_value() == version.shape_p99.has_value() &&
                       (!p99 || (*p99 * 200 < *version.shape_p99 * 201 && *version.shape_p99 * 200 < *p99 * 201));
  if (is_near) return;
  version.shape.emplace(median, p99);
  version.shape_median = median;
  version.shape_p99 = p99;
}

void SyntheticTraffic::pass_evenly(double seconds) {
  const auto& plan = steering_.plan;
  const double all = model_.rate * factor_of(model_.drifts, "", "rate", middle_) * seconds;
  const double inside = all * model_.audience;
  population_ ? pass_units(inside) : pass_split(inside);
  const std::size_t stable = plan.spec().stable;
  if (all > inside) account(stable, flow(stable, versions_[stable].streams.outside, all - inside, nullptr));
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    const double mirrored = plan.mirror_share(static_cast<traffic::VersionIndex>(i));
    if (!(mirrored > 0)) continue;
    const double answered = copies_of_one(plan, i) ? all - inside * (1 - plan.target_share(plan.spec().stable)) : all;
    copy(i, answered * mirrored, seconds);
  }
  if (route_.drift) predict();
}

void SyntheticTraffic::pass(Duration time) {
  while (time > Duration::zero()) {
    const Duration piece = next_piece(time);
    begin_piece(elapsed_ + piece / 2);
    pass_evenly(std::chrono::duration<double>(piece).count());
    elapsed_ += piece;
    time -= piece;
  }
  outcomes_.arrive(elapsed_);
}

Result<void> SyntheticTraffic::steer(const std::vector<RouteSteering>& routes) {
  for (const auto& route : routes) put(route.steering);
  return {};
}

std::map<std::string, strategy::Evidence> SyntheticTraffic::gather() {
  std::map<std::string, strategy::Evidence> evidence;
  gather_into(evidence);
  return evidence;
}

void SyntheticTraffic::gather_into(std::map<std::string, strategy::Evidence>& evidence) {
  strategy::Evidence& into = evidence[route_.name];
  into.window = evidence_.window;
  into.counters = evidence_.counters;
  into.versions = evidence_.versions;
  into.endpoints = evidence_.endpoints;
  if (outcomes_.size() == 0) return;
  for (std::size_t i = 0; i < into.versions.size(); ++i) into.versions[i].outcomes = outcomes_.evidence(i);
}

void SyntheticTraffic::keep(const std::vector<strategy::Errand>& errands,
                            const std::vector<strategy::Query>& /*queries*/) {
  asked_.clear();
  for (const auto& errand : errands)
    asked_.emplace_back(errand.key, errand.key.find("/rollback/") == std::string::npos);
}

std::map<std::string, strategy::ErrandAnswer> SyntheticTraffic::answers() {
  using State = strategy::ErrandAnswer::State;
  std::map<std::string, strategy::ErrandAnswer> out;
  for (const auto& [key, is_wanted] : asked_) {
    strategy::ErrandAnswer answer{State::Running, 0, "", 1};
    if (!is_wanted) answer = {State::Refused, 404, "answers 404", 1};
    if (is_wanted && model_.gates_open) answer = {State::Succeeded, 200, "answers 200", 1};
    out.emplace(key, std::move(answer));
  }
  return out;
}

}  // namespace sluice::rollout
