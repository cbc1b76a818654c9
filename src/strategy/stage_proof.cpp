#include "stage_proof.hpp"

#include <algorithm>

namespace sluice::strategy {

std::string proof_of(const Transition& passed, bool by_evidence) {
  const RolloutState& after = passed.state;
  for (const Event& event : passed.events) {
    if (event.kind == "WinnerFound") return event.text.substr(0, event.text.find("; the traffic stays"));
  }
  const auto winner = std::find_if(after.arms.begin(), after.arms.end(), [&](const ArmState& arm) {
    return arm.version == after.winner && !arm.checks.empty();
  });
  std::string proof;
  for (const CheckMemory& check : winner == after.arms.end() ? after.checks : winner->checks) {
    if (check.verdict == Verdict::Pass && !check.dry_run) proof += (proof.empty() ? "" : "; ") + check.message;
  }
  if (!proof.empty() || !by_evidence || after.phase != Phase::Promoted) return proof;
  // A canary that has all it needs forgets its checks with their window; its reason stands behind what it would do.
  const auto reason = after.message.find(": ");
  return reason == std::string::npos ? "" : after.message.substr(reason + 2);
}

}  // namespace sluice::strategy
