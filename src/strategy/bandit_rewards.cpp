// What arms earn: from requests, or from reports that come late.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "sluice/stats/buckets.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/bandit_context.hpp"
#include "sluice/strategy/bandit_shares.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/tally.hpp"

namespace sluice::strategy {
namespace {

constexpr double slow_quantile = 0.9;
constexpr double least_answers = 100;
constexpr std::size_t purses = 3;

Tally& purse(ArmState& arm, Purse which) {
  arm.tallies.resize(purses);
  return arm.tallies[static_cast<std::size_t>(which)];
}

double seconds_since_1970(WallTime time) noexcept {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void fade(Tally& tally, double kept) {
  for (double& count : tally.events) count *= kept;
  tally.n *= kept;
  tally.sum *= kept;
  tally.squares *= kept;
}

void pour(Tally& all, const Tally& more) {
  all.n += more.n;
  all.sum += more.sum;
  all.squares += more.squares;
}

// ---- success and latency

void freeze_slow(RolloutState& state, const Evidence& evidence) {
  if (state.experiment.limit || state.arms.empty()) return;
  const bool explored = std::all_of(state.arms.begin(), state.arms.end(), [](const ArmState& arm) {
    return arm.dropped || arm.successes + arm.failures >= requests_first;
  });
  const auto& first = evidence_of(evidence, state, state.arms.front().version).all.latency;
  if (!explored || static_cast<double>(first.count()) < least_answers) return;
  const std::size_t bucket = stats::bucket_of(first.quantile(slow_quantile));
  state.experiment.limit = static_cast<double>(stats::bucket_bound(std::min(bucket, stats::kBuckets - 2))) * 1e-9;
}

Tally of_requests(const VersionEvidence& evidence, std::optional<double> limit) {
  Tally made;
  const auto requests = static_cast<double>(evidence.all.requests);
  const double successes = requests - std::min(requests, static_cast<double>(evidence.all.failures));
  double slow = 0;
  if (limit) {
    const auto& latency = evidence.all.latency;
    const Duration bound(std::llround(*limit * 1e9));
    slow = static_cast<double>(latency.count() - std::min(latency.count(), latency.count_at_most(bound)));
  }
  slow = std::min(slow, successes);
  made.n = requests;
  made.sum = successes - (1 - slow_reward) * slow;
  made.squares = successes - (1 - slow_reward * slow_reward) * slow;
  return made;
}

// ---- reports

/// What the store of reports says, with older decisions counting less; `own` is what is known of those whose time is
/// over, as they fade.
stats::DelayTable faded_table(const stats::DelayTable& table, const Tally& own, double half_life, double now) {
  auto contents = table.contents();
  contents.complete.decisions = own.n;
  contents.complete.value = own.sum;
  contents.complete.squares = own.squares;
  for (std::size_t bin = 0; bin < stats::delay_bins; ++bin) {
    contents.complete.converted[bin] = bin < own.events.size() ? own.events[bin] : 0;
  }
  for (std::size_t row = 0; row < contents.rows.size(); ++row) {
    auto& one = contents.rows[row];
    const double kept = stats::retention(std::max(0.0, now - table.row_end(row)), half_life);
    one.decisions *= kept;
    one.value *= kept;
    one.squares *= kept;
    for (double& converted : one.converted) converted *= kept;
  }
  return stats::DelayTable::restore(std::move(contents));
}

Tally of_complete(const stats::DelayTable& table) {
  Tally made;
  const auto& complete = table.complete();
  made.n = complete.decisions;
  made.sum = complete.value;
  made.squares = complete.squares;
  made.events.assign(complete.converted.begin(), complete.converted.end());
  return made;
}

/// Rewards as if none were late: conversions at the common horizon, each worth what conversions are in the mean.
Tally of_rate(const stats::DelayedRate& rate, const stats::DelayTable& table, bool numbers) {
  Tally made;
  made.n = rate.successes + rate.failures;
  made.sum = made.squares = rate.successes;
  const double conversions = table.conversions();
  if (!numbers || !(conversions > 0)) return made;
  double value = table.complete().value;
  double squares = table.complete().squares;
  for (const auto& row : table.rows()) {
    value += row.value;
    squares += row.squares;
  }
  made.sum = rate.successes * value / conversions;
  made.squares = rate.successes * squares / conversions;
  return made;
}

/// Less is more: the reward is what did not happen, or the number with its sign turned.
void turn(Tally& tally, bool numbers) {
  tally.sum = numbers ? -tally.sum : tally.n - tally.sum;
  if (!numbers) tally.squares = tally.sum;
}

class Reports {
 public:
  Reports(const policy::Bandit& bandit, RolloutState& state, const Evidence& evidence, const PrimaryMetric& metric,
          WallTime now)
      : bandit_(bandit), state_(state), evidence_(evidence), metric_(metric), now_(seconds_since_1970(now)) {}

  /// Whether they may be compared. Arms at their floor by a guardrail keep nobody waiting.
  bool count() {
    std::vector<stats::DelayTable> tables;
    std::vector<ArmState*> owners;
    for (auto& arm : state_.arms) {
      const OutcomeEvidence* const seen = find_outcome(evidence_of(evidence_, state_, arm.version), metric_.name);
      if (seen == nullptr) continue;
      if (seen->delays == nullptr) {
        count_plain(arm, *seen);
      } else if (auto table = table_of(arm, *seen); !arm.dropped) {
        tables.push_back(std::move(table));
        owners.push_back(&arm);
      }
    }
    return tables.empty() || take_rates(tables, owners);
  }

 private:
  bool numbers() const { return metric_.kind == PrimaryMetric::Kind::RealMean; }

  /// Reports at once, or nobody says when: what has not come does not.
  void count_plain(ArmState& arm, const OutcomeEvidence& seen) {
    Tally now;
    now.n = static_cast<double>(seen.decisions);
    now.sum = numbers() ? seen.sum : static_cast<double>(seen.events);
    now.squares = numbers() ? seen.sum_squares : now.sum;
    if (!metric_.higher_is_better) turn(now, numbers());
    absorb(arm, metric_, now, evidence_.counters);
    purse(arm, Purse::All) = purse(arm, Purse::Own);
  }

  stats::DelayTable table_of(ArmState& arm, const OutcomeEvidence& seen) {
    if (!bandit_.half_life) return *seen.delays;
    absorb(arm, metric_, of_complete(*seen.delays), evidence_.counters);
    const double half_life = std::chrono::duration<double>(*bandit_.half_life).count();
    return faded_table(*seen.delays, purse(arm, Purse::Own), half_life, now_);
  }

  bool take_rates(const std::vector<stats::DelayTable>& tables, const std::vector<ArmState*>& owners) {
    const auto rates = stats::delayed_rates(tables, now_);
    for (std::size_t i = 0; i < owners.size(); ++i) {
      Tally& all = purse(*owners[i], Purse::All);
      all = of_rate(rates.arms[i], tables[i], numbers());
      if (!metric_.higher_is_better) turn(all, numbers());
    }
    return rates.settled;
  }

  const policy::Bandit& bandit_;
  RolloutState& state_;
  const Evidence& evidence_;
  const PrimaryMetric& metric_;
  double now_;
};

/// What a person calls it: the rate or the mean itself, whichever way is better.
std::optional<double> value_of_rewards(const Tally& all, bool turned, bool numbers) {
  if (!(all.n > 0)) return std::nullopt;
  const double mean = all.sum / all.n;
  if (!turned) return mean;
  return numbers ? -mean : 1 - mean;
}

/// All of it is from before, whatever the counters are called by then.
Kept<ContextMemory> inherited_contexts(const ContextMemory& known) {
  Kept<ContextMemory> made;
  if (known.empty()) return made;
  ContextMemory& begun = made.change();
  begun.all = known.all;
  begun.all_until = known.all_until;
  begun.requests = known.requests;
  return made;
}

/// Contexts are not at hand; what the arms had in the mean stands in until the first bank that is drawn with some.
void inherit_shares(const policy::Bandit& bandit, const policy::ModelRoute& route, const RolloutState& before,
                    RolloutState& begun) {
  if (begun.arms.empty() || view_of(bandit, route, begun.arms).exploring) return;
  double sum = 0;
  for (auto& arm : begun.arms) {
    const auto known = std::find_if(before.arms.begin(), before.arms.end(),
                                    [&](const ArmState& one) { return one.version == arm.version; });
    arm.share = known == before.arms.end() ? 0 : std::max(known->share, bandit.minimum_share.fraction);
    arm.probability_best = known == before.arms.end() ? 0 : known->probability_best;
    sum += arm.share;
  }
  if (!(sum > 0)) return;
  for (auto& arm : begun.arms) arm.told_share = arm.share = arm.share / sum;
  begun.weight = 1 - begun.arms.front().share;
  begun.bank = 1;
}

}  // namespace

bool absorb(ArmState& arm, const Sample& sample, std::uint64_t counters) {
  // Nothing counted may also mean that nothing could be read: it must not pass for counters that began anew.
  if (sample.requests == 0) return false;
  const std::uint64_t failures = std::min(sample.failures, sample.requests);
  const std::uint64_t successes = sample.requests - failures;
  if (counters != arm.seen_counters || sample.requests < arm.seen_successes + arm.seen_failures) {
    arm.seen_successes = arm.seen_failures = 0;
  }
  const bool more = successes != arm.seen_successes || failures != arm.seen_failures;
  // One of the two may go back a little: a request may be read before its failure is. The sum stays right.
  arm.successes = arm.successes - arm.seen_successes + successes;
  arm.failures = arm.failures - arm.seen_failures + failures;
  arm.seen_successes = successes;
  arm.seen_failures = failures;
  arm.seen_counters = counters;
  return more;
}

std::string reward_key(const policy::Bandit& bandit, const policy::ModelRoute& route) {
  const auto metric = bandit.reward.empty() ? std::nullopt : primary_metric(bandit.reward, route);
  if (!metric) return "success and latency" + context_key(bandit);
  return key_of(*metric) + (metric->higher_is_better ? "" : " Lower") + context_key(bandit);
}

void adopt_successes(const policy::Bandit& bandit, const policy::ModelRoute& route, RolloutState& state) {
  const bool kept = std::any_of(state.arms.begin(), state.arms.end(), [](auto& arm) { return !arm.tallies.empty(); });
  if (kept || !state.experiment.metric.empty() || !bandit.reward.empty()) return;
  state.experiment.metric = reward_key(bandit, route);
  for (auto& arm : state.arms) {
    Tally& inherited = purse(arm, Purse::Inherited);
    inherited.n = static_cast<double>(arm.successes + arm.failures);
    inherited.sum = inherited.squares = static_cast<double>(arm.successes);
  }
}

bool count_rewards(const policy::Bandit& bandit, RolloutState& state, const Evidence& evidence,
                   const policy::ModelRoute& route, Duration passed, WallTime now) {
  const auto outcome = bandit.reward.empty() ? std::nullopt : primary_metric(bandit.reward, route);
  const double kept = bandit.half_life ? stats::retention(std::chrono::duration<double>(passed).count(),
                                                          std::chrono::duration<double>(*bandit.half_life).count())
                                       : 1;
  for (auto& arm : state.arms) {
    fade(purse(arm, Purse::Inherited), kept);
    fade(purse(arm, Purse::Own), kept);
  }
  bool settled = true;
  if (outcome) {
    settled = Reports(bandit, state, evidence, *outcome, now).count();
  } else {
    freeze_slow(state, evidence);
    for (auto& arm : state.arms) {
      absorb(arm, PrimaryMetric{}, of_requests(evidence_of(evidence, state, arm.version), state.experiment.limit),
             evidence.counters);
      purse(arm, Purse::All) = purse(arm, Purse::Own);
    }
  }
  const bool numbers = outcome && outcome->kind == PrimaryMetric::Kind::RealMean;
  for (auto& arm : state.arms) {
    pour(purse(arm, Purse::All), purse(arm, Purse::Inherited));
    arm.value = value_of_rewards(purse(arm, Purse::All), outcome && !outcome->higher_is_better, numbers);
  }
  return settled;
}

void inherit(const policy::Bandit& bandit, const policy::ModelRoute& route, const RolloutState& before,
             RolloutState& begun) {
  if (before.strategy != begun.strategy || before.experiment.metric != reward_key(bandit, route)) return;
  begun.experiment.limit = before.experiment.limit;
  for (auto& arm : begun.arms) {
    const auto known = std::find_if(before.arms.begin(), before.arms.end(),
                                    [&](const ArmState& one) { return one.version == arm.version; });
    if (known == before.arms.end() || known->tallies.size() != purses) continue;
    arm.successes = known->successes;
    arm.failures = known->failures;
    arm.value = known->value;
    arm.tallies = {known->tallies[0], known->tallies[0], {}};
    arm.contexts = inherited_contexts(*known->contexts);
  }
  if (goes_by_contexts(bandit)) return inherit_shares(bandit, route, before, begun);
  const auto view = view_of(bandit, route, begun.arms);
  for (std::size_t i = 0; i < begun.arms.size(); ++i) {
    begun.arms[i].probability_best = view.probability_best[i];
    begun.arms[i].share = begun.arms[i].told_share = view.share[i];
  }
  begun.weight = begun.arms.empty() ? 0 : 1 - begun.arms.front().share;
}

}  // namespace sluice::strategy
