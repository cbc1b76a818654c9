#include "scenarios/world.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace sluice::scenarios {
namespace {

constexpr int split_stream = 0;
constexpr int control_stream = 1;
constexpr int shadow_stream = 2;

std::string authority_of(const policy::Endpoint& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

bool is_withheld(const strategy::Steering& steering, std::size_t version, const std::string& authority) {
  if (version >= steering.withheld.size()) return false;
  const auto& list = steering.withheld[version];
  return std::find(list.begin(), list.end(), authority) != list.end();
}

/// The k-th of an evenly spread sequence in [0, 1).
double spread(std::uint64_t k) {
  const double x = static_cast<double>(k) * 0.6180339887498949;
  return x - std::floor(x);
}

/// Median 1, 99th percentile 2.2.
double factor(double u) {
  return 0.792 - 0.3 * std::log(1 - u);
}

Duration since_1970(WallTime time) {
  return std::chrono::duration_cast<Duration>(time.time_since_epoch());
}

/// The route's value, or everybody's.
double value_or(const std::map<std::string, double>& values, const std::string& route, double otherwise) {
  const auto own = values.find(route);
  if (own != values.end()) return own->second;
  const auto common = values.find("");
  return common == values.end() ? otherwise : common->second;
}

}  // namespace

Behaviour World::behaviour(const std::string& version) const {
  const auto found = behaviours.find(version);
  return found == behaviours.end() ? Behaviour{} : found->second;
}

void World::open(Served& served) {
  served.evidence.clear();
  served.streams.clear();
  served.pair_streams.clear();
  served.counters = counters_;
  for (const auto& version : served.route.versions) {
    strategy::VersionEvidence evidence;
    evidence.version = version.name;
    served.evidence.push_back(std::move(evidence));
  }
}

void World::put(Served& served, strategy::Steering steering) {
  const bool other_window = steering.window != served.steering.window;
  served.steering = std::move(steering);
  const auto& versions = served.route.versions;
  const bool same_versions =
      std::equal(served.evidence.begin(), served.evidence.end(), versions.begin(), versions.end(),
                 [](const auto& evidence, const auto& version) { return evidence.version == version.name; });
  if (other_window || !same_versions) open(served);
  if (other_window || !same_versions || !served.outcomes) open_outcomes(served);
  const auto& plan = served.steering.plan;
  Weights weights{now, served.route.name, {}, {}};
  for (std::size_t i = 0; i < plan.versions().size(); ++i) {
    const auto index = static_cast<traffic::VersionIndex>(i);
    weights.share[plan.versions()[i]] = plan.target_share(index);
    weights.mirrored[plan.versions()[i]] = plan.mirror_share(index);
  }
  published.push_back(std::move(weights));
}

void World::open_outcomes(Served& served) {
  const bool has_units = served.route.unit.source != policy::UnitSource::Request;
  served.outcomes.emplace(served.route.outcomes, served.route.versions.size(), has_units, 0);
}

void World::report(Served& served, std::size_t version, std::uint64_t requests, const Behaviour& behaviour,
                   Duration middle) {
  Random none(1);
  for (std::size_t i = 0; i < served.route.outcomes.size(); ++i) {
    const auto& outcome = served.route.outcomes[i];
    const auto told = behaviour.outcomes.find(outcome.name);
    rollout::OutcomeLaw law;
    law.rate = 0;
    if (told != behaviour.outcomes.end()) law = told->second;
    served.outcomes->decide(none, version, i, rollout::report_law(outcome, {}, law), requests, middle, true);
  }
}

void World::serve(const std::vector<policy::ModelRoute>& routes, const std::vector<rollout::RouteSteering>& steerings) {
  std::map<std::string, Served> next;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    Served& served = next[routes[i].name];
    const auto old = served_.find(routes[i].name);
    if (old != served_.end()) served = std::move(old->second);
    served.route = routes[i];
    put(served, steerings[i].steering);
  }
  served_ = std::move(next);
}

void World::restart() {
  ++counters_;
  for (auto& [name, served] : served_) open(served);
  errands_.clear();
  queries_.clear();
}

std::uint64_t World::flow(Stream& stream, double requests, const Behaviour& behaviour, strategy::Sample& sample) {
  stream.owed += requests;
  // Shares are sums of doubles: a hair below a whole request is one.
  const auto whole = static_cast<std::uint64_t>(stream.owed + 1e-9);
  stream.owed -= static_cast<double>(whole);
  stream.failures_owed += static_cast<double>(whole) * behaviour.error_rate;
  const auto failed = std::min(whole, static_cast<std::uint64_t>(stream.failures_owed + 1e-9));
  stream.failures_owed -= static_cast<double>(failed);
  sample.requests += whole;
  sample.failures += failed;
  // Many at a time share a latency: a story of days would otherwise draw every single one.
  const std::uint64_t batch = std::max<std::uint64_t>(1, whole / 32);
  for (std::uint64_t done = 0; done < whole; done += batch) {
    const auto times = std::min(batch, whole - done);
    const auto took = std::chrono::duration_cast<Duration>(behaviour.latency * factor(spread(++stream.drawn)));
    sample.latency.record(took, times);
    sample.first_byte.record(took * 9 / 10, times);
  }
  return failed;
}

/// Copies beside what live answered. Noise is learnt from twins: from twenty on, of which one differed, it is known.
void World::compare(Served& served, std::size_t version, std::uint64_t copies, const Behaviour& candidate) {
  const Behaviour live = behaviour(served.evidence[served.steering.plan.spec().stable].version);
  PairStream& owed = served.pair_streams[version];
  const auto whole = [](double& sum, double more) {
    sum += more;
    const auto count = static_cast<std::uint64_t>(sum + 1e-9);
    sum -= static_cast<double>(count);
    return count;
  };
  const auto n = static_cast<double>(copies);
  const double common = std::clamp(candidate.common, 0.0, 1.0) * std::min(live.error_rate, candidate.error_rate);
  const std::uint64_t both = whole(owed.both, n * common);
  const std::uint64_t only_candidate = whole(owed.only_candidate, n * (candidate.error_rate - common));
  const std::uint64_t only_live = whole(owed.only_live, n * (live.error_rate - common));
  const std::uint64_t compared = copies - std::min(copies, both + only_candidate + only_live);
  const std::uint64_t differing = whole(owed.differing, static_cast<double>(compared) * candidate.disagreement);
  const std::uint64_t noisy = whole(owed.noise, static_cast<double>(compared - std::min(compared, differing)) * noise);
  const std::uint64_t twice = whole(owed.twins, n * twins);

  auto& seen = served.evidence[version];
  auto made = seen.pairs == nullptr ? std::make_shared<strategy::PairEvidence>()
                                    : std::make_shared<strategy::PairEvidence>(*seen.pairs);
  auto& stratum = made->tally.stratum(1);
  stratum.pairs += copies;
  stratum.both_failed += both;
  stratum.only_candidate_failed += only_candidate;
  stratum.only_live_failed += only_live;
  stratum.compared += compared;
  for (std::uint64_t i = 0; i < compared; ++i) {
    const double difficulty = factor(spread(stratum.compared + i));
    const auto fast = std::chrono::duration_cast<Duration>(live.latency * difficulty);
    const auto other = std::chrono::duration_cast<Duration>(candidate.latency * difficulty);
    stratum.joint.add(fast, other);
    stratum.live_latency.add(std::chrono::duration<double>(fast).count());
    stratum.latency.add(std::chrono::duration<double>(other - fast).count());
  }
  made->twins += twice;
  made->noise_known = made->twins >= 20;
  owed.noisy += noisy;
  stratum.disagreements += differing + noisy;
  if (made->noise_known && noise > 0) {
    // A field that twins showed to differ by itself is none that counts, neither now nor before.
    stratum.disagreements -= std::min(stratum.disagreements, std::exchange(owed.noisy, 0));
    made->noisy_fields = 1;
  }
  if (stratum.disagreements > 0) made->worst_field = "/outputs/score";
  made->worst_field_pairs = stratum.disagreements;
  seen.pairs = std::move(made);
  seen.shadow_bytes += copies * candidate.copy_bytes;
  seen.shadow_seconds += n * std::chrono::duration<double>(candidate.latency).count();
}

/// Adds to what versions predict what they answered since the last time.
void World::predict(Served& served) {
  const auto counts_of = [](const std::vector<double>& shares, double n) {
    std::vector<std::uint64_t> counts;
    for (const double share : shares) counts.push_back(static_cast<std::uint64_t>(share * n + 0.5));
    return counts;
  };
  const std::size_t stable = served.steering.plan.spec().stable;
  const auto values = [&](std::size_t version) {
    const auto& evidence = served.evidence[version];
    return counts_of(behaviour(evidence.version).scores, static_cast<double>(evidence.all.requests));
  };
  for (std::size_t i = 0; i < served.evidence.size(); ++i) {
    if (behaviour(served.evidence[i].version).scores.empty()) continue;
    auto drift = std::make_shared<strategy::DriftEvidence>();
    drift->own = values(i);
    drift->stable = values(stable);
    drift->reference = counts_of(reference, 2000);
    served.evidence[i].drifts = {std::move(drift)};
  }
}

void World::pass(Duration time) {
  now += std::chrono::duration_cast<WallTime::duration>(time);
  const double seconds = std::chrono::duration<double>(time).count();
  for (auto& [name, served] : served_) {
    const auto& plan = served.steering.plan;
    const double all = value_or(rate, name, 100) * seconds;
    const double inside = all * value_or(audience_share, name, 1);
    served.requests += static_cast<std::uint64_t>(all);
    for (std::size_t i = 0; i < served.evidence.size(); ++i) {
      const auto index = static_cast<traffic::VersionIndex>(i);
      auto& evidence = served.evidence[i];
      const Behaviour how = behaviour(evidence.version);
      const auto before = evidence.all.requests;
      const double kept = 1 - value_or(lost, evidence.version, 0);
      const auto failed =
          flow(served.streams[{i, split_stream}], inside * plan.target_share(index) * kept, how, evidence.all);
      evidence.assigned += evidence.all.requests - before;
      evidence.failing_units_known = served.route.unit.source != policy::UnitSource::Request;
      if (evidence.failing_units_known) evidence.failing_units.front() += failed;
      report(served, i, evidence.all.requests - before, how, since_1970(now) - time / 2);
      const bool rescued = i < served.steering.fallbacks.size() && served.steering.fallbacks[i] >= 0;
      if (!rescued) served.failed += failed;
      if (index == plan.spec().stable && plan.spec().control > 0) {
        const double control = std::min(plan.spec().control, plan.target_share(index));
        flow(served.streams[{i, control_stream}], inside * control, how, evidence.control);
      }
      if (plan.mirror_share(index) > 0) {
        const auto answered = evidence.shadow.requests;
        const bool of_stable = plan.spec().mirrors.front().of.has_value();
        const double copied = of_stable ? inside * plan.target_share(plan.spec().stable) : all;
        flow(served.streams[{i, shadow_stream}], copied * plan.mirror_share(index), how, evidence.shadow);
        if (pairs) compare(served, i, evidence.shadow.requests - answered, how);
      }
    }
    predict(served);
    served.outcomes->arrive(since_1970(now));
  }
}

const strategy::Steering& World::steering(const std::string& route) const {
  return served_.at(route).steering;
}

std::uint64_t World::failed_for_clients(const std::string& route) const {
  return served_.at(route).failed;
}

std::uint64_t World::requests(const std::string& route) const {
  return served_.at(route).requests;
}

Result<void> World::steer(const std::vector<rollout::RouteSteering>& routes) {
  on_call("steer");
  if (traffic_refuses) return fail(Error::internal("the data plane is busy"));
  for (const auto& route : routes) put(served_.at(route.route), route.steering);
  on_call("steered");
  return {};
}

std::vector<strategy::EndpointEvidence> World::endpoints(Served& served) const {
  std::vector<strategy::EndpointEvidence> out;
  for (std::size_t i = 0; i < served.route.versions.size(); ++i) {
    const auto& version = served.route.versions[i];
    for (const auto& endpoint : version.endpoints) {
      strategy::EndpointEvidence evidence;
      evidence.version = version.name;
      evidence.authority = authority_of(endpoint);
      evidence.withheld = is_withheld(served.steering, i, evidence.authority);
      const auto broken = unready.find(evidence.authority);
      evidence.ready = broken == unready.end();
      if (!evidence.ready) evidence.reason = broken->second;
      const std::string key = version.name + " " + evidence.authority;
      if (!evidence.ready) {
        served.ready_since.erase(key);
      } else {
        const auto since = served.ready_since.try_emplace(key, now).first->second;
        evidence.ready_for = std::chrono::duration_cast<Duration>(now - since);
      }
      evidence.in_flight = evidence.withheld || !evidence.ready ? 0 : 1;
      out.push_back(std::move(evidence));
    }
  }
  return out;
}

std::map<std::string, strategy::Evidence> World::gather() {
  on_call("gather");
  std::map<std::string, strategy::Evidence> out;
  for (auto& [name, served] : served_) {
    strategy::Evidence& evidence = out[name];
    evidence.window = served.steering.window;
    evidence.counters = served.counters;
    evidence.versions = served.evidence;
    evidence.endpoints = endpoints(served);
    for (std::size_t i = 0; i < evidence.versions.size(); ++i) {
      auto& version = evidence.versions[i];
      version.share = served.steering.plan.target_share(static_cast<traffic::VersionIndex>(i));
      version.outcomes = served.outcomes->evidence(i);
      for (const auto& endpoint : evidence.endpoints) {
        if (endpoint.version != version.version) continue;
        ++version.endpoints;
        if (endpoint.ready && !endpoint.withheld) ++version.usable;
      }
    }
  }
  return out;
}

void World::keep(const std::vector<strategy::Errand>& errands, const std::vector<strategy::Query>& queries) {
  on_call("keep");
  std::map<std::string, strategy::Errand> next;
  for (const auto& errand : errands) {
    if (!errands_.contains(errand.key)) {
      auto& hook = hooks[errand.url];
      ++hook.calls;
      hook.bodies.push_back(errand.body);
    }
    next[errand.key] = errand;
  }
  errands_ = std::move(next);
  queries_.clear();
  for (const auto& query : queries) queries_[query.key] = query;
}

void World::send(const strategy::Errand& errand) {
  on_call("send");
  auto& hook = hooks[errand.url];
  ++hook.calls;
  hook.bodies.push_back(errand.body);
}

strategy::ErrandAnswer World::answer(const strategy::Errand& errand) const {
  using State = strategy::ErrandAnswer::State;
  switch (hooks.at(errand.url).says) {
    case HookScript::Says::Nothing:
      return {State::Running, 0, "", 1};
    case HookScript::Says::Yes:
      return {State::Succeeded, 200, "answers 200", 1};
    case HookScript::Says::No:
      return {State::Refused, 403, "answers 403", 1};
    case HookScript::Says::Unreachable:
      return {State::Failed, 0, "connection refused", errand.retries + 1};
  }
  throw std::logic_error("no such word");
}

std::map<std::string, strategy::ErrandAnswer> World::answers() {
  on_call("answers");
  std::map<std::string, strategy::ErrandAnswer> out;
  for (const auto& [key, errand] : errands_) out[key] = answer(errand);
  return out;
}

std::map<std::string, strategy::QueryAnswer> World::values() {
  on_call("values");
  std::map<std::string, strategy::QueryAnswer> out;
  for (const auto& [key, query] : queries_) {
    const auto found = series.find(query.promql);
    if (found == series.end()) continue;
    out[key] = found->second;
    out[key].at = now;
  }
  return out;
}

}  // namespace sluice::scenarios
