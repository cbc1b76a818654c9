#include "sluice/stats/unit_exceedance.hpp"

#include <cmath>

#include "sluice/stats/combine.hpp"

namespace sluice::stats {

UnitExceedance::Reached UnitExceedance::reached(std::uint64_t before, std::uint64_t after) noexcept {
  Reached found;
  while (found.first < kLevels.size() && kLevels[found.first] <= before) ++found.first;
  found.last = found.first;
  while (found.last < kLevels.size() && kLevels[found.last] <= after) ++found.last;
  return found;
}

UnitExceedance::UnitExceedance(RiskPrior prior, double null_risk) noexcept {
  processes_.fill(RelativeRisk(prior, null_risk));
}

void UnitExceedance::add(double share, const Counts& candidate, const Counts& both) noexcept {
  for (std::size_t i = 0; i < processes_.size(); ++i) processes_[i].add(share, candidate[i], both[i]);
}

void UnitExceedance::merge(const UnitExceedance& other) noexcept {
  for (std::size_t i = 0; i < processes_.size(); ++i) processes_[i].merge(other.processes_[i]);
}

double UnitExceedance::log_e() const noexcept {
  std::array<double, kLevels.size()> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) evidence[i] = processes_[i].log_e();
  return log_mean_e(evidence);
}

std::vector<double> UnitExceedance::pack() const {
  std::vector<double> packed;
  for (const auto& process : processes_) {
    const auto numbers = process.pack();
    packed.push_back(static_cast<double>(numbers.size()));
    packed.insert(packed.end(), numbers.begin(), numbers.end());
  }
  return packed;
}

std::optional<UnitExceedance> UnitExceedance::unpack(std::span<const double> packed) {
  UnitExceedance made;
  for (auto& process : made.processes_) {
    if (packed.empty() || !(packed[0] >= 0 && packed[0] < static_cast<double>(packed.size()))) return std::nullopt;
    const auto size = static_cast<std::size_t>(packed[0]);
    const auto found = RelativeRisk::unpack(packed.subspan(1, size));
    if (!found) return std::nullopt;
    process = *found;
    packed = packed.subspan(1 + size);
  }
  if (!packed.empty()) return std::nullopt;
  return made;
}

}  // namespace sluice::stats
