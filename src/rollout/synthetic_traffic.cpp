#include "sluice/rollout/synthetic_traffic.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::rollout {
namespace {

std::string authority_of(const policy::Endpoint& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

/// Whole requests out of a number with a fraction; the rest is for the next time.
std::uint64_t whole(double& owed, double more) {
  owed += more;
  // Shares are sums of doubles: a hair below a whole request is one.
  const double count = std::floor(owed + 1e-9);
  owed -= count;
  return static_cast<std::uint64_t>(count);
}

bool is_rescued(const strategy::Steering& steering, std::size_t version) {
  return version < steering.fallbacks.size() && steering.fallbacks[version] >= 0;
}

}  // namespace

SyntheticTraffic::SyntheticTraffic(const policy::ModelRoute& route, std::string first, TrafficModel model,
                                   std::uint64_t seed)
    : route_(route), model_(std::move(model)), random_(seed) {
  for (std::size_t i = 0; i < route_.versions.size(); ++i) {
    const std::string& name = route_.versions[i].name;
    if (name == first) first_ = i;
    const auto found = model_.injections.find(name);
    const Injection injection = found == model_.injections.end() ? Injection{} : found->second;
    versions_.push_back({model_.error_rate,
                         injection.error_rate.value_or(model_.error_rate),
                         LatencyShape(model_.latency),
                         LatencyShape(injection.latency.value_or(model_.latency)),
                         injection.after,
                         {}});
  }
}

void SyntheticTraffic::serve(const strategy::Steering& steering, WallTime /*now*/) {
  elapsed_ = Duration::zero();
  steering_ = steering;
  open();
  watch_endpoints();
}

void SyntheticTraffic::open() {
  evidence_.window = steering_.window;
  evidence_.counters = 1;
  evidence_.versions.resize(route_.versions.size());
  for (std::size_t i = 0; i < route_.versions.size(); ++i) {
    auto& seen = evidence_.versions[i];
    seen.version = route_.versions[i].name;
    seen.all = {};
    seen.control = {};
    seen.shadow = {};
    versions_[i].streams = {};
  }
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

SyntheticTraffic::Count SyntheticTraffic::flow(std::size_t index, Stream& stream, double requests,
                                               strategy::Sample* sample) {
  const Version& version = versions_[index];
  const double errors = error_rate(version);
  Count count;
  if (model_.expected) {
    count.requests = whole(stream.requests, requests);
    count.failures = std::min(count.requests, whole(stream.failures, static_cast<double>(count.requests) * errors));
  } else {
    count.requests = draw_poisson(random_, requests);
    count.failures = draw_binomial(random_, count.requests, errors);
  }
  if (sample == nullptr || count.requests == 0) return count;
  sample->requests += count.requests;
  sample->failures += count.failures;
  const LatencyShape& shape = acts(version) ? version.latency_later : version.latency;
  if (model_.expected) {
    shape.record_expected(stream.latency, count.requests, sample->latency, sample->first_byte);
  } else {
    shape.record(random_, count.requests, sample->latency, sample->first_byte);
  }
  return count;
}

void SyntheticTraffic::account(std::size_t index, const Count& count) {
  tally_.requests += count.requests;
  const double own = error_rate(versions_[first_]);
  if (index != first_) {
    tally_.trial += count.requests;
    tally_.bad_answers += static_cast<double>(count.failures) - static_cast<double>(count.requests) * own;
  }
  if (!is_rescued(steering_, index)) {
    tally_.client_errors += count.failures;
    return;
  }
  const auto& rescuer = versions_[static_cast<std::size_t>(steering_.fallbacks[index])];
  tally_.client_errors +=
      model_.expected
          ? static_cast<std::uint64_t>(std::llround(static_cast<double>(count.failures) * error_rate(rescuer)))
          : draw_binomial(random_, count.failures, error_rate(rescuer));
}

void SyntheticTraffic::copy(std::size_t index, double requests, double seconds) {
  const auto& budget = steering_.copies;
  auto& seen = evidence_.versions[index];
  double copies = requests;
  if (budget.requests_per_second > 0) copies = std::min(copies, budget.requests_per_second * seconds);
  if (budget.requests) {
    const double left = static_cast<double>(*budget.requests) - static_cast<double>(seen.shadow.requests);
    copies = std::clamp(left, 0.0, copies);
  }
  tally_.copies += flow(index, versions_[index].streams.shadow, copies, &seen.shadow).requests;
}

void SyntheticTraffic::pass_evenly(double seconds) {
  const auto& plan = steering_.plan;
  const double all = model_.rate * seconds;
  const double inside = all * model_.audience;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    const auto index = static_cast<traffic::VersionIndex>(i);
    auto& seen = evidence_.versions[i];
    auto& streams = versions_[i].streams;
    account(i, flow(i, streams.split, inside * plan.target_share(index), &seen.all));
    if (index == plan.spec().stable) {
      if (all > inside) account(i, flow(i, streams.outside, all - inside, nullptr));
      const double control = std::min(plan.spec().control, plan.target_share(index));
      if (control > 0) flow(i, streams.control, inside * control, &seen.control);
    }
    const double mirrored = plan.mirror_share(index);
    if (mirrored > 0) copy(i, all * mirrored, seconds);
  }
}

void SyntheticTraffic::pass(Duration time) {
  while (time > Duration::zero()) {
    Duration piece = time;
    for (const Version& version : versions_) {
      if (!acts(version)) piece = std::min(piece, version.later - elapsed_);
    }
    pass_evenly(std::chrono::duration<double>(piece).count());
    elapsed_ += piece;
    time -= piece;
  }
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
