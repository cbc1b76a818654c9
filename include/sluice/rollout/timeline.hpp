#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/rollout/simulation.hpp"

/// What a policy comes to in time and in traffic, without chance: a rollout whose requests are exactly those that are
/// expected, by the same controller that would run it.
namespace sluice::rollout {

/// A candidate that turns bad: its error rate becomes this many times as high, or this high.
struct Regression {
  std::optional<double> times;
  std::optional<double> error_rate;  ///< 0…1
  std::string text;                  ///< "x2", "50%"
  /// 0…1, where this much fails anyway.
  double error_rate_of(double usual) const noexcept;
};

/// `x2`, `50%`. Fails with one sentence.
Result<Regression> parse_regression(std::string_view text);

/// What becomes of a candidate that turns bad when a step has settled.
struct Detection {
  enum class End : std::uint8_t {
    Back,       ///< it lost (half of) what it had
    Held,       ///< a person is asked
    Unnoticed,  ///< it passes, or is promoted
    Undecided,  ///< it stays where it is
  };
  std::string regression;
  End end = End::Undecided;
  Duration after{0};       ///< since the step has settled
  double bad_answers = 0;  ///< by then, more than stable would have given
};
std::string_view to_string(Detection::End end) noexcept;

struct TimelineStep {
  std::string what;         ///< "at 5% for 10m"
  std::uint32_t stage = 0;  ///< 1…; 0: there are none
  double share = 0;         ///< of its audience that the versions on trial have, 0…1
  double mirrored = 0;      ///< of the requests that they get copies of, 0…1 for each
  Duration starts{0};       ///< since the rollout began
  Duration settled{0};      ///< since the rollout began: its share is in force
  Duration lasts{0};
  bool awaits_person = false;  ///< it lasts until somebody promotes; counted as long as the checks need
  std::uint64_t requests = 0;  ///< that versions on trial answer in it
  std::uint64_t copies = 0;
  std::vector<Detection> detections;
  std::optional<double> smallest;  ///< error rate that is noticed before the step is over; none: no one is
};

struct Timeline {
  std::vector<TimelineStep> steps;
  Run run;                               ///< with candidates as good as stable
  double worst_bad_answers = 0;          ///< of all detections
  std::vector<std::string> blind_spots;  ///< sentences on steps that are over before they notice anything
  std::vector<std::string> notes;        ///< other sentences on what steps do not show
};

/// As many simulated rollouts as steps × (regressions + 9), on all cores: a second for most policies. The scenario's
/// injections and its person are not used.
Result<Timeline> make_timeline(Scenario scenario, const std::vector<Regression>& regressions);

}  // namespace sluice::rollout
