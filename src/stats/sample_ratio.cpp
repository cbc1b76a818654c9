#include "sluice/stats/sample_ratio.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

constexpr double most_arms_stored = 1024;

}  // namespace

SampleRatio::SampleRatio(std::size_t arms) : arms_(arms) {}

void SampleRatio::add(std::span<const double> shares, std::span<const std::uint64_t> requests) noexcept {
  const std::size_t count = std::min({arms_.size(), shares.size(), requests.size()});
  double all_shares = 0;
  double all_requests = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!(shares[i] > 0)) continue;
    all_shares += shares[i];
    all_requests += static_cast<double>(requests[i]);
  }
  if (!(all_requests > 0) || !std::isfinite(all_shares)) return;
  const RiskGrid& grid = risk_grid(RiskPrior::Odds);
  for (std::size_t i = 0; i < count; ++i) {
    const double share = shares[i] / all_shares;
    if (!(share > 0 && share < 1)) continue;
    arms_[i].received += static_cast<double>(requests[i]);
    arms_[i].wished += share * all_requests;
    for (std::size_t j = 0; j < grid.size; ++j) {
      arms_[i].growth[j] += all_requests * std::log1p(share * grid.risk_minus_one[j]);
    }
  }
}

void SampleRatio::merge(const SampleRatio& other) noexcept {
  for (std::size_t i = 0; i < std::min(arms_.size(), other.arms_.size()); ++i) {
    arms_[i].received += other.arms_[i].received;
    arms_[i].wished += other.arms_[i].wished;
    for (std::size_t j = 0; j < arms_[i].growth.size(); ++j) arms_[i].growth[j] += other.arms_[i].growth[j];
  }
}

double SampleRatio::log_e_of(const Arm& arm) noexcept {
  const RiskGrid& grid = risk_grid(RiskPrior::Odds);
  std::array<double, RiskGrid::kMost> terms{};
  for (std::size_t j = 0; j < grid.size; ++j) terms[j] = arm.received * grid.log_risk[j] - arm.growth[j];
  return log_sum_exp(terms.data(), grid.size) - std::log(static_cast<double>(grid.size));
}

double SampleRatio::log_e() const noexcept {
  if (arms_.size() < 2) return 0;
  if (arms_.size() == 2) return log_e_of(arms_[0]);
  double most = -std::numeric_limits<double>::infinity();
  double sum = 0;  // of e^(x − most)
  for (const auto& arm : arms_) {
    const double evidence = log_e_of(arm);
    sum = evidence > most ? sum * std::exp(most - evidence) + 1 : sum + std::exp(evidence - most);
    most = std::max(most, evidence);
  }
  return most + std::log(sum / static_cast<double>(arms_.size()));
}

SplitHealth SampleRatio::health() const noexcept {
  const double evidence = log_e();
  if (evidence >= std::log(kBlock)) return SplitHealth::Broken;
  return evidence >= std::log(kWarn) ? SplitHealth::Doubtful : SplitHealth::Sound;
}

SampleRatio::Suspect SampleRatio::suspect() const noexcept {
  Suspect found;
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const double evidence = log_e_of(arms_[i]);
    if (!(arms_[i].wished > 0) || evidence <= most) continue;
    most = evidence;
    found = {i, arms_[i].received / arms_[i].wished};
  }
  return found;
}

std::vector<double> SampleRatio::pack() const {
  std::vector<double> packed = {static_cast<double>(arms_.size())};
  for (const auto& arm : arms_) {
    packed.insert(packed.end(), {arm.received, arm.wished});
    packed.insert(packed.end(), arm.growth.begin(), arm.growth.end());
  }
  return packed;
}

std::optional<SampleRatio> SampleRatio::unpack(std::span<const double> packed) {
  constexpr std::size_t per_arm = 2 + RiskGrid::kMost;
  if (packed.empty() || !(packed[0] >= 0 && packed[0] <= most_arms_stored)) return std::nullopt;
  const auto arms = static_cast<std::size_t>(packed[0]);
  if (packed.size() != 1 + arms * per_arm) return std::nullopt;
  if (!std::all_of(packed.begin(), packed.end(), [](double value) { return std::isfinite(value); })) {
    return std::nullopt;
  }
  SampleRatio made(arms);
  for (std::size_t i = 0; i < arms; ++i) {
    const auto field = packed.subspan(1 + i * per_arm, per_arm);
    if (field[0] < 0 || field[1] < 0) return std::nullopt;
    made.arms_[i].received = field[0];
    made.arms_[i].wished = field[1];
    std::copy(field.begin() + 2, field.end(), made.arms_[i].growth.begin());
  }
  return made;
}

}  // namespace sluice::stats
