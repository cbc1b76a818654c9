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
#include "sluice/policy/model_route.hpp"

/// What somebody supposes about a version, and what they expect to come of it, as it is written on a command line.
namespace sluice::rollout {

/// What applications report about a version's decisions by one outcome; what is not set is as everywhere, and there it
/// is a Binary outcome of 5 % and a Value of 10 ± 5 about every decision, at once.
struct OutcomeLaw {
  std::optional<double> rate;  ///< share of the decisions that something is reported about, 0…1; of a Binary one: a 1
  std::optional<double> mean;  ///< of the reported values of a Value outcome
  std::optional<double> deviation;  ///< theirs; normal up to a third of the mean, log-normal beyond
  std::optional<Duration> delay;    ///< between decision and report: the mean of an exponential one
  std::optional<double> sigma;  ///< then `delay` is the median of a log-normal one with that deviation of the logarithm
  friend bool operator==(const OutcomeLaw&, const OutcomeLaw&) = default;
};

/// By outcome.
using OutcomeLaws = std::map<std::string, OutcomeLaw>;

/// How a version differs from the others, from some moment on; what is not set is as everywhere.
struct Injection {
  std::optional<double> error_rate;          ///< 0…1
  std::optional<Duration> latency;           ///< median
  Duration after{0};                         ///< since the rollout began; before that the version is as the others
  std::optional<Duration> latency_p99 = {};  ///< what lies below p90 stays
  OutcomeLaws outcomes = {};
  std::optional<double> disagreement = {};  ///< as a shadow: share of its answers that differ from live's, 0…1
  std::optional<double> score_drift = {};   ///< how far what it predicts lies from what the others do, 0…1
  friend bool operator==(const Injection&, const Injection&) = default;
};

/// By version.
using Injections = std::map<std::string, Injection>;

/// `v2`, `v2:error-rate=5%,latency=80ms,latency-p99=400ms,disagreement=3%,score-drift=20%,after=10m`, and of the
/// route's outcomes `click=5.5%`, `revenue=12±3` or `revenue=12±3@5%` (a twentieth of the decisions),
/// `click-delay=20m`, `click-delay=20m~1` (log-normal). `+-` stands for `±`. Fails with one sentence.
Result<std::pair<std::string, Injection>> parse_injection(std::string_view text,
                                                          const std::vector<policy::Outcome>& outcomes = {});

/// The same without a version: `click=5%,click-delay=20m`, what is true of all.
Result<OutcomeLaws> parse_outcome_laws(std::string_view text, const std::vector<policy::Outcome>& outcomes);

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
Result<Expectation> parse_expectation(std::string_view text, const std::vector<policy::Outcome>& outcomes = {});

}  // namespace sluice::rollout
