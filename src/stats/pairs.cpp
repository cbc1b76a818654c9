#include "sluice/stats/pairs.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sluice/stats/combine.hpp"
#include "sluice/stats/proportion_confidence.hpp"

namespace sluice::stats {
namespace {

constexpr std::array<double, 4> agreeing_rates = {0.02, 0.1, 0.25, 0.5};
constexpr std::array<double, 8> disagreeing_odds = {1.25, 1.6, 2, 2.8, 4, 7, 12, 20};

/// Odds for intervals on one side of a rate, from such as only a hundred thousand disagreements tell apart. The other
/// side has their inverses.
constexpr std::size_t interval_bets = 12;
const std::array<double, interval_bets>& interval_odds() {
  static const auto odds = [] {
    std::array<double, interval_bets> made{};
    for (std::size_t i = 0; i < interval_bets; ++i) {
      made[i] = std::exp(0.02 * std::pow(200.0, static_cast<double>(i) / (interval_bets - 1)));
    }
    return made;
  }();
  return odds;
}

bool is_rate(double limit) noexcept {
  return limit > 0 && limit < 1;
}

bool is_weight(double weight) noexcept {
  return weight > 0 && weight <= 1;
}

/// What one bet makes of a pair of weight 1: 1 plus this.
struct PairBet {
  double apart = 0;
  double alike = 0;
};

/// The bet that is the likelihood ratio of so many times the limit.
PairBet bet_on_part(double part, double limit) noexcept {
  return {part - 1, limit * (1 - part) / (1 - limit)};
}

/// That of odds so many times those of the limit.
PairBet bet_on_odds(double odds, double limit) noexcept {
  const double whole = odds * limit + (1 - limit);
  return {(odds - 1) * (1 - limit) / whole, (1 - odds) * limit / whole};
}

double log_outcome(std::span<const WeightedPairs> seen, const PairBet& bet) noexcept {
  double sum = 0;
  for (const auto& entry : seen) {
    if (!is_weight(entry.weight)) continue;
    const auto apart = static_cast<double>(std::min(entry.disagreements, entry.pairs));
    const double alike = static_cast<double>(entry.pairs) - apart;
    sum += apart * std::log1p(entry.weight * bet.apart) + alike * std::log1p(entry.weight * bet.alike);
  }
  return sum;
}

/// Means of two groups of bets, each of which has half the say.
double log_half_and_half(double one, double other) noexcept {
  const std::array<double, 2> both = {one, other};
  return log_mean_e(both);
}

double log_e_below_rate(std::span<const WeightedPairs> seen, double limit) noexcept {
  std::array<double, interval_bets> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    evidence[i] = log_outcome(seen, bet_on_odds(1 / interval_odds()[i], limit));
  }
  return log_half_and_half(log_e_agreement(seen, limit), log_mean_e(evidence));
}

double log_e_above_rate(std::span<const WeightedPairs> seen, double limit) noexcept {
  std::array<double, interval_bets> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    evidence[i] = log_outcome(seen, bet_on_odds(interval_odds()[i], limit));
  }
  return log_half_and_half(log_e_disagreement(seen, limit), log_mean_e(evidence));
}

/// Where rejection ends between `outside`, which may be rejected, and `inside`, which is not: the rejected side of
/// that. All bets grow with the distance from the estimate, so there is one such place.
template <typename Rejects>
double end_of_rejection(double outside, double inside, Rejects rejects) noexcept {
  constexpr double nearly = 1e-6;
  constexpr double too_near = 1e-9;
  if (std::abs(inside - outside) < too_near || !rejects(outside + (inside - outside) * nearly)) return outside;
  for (int i = 0; i < 60 && std::abs(inside - outside) > 1e-10; ++i) {
    const double middle = (outside + inside) / 2;
    (rejects(middle) ? outside : inside) = middle;
  }
  return outside;
}

double log_of_each_side(double alpha) noexcept {
  return std::log(2 / std::clamp(alpha, 1e-300, 1.0));
}

}  // namespace

double log_e_agreement(std::span<const WeightedPairs> seen, double limit) noexcept {
  if (!is_rate(limit)) return 0;
  std::array<double, agreeing_rates.size()> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    evidence[i] = log_outcome(seen, bet_on_part(agreeing_rates[i], limit));
  }
  return log_mean_e(evidence);
}

double log_e_disagreement(std::span<const WeightedPairs> seen, double limit) noexcept {
  if (!is_rate(limit)) return 0;
  std::array<double, disagreeing_odds.size()> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    evidence[i] = log_outcome(seen, bet_on_odds(disagreeing_odds[i], limit));
  }
  return log_mean_e(evidence);
}

double log_e_agreement(const PairCounts& seen, double limit) noexcept {
  const WeightedPairs all{1, seen.pairs, seen.disagreements};
  return log_e_agreement({&all, 1}, limit);
}

double log_e_disagreement(const PairCounts& seen, double limit) noexcept {
  const WeightedPairs all{1, seen.pairs, seen.disagreements};
  return log_e_disagreement({&all, 1}, limit);
}

Interval disagreement_confidence(std::span<const WeightedPairs> seen, double alpha) noexcept {
  double weight = 0;
  double apart = 0;
  for (const auto& entry : seen) {
    if (!is_weight(entry.weight)) continue;
    weight += entry.weight * static_cast<double>(entry.pairs);
    apart += entry.weight * static_cast<double>(std::min(entry.disagreements, entry.pairs));
  }
  if (!(weight > 0)) return {0, 1};
  const double share = std::min(1.0, apart / weight);
  const double enough = log_of_each_side(alpha);
  Interval found{0, 1};
  if (share > 0) {
    found.lower = end_of_rejection(0, share, [&](double rate) { return log_e_above_rate(seen, rate) >= enough; });
  }
  if (share < 1) {
    found.upper = end_of_rejection(1, share, [&](double rate) { return log_e_below_rate(seen, rate) >= enough; });
  }
  return found;
}

std::uint64_t pairs_to_certify(double limit, double beta) noexcept {
  const double threshold = std::log(1 / std::clamp(beta, 1e-300, 1.0));
  if (!is_rate(limit)) return 0;
  std::uint64_t high = 1;
  while (log_e_agreement(PairCounts{high, 0}, limit) < threshold && high < (std::uint64_t{1} << 52)) high *= 2;
  std::uint64_t low = 0;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (log_e_agreement(PairCounts{middle, 0}, limit) < threshold ? low : high) = middle;
  }
  return high;
}

double log_e_discordant(std::uint64_t only_candidate_right, std::uint64_t only_stable_right) noexcept {
  constexpr double tightest_at = 100;
  constexpr double tuned_for = 0.05;
  return log_e_not(0.5, only_candidate_right, only_candidate_right + only_stable_right,
                   proportion_precision(tightest_at, tuned_for));
}

namespace {

/// Shares of the most that may be staked without ruin. What a check bets: most failures are common to both, and then
/// nearly everything is worth it; where the two fail apart by chance, little is.
constexpr std::size_t paired_bets = 8;
constexpr std::array<double, paired_bets> paired_stakes = {0.03, 0.08, 0.18, 0.35, 0.55, 0.75, 0.9, 0.98};
/// For intervals, which are to go on shrinking.
constexpr std::array<double, paired_bets> fine_stakes = {0.001, 0.003, 0.008, 0.02, 0.05, 0.12, 0.3, 0.7};

bool is_margin(double margin) noexcept {
  return margin > -1 && margin < 1;
}

/// The pairs of an entry by what happened. Evidence below a margin is that above it of both versions exchanged.
struct PairOutcomes {
  double weight = 0;
  double more = 0;
  double same = 0;
  double less = 0;
};

PairOutcomes outcomes_of(const DiscordantPairs& entry, bool above) noexcept {
  const auto candidate = static_cast<double>(entry.only_candidate);
  const auto stable = static_cast<double>(entry.only_stable);
  const double same = std::max(0.0, static_cast<double>(entry.pairs) - candidate - stable);
  return {entry.weight, above ? candidate : stable, same, above ? stable : candidate};
}

/// The largest stake λ is 1 / (1 + margin): with it a pair of weight 1 in which x = −1 would lose all.
double log_e_staked(std::span<const DiscordantPairs> seen, double margin, bool above,
                    std::span<const double, paired_bets> stakes) noexcept {
  const double bound = above ? margin : -margin;
  std::array<double, paired_bets> evidence{};
  for (std::size_t j = 0; j < evidence.size(); ++j) {
    const double more = stakes[j] * (1 - bound) / (1 + bound);
    const double same = -stakes[j] * bound / (1 + bound);
    for (const auto& entry : seen) {
      if (!is_weight(entry.weight)) continue;
      const PairOutcomes pairs = outcomes_of(entry, above);
      evidence[j] += pairs.more * std::log1p(pairs.weight * more) + pairs.same * std::log1p(pairs.weight * same) +
                     pairs.less * std::log1p(-pairs.weight * stakes[j]);
    }
  }
  return log_mean_e(evidence);
}

bool rejects_margin(std::span<const DiscordantPairs> seen, double margin, bool above, double enough) noexcept {
  return log_half_and_half(log_e_staked(seen, margin, above, paired_stakes),
                           log_e_staked(seen, margin, above, fine_stakes)) >= enough;
}

Moments as_moments(const PairedMean& seen) noexcept {
  const double others = seen.pairs > 1 ? static_cast<double>(seen.pairs - 1) : 0;
  return {seen.pairs, seen.events, seen.mean, seen.variance * others};
}

}  // namespace

double log_e_paired_above(std::span<const DiscordantPairs> seen, double margin) noexcept {
  return is_margin(margin) ? log_e_staked(seen, margin, true, paired_stakes) : 0;
}

double log_e_paired_below(std::span<const DiscordantPairs> seen, double margin) noexcept {
  return is_margin(margin) ? log_e_staked(seen, margin, false, paired_stakes) : 0;
}

double paired_estimate(std::span<const DiscordantPairs> seen) noexcept {
  double weight = 0;
  double difference = 0;
  for (const auto& entry : seen) {
    if (!is_weight(entry.weight)) continue;
    const PairOutcomes pairs = outcomes_of(entry, true);
    weight += pairs.weight * (pairs.more + pairs.same + pairs.less);
    difference += pairs.weight * (pairs.more - pairs.less);
  }
  return weight > 0 ? difference / weight : 0;
}

Interval paired_difference(std::span<const DiscordantPairs> seen, double alpha) noexcept {
  const double value = paired_estimate(seen);
  const double enough = log_of_each_side(alpha);
  return {end_of_rejection(-1, value, [&](double margin) { return rejects_margin(seen, margin, true, enough); }),
          end_of_rejection(1, value, [&](double margin) { return rejects_margin(seen, margin, false, enough); })};
}

PairedMean paired_mean(std::span<const Moments> values, std::span<const double> weights) noexcept {
  const std::size_t strata = std::min(values.size(), weights.size());
  PairedMean found;
  double weight = 0;
  for (std::size_t i = 0; i < strata; ++i) {
    if (!(weights[i] > 0) || values[i].count == 0) continue;
    const double here = weights[i] * static_cast<double>(values[i].count);
    weight += here;
    found.mean += (values[i].mean - found.mean) * (here / weight);
    found.pairs += values[i].count;
    found.events += values[i].events;
  }
  if (found.pairs < 2) return found;
  double squares = 0;
  for (std::size_t i = 0; i < strata; ++i) {
    if (!(weights[i] > 0) || values[i].count == 0) continue;
    const double away = values[i].mean - found.mean;
    squares += weights[i] * weights[i] * (values[i].squares + static_cast<double>(values[i].count) * away * away);
  }
  const auto pairs = static_cast<double>(found.pairs);
  found.variance = squares / (weight * weight) * pairs * (pairs / (pairs - 1));
  return found;
}

std::optional<Interval> paired_mean_confidence(const PairedMean& seen, double alpha, double tightest_at) noexcept {
  return mean_confidence(as_moments(seen), alpha, tightest_at);
}

double log_e_paired_mean_above(const PairedMean& seen, double margin, double tightest_at) noexcept {
  return log_e_mean_above(as_moments(seen), margin, tightest_at);
}

}  // namespace sluice::stats
