#include "sluice/strategy/comparison.hpp"

#include <algorithm>

#include "sluice/stats/interval.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {

Comparison beside(std::string_view metric, const Sample& own, const Sample& other) {
  Comparison made;
  const auto mine = measure(metric, own);
  const auto theirs = measure(metric, other);
  if (!mine || !theirs) return made;
  made.own = mine->value;
  made.other = theirs->value;
  made.own_n = mine->n;
  made.other_n = theirs->n;
  made.unit = mine->unit;
  return made;
}

Comparison compare(std::string_view metric, const Sample& own, const Sample& other, const Bar& bar) {
  Comparison made = beside(metric, own, other);
  if (std::min(made.own_n, made.other_n) < std::max<std::uint64_t>(bar.min_requests, 1)) return made;
  const double enough = std::max(0.0, 1 - bar.minimum_effect);
  const bool may_be_better = made.own < enough * made.other;
  // Intervals cost the most: they are taken only where the values leave something to decide.
  if (!may_be_better && !(made.own > made.other)) return made;
  const auto a = estimate(metric, own, bar.confidence);
  const auto b = estimate(metric, other, bar.confidence);
  if (may_be_better) {
    if (stats::excess(a, b, enough, 0).interval.upper < 0) made.relation = Comparison::Relation::Better;
  } else if (stats::excess(a, b, 1, 0).interval.lower > 0) {
    made.relation = Comparison::Relation::Worse;
  }
  return made;
}

std::string comparison_text(std::string_view metric, const Comparison& comparison, std::string_view other) {
  std::string text(metric);
  text.append(" ").append(quantity_text(comparison.own, comparison.unit)).append(" against ").append(other);
  text.append("'s ").append(quantity_text(comparison.other, comparison.unit));
  text.append(" (n=").append(grouped(comparison.own_n)).append(", ").append(other);
  return text.append(" n=").append(grouped(comparison.other_n)).append(")");
}

}  // namespace sluice::strategy
