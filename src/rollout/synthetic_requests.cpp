#include <algorithm>
#include <cmath>

#include "sluice/rollout/synthetic_traffic.hpp"

namespace sluice::rollout {
namespace {

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

void SyntheticTraffic::record(const Version& version, std::vector<double>& owed, std::uint64_t requests,
                              strategy::Sample& sample) {
  if (requests == 0) return;
  if (model_.expected) {
    version.shape->record_expected(owed, requests, sample.latency, sample.first_byte);
  } else {
    version.shape->record(random_, requests, sample.latency, sample.first_byte);
  }
}

SyntheticTraffic::Count SyntheticTraffic::flow(std::size_t index, Stream& stream, double requests,
                                               strategy::Sample* sample) {
  const Version& version = versions_[index];
  Count count;
  if (model_.expected) {
    count.requests = whole(stream.requests, requests);
    count.failures =
        std::min(count.requests, whole(stream.failures, static_cast<double>(count.requests) * version.error_rate));
  } else {
    count.requests = draw_poisson(random_, requests);
    count.failures = draw_binomial(random_, count.requests, version.error_rate);
  }
  if (sample == nullptr) return count;
  sample->requests += count.requests;
  sample->failures += count.failures;
  record(version, stream.latency, count.requests, *sample);
  return count;
}

void SyntheticTraffic::account(std::size_t index, const Count& count) {
  tally_.requests += count.requests;
  const double own = versions_[first_].error_rate;
  if (index != first_) {
    tally_.trial += count.requests;
    tally_.bad_answers += static_cast<double>(count.failures) - static_cast<double>(count.requests) * own;
  }
  if (!is_rescued(steering_, index)) {
    tally_.client_errors += count.failures;
    return;
  }
  const Version& rescuer = versions_[static_cast<std::size_t>(steering_.fallbacks[index])];
  tally_.client_errors +=
      model_.expected
          ? static_cast<std::uint64_t>(std::llround(static_cast<double>(count.failures) * rescuer.error_rate))
          : draw_binomial(random_, count.failures, rescuer.error_rate);
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
  const Count count = flow(index, versions_[index].streams.shadow, copies, &seen.shadow);
  tally_.copies += count.requests;
  seen.shadow_bytes += count.requests * model_.copy_bytes;
  seen.shadow_seconds = std::chrono::duration<double>(seen.shadow.latency.sum()).count();
  if (count.requests > 0) pair(index, count);
}

void SyntheticTraffic::rate_worth(std::size_t index, double decisions) {
  for (std::size_t i = 0; i < route_.outcomes.size(); ++i) {
    const bool higher = route_.outcomes[i].better == policy::Better::Higher;
    double best = versions_[index].outcomes[i].worth();
    for (const Version& version : versions_) {
      const double worth = version.outcomes[i].worth();
      best = higher ? std::max(best, worth) : std::min(best, worth);
    }
    tally_.worth[i] += decisions * versions_[index].outcomes[i].worth();
    tally_.best_worth[i] += decisions * best;
  }
}

void SyntheticTraffic::decide(std::size_t index, std::uint64_t decisions) {
  rate_worth(index, static_cast<double>(decisions));
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    outcomes_.decide(random_, index, i, versions_[index].outcomes[i], decisions, middle_, model_.expected);
  }
}

/// Requests from people who never come again.
void SyntheticTraffic::pass_split(double requests) {
  const auto& plan = steering_.plan;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    const auto index = static_cast<traffic::VersionIndex>(i);
    auto& seen = evidence_.versions[i];
    auto& streams = versions_[i].streams;
    const double kept = 1 - versions_[i].lost;
    const Count count = flow(i, streams.split, requests * plan.target_share(index) * kept, &seen.all);
    account(i, count);
    tally_.versions[i] += count.requests;
    seen.assigned += count.requests;
    if (has_units_) seen.failing_units.front() += count.failures;
    decide(i, count.requests);
    if (index != plan.spec().stable) continue;
    const double control = std::min(plan.spec().control, plan.target_share(index));
    if (control > 0) flow(i, streams.control, requests * control * kept, &seen.control);
  }
}

/// One request of a unit, all but its latency.
void SyntheticTraffic::serve_unit(std::size_t unit, std::vector<Count>& controls) {
  const auto& plan = steering_.plan;
  const auto position = has_units_ ? population_->position(unit) : static_cast<std::uint32_t>(random_.next() >> 32);
  const traffic::Place place = plan.splits().empty() ? traffic::Place{plan.spec().otherwise.index, false}
                                                     : plan.splits().front().place(position);
  const std::size_t index = place.version;
  Version& version = versions_[index];
  if (version.lost > 0 && random_.uniform() < version.lost) return;
  auto& seen = evidence_.versions[index];
  const bool failed = random_.uniform() < version.manner->unit_errors[unit] * version.error_factor;
  const Count count{1, failed ? 1U : 0U};
  account(index, count);
  ++tally_.versions[index];
  ++seen.assigned;
  ++seen.all.requests;
  seen.all.failures += count.failures;
  if (place.control) {
    controls[index].requests += 1;
    controls[index].failures += count.failures;
  }
  if (failed && has_units_) {
    const std::uint32_t failures = ++unit_failures_[index * population_->size() + unit];
    for (std::size_t step = 0; step < seen.failing_units.size(); ++step) {
      if (failures == 1U << step) ++seen.failing_units[step];
    }
  }
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    if (random_.uniform() >= version.manner->unit_events[i][unit] * version.outcome_factors[i]) continue;
    outcomes_.convert(random_, index, i, version.outcomes[i], unit, middle_);
  }
}

/// Requests from the population.
void SyntheticTraffic::pass_units(double requests) {
  std::vector<std::uint64_t> before(versions_.size());
  std::vector<Count> controls(versions_.size());
  for (std::size_t i = 0; i < versions_.size(); ++i) before[i] = evidence_.versions[i].all.requests;
  for (std::uint64_t left = draw_poisson(random_, requests); left > 0; --left) {
    serve_unit(population_->next(random_), controls);
  }
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    auto& seen = evidence_.versions[i];
    auto& streams = versions_[i].streams;
    const std::uint64_t more = seen.all.requests - before[i];
    record(versions_[i], streams.split.latency, more, seen.all);
    seen.control.requests += controls[i].requests;
    seen.control.failures += controls[i].failures;
    record(versions_[i], streams.control.latency, controls[i].requests, seen.control);
    rate_worth(i, static_cast<double>(more));
    for (std::size_t outcome = 0; outcome < outcomes_.size(); ++outcome) {
      outcomes_.note_decisions(i, outcome, more, middle_);
    }
  }
}

}  // namespace sluice::rollout
