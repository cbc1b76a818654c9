#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sluice/policy/strategy.hpp"
#include "sluice/strategy/comparison.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/tally.hpp"

namespace sluice::strategy {

/// Who is better than whom for certain, among the variants that take part.
///
/// Every pair is a hypothesis. That anything false is said of any of them in the whole test, at any look, has the
/// probability 1 − confidence at most: e-Holm, in which a pair of K must reach ln(pairs not yet decided / α); pairs
/// with a variant that was taken out keep their part. Some twenty microseconds a pair.
class Standings {
 public:
  /// Also writes each variant's lift over the control and how far that comparison has come.
  Standings(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state);

  /// Indexes into the state's arms; false for one that does not take part.
  bool beats(std::size_t better, std::size_t worse) const { return better_[better * arms_ + worse]; }
  /// Beats all others that take part; the number of arms where nobody does, or nobody else takes part.
  std::size_t winner() const;
  /// Who is certainly better than this one: the control if it is, else another; the number of arms where nobody is.
  std::size_t master_of(std::size_t arm) const;
  /// Decided comparisons that this one has part in.
  std::uint32_t decided_with(std::size_t arm) const;

  std::size_t size() const noexcept { return arms_; }
  std::string text(std::size_t own, std::size_t other) const;
  /// "'v2' click 5.6% against v1's 5%: … , about 3 200 more requests".
  std::string progress() const;

 private:
  struct Pair {
    std::size_t own;
    std::size_t other;
    Contest contest;
  };

  Contest judged(std::size_t own, std::size_t other, double log_threshold, bool wants_lift) const;
  void compare_all();
  void decide(double alpha, std::uint32_t decided_before);
  void write_lifts(RolloutState& state) const;

  const policy::AbTest& test_;
  const PrimaryMetric& metric_;
  const std::vector<ArmState>& list_;
  std::size_t arms_;
  std::size_t control_;
  double log_threshold_ = 0;
  double interval_alpha_ = 0.05;
  std::vector<Pair> pairs_;
  std::vector<bool> better_;
};

/// The index of the version among the arms; their number where it is none.
std::size_t index_of(const RolloutState& state, const std::string& version);

}  // namespace sluice::strategy
