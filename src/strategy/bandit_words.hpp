#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/bandit_shares.hpp"

/// What the journal and the status say of a bandit.
namespace sluice::strategy {

std::uint64_t count_of(const ArmState& arm) noexcept;

std::string exploring_text(const std::vector<ArmState>& arms);
std::string waiting_text(const std::string& reward);
std::string following_text(const policy::Bandit& bandit, const std::vector<ArmState>& arms, const BanditView& view);
/// ", value remaining 0.3% (Bayesian)".
std::string remaining_text(const policy::Bandit& bandit, const BanditView& view);

}  // namespace sluice::strategy
