#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/findings.hpp"
#include "sluice/compare/hidden_fields.hpp"
#include "sluice/compare/moves.hpp"
#include "sluice/compare/noise_floor.hpp"
#include "sluice/compare/replay_book.hpp"

namespace sluice::compare {

/// What a candidate's answer to one copy predicts, as `drift` reads it.
struct CopyPrediction {
  std::uint64_t unit = 0;  ///< as AnswerPair
  std::optional<double> score;
  std::optional<std::uint64_t> label;  ///< stable hash
};

/// Adds up the pairs of one candidate within one window. Bounded, whatever the answers say: some megabytes at worst,
/// some kilobytes usually. Not thread-safe.
class CandidateSums {
 public:
  /// Pairs of more different weights than this are taken for those of the nearest one.
  static constexpr std::size_t kStrata = 32;
  /// Sets of fields times strata times outcomes whose later outcomes are told apart; what is beyond is left out.
  static constexpr std::size_t kEarned = 65536;
  /// Predictions that wait to be taken; more are left out.
  static constexpr std::size_t kPredictions = 4096;

  /// `noise`: what is known of live's, see NoiseFloor::without_pairs.
  CandidateSums(NoiseFloor noise, std::uint32_t live) : noise_(std::move(noise)), live_(live) {}

  struct Added {
    NoiseFloor::Set set = 0;  ///< fields in which the two differ
    std::size_t stratum = 0;
    bool disagrees = false;  ///< by all that is known now
  };
  /// A pair both ends of which say something about their versions. A microsecond or two.
  Added add(const AnswerPair& pair, const Comparison& comparison);
  void add_twin(const Comparison& twin);
  /// What a decision earned: its outcome (by place) is known.
  void add_outcome(const ReplayDecision& decision, std::size_t outcome, double value);
  /// What the candidate predicted since they were last taken; of pairs that stand for less than one request only so
  /// many as they stand for.
  std::vector<CopyPrediction> take_predictions() { return std::exchange(predictions_, {}); }
  /// Another policy has other outcomes.
  void forget_outcomes();

  /// Place of the live version of this window.
  std::uint32_t live() const noexcept { return live_; }
  const NoiseFloor& noise() const noexcept { return noise_; }
  /// Another policy redacts other fields.
  void forget_findings() { findings_.reset(); }
  /// The same one until something is added. Up to a millisecond.
  std::shared_ptr<const Findings> findings(std::size_t segments, const std::vector<ReplayOutcome>& outcomes,
                                           const HiddenFields& hidden = {});

 private:
  std::size_t stratum_of(double weight);
  static void add_latencies(const Answer& live, const Answer& other, stats::PairStratum& stratum);
  void add_contents(const Comparison& comparison, stats::PairStratum& stratum);
  bool is_drawn(double weight) noexcept;
  void add_predictions(const Comparison& comparison, std::uint64_t unit, double weight);
  void fill_pairs(Findings& made) const;
  void fill_noise(Findings& made, const HiddenFields& hidden) const;
  void fill_replays(Findings& made, const std::vector<ReplayOutcome>& outcomes) const;

  NoiseFloor noise_;
  std::uint32_t live_;
  std::vector<stats::PairStratum> strata_;  // by appearance
  ScoreMoves scores_;
  LabelMoves labels_;
  std::vector<CopyPrediction> predictions_;
  std::uint64_t draws_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t flips_ = 0;
  std::unordered_map<std::uint64_t, stats::Moments> earned_;  // by outcome, stratum and set
  std::shared_ptr<const Findings> findings_;                  // null: something was added since
};

}  // namespace sluice::compare
