#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/strategy/evidence.hpp"

namespace sluice::strategy {

/// So many requests of which so many failed; those that were answered took between 0.8 and 1.25 times this long,
/// evenly spread on a logarithmic scale.
inline Sample sample_of(std::uint64_t requests, std::uint64_t failures,
                        Duration latency = std::chrono::milliseconds(20)) {
  Sample sample;
  sample.requests = requests;
  sample.failures = failures;
  const std::uint64_t answered = requests - failures;
  const std::uint64_t places = std::min<std::uint64_t>(answered, 200);
  for (std::uint64_t place = 0; place < places; ++place) {
    const std::uint64_t times = answered / places + (place < answered % places ? 1 : 0);
    const double factor = 0.8 * std::pow(1.25 / 0.8, (static_cast<double>(place) + 0.5) / static_cast<double>(places));
    sample.latency.record(Duration(static_cast<std::int64_t>(static_cast<double>(latency.count()) * factor)), times);
    sample.first_byte.record(Duration(static_cast<std::int64_t>(static_cast<double>(latency.count()) * factor / 2)),
                             times);
  }
  return sample;
}

/// Evidence of versions that each have two usable endpoints.
inline VersionEvidence seen(std::string version, Sample sample) {
  VersionEvidence made;
  made.version = std::move(version);
  made.all = sample;
  made.control = sample;
  made.shadow = std::move(sample);
  made.endpoints = made.usable = 2;
  return made;
}

}  // namespace sluice::strategy
