#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/stats/interval.hpp"

/// What another policy would have earned, told from a log of decisions with their propensities. Pure arithmetic.
namespace sluice::stats {

struct OffPolicyRules {
  double confidence = 0.95;
  double largest_weight = 100;      ///< heavier decisions are cut to that; the answer says how often
  double least_effective = 100;     ///< decisions that must be left after weighting
  double most_unsupported = 0.001;  ///< share of the target's choices that the log may be unable to answer
};

/// Why there is no answer.
enum class OffPolicyRefusal : unsigned char {
  None,
  NoDecisions,     ///< the log has none that can be used
  NoSupport,       ///< the target chooses versions that the log never chose, or the weights do not average to one
  TooFewMatching,  ///< the effective sample size is too small
  TooMuchClipped,  ///< cutting the weights took more than a tenth of them away
};

/// An estimate of the mean reward per decision, with an interval that stays valid while the log grows and is read
/// again.
struct OffPolicyEstimate {
  double value = 0;
  Interval interval;
};

struct OffPolicyAnswer {
  OffPolicyRefusal refusal = OffPolicyRefusal::None;
  OffPolicyEstimate logged;  ///< what was earned
  OffPolicyEstimate ips;
  OffPolicyEstimate snips;
  OffPolicyEstimate doubly_robust;
  std::uint64_t decisions = 0;
  std::uint64_t unusable = 0;    ///< left out: no propensity in 0…1, no finite reward, an unknown version
  double effective = 0;          ///< sample size after weighting, (Σ w)² / Σ w²
  double mean_weight = 0;        ///< one, if the log can answer
  double heaviest = 0;           ///< before cutting
  double clipped_decisions = 0;  ///< share of the decisions whose weight was cut
  double clipped_weight = 0;     ///< share of all weight that was cut away
  double unsupported = 0;        ///< share of the target's choices on versions that the log never chose
};

/// Goes through a log once, in order. Weight w = the target's probability of the logged version over its propensity,
/// cut at `largest_weight`:
///
/// - IPS: mean of w r. (Horvitz and Thompson 1952)
/// - SNIPS: Σ w r / Σ w; its variance by linearisation. (Swaminathan and Joachims 2015)
/// - Doubly robust: mean of Σ_v target(v) m(v) + w (r − m(version)), m any prediction of the reward. (Dudík, Langford
/// and
///   Li 2011) Where none is given, m is the mean reward of the version in the records before, so a record never
///   predicts itself and the estimate stays unbiased.
///
/// Intervals are asymptotic: the sample deviation times repeated_looks_z(). They take decisions as independent; a unit
/// that comes again and again makes them too narrow.
class OffPolicyEstimator {
 public:
  explicit OffPolicyEstimator(std::size_t versions, OffPolicyRules rules = {});

  /// `target`: the other policy's probabilities by version, which sum to 1. `predicted`: rewards expected by version in
  /// this context; empty: the means so far. 50 ns for three versions.
  void add(std::size_t version, double propensity, std::span<const double> target, double reward,
           std::span<const double> predicted = {});

  OffPolicyAnswer answer() const;

 private:
  /// Mean and variance as they come, without cancellation. (Welford 1962)
  struct Running {
    double n = 0;
    double mean = 0;
    double off = 0;
    void add(double value) noexcept;
    double variance() const noexcept;
  };
  struct VersionRecord {
    Running reward;
    double wanted = 0;  ///< sum of the target's probabilities
  };

  OffPolicyEstimate estimate_of(const Running& terms) const noexcept;
  OffPolicyEstimate self_normalised() const noexcept;
  OffPolicyRefusal refusal_of(const OffPolicyAnswer& answer) const noexcept;

  OffPolicyRules rules_;
  std::vector<VersionRecord> versions_;
  Running rewards_;
  Running weights_;
  Running uncut_;
  Running weighted_;
  Running robust_;
  double weight_squares_ = 0;
  double cross_ = 0;           ///< Σ w² r
  double reward_squares_ = 0;  ///< Σ w² r²
  std::uint64_t unusable_ = 0;
  std::uint64_t clipped_ = 0;
  double heaviest_ = 0;
};

}  // namespace sluice::stats
