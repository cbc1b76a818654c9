#pragma once

#include <cstdint>
#include <string>

#include "sluice/strategy/check_state.hpp"

/// Words that several kinds of checks use.
namespace sluice::strategy {

/// "3 200": two digits that say something.
std::string rounded(std::uint64_t number);

/// "p50": of the limits read off stable's latencies, the one with the most evidence. `first`: their first track.
std::string strongest_quantile(const CheckEvidence& evidence, std::size_t first);

/// "E 3.1e+04 of 20", "E >1e9 of 20": what was found and what was asked for.
std::string evidence_text(double log_e, double log_threshold);

/// "at most +0.21% (95%)", "+9%…+41% (95%)": where the truth lies; empty where it is not known.
std::string interval_text(const Proof& proof, double confidence);

}  // namespace sluice::strategy
