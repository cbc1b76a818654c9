#pragma once

#include <cstdint>

#include "sluice/base/clock.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"

/// Decisions of which it is known what came of them.
namespace sluice::strategy {

struct Conversions {
  std::uint64_t decisions = 0;
  std::uint64_t events = 0;
};

/// The decisions whose attribution window has passed: held against a fixed limit, one that may still convert would
/// count as one that did not. All decisions where the answer tells, or where nobody says when they were made. 1 µs.
Conversions settled_conversions(const policy::Outcome& outcome, const OutcomeEvidence& seen, WallTime now);

}  // namespace sluice::strategy
