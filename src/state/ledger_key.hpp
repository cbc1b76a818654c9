#pragma once

#include <map>
#include <tuple>

#include "sluice/state/ledger.hpp"

/// What is one and the same in a ledger.
namespace sluice::state {

inline auto identity(const LedgerReport& report) noexcept {
  return std::tuple(report.decided_ms, report.nonce, report.route, report.outcome);
}
inline auto identity(const LedgerSum& sum) noexcept {
  return std::tuple(sum.route, sum.window, sum.version, sum.outcome, sum.split, sum.unit, sum.delay_ms);
}
inline auto identity(const LedgerDecisions& decisions) noexcept {
  return std::tuple(decisions.route, decisions.window, decisions.version, decisions.at_ms);
}

template <typename Kept>
using ByIdentity = std::map<decltype(identity(std::declval<const Kept&>())), Kept>;

inline void add_up(ByIdentity<LedgerSum>& sums, const LedgerSum& more) {
  const auto [place, is_new] = sums.try_emplace(identity(more), more);
  if (!is_new) place->second.add(more);
}
inline void add_up(ByIdentity<LedgerDecisions>& all, const LedgerDecisions& more) {
  const auto [place, is_new] = all.try_emplace(identity(more), more);
  if (!is_new) place->second.count += more.count;
}

/// The same sum, at no time.
inline LedgerSum without_delay(LedgerSum sum) noexcept {
  if (sum.delay_ms >= 0) sum.delay_ms = forgotten_delay;
  return sum;
}
/// The same sum, of nobody and at no time.
inline LedgerSum without_detail(LedgerSum sum) noexcept {
  sum.unit = 0;
  sum.delay_ms = forgotten_unit;
  return sum;
}

/// Sums that are folded at once, so that posts and the store wait for hundredths of a second.
inline constexpr std::size_t folded_at_once = 10'000;

}  // namespace sluice::state
