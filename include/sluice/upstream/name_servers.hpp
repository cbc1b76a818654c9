#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"

namespace sluice::upstream {

/// Where names are looked up, and for how long an answer holds.
struct NameServers {
  std::vector<std::string> servers;         ///< `10.0.0.10:53`, `[fd00::a]:53`; empty: the system's
  std::chrono::milliseconds timeout{2000};  ///< of the first try; each later one may take twice as long
  std::uint32_t tries = 2;                  ///< for each server
  std::chrono::milliseconds min_ttl{1000};  ///< a name is not asked again sooner
  std::chrono::milliseconds max_ttl{300000};

  /// How long an answer holds that its name server gave so long a life.
  Duration bounded(Duration ttl) const noexcept {
    return std::max<Duration>(min_ttl, std::min<Duration>(ttl, max_ttl));
  }
  friend bool operator==(const NameServers&, const NameServers&) = default;
};

}  // namespace sluice::upstream
