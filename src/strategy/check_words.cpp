#include "check_words.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "sluice/stats/exceedance.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

std::string number_text(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), value >= 10'000 ? "%.2g" : "%.3g", value);
  return text.data();
}

/// "+9%", "-0.21%".
std::string signed_percent(double ratio) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%+.3g%%", ratio * 100);
  return text.data();
}

}  // namespace

std::string rounded(std::uint64_t number) {
  std::uint64_t step = 1;
  while (number / step >= 100) step *= 10;
  return grouped((number + step - 1) / step * step);
}

std::string strongest_quantile(const CheckEvidence& evidence, std::size_t first) {
  static constexpr std::array<const char*, stats::SlowLimits::kCount> names{"p50", "p90", "p95", "p99", "p99.9"};
  std::size_t best = 0;
  for (std::size_t i = 1; i < names.size() && first + i < evidence.tracks.size(); ++i) {
    if (log_e_of(evidence, first + i) > log_e_of(evidence, first + best)) best = i;
  }
  return names[best];
}

std::string evidence_text(double log_e, double log_threshold) {
  constexpr double beyond_doubt = 1e9;
  const bool is_beyond = log_e > std::log(beyond_doubt);
  return "E " + (is_beyond ? ">1e9" : number_text(std::exp(log_e))) + " of " + number_text(std::exp(log_threshold));
}

std::string interval_text(const Proof& proof, double confidence) {
  if (!proof.upper || proof.scale == "value") return "";
  const std::string sure = " (" + percent(confidence) + ")";
  if (!proof.lower || *proof.lower <= -1) return "at most " + signed_percent(*proof.upper) + sure;
  return signed_percent(*proof.lower) + "…" + signed_percent(*proof.upper) + sure;
}

}  // namespace sluice::strategy
