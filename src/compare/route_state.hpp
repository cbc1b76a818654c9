#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/candidate_sums.hpp"
#include "sluice/compare/findings.hpp"
#include "sluice/compare/kept_pairs.hpp"
#include "sluice/compare/noise_floor.hpp"
#include "sluice/compare/replay_book.hpp"
#include "sluice/compare/route_rules.hpp"

namespace sluice::compare {

/// All that is known of the pairs of one route. Not thread-safe.
class RouteState {
 public:
  /// That are told apart beside the one in force: the data plane may be ahead of who says which that is.
  static constexpr std::size_t kWindows = 3;

  /// `room`: decisions that may be followed, of all routes.
  RouteState(std::shared_ptr<const RouteRules> rules, std::size_t& room);

  const std::shared_ptr<const RouteRules>& rules() const noexcept { return rules_; }
  /// Another policy: goes on where it counts alike.
  void set_rules(std::shared_ptr<const RouteRules> rules);
  void set_current(std::uint64_t window);
  /// Kept pairs go when their time is over, also where nobody asks for them.
  void expire(WallTime now);
  /// Whether such a pair is of this policy and a window that counts.
  bool takes(const AnswerPair& pair) const noexcept;

  void add_twin(const AnswerPair& twin, const Comparison& comparison);
  CandidateSums::Added add(const AnswerPair& pair, const Comparison& comparison, WallTime now);
  /// What is known of the fields of this pair's candidate; null before its first pair.
  const NoiseFloor* noise_of(const AnswerPair& pair) const;

  /// How bad a pair is, by what is noise now, where people shall see it; else nothing.
  std::optional<double> wants(const AnswerPair& pair, const Comparison& comparison, WallTime now);
  void keep(std::uint32_t candidate, KeptPair pair, WallTime now);
  /// The worst first, by what is noise now.
  std::vector<KeptPair> kept(WallTime now);

  void report(std::uint64_t nonce, std::string_view outcome, double value);
  std::uint64_t lost_decisions() const noexcept { return lost_ + book_->lost(); }

  std::vector<CopyPrediction> take_predictions(std::string_view version, std::uint64_t window);
  std::shared_ptr<const Findings> findings(std::string_view version, std::uint64_t window, WallTime now);

 private:
  using Key = std::pair<std::uint64_t, std::uint32_t>;  // window, candidate
  struct Kept {
    KeptPairs pairs;
    std::uint64_t twins = 0;  // that were known when they were judged
  };

  void begin_anew();
  void new_book();
  CandidateSums& sums_of(const AnswerPair& pair);
  CandidateSums* newest_of(std::uint32_t candidate);
  void make_room_for(std::uint64_t window);
  ReplayBook::Take take();

  std::shared_ptr<const RouteRules> rules_;
  std::size_t& room_;
  std::optional<std::uint64_t> current_;
  std::map<Key, CandidateSums> sums_;
  std::map<std::uint32_t, NoiseFloor> noise_;  // by live version, of all windows
  std::map<std::uint32_t, Kept> kept_;         // by candidate
  std::unique_ptr<ReplayBook> book_;
  std::uint64_t lost_ = 0;  // of books before
};

}  // namespace sluice::compare
