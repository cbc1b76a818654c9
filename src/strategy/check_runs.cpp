#include "sluice/strategy/check_runs.hpp"

#include <algorithm>

namespace sluice::strategy {
namespace {

std::uint64_t* counter_of(CheckRuns& runs, Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Pass:
      return &runs.passed;
    case Verdict::Fail:
      return &runs.failed;
    case Verdict::Inconclusive:
      return &runs.inconclusive;
    case Verdict::Error:
      return &runs.errors;
    case Verdict::Pending:
      break;
  }
  return nullptr;
}

CheckRuns& runs_of(std::vector<CheckRuns>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const CheckRuns& one) { return one.name == name; });
  if (found != all.end()) return *found;
  all.emplace_back().name = name;
  return all.back();
}

}  // namespace

void count_looks(const Assessment& found, RolloutState& state) {
  if (!found.looked || found.memory.empty()) return;
  std::vector<CheckRuns>& all = state.check_runs.change();
  for (const CheckMemory& check : found.memory) {
    CheckRuns& runs = runs_of(all, check.name);
    if (std::uint64_t* const counter = counter_of(runs, check.verdict)) ++*counter;
  }
}

}  // namespace sluice::strategy
