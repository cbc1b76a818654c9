#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sluice/stats/interval.hpp"
#include "sluice/stats/mean_confidence.hpp"

/// What a shadow would have earned. Nobody saw its answers, so nothing was ever reported about them. But where its
/// answer equals the one that was served, what followed would have followed as well: *an equal answer leads to an equal
/// outcome*. That is an assumption (it leaves out what latency or a header does to a client), and it says nothing of
/// requests on which the two differ. So the estimate is of the agreeing requests, beside it stands for how many
/// requests that speaks, and for a binary outcome how much the rest could change at most. An estimate to look at, never
/// a check. Pure arithmetic, thread-safe.
namespace sluice::stats {

/// Requests that were compared and whose outcome is known, of pairs of one weight. A request is counted once its time
/// for reports is over (Binary: with 0 when nothing was reported), so that those who convert fast do not come first; a
/// Value is counted when it is reported, and is about what was reported.
struct ReplayStratum {
  double weight = 1;  ///< of one pair, (0, 1]
  Moments agreeing;   ///< outcomes of requests on which both versions gave the same answer
  Moments differing;  ///< of the others: what live earned there

  friend bool operator==(const ReplayStratum&, const ReplayStratum&) = default;
};

/// One outcome of one candidate. Sums; plain data.
struct ReplayTally {
  std::vector<ReplayStratum> strata;  ///< by weight, descending

  /// One request. A weight outside (0, 1] and a value that is not finite are left out.
  void note(double weight, bool agrees, double value);
  void merge(const ReplayTally& other);
  std::uint64_t agreeing() const noexcept;
  std::uint64_t differing() const noexcept;

  friend bool operator==(const ReplayTally&, const ReplayTally&) = default;
};

struct ReplayEstimate {
  double value = 0;                  ///< mean outcome of the agreeing requests, weighted: the candidate's and live's
  std::optional<Interval> interval;  ///< of that, at any time; nothing while there is too little for one
  double covered = 0;                ///< share of the counted requests, weighted, that it speaks for: 0…1
  double served = 0;                 ///< mean outcome of all counted requests: what live earned
  std::uint64_t agreeing = 0;
  std::uint64_t differing = 0;
  /// Binary only: where the candidate's mean over *all* requests lies, if every differing one earned 0 … 1. Chance is
  /// in it too. As wide as `1 − covered` at least.
  std::optional<Interval> bounds;
};

/// `binary`: outcomes are 0 or 1 (other values count as 1 unless 0), the interval is by betting and holds from the
/// first request; else it is asymptotic, from 100 requests and 40 that are not 0 on. `tightest_at`: agreeing requests
/// expected. Some 300 µs.
ReplayEstimate replay_estimate(const ReplayTally& tally, bool binary, double alpha, double tightest_at) noexcept;

}  // namespace sluice::stats
