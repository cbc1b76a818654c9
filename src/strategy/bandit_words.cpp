#include "bandit_words.hpp"

#include "sluice/strategy/bandit_context.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

std::string shares_text(const std::vector<ArmState>& arms) {
  std::string shares;
  std::uint64_t n = 0;
  for (const auto& arm : arms) {
    shares += (shares.empty() ? "'" : ", '") + arm.version + "' " + percent(arm.share);
    n += count_of(arm);
  }
  return "shares " + shares + " (n=" + grouped(n) + ")";
}

}  // namespace

std::uint64_t count_of(const ArmState& arm) noexcept {
  return arm.successes + arm.failures;
}

std::string exploring_text(const std::vector<ArmState>& arms) {
  std::string text;
  for (const auto& arm : arms) {
    if (arm.dropped) continue;
    text +=
        (text.empty() ? "'" : ", '") + arm.version + "' n=" + grouped(count_of(arm)) + " of " + grouped(requests_first);
  }
  return "equal shares at first: " + text;
}

std::string waiting_text(const std::string& reward) {
  return "the shares wait for rewards that come late: not enough decisions have had the time for '" + reward + "' yet";
}

std::string following_text(const policy::Bandit& bandit, const std::vector<ArmState>& arms, const BanditView& view) {
  if (!goes_by_contexts(bandit)) {
    return "'" + arms[view.leader].version + "' is the best with a probability of " +
           percent(view.probability_best[view.leader]) + "; " + shares_text(arms);
  }
  std::string best;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    best += (best.empty() ? "'" : ", '") + arms[i].version + "' " + percent(view.probability_best[i]);
  }
  return "by context, probability of being the best for a request: " + best + "; " + shares_text(arms);
}

std::string remaining_text(const policy::Bandit& bandit, const BanditView& view) {
  if (goes_by_contexts(bandit)) return " (Bayesian)";
  return ", value remaining " + percent(view.value_remaining) + " (Bayesian)";
}

}  // namespace sluice::strategy
