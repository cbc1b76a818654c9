#include "sluice/stats/excess_risk.hpp"

#include <algorithm>
#include <cmath>

#include "null_walk.hpp"
#include "sluice/stats/risk_prior.hpp"

namespace sluice::stats {
namespace {

/// No bet puts everything at stake, or one request could ruin it.
constexpr double kMostAtStake = 0.98;

/// Logarithms of the three factors of one bet.
struct Stakes {
  double candidate_event = 0;
  double stable_event = 0;
  double other = 0;
};

struct RiskTable {
  RiskRule rule;
  double share = -1;
  std::array<Stakes, kRiskBets> against{};
  std::array<Stakes, kGoodBets> good{};
};

/// A stake on D as the class comment defines it; negative: against it.
Stakes stake(double lambda, double factor, double offset, double share) noexcept {
  return {std::log1p(lambda * (1 / share - offset)), std::log1p(-lambda * (factor / (1 - share) + offset)),
          std::log1p(-lambda * offset)};
}

/// The likelihood ratio of two probabilities of an event.
Stakes ratio(double alternative, double null) noexcept {
  return {std::log(alternative / null), 0, std::log1p(-alternative) - std::log1p(-null)};
}

void fill_alone(RiskTable& bets, const RiskGrid& grid) noexcept {
  const double limit = bets.rule.offset;
  const double tolerated = bets.rule.tolerated_offset;
  for (std::size_t j = 0; j < kRiskBets; ++j) {
    const double odds = std::exp(grid.log_risk[j]) * limit / (1 - limit);
    bets.against[j] = ratio(odds / (1 + odds), limit);
  }
  // In odds: just inside what is tolerated, well inside, and as good as never.
  constexpr std::array<double, kGoodBets> parts{0.5, 0.7, 0.3, 0.1, 0.01};
  const double tolerated_odds = tolerated / (1 - tolerated);
  for (std::size_t j = 0; j < kGoodBets; ++j) {
    const double odds = parts[j] * tolerated_odds;
    bets.good[j] = ratio(odds / (1 + odds), tolerated);
  }
}

void fill_against_stable(RiskTable& bets, const RiskGrid& grid) noexcept {
  const RiskRule& rule = bets.rule;
  const double share = bets.share;
  const double lost = rule.factor / (1 - share) + rule.offset;  // D of an event of stable's, below 0
  for (std::size_t j = 0; j < kRiskBets; ++j) {
    const double risk = rule.factor * std::exp(grid.log_risk[j]);
    const double kept = (1 + share * (rule.factor - 1)) / (1 + share * (risk - 1));
    const double lambda = (1 - kept) * (1 - share) / rule.factor;
    bets.against[j] =
        stake(std::min(lambda, kMostAtStake / std::max(lost, rule.offset)), rule.factor, rule.offset, share);
  }
  // As bad by the factor against no worse; then, for versions that hardly ever fail, as bad by the offset.
  const double grown = std::log1p(share * (rule.tolerated_factor - 1));
  bets.good[0] = {grown - std::log(rule.tolerated_factor), grown, 0};
  const double most = 1 / (1 / share - rule.tolerated_offset);
  // The more often they do fail, the less may be staked.
  constexpr std::array<double, kGoodBets> parts{0, 0.08, 0.25, 0.5, 0.95};
  for (std::size_t j = 1; j < kGoodBets; ++j) bets.good[j] = stake(-parts[j] * most, 1, rule.tolerated_offset, share);
}

/// Most looks repeat the rule and the share of the one before.
const RiskTable& bets_of(const RiskRule& rule, double share) noexcept {
  static thread_local RiskTable bets;
  if (bets.share == share && bets.rule == rule) return bets;
  bets.rule = rule;
  bets.share = share;
  const RiskGrid& grid = risk_grid(RiskPrior::Guardrail);
  rule.alone ? fill_alone(bets, grid) : fill_against_stable(bets, grid);
  return bets;
}

double share_of_rule(const RiskRule& rule, double share) noexcept {
  return rule.alone ? 0.5 : share;
}

bool says_something(double share, const RiskCounts& counts) noexcept {
  return share > 0 && share < 1 && counts.candidate_events + counts.stable_events + counts.others > 0;
}

template <std::size_t N>
void add_all(std::array<double, N>& sums, const std::array<Stakes, N>& stakes, const RiskCounts& counts) noexcept {
  const auto candidate = static_cast<double>(counts.candidate_events);
  const auto stable = static_cast<double>(counts.stable_events);
  const auto others = static_cast<double>(counts.others);
  for (std::size_t j = 0; j < N; ++j) {
    sums[j] += candidate * stakes[j].candidate_event + stable * stakes[j].stable_event + others * stakes[j].other;
  }
}

}  // namespace

void RiskProcess::add(const RiskRule& rule, double share, const RiskCounts& counts) noexcept {
  const double in_force = share_of_rule(rule, share);
  if (!says_something(in_force, counts)) return;
  const RiskTable& bets = bets_of(rule, in_force);
  add_all(against, bets.against, counts);
  add_all(good, bets.good, counts);
}

void add_risk(RiskSums& sums, const RiskRule& rule, double share, const RiskCounts& counts) noexcept {
  const double in_force = share_of_rule(rule, share);
  if (says_something(in_force, counts)) add_all(sums, bets_of(rule, in_force).against, counts);
}

void add_good(std::array<double, kGoodBets>& sums, const RiskRule& rule, double share,
              const RiskCounts& counts) noexcept {
  const double in_force = share_of_rule(rule, share);
  if (says_something(in_force, counts)) add_all(sums, bets_of(rule, in_force).good, counts);
}

double log_e_against(const RiskSums& sums) noexcept {
  return log_sum_exp(sums.data(), sums.size()) - std::log(static_cast<double>(sums.size()));
}

double log_e_good(const RiskProcess& process) noexcept {
  static const std::array<double, kGoodBets> log_weights{std::log(0.4), std::log(0.15), std::log(0.15), std::log(0.15),
                                                         std::log(0.15)};
  std::array<double, kGoodBets> terms{};
  for (std::size_t j = 0; j < kGoodBets; ++j) terms[j] = process.good[j] + log_weights[j];
  return log_sum_exp(terms.data(), terms.size());
}

std::optional<NullWalk> null_walk(const RiskRule& rule, double share) noexcept {
  const double in_force = share_of_rule(rule, share);
  if (!(in_force > 0 && in_force < 1) || (!rule.alone && rule.offset != 0)) return std::nullopt;
  const RiskTable& bets = bets_of(rule, in_force);
  NullWalk walk;
  walk.bets = kRiskBets;
  walk.chance = rule.alone ? rule.offset : event_share(in_force, rule.factor);
  for (std::size_t j = 0; j < kRiskBets; ++j) {
    const Stakes& stakes = bets.against[j];
    const double stay = rule.alone ? stakes.other : stakes.stable_event;
    walk.stay[j] = std::exp(stay);
    walk.rise[j] = std::exp(stakes.candidate_event - stay);
  }
  return walk;
}

}  // namespace sluice::stats
