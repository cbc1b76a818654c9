#include "sluice/compare/moves.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace sluice::compare {

void ScoreMoves::add(double live, double other) {
  if (!std::isfinite(live) || !std::isfinite(other)) return;
  if (bins() > 0) return count(live, other);
  waiting_.emplace_back(live, other);
  if (waiting_.size() >= kEnough) freeze();
}

void ScoreMoves::freeze() {
  std::vector<double> scores;
  scores.reserve(2 * waiting_.size());
  for (const auto& [live, other] : waiting_) scores.insert(scores.end(), {live, other});
  bins_ = stats::ScoreBins::of(std::move(scores));
  moves_.assign(bins_.size() * bins_.size(), 0);
  if (bins() > 0) {
    for (const auto& [live, other] : waiting_) count(live, other);
  }
  waiting_ = {};
}

void ScoreMoves::count(double live, double other) noexcept {
  ++moves_[bins_.bin_of(live) * bins_.size() + bins_.bin_of(other)];
}

void LabelMoves::add(std::uint64_t live, std::uint64_t other) {
  if (bins() > 0) return count(live, other);
  waiting_.emplace_back(live, other);
  if (waiting_.size() >= kEnough) freeze();
}

void LabelMoves::freeze() {
  std::map<std::uint64_t, std::size_t> seen;
  for (const auto& [live, other] : waiting_) {
    ++seen[live];
    ++seen[other];
  }
  std::vector<std::pair<std::uint64_t, std::size_t>> commonest(seen.begin(), seen.end());
  std::stable_sort(commonest.begin(), commonest.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  commonest.resize(std::min(commonest.size(), kClasses));
  for (const auto& one : commonest) classes_.push_back(one.first);
  std::sort(classes_.begin(), classes_.end());
  moves_.assign((classes_.size() + 1) * (classes_.size() + 1), 0);
  for (const auto& [live, other] : waiting_) count(live, other);
  waiting_ = {};
}

std::size_t LabelMoves::bin_of(std::uint64_t label) const noexcept {
  const auto found = std::lower_bound(classes_.begin(), classes_.end(), label);
  const bool is_known = found != classes_.end() && *found == label;
  return is_known ? static_cast<std::size_t>(found - classes_.begin()) : classes_.size();
}

void LabelMoves::count(std::uint64_t live, std::uint64_t other) noexcept {
  ++moves_[bin_of(live) * bins() + bin_of(other)];
}

}  // namespace sluice::compare
