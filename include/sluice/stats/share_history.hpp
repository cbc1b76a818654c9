#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::stats {

/// How many events came while the candidate had which share of the traffic, in bounded memory: exact for the first
/// kMost different shares, afterwards the two closest become one that knows how wide it is. Plain data, about 1 KiB.
class ShareHistory {
 public:
  static constexpr std::size_t kMost = 24;

  /// Events under one share, or under several close ones.
  struct Entry {
    double share = 0;   ///< their mean, weighted by events
    double events = 0;  ///< how many
    double low = 0;     ///< the smallest and
    double high = 0;    ///< the largest share in it
    double spread = 0;  ///< Σ events × (share − mean)²; 0 for one share
  };

  /// Notes events under a share strictly between 0 and 1. About 10 ns for a share known already, 100 ns for a new one.
  void add(double share, double events) noexcept { insert({share, events, share, share, 0}); }

  /// Adds an entry of another history.
  void insert(const Entry& entry) noexcept;

  std::size_t size() const noexcept { return size_; }
  const Entry& operator[](std::size_t index) const noexcept { return entries_[index]; }

  /// Σ n_i ln(1 + ρ_i (risk − 1)), never below the truth (the logarithm is concave in ρ), exact where all entries are
  /// of one share. About 12 ns per entry.
  double log_growth(double risk) const noexcept;

  /// How far log_growth() may lie above the truth, by the largest curvature inside each entry; 0 where it is exact.
  double slack(double risk) const noexcept;

  /// The slope of log_growth() over ln risk: how many of the events are the candidate's to be expected at that risk.
  double expected_events(double risk) const noexcept;

 private:
  void make_room() noexcept;

  std::array<Entry, kMost> entries_{};  // by share, ascending
  std::size_t size_ = 0;
};

}  // namespace sluice::stats
