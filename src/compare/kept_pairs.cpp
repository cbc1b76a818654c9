#include "sluice/compare/kept_pairs.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::compare {
namespace {

bool is_worse(double severity, WallTime at, const KeptPair& than) noexcept {
  return severity != than.severity ? severity > than.severity : at > than.at;
}

/// Where all pairs are equally bad, each is newer than those before; making them all ready would cost more than
/// comparing them.
constexpr Duration new_enough = std::chrono::seconds(1);

bool displaces(double severity, WallTime at, const KeptPair& old) noexcept {
  return severity != old.severity ? severity > old.severity : at - old.at >= new_enough;
}

auto same_request(std::string_view request_id) {
  return [request_id](const KeptPair& pair) { return !request_id.empty() && pair.request_id == request_id; };
}

}  // namespace

double severity_beyond(const std::vector<Difference>& differences,
                       const std::function<bool(const Difference&)>& counts) {
  double worst = 0;
  std::size_t fields = 0;
  for (const Difference& one : differences) {
    if (!counts(one)) continue;
    worst = std::max(worst, one.gravity);
    ++fields;
  }
  return fields == 0 ? 0 : 1 - (1 - worst) / (1 + 0.1 * (static_cast<double>(fields) - 1));
}

void KeptPairs::expire(WallTime now) {
  const auto is_over = [&](const KeptPair& pair) { return now - pair.at >= rules_.expire_after; };
  pairs_.erase(std::remove_if(pairs_.begin(), pairs_.end(), is_over), pairs_.end());
}

bool KeptPairs::wants(double severity, WallTime at, std::string_view request_id, WallTime now) {
  if (rules_.pairs == 0 || now - at >= rules_.expire_after) return false;
  expire(now);
  const auto same = std::find_if(pairs_.begin(), pairs_.end(), same_request(request_id));
  if (same != pairs_.end()) return displaces(severity, at, *same);
  return pairs_.size() < rules_.pairs || displaces(severity, at, pairs_.back());
}

void KeptPairs::add(KeptPair pair, WallTime now) {
  if (!wants(pair.severity, pair.at, pair.request_id, now)) return;
  pairs_.erase(std::remove_if(pairs_.begin(), pairs_.end(), same_request(pair.request_id)), pairs_.end());
  const auto place = std::find_if(pairs_.begin(), pairs_.end(),
                                  [&](const KeptPair& than) { return is_worse(pair.severity, pair.at, than); });
  pairs_.insert(place, std::move(pair));
  if (pairs_.size() > rules_.pairs) pairs_.pop_back();
}

void KeptPairs::judge_anew(const std::function<bool(const Difference&)>& counts) {
  for (KeptPair& pair : pairs_) pair.severity = severity_beyond(pair.differences, counts);
  const auto is_noise = [&](const KeptPair& pair) {
    return std::none_of(pair.differences.begin(), pair.differences.end(), counts);
  };
  pairs_.erase(std::remove_if(pairs_.begin(), pairs_.end(), is_noise), pairs_.end());
  std::stable_sort(pairs_.begin(), pairs_.end(),
                   [](const KeptPair& a, const KeptPair& b) { return is_worse(a.severity, a.at, b); });
}

const std::vector<KeptPair>& KeptPairs::worst(WallTime now) {
  expire(now);
  return pairs_;
}

}  // namespace sluice::compare
