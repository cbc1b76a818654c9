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

}  // namespace

SplitLook look_at_split(const policy::ModelRoute& route, const std::vector<std::string>& versions,
                        const Evidence& evidence, RolloutState& state) {
  if (users_stick(route)) return {};
  std::vector<double> shares;
  std::vector<std::uint64_t> assigned;
  std::uint64_t all = 0;
  for (const std::string& version : versions) {
    const VersionEvidence& seen = evidence_of(evidence, state, version);
    shares.push_back(seen.share);
    assigned.push_back(seen.assigned);
    all += seen.assigned;
  }
  if (all == 0) return {is_split_broken(state), ""};
  SplitEvidence split = *state.split;
  auto process = stats::SampleRatio::unpack(split.packed);
  if (!process || process->arms() != versions.size()) process.emplace(versions.size());
  bool anew =
      split.window != state.window || split.counters != evidence.counters || split.seen.size() != assigned.size();
  for (std::size_t i = 0; !anew && i < assigned.size(); ++i) anew = assigned[i] < split.seen[i];
  if (anew) split.seen.assign(assigned.size(), 0);
  std::vector<std::uint64_t> fresh(assigned.size());
  for (std::size_t i = 0; i < assigned.size(); ++i) fresh[i] = assigned[i] - split.seen[i];
  process->add(shares, fresh);

  const double before = split.log_e;
  const auto suspect = process->suspect();
  split.window = state.window;
  split.counters = evidence.counters;
  split.seen = std::move(assigned);
  split.packed = process->pack();
  split.log_e = process->log_e();
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
