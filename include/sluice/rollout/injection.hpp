#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/base/units.hpp"

/// What somebody supposes about a version, and what they expect to come of it, as it is written on a command line.
namespace sluice::rollout {

/// How a version differs from the others, from some moment on; what is not set is as everywhere.
struct Injection {
  std::optional<double> error_rate;  ///< 0…1
  std::optional<Duration> latency;   ///< median
  Duration after{0};                 ///< since the rollout began; before that the version is as the others
  friend bool operator==(const Injection&, const Injection&) = default;
};

/// By version.
using Injections = std::map<std::string, Injection>;

/// `v2`, `v2:error-rate=5%,latency=80ms,after=10m`. Fails with one sentence.
Result<std::pair<std::string, Injection>> parse_injection(std::string_view text);

/// How a rollout is expected to end.
enum class Ending : std::uint8_t {
  Promotes,   ///< a candidate has everything
  Aborts,     ///< the traffic goes back to stable, by the automaton or by a person
  Holds,      ///< it stands still until a person decides
  Concludes,  ///< there is a result, and the traffic stays as it is
};
std::string_view to_string(Ending ending) noexcept;

/// `v2:error-rate=5% aborts within 2m in 95% of runs`.
struct Expectation {
  std::string version;
  Injection injection;  ///< takes the place of what is injected otherwise
  Ending ending = Ending::Promotes;
  std::optional<Duration> within;  ///< since the rollout began; none: ever
  Ratio share = 95_pct;            ///< of the runs, at least
  std::string text;                ///< as it was written
};

/// VERSION[:INJECTIONS] (promotes|aborts|holds|concludes) [within DURATION] [in N% of runs]. Fails with one sentence.
Result<Expectation> parse_expectation(std::string_view text);

}  // namespace sluice::rollout
