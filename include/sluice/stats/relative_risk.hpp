#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sluice/stats/interval.hpp"
#include "sluice/stats/risk_prior.hpp"
#include "sluice/stats/share_history.hpp"

namespace sluice::stats {

/// Do events (errors, conversions, slow answers) happen to the candidate's requests more often than to the others'?
///
/// Looks at the events alone: given that one happened, it fell on the candidate with probability ρr / (ρr + 1 − ρ),
/// where ρ is the share by which the arm was drawn and r the relative risk. The base rate has no part in that, so a
/// rate that drifts does no harm, nor a ramp, nor an uneven split, nor looking after every request (idea: Lindon and
/// Malek, arXiv 2011.03567; the e-process is the likelihood under a prior over r against the null's). With prior
/// weights w_j on risks r_j, look i with share ρ_i, n_i events, K candidate events in all:
///   ln E = LSE_j [ ln w_j + K ln r_j − Σ_i n_i ln(1 + ρ_i (r_j − 1)) ].
/// Under the null hypothesis E reaches 1/α with probability α at most, ever.
///
/// Blind when both arms get worse alike: keep an absolute limit beside it. Plain data of about 1.4 KiB, copied freely;
/// not thread-safe. No method allocates but pack().
class RelativeRisk {
 public:
  /// Null hypothesis: r ≤ `null_risk` (r ≥ for `Smaller`, r = for `Either` and `Odds`). The prior is about r /
  /// null_risk.
  explicit RelativeRisk(RiskPrior prior = RiskPrior::Guardrail, double null_risk = 1) noexcept;

  /// One look: of `events` new ones, `candidate` fell on the candidate, while its share of the draws was `share`. A
  /// share that is not strictly between 0 and 1 says nothing of r, so such a look is left out. More events of the
  /// candidate than events count as all. Sums: the order of looks and their size do not matter. About 0.4 µs.
  void add(double share, std::uint64_t candidate, std::uint64_t events) noexcept;

  /// Adds what another process of the same prior and null hypothesis saw of the same two versions.
  void merge(const RelativeRisk& other) noexcept;

  /// Evidence against the null hypothesis; 0 without events. Exact at any number of shares. About 0.2 µs.
  double log_e() const noexcept;

  /// Evidence that the candidate is *not* `limit` times worse (`limit` > 1) or, below 1, not as much better:
  /// ln E = −K ln m + Σ n_i ln(1 + ρ_i (m − 1)), the likelihood of r = 1 against r = m (any r beyond m is rejected with
  /// it). Never above the truth, exact up to ShareHistory::kMost shares. About 15 ns per share.
  double log_e_accept(double limit) const noexcept;

  /// All r that the data do not reject, two-sided at `alpha`, valid at all looks together; [0, infinity] without
  /// events. From a prior of its own over |ln r| = 0.01…3.5, so that it holds the estimate whatever that is; it may
  /// therefore lag log_e() by a few events. About 7 µs for one share.
  Interval interval(double alpha) const noexcept;

  /// The most likely r; 0 or infinity when all events are on one side, 1 without any.
  double estimate() const noexcept;

  std::uint64_t candidate_events() const noexcept { return candidate_; }
  std::uint64_t events() const noexcept { return events_; }
  RiskPrior prior() const noexcept { return prior_; }
  double null_risk() const noexcept { return null_risk_; }
  const ShareHistory& shares() const noexcept { return history_; }

  /// As a list of numbers for a store, and back; nothing for a list that pack() did not make.
  std::vector<double> pack() const;
  static std::optional<RelativeRisk> unpack(std::span<const double> packed);

 private:
  double log_likelihood(double log_risk) const noexcept;
  double log_mixture() const noexcept;
  double most_likely() const noexcept;
  double limit_beyond(double from, double step, double least) const noexcept;

  RiskPrior prior_;
  double null_risk_;
  std::uint64_t candidate_ = 0;
  std::uint64_t events_ = 0;
  std::array<double, RiskGrid::kMost> growth_{};  // Σ n ln(1 + ρ (r_j − 1)), by point of the prior
  ShareHistory history_;
};

}  // namespace sluice::stats
