#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "sluice/outcomes/decision.hpp"
#include "sluice/outcomes/token.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::outcomes {

inline policy::Outcome an_outcome(const std::string& name, policy::OutcomeType type = policy::OutcomeType::Binary,
                                  Duration window = std::chrono::minutes(30)) {
  policy::Outcome outcome;
  outcome.name = name;
  outcome.type = type;
  outcome.attribution_window = window;
  return outcome;
}

/// Versions v1 and v2; click (30 min) and revenue (a day), by users.
inline policy::ModelRoute a_route(const std::string& name = "fraud") {
  policy::ModelRoute route;
  route.name = name;
  route.unit = {policy::UnitSource::Header, "x-user", "salt"};
  for (const char* const version : {"v1", "v2"}) {
    route.versions.emplace_back();
    route.versions.back().name = version;
  }
  route.outcomes = {an_outcome("click"), an_outcome("revenue", policy::OutcomeType::Value, std::chrono::hours(24))};
  return route;
}

inline TokenKey a_key(std::uint8_t id = 1) {
  TokenKey key;
  key.id = id;
  key.secret.fill(static_cast<std::uint8_t>(id + 40));
  return key;
}

inline Decision a_decision(std::uint64_t nonce, WallTime time, const std::string& version = "v1") {
  Decision decision;
  decision.route = name_hash("fraud");
  decision.version = name_hash(version);
  decision.window = 3;
  decision.nonce = nonce;
  decision.propensity = 0.5F;
  decision.time = time;
  return decision;
}

inline std::string token_of(const Decision& decision, const TokenKeys& keys) {
  std::array<char, most_token_size> text{};
  return {text.data(), write_token(decision, keys, text)};
}

}  // namespace sluice::outcomes
