#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/compare/noise_floor.hpp"
#include "sluice/stats/pair_tally.hpp"
#include "sluice/stats/replay.hpp"

namespace sluice::compare {

/// What was found about one candidate within one window. Plain data.
struct Findings {
  stats::PairTally pairs;
  /// Pairs that agree only because a field is noisy that seems to differ more often than noise makes it, by stratum of
  /// `pairs`; see NoiseFloor::unsettled. Agreement is certified with these counted as disagreements.
  std::vector<std::uint64_t> unsettled;
  std::uint64_t twins = 0;  ///< requests that live answered twice, in windows before too: live's noise stays known
  std::uint64_t refused_twins = 0;  ///< whose second answer had another status; see NoiseFloor
  bool noise_known = false;
  std::uint64_t noisy_fields = 0;
  std::string worst_field;  ///< that differs in most pairs beyond noise; empty: none
  std::uint64_t worst_field_pairs = 0;
  std::vector<NoiseFloor::Field> fields;  ///< those that differ in most pairs first, at most 32; noisy ones too
  std::uint64_t rows = 0;                 ///< whose largest number was looked for
  std::uint64_t flips = 0;                ///< of these
  struct Segment {
    std::uint64_t pairs = 0;  ///< compared
    std::uint64_t disagreements = 0;
  };
  std::vector<Segment> segments;           ///< in the order of the policy
  std::vector<std::uint64_t> score_moves;  ///< see stats::log_e_unlike_pairs; empty: no scores, or no bins yet
  std::vector<std::uint64_t> label_moves;  ///< the same by class; the last bin: all classes beyond the 32 commonest
  std::size_t score_bins = 0;
  std::size_t label_bins = 0;
  /// Of one outcome that applications report: what the candidate would have earned, see stats::replay_estimate.
  struct Replay {
    std::string outcome;
    bool is_binary = true;
    stats::ReplayTally tally;
  };
  std::vector<Replay> replays;  ///< in the order of the policy
};

}  // namespace sluice::compare
