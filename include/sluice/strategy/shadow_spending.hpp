#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/policy/shadow.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// What a shadow's copies have cost so far, and what they may cost.
namespace sluice::strategy {

/// Of all candidates, over restarts and hours.
struct Spending {
  std::uint64_t copies = 0;    ///< answered
  std::uint64_t bytes = 0;     ///< of copies and their answers
  double backend_seconds = 0;  ///< that candidates took
  Duration lasted{0};          ///< since the shadow began; a person's pauses are left out
};

/// What is known at this look; remembers it in the state where `remember` says so or another hundredth of a budget is
/// used: a state is kept whenever it changes. Without a budget on anything that is counted nothing is.
Spending count_spending(const policy::ShadowBudget& budget, const Evidence& evidence, bool remember, WallTime now,
                        RolloutState& state);

/// The same of a state that stays as it is: for people.
Spending spending_of(const RolloutState& state, const Evidence& evidence, WallTime now);

/// One limit of the budget.
struct BudgetLine {
  std::string name;  ///< "requests", "bytes", "backendTime", "duration"
  double spent = 0;  ///< a count, bytes or seconds
  double limit = 0;
};
/// Those that the policy sets, in this order.
std::vector<BudgetLine> budget_lines(const policy::ShadowBudget& budget, const Spending& spending);

/// Which limit is reached, as a sentence: "all 1 000 copies were answered (1 004)"; nothing: none is.
std::optional<std::string> what_is_spent(const policy::ShadowBudget& budget, const Spending& spending);

}  // namespace sluice::strategy
