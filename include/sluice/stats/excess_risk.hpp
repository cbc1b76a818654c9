#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Whether a candidate's events (errors, slow answers) are more frequent than a rule allows, however often one looks.
namespace sluice::stats {

/// What is allowed, and what must be excluded before a candidate counts as good. With `share` ρ of the requests:
///
/// - against stable: allowed is p ≤ factor × p_stable + offset. Good is what is neither `tolerated_factor` times as
///   frequent as stable's nor `tolerated_offset` more frequent, whichever of the two is the larger.
/// - alone (`alone`): allowed is p ≤ offset, good is p < tolerated_offset; factors do not matter.
struct RiskRule {
  bool alone = false;
  double factor = 1;                ///< above 0
  double offset = 0;                ///< −1…1; alone: strictly between 0 and 1
  double tolerated_factor = 2;      ///< above `factor`
  double tolerated_offset = 0.005;  ///< strictly between 0 and 1, above `offset`
  friend bool operator==(const RiskRule&, const RiskRule&) = default;
};

/// What came since the look before.
struct RiskCounts {
  std::uint64_t candidate_events = 0;
  std::uint64_t stable_events = 0;  ///< alone: none
  std::uint64_t others = 0;         ///< requests without an event, of both; matter only where an offset does
};

/// How many alternatives are bet on: "worse by 1.1…20 times", evenly in the logarithm.
inline constexpr std::size_t kRiskBets = 24;
/// The same for "good".
inline constexpr std::size_t kGoodBets = 5;

/// The natural logarithm of what each bet against "allowed" has come to. Plain data; sums of the looks, so that merging
/// is adding.
using RiskSums = std::array<double, kRiskBets>;

/// Both directions of one rule, from data of any number of looks.
///
/// Every request is a bet on D = Y(A/ρ − factor (1 − A)/(1 − ρ)) − offset, where Y says whether it had the event and A
/// whether it was the candidate's, drawn with probability ρ. Allowed means E[D] ≤ 0, so 1 + λD multiplies to an
/// e-process for every λ that keeps it positive (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random
/// variables by betting"), whatever the rates do over time. λ comes from the relative risks r of method (a): with
/// factor 1 and offset 0 each bet is r^K / Π(1 + ρ_i (r − 1)), the errors-only e-process (idea: Lindon and Malek 2020,
/// arXiv 2011.03567). Alone, each bet is the likelihood ratio of a Bernoulli law at odds r times those allowed.
struct RiskProcess {
  RiskSums against{};
  std::array<double, kGoodBets> good{};

  /// Adds one look. `share` is strictly between 0 and 1 (else nothing is added); alone it does not matter. Half a
  /// microsecond for the rule and share of the call before on this thread, two otherwise. No allocation.
  void add(const RiskRule& rule, double share, const RiskCounts& counts) noexcept;
  friend bool operator==(const RiskProcess&, const RiskProcess&) = default;
};

/// Adds one look to the bets against "allowed" alone.
void add_risk(RiskSums& sums, const RiskRule& rule, double share, const RiskCounts& counts) noexcept;

/// Adds one look to the bets that the candidate is good.
void add_good(std::array<double, kGoodBets>& sums, const RiskRule& rule, double share,
              const RiskCounts& counts) noexcept;

/// ln E against "allowed": it reaches 1/α with probability α at most, ever. 0 without data. About 0.3 µs.
double log_e_against(const RiskSums& sums) noexcept;

/// ln E against "not good": once it reaches 1/β the candidate may be taken for good.
double log_e_good(const RiskProcess& process) noexcept;

}  // namespace sluice::stats
