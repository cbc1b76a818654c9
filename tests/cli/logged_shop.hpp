#pragma once

#include <chrono>
#include <string>

#include "sluice/base/random.hpp"
#include "sluice/outcomes/decision_log.hpp"

namespace sluice::cli {

/// A log of `count` decisions, one a second, 80 % v1 and 20 % v2. v1 converts 10 % of everybody; v2 30 % of those from
/// DE, who are half, and 2 % of the others.
inline std::string logged_shop(std::uint64_t seed, int count) {
  Random random(seed);
  const auto chance = [&](double p) { return random.uniform() < p; };
  std::string text;
  for (int i = 0; i < count; ++i) {
    const bool second = chance(0.2);
    const bool german = chance(0.5);
    outcomes::LoggedDecision decision;
    decision.time = WallTime(std::chrono::seconds(1'790'000'000 + i));
    decision.route = "shop";
    decision.decision = static_cast<std::uint64_t>(i) + 1;
    decision.version = second ? "v2" : "v1";
    decision.propensity = second ? 0.2 : 0.8;
    decision.status = 200;
    decision.context = {{"country", std::string(german ? "DE" : "FR")}};
    outcomes::append_line(decision, text);
    if (!chance(second ? (german ? 0.3 : 0.02) : 0.1)) continue;
    outcomes::append_line(outcomes::LoggedOutcome{decision.time, "shop", decision.decision, "click", 1}, text);
  }
  return text;
}

}  // namespace sluice::cli
