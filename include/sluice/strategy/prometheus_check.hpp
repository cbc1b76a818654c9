#pragma once

#include <cstddef>
#include <string>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/check.hpp"

/// Checks on numbers that a Prometheus server has.
namespace sluice::strategy {

/// What its answers say about a check with `prometheus`. There is no interval: the number is compared as it is. An
/// answer that is no number is an Error, no answer yet Pending, no series no data; lower is better where two are
/// compared. docs/analysis.md has the table.
Finding judge_prometheus(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                         std::size_t index, WallTime now);

/// The key of a check's query: about the subject, or about stable.
std::string query_key(const std::string& subject_key, std::size_t index, bool of_stable);

}  // namespace sluice::strategy
