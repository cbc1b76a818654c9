#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::stats {

/// What is known of one arm: Beta(1, 1) before the first reward.
struct ArmCounts {
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
};

/// What the posteriors of several arms say together.
struct BestArm {
  std::vector<double> probability;  ///< of having the highest success rate, by arm; sums to 1
  std::size_t leader = 0;           ///< who is most likely it; the first of equals
  double value_remaining = 0;       ///< expected gain of knowing the best over taking the leader, per its expected rate
};

/// By quadrature over the logit of the rate; no randomness, to about 1e-7. Up to 40 µs for 16 arms, a few for two.
/// Empty for no arms.
BestArm best_arm(std::span<const ArmCounts> arms);

}  // namespace sluice::stats
