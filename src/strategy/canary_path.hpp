#pragma once

#include <cstdint>
#include <vector>

#include "sluice/policy/strategy.hpp"

/// The way a canary goes, whatever sets its pace.
namespace sluice::strategy {

/// The policy's steps; with `pace: Evidence` shares from 1 % on that double up to maxWeight.
std::vector<policy::Step> path_of(const policy::Canary& canary);

/// What is checked: the policy's analysis; with `pace: Evidence` and none, that the error rate is at most one
/// percentage point above stable's after 100 requests. Null: nothing.
const policy::Analysis* analysis_of(const policy::Canary& canary);

/// The share of the audience, 0…1, that a step is about: its own weight, or the one before a pause; 0 before the first.
double wished_share(const policy::Canary& canary, const std::vector<policy::Step>& path, std::int32_t step);

}  // namespace sluice::strategy
