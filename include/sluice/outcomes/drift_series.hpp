#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "sluice/outcomes/observation.hpp"
#include "sluice/stats/drift.hpp"

namespace sluice::outcomes {

/// A class that is told apart.
struct DriftClass {
  std::uint64_t hash = 0;
  std::string text;  ///< for people: how it begins
  friend bool operator==(const DriftClass&, const DriftClass&) = default;
};

/// The bins that one kind of value is counted by, and what all that comes later is compared with: how many of stable's
/// first values lie in each. Plain data.
struct FrozenBins {
  stats::ScoreBins scores;          ///< of a score; else empty
  std::vector<DriftClass> classes;  ///< of a label, the commonest first; a last bin has all others
  stats::BinCounts reference;
  std::size_t size() const noexcept { return classes.empty() ? scores.size() : classes.size() + 1; }
  friend bool operator==(const FrozenBins&, const FrozenBins&) = default;
};

/// How often one version's values lie in each bin, within the window under way.
struct DriftCounts {
  bool by_class = false;
  stats::BinCounts own;        ///< of stable without those that the reference is made of
  stats::BinCounts stable;     ///< all of stable's
  stats::BinCounts reference;  ///< empty: not complete yet
};

/// One kind of value of a route, the score or the class, version by version. The first `reference` values of stable
/// are the reference; by the first of these, at most kFreezeAt, the bins are frozen. What comes before that waits and
/// is counted then. Bounded; not thread-safe.
class DriftSeries {
 public:
  static constexpr std::size_t kFreezeAt = 10'000;
  static constexpr std::size_t kWaiting = 10'000;  ///< of each version; more are left out
  static constexpr std::size_t kClasses = 32;

  /// `stable` is a place among the versions.
  DriftSeries(bool by_class, std::uint64_t reference, std::size_t versions, std::size_t stable);

  /// What an earlier process had complete.
  void restore(FrozenBins bins);
  /// What is counted from now on begins at zero; the reference goes on.
  void begin_window();
  void add(std::size_t version, const Prediction& prediction);

  bool is_frozen() const noexcept { return bins_.size() > 0; }
  bool is_complete() const noexcept { return complete_; }
  const FrozenBins& bins() const noexcept { return bins_; }
  /// Nothing in it before the bins are frozen.
  DriftCounts of(std::size_t version) const;
  /// All of a version within the window, by bin; nothing before the bins are frozen.
  const stats::BinCounts& counts(std::size_t version) const { return versions_[version].counts; }
  /// For people: the upper end of a bin of scores, a class, `+Inf` and `_other` for the last ones. No two are alike.
  std::vector<std::string> bin_names() const;

 private:
  struct Version {
    stats::BinCounts counts;
    std::vector<std::uint64_t> waiting;
  };
  std::size_t bin_of(std::uint64_t value) const noexcept;
  void freeze();
  void count_reference(std::size_t bin, bool in_window);
  std::vector<DriftClass> commonest() const;

  bool by_class_;
  std::uint64_t reference_;
  std::size_t stable_;
  std::vector<Version> versions_;
  std::vector<std::uint64_t> first_;  // stable's, until the bins are frozen
  std::size_t window_began_ = 0;      // among these
  std::unordered_map<std::uint64_t, std::string> texts_;
  FrozenBins bins_;
  std::unordered_map<std::uint64_t, std::size_t> places_;  // of classes
  std::uint64_t seen_ = 0;                                 // for the reference
  stats::BinCounts in_reference_;                          // of stable's counts in the window
  bool complete_ = false;
};

}  // namespace sluice::outcomes
