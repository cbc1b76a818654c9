#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/outcomes/catalogue.hpp"
#include "sluice/outcomes/verdict.hpp"

namespace sluice::outcomes {

/// How long outcomes take: a second to 90 days. Plain data.
struct DelayCounts {
  static constexpr std::array<double, 14> kBounds = {1,     10,    60,     300,    900,     1800,   3600, 10800,
                                                     43200, 86400, 172800, 604800, 2592000, 7776000};  ///< seconds
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< not cumulative
  double sum = 0;                                          ///< seconds

  void record(Duration delay) noexcept;
  friend bool operator==(const DelayCounts&, const DelayCounts&) = default;
};

/// What was kept since the process started; shown, never judged by.
struct IntakeCounts {
  struct Outcome {
    std::string name;
    std::uint64_t reports = 0;
    double value = 0;  ///< sum
    DelayCounts delays;
  };
  struct Version {
    std::string name;
    std::vector<Outcome> outcomes;
  };
  using Refused = std::array<std::uint64_t, refusals>;  ///< by Refusal
  struct Route {
    std::string name;
    std::vector<Version> versions;
    Refused refused{};
  };
  std::vector<Route> routes;
  Refused refused{};  ///< about no route that is known
  std::uint64_t duplicates = 0;
  std::uint64_t turned_away = 0;  ///< posts that found no room

  /// The same counts, in the order of another policy; what it does not name is dropped.
  void follow(const Catalogue& catalogue);
};

/// How the intake is doing.
struct IntakeHealth {
  std::size_t reports = 0;   ///< in the ledger, one by one
  std::size_t capacity = 0;  ///< it takes no more than that
  bool failing = false;      ///< the last commit went wrong
  std::string problem;       ///< why
  bool is_full() const noexcept { return capacity != 0 && reports >= capacity; }
};

}  // namespace sluice::outcomes
