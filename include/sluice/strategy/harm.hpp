#pragma once

#include <cstdint>

#include "sluice/base/clock.hpp"

/// The arithmetic of a harm budget: how many extra bad answers a candidate has cost, and how much traffic it may get
/// so that the budget holds whatever happens until the next look. Pure.
namespace sluice::strategy {

/// Requests and how many of them failed.
struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  friend Counts operator+(const Counts& a, const Counts& b) {
    return {a.requests + b.requests, a.failures + b.failures};
  }
};

/// Failures per request, 0…1; 0 without a request.
double failure_rate(const Counts& counts) noexcept;

/// The failures that stable would not have had: failures − requests × control's rate; below 0 where it had failed more
/// often. Sums of these are not biased, so nothing is cut off before the end. Without a control request every failure
/// counts.
double extra_failures(const Counts& candidate, const Counts& control) noexcept;

/// The most that the candidate's failure rate may exceed the control's, 0…1, as far as the counts say (97.5 %, Wilson);
/// 1 when nothing is known.
double excess_bound(const Counts& candidate, const Counts& control) noexcept;

/// Whether the candidate fails more often than the control for certain: the evidence on whose the failures are (method
/// a) has reached 20, which chance makes of equals in at most one of twenty rollouts, however often one looks. Without
/// a control request that is taken for one that never fails.
bool exceeds_for_certain(const Counts& candidate, const Counts& control) noexcept;

/// What hangs on how much traffic the candidate gets until the next look.
struct Exposure {
  double left = 0;      ///< of the budget, in failures
  double rate = 0;      ///< requests per second that are split
  Duration interval{};  ///< until the next look
  double excess = 1;    ///< extra failures per request at worst, 0…1
};

/// The largest share of the requests, 0…1, of which the worst case fits in what is left; 1 when nothing can happen.
double largest_share(const Exposure& exposure) noexcept;

}  // namespace sluice::strategy
