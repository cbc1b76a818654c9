#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sluice/base/clock.hpp"

namespace sluice::compare {

/// An outcome that applications report later.
struct ReplayOutcome {
  std::string name;
  bool is_binary = true;
  Duration window{};  ///< so long after the decision reports count

  friend bool operator==(const ReplayOutcome&, const ReplayOutcome&) = default;
};

/// A decision whose answer was compared with that of a candidate.
struct ReplayDecision {
  std::uint64_t nonce = 0;
  std::uint64_t window = 0;  ///< of evidence
  WallTime at{};
  std::uint32_t candidate = 0;
  std::uint32_t set = 0;      ///< fields in which the two answers differ, see NoiseFloor
  std::uint32_t stratum = 0;  ///< of its weight
};

/// Waits with the decisions of one route for what is reported about them. A Binary outcome counts once its window is
/// over, with 0 where nothing was reported, so that those who convert fast do not come first; a Value counts when it is
/// reported. Reports that come before their comparison wait, the latest kEarly of them.
///
/// Bounded: decisions that find no room are counted and never waited for, whatever comes of them. Some 120 bytes per
/// decision. Not thread-safe.
class ReplayBook {
 public:
  static constexpr std::size_t kEarly = 4096;
  static constexpr std::size_t kOutcomes = 32;  ///< of a route; what is beyond is not followed

  /// Told each value that counts: of which decision, of which outcome (its place), the value.
  using Take = std::function<void(const ReplayDecision&, std::size_t outcome, double value)>;

  /// `room`: how many decisions more all books of the process may take; outlives the book.
  ReplayBook(std::vector<ReplayOutcome> outcomes, std::size_t& room);
  ~ReplayBook();
  ReplayBook(const ReplayBook&) = delete;
  ReplayBook& operator=(const ReplayBook&) = delete;

  const std::vector<ReplayOutcome>& outcomes() const noexcept { return outcomes_; }
  void note(const ReplayDecision& decision, WallTime now, const Take& take);
  void report(std::uint64_t nonce, std::string_view outcome, double value, const Take& take);
  /// What has come of age.
  void mature(WallTime now, const Take& take);
  /// Waits no more for decisions of windows before this one.
  void forget_before(std::uint64_t window);
  /// Nor for those of this one.
  void forget(std::uint64_t window);

  std::size_t size() const noexcept { return waiting_.size(); }
  /// Decisions that found no room.
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct Waiting {
    ReplayDecision decision;
    std::uint32_t reported = 0;  // by outcome
    std::uint32_t happened = 0;
    std::uint32_t counted = 0;
  };
  struct Early {
    std::uint64_t nonce = 0;
    std::size_t outcome = 0;
    double value = 0;
  };

  void hear(Waiting& waiting, std::size_t outcome, double value, const Take& take);
  void count(Waiting& waiting, std::size_t outcome, double value, const Take& take);
  void drop_first();
  template <typename Stays>
  void keep_only(const Stays& stays);

  const std::vector<ReplayOutcome> outcomes_;
  std::size_t& room_;
  std::deque<Waiting> waiting_;
  std::uint64_t first_ = 0;                                        // number of the first that waits
  std::unordered_multimap<std::uint64_t, std::uint64_t> numbers_;  // by nonce
  std::vector<std::uint64_t> ripe_;                                // by outcome: the first that is too young
  std::deque<Early> early_;
  std::uint64_t first_early_ = 0;
  std::unordered_multimap<std::uint64_t, std::uint64_t> early_numbers_;
  std::uint64_t lost_ = 0;
};

}  // namespace sluice::compare
