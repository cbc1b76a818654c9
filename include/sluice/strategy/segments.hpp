#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/transition.hpp"

/// How a version does in each segment of its route, so that what is broken for a few is not lost among the many.
///
/// Looking at more is doubting more often. Of the doubt that an analysis allows (α = 1 − confidence), four fifths stay
/// with the whole and one fifth is divided equally among the route's segments. Each part is spent on e-processes whose
/// chance of ever reaching 1/part is at most that part (Ville), so the chance that anything at all is said of a
/// candidate that is nowhere worse is at most α, however often one looks and however the segments hang together.
namespace sluice::strategy {

/// The part of the doubt that the whole has, (0, 1]: all of it where the route has no segments.
double doubt_of_whole(const policy::ModelRoute& route) noexcept;
/// The part that each segment has; 0 where there are none.
double doubt_of_segment(const policy::ModelRoute& route) noexcept;

/// The two versions that are compared.
struct Compared {
  const VersionEvidence& own;
  const VersionEvidence& other;
};

/// What an analysis asks of a segment: its checks on what the gateway itself counts, with the segment's part of the
/// doubt. What Prometheus and applications report is of no segment.
policy::Analysis analysis_of_segment(const policy::Analysis& analysis, const policy::ModelRoute& route);

/// Looks at every segment that is not excluded, and keeps what was found in `state.segments`, which then are the
/// route's, in its order, and behind them, without a name, the requests of none: nothing follows from these. Finds
/// nothing while the split's shares are not known. Returns those that are certainly worse now, as indexes; `message`
/// and `since` of those that were not worse before are filled in.
std::vector<std::size_t> look_at_segments(const policy::Analysis& analysis, const policy::ModelRoute& route,
                                          const Compared& versions, RolloutState& state, const Evidence& evidence,
                                          WallTime now);

/// Which segments the whole's failure is due to: for each check that failed they have the evidence that the whole
/// needed, and what all others have together, those of no segment included, would not be certain. Empty: it is due to
/// more than segments, or nobody can say. `found` is of the whole, at the same look.
std::vector<std::size_t> segments_to_blame(const policy::Analysis& analysis, const policy::ModelRoute& route,
                                           const Assessment& found, const RolloutState& state);

/// Whether requests of the window came from outside these segments.
bool leaves_anything(const std::vector<std::size_t>& segments, const Compared& versions) noexcept;

/// For strategies that judge nothing by segments: after a look at their checks, compares how often every version that
/// is drawn for fails with the version that the others fall back to, segment by segment, at a doubt of 5 % that all of
/// these share. What is certain is told by a line `SegmentWorse`, once, and nothing follows from it.
void report_segments(const policy::ModelRoute& route, const RolloutState& before, const Evidence& evidence,
                     Transition& made, WallTime now);

bool any_excluded(const RolloutState& state) noexcept;
/// Everything is dealt out alike again; what was found stays to be read.
void readmit_all(RolloutState& state) noexcept;
/// What a person has gone past is not held against the version again.
void go_past(std::vector<SegmentState>& segments);

/// "mobile and tablet".
std::string excluded_text(const RolloutState& state);
/// "mobile: error-rate 31% > 1%, … ; tablet: …", of these.
std::string segments_text(const RolloutState& state, const std::vector<std::size_t>& segments);

/// ln of the evidence that the version is worse there, as a part of what would be certain, 0…1: of the check that has
/// come furthest.
double evidence_of(const SegmentState& segment) noexcept;

}  // namespace sluice::strategy
