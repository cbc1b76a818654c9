#include "canary_path.hpp"

#include <algorithm>

namespace sluice::strategy {
namespace {

policy::Analysis make_default_analysis() {
  policy::Check check;
  check.metric = "error-rate";
  check.versus_stable.emplace().margin = policy::Quantity{0.01, policy::QuantityUnit::Ratio};
  policy::Analysis analysis;
  analysis.checks.push_back(check);
  return analysis;
}

}  // namespace

std::vector<policy::Step> path_of(const policy::Canary& canary) {
  if (canary.pace == policy::Pace::Steps) return canary.steps;
  std::vector<policy::Step> path;
  double weight = std::min(1.0, canary.max_weight);
  path.emplace_back().weight = weight;
  while (weight > 0 && weight < canary.max_weight) {
    weight = std::min(weight * 2, canary.max_weight);
    path.emplace_back().weight = weight;
  }
  return path;
}

const policy::Analysis* analysis_of(const policy::Canary& canary) {
  static const policy::Analysis by_default = make_default_analysis();
  if (canary.analysis) return &*canary.analysis;
  return canary.pace == policy::Pace::Evidence ? &by_default : nullptr;
}

double wished_share(const policy::Canary& canary, const std::vector<policy::Step>& path, std::int32_t step) {
  for (auto at = std::min<std::int64_t>(step, static_cast<std::int64_t>(path.size()) - 1); at >= 0; --at) {
    const policy::Step& one = path[static_cast<std::size_t>(at)];
    if (one.kind == policy::StepKind::SetWeight) return std::min(one.weight, canary.max_weight) / 100;
  }
  return 0;
}

}  // namespace sluice::strategy
