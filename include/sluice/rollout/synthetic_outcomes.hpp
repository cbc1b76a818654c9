#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/injection.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/evidence.hpp"

/// Outcomes that nobody reported: applications that are not there tell what came of decisions, at once or later.
namespace sluice::rollout {

/// An OutcomeLaw with everything said.
struct ReportLaw {
  bool binary = true;
  double rate = 0;  ///< 0…1
  double mean = 1;
  double deviation = 0;
  double delay = 0;   ///< seconds; mean, with a sigma the median
  double sigma = -1;  ///< below 0: exponential
  /// What one decision is worth on average.
  double worth() const noexcept { return binary ? rate : rate * mean; }
};

/// The outcome's own law where it is said, then the one of all versions, then OutcomeLaw's defaults.
ReportLaw report_law(const policy::Outcome& outcome, const OutcomeLaw& common, const OutcomeLaw& own);

/// The reports of one route, counted as the real intake counts them: decisions by window, reports when they arrive,
/// none that comes later than the attribution window or about an earlier window. One thread.
class SyntheticOutcomes {
 public:
  /// `units` is how many units come again; 0: with `has_units` every decision is of another one.
  SyntheticOutcomes(const std::vector<policy::Outcome>& outcomes, std::size_t versions, bool has_units,
                    std::size_t units);

  /// Moments count from here.
  void begin(WallTime start) noexcept { start_ = std::chrono::duration<double>(start.time_since_epoch()).count(); }
  /// Another window: of the decisions before it nothing counts any more.
  void open();
  /// How long decisions may be taken to be made at once, so that delays are told apart; none without outcomes.
  std::optional<Duration> steadiness() const noexcept;
  std::size_t size() const noexcept { return windows_.size(); }

  /// So many decisions at a moment; some reports follow. `expected`: exactly what is expected comes.
  void decide(Random& random, std::size_t version, std::size_t outcome, const ReportLaw& law, std::uint64_t decisions,
              Duration at, bool expected);
  /// A decision about a unit that something will be reported about.
  void convert(Random& random, std::size_t version, std::size_t outcome, const ReportLaw& law, std::size_t unit,
               Duration at);
  /// Decisions whose reports, if any, come by convert().
  void note_decisions(std::size_t version, std::size_t outcome, std::uint64_t decisions, Duration at);

  /// Everything that has arrived by then.
  void arrive(Duration now);

  /// In the order of the policy, with a copy of the delays.
  std::vector<strategy::OutcomeEvidence> evidence(std::size_t version) const;

 private:
  static constexpr std::uint32_t no_unit = ~std::uint32_t{0};
  /// Reports that arrive together.
  struct Report {
    Duration due{0};
    Duration decided{0};
    std::uint32_t version = 0;
    std::uint32_t outcome = 0;
    std::uint32_t unit = no_unit;
    std::uint64_t count = 0;
    double sum = 0;
    double squares = 0;
    bool operator<(const Report& other) const noexcept { return due > other.due; }
  };
  /// What one unit had of one outcome with one version.
  struct UnitTally {
    std::uint32_t events = 0;
    bool reported = false;
    double sum = 0;
  };

  void send_later(Random& random, Report report, const ReportLaw& law);
  void send_expected(Report report, const ReportLaw& law, std::uint64_t decisions);
  std::size_t place(std::size_t version, std::size_t outcome) const noexcept {
    return version * windows_.size() + outcome;
  }
  double time_of(Duration at) const noexcept { return start_ + std::chrono::duration<double>(at).count(); }
  void count(const Report& report);
  void count_unit(strategy::OutcomeEvidence& seen, const Report& report);

  std::vector<Duration> windows_;  // attribution, by outcome
  double start_ = 0;               // seconds since 1970
  bool has_units_;
  std::size_t units_;
  std::vector<std::vector<strategy::OutcomeEvidence>> seen_;  // by version, by outcome
  std::vector<stats::DelayTable> delays_;                     // by version and outcome
  std::vector<std::vector<UnitTally>> unit_tallies_;          // by version and outcome, by unit
  std::vector<double> owed_;                                  // by version and outcome, where nothing is left to chance
  std::priority_queue<Report> reports_;
};

}  // namespace sluice::rollout
