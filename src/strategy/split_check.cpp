#include "sluice/strategy/split_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "sluice/stats/sample_ratio.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {
namespace {

const double log_warn = std::log(stats::SampleRatio::kWarn);
const double log_block = std::log(stats::SampleRatio::kBlock);

/// Beyond this it does not matter any more, and e to the power of it is no number.
constexpr double most_log_shown = 200;

/// Workers take new shares a moment after they were set. Where shares move by little, that moment does no harm.
constexpr double harmless_move = 0.01;

bool has_moved(const std::vector<double>& before, const std::vector<double>& now) {
  if (before.size() != now.size()) return false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (std::abs(now[i] - before[i]) > harmless_move) return true;
  }
  return false;
}

/// The k-th epoch has 2^-k of the doubt: the same users come in all of them, so their e-values may be added, but not
/// multiplied.
double doubt_of(std::uint32_t epoch) {
  return std::exp2(-static_cast<double>(epoch) - 1);
}

stats::SampleRatio next_epoch(const stats::SampleRatio& process, SplitEvidence& split) {
  if (split.drawn.empty()) return process;
  constexpr double most = 1e300;
  const double log_e = std::min(process.log_e(), std::log(most));
  split.over = std::min(most, split.over + doubt_of(split.epochs) * std::exp(log_e));
  ++split.epochs;
  return stats::SampleRatio(process.arms());
}

double log_e_of_users(const stats::SampleRatio& process, const SplitEvidence& split) {
  const double now = process.log_e() + std::log(doubt_of(split.epochs));
  if (!(split.over > 0)) return now;
  const double before = std::log(split.over);
  return std::max(now, before) + std::log1p(std::exp(-std::abs(now - before)));
}

}  // namespace

SplitLook look_at_split(const policy::ModelRoute& route, const std::vector<std::string>& versions,
                        const Evidence& evidence, RolloutState& state) {
  const bool by_units = users_stick(route);
  std::vector<double> shares;
  std::vector<std::uint64_t> assigned;
  std::uint64_t all = 0;
  for (const std::string& version : versions) {
    const VersionEvidence& seen = evidence_of(evidence, state, version);
    shares.push_back(seen.share);
    assigned.push_back(by_units ? seen.assigned_units : seen.assigned);
    all += assigned.back();
  }
  if (all == 0) return {is_split_broken(state), ""};
  SplitEvidence split = *state.split;
  auto process = stats::SampleRatio::unpack(split.packed);
  if (!process || process->arms() != versions.size()) process.emplace(versions.size());
  bool anew =
      split.window != state.window || split.counters != evidence.counters || split.seen.size() != assigned.size();
  for (std::size_t i = 0; !anew && i < assigned.size(); ++i) anew = assigned[i] < split.seen[i];
  // Of requests that came while the shares moved nobody knows what they were drawn by.
  const bool moved = !anew && has_moved(split.drawn, shares);
  if (anew) split.seen.assign(assigned.size(), 0);
  if (anew && by_units) *process = next_epoch(*process, split);
  std::vector<std::uint64_t> fresh(assigned.size());
  for (std::size_t i = 0; i < assigned.size(); ++i) fresh[i] = assigned[i] - split.seen[i];
  if (!moved) process->add(shares, fresh);

  const double before = split.log_e;
  const auto suspect = process->suspect();
  split.window = state.window;
  split.counters = evidence.counters;
  split.seen = std::move(assigned);
  split.drawn = std::move(shares);
  split.packed = process->pack();
  split.log_e = by_units ? log_e_of_users(*process, split) : process->log_e();
  split.suspect = versions[std::min(suspect.arm, versions.size() - 1)];
  split.received = suspect.received_per_wished;
  SplitLook found{split.log_e >= log_block, ""};
  const auto crossed = [&](double level) { return before < level && split.log_e >= level; };
  if (crossed(log_block)) {
    found.news = "nothing is promoted, requests are lost or counted twice: " + split_text(split);
  } else if (crossed(log_warn)) {
    found.news = "the split is doubtful: " + split_text(split);
  }
  state.split.set(std::move(split));
  return found;
}

bool is_split_broken(const RolloutState& state) noexcept {
  return state.split->log_e >= log_block;
}
bool is_split_doubtful(const RolloutState& state) noexcept {
  return state.split->log_e >= log_warn;
}

std::string split_text(const SplitEvidence& split) {
  std::array<char, 40> size{};
  std::snprintf(size.data(), size.size(), "%.2g", std::exp(std::min(split.log_e, most_log_shown)));
  return split.suspect + " got " + percent(split.received) + " of the requests that were drawn for it, E " +
         size.data();
}

}  // namespace sluice::strategy
