#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/stats/context.hpp"

namespace sluice::outcomes {

/// What a decision token says: everything that is needed to credit what an application reports about a request days
/// later, on another replica, after a restart. Names are told by their hashes, so that a token has one size.
struct Decision {
  std::uint64_t route = 0;       ///< name_hash of its name
  std::uint64_t version = 0;     ///< of the version that the split assigned, whoever answered
  std::uint64_t unit = 0;        ///< stable hash of the unit's value; 0: the policy names none or the request had none
  std::uint64_t window = 0;      ///< of evidence, as the rollout numbers them
  std::uint64_t nonce = 0;       ///< random; with it no two decisions are the same
  std::uint32_t generation = 0;  ///< of the policy
  float propensity = 1;          ///< the probability with which the version was chosen, (0, 1]
  bool split = true;             ///< false: a rule or a pin chose it, so it is no evidence
  WallTime time{};               ///< whole milliseconds
  std::uint8_t segment = 0;      ///< of the route's segments, counted from 1; 0: in none of them
  stats::Context context{};      ///< what a learned score went by; empty where there was none

  friend bool operator==(const Decision&, const Decision&) = default;
};

/// How tokens name routes and versions.
std::uint64_t name_hash(std::string_view name) noexcept;

}  // namespace sluice::outcomes
