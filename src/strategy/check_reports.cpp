#include "check_reports.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>

#include "sluice/strategy/check_evidence.hpp"

namespace sluice::strategy {
namespace {

/// What was decided in a stretch of time, and what came of it.
struct Cohort {
  double candidate = 0;  ///< decisions
  double stable = 0;
  double events = 0;  ///< of both
};
using Cohorts = std::map<std::int64_t, Cohort>;

/// Of decisions so old that nobody remembers when they were made.
constexpr std::int64_t long_ago = INT64_MIN;

void add_cohorts(const stats::DelayTable& table, double width, double forgotten, double Cohort::*decisions,
                 Cohorts& cohorts) {
  const auto add = [&](std::int64_t key, const stats::DecisionRow& row) {
    Cohort& cohort = cohorts[key];
    cohort.*decisions += row.decisions;
    cohort.events += std::accumulate(row.converted.begin(), row.converted.end(), 0.0);
  };
  add(long_ago, table.complete());
  for (std::size_t row = 0; row < table.rows().size(); ++row) {
    const double middle = table.row_end(row) - table.row_width() / 2;
    add(middle < forgotten ? long_ago : static_cast<std::int64_t>(std::floor(middle / width)), table.rows()[row]);
  }
}

/// Before that a table does not tell decisions apart by their time.
double remembered_from(const stats::DelayTable& table) {
  if (table.complete().decisions == 0 || table.rows().empty()) return 0;
  return table.row_end(0) - table.row_width();
}

struct WindowShares {
  double of_requests = 0;
  double of_units = 0;
};

/// By which share the window's events are weighed: the one that is drawn by while it stays, as users are drawn by it
/// and, where nobody sticks, requests too; else what the decisions say.
WindowShares shares_of(const CountedLook& look, const Subject& subject, double drawn) {
  const auto decisions = static_cast<double>(look.candidate + look.stable);
  const double seen = decisions > 0 ? static_cast<double>(look.candidate) / decisions : 0;
  const double dealt = look.dealt.value_or(seen);
  if (drawn <= 0) return {dealt, dealt};
  return {subject.users_stick ? dealt : drawn, drawn};
}

stats::RiskProcess weighed(const CountedLook& look, const Counted& level, double share) {
  const std::uint64_t all = level.rule.alone ? look.candidate : look.candidate + look.stable;
  const auto counts = [&](std::uint64_t of_candidate) {
    const std::uint64_t others = all - std::min(all, of_candidate + level.stable);
    return look.mirrored ? stats::RiskCounts{level.stable, of_candidate, others}
                         : stats::RiskCounts{of_candidate, level.stable, others};
  };
  const double drawn = look.mirrored ? 1 - share : share;
  stats::RiskProcess made;
  stats::add_risk(made.against, level.rule, drawn, counts(level.candidate));
  stats::add_good(made.good, level.rule, drawn, counts(level.good));
  return made;
}

/// What the last look counted of the same window.
CountedLook seen_before(const CountedLook& now, const CheckEvidence& evidence) {
  CountedLook before = now;
  before.candidate = evidence.seen_candidate;
  before.stable = evidence.seen_stable;
  for (std::size_t i = 0; i < before.size; ++i) {
    const RiskTrack& track = evidence.tracks[i];
    before.levels[i].candidate = track.seen_candidate;
    before.levels[i].good = track.seen_good;
    before.levels[i].stable = track.seen_stable;
  }
  return before;
}

/// A total may be less than what was seen before: a person went past it.
std::uint64_t replaced(std::uint64_t total, std::uint64_t before, std::uint64_t now) noexcept {
  return now >= before ? total + (now - before) : total - std::min(total, before - now);
}

void replace_track(const RiskTrack& seen, const stats::RiskProcess& before, const stats::RiskProcess& now,
                   const Counted& level, bool later_window, RiskTrack& track) {
  track.candidate = replaced(seen.candidate, seen.seen_candidate, level.candidate);
  track.stable = replaced(seen.stable, seen.seen_stable, level.stable);
  track.seen_candidate = level.candidate;
  track.seen_good = level.good;
  track.seen_stable = level.stable;
  for (std::size_t bet = 0; bet < now.against.size(); ++bet) {
    const double more = now.against[bet] - before.against[bet];
    track.all.against[bet] += more;
    if (later_window) track.window[bet] += more;
  }
  for (std::size_t bet = 0; bet < now.good.size(); ++bet) track.all.good[bet] += now.good[bet] - before.good[bet];
}

}  // namespace

std::optional<double> dealt_share(const stats::DelayTable& candidate, const stats::DelayTable& stable) {
  if (candidate.window() != stable.window() || !(candidate.window() > 0)) return std::nullopt;
  const double width = std::max(candidate.row_width(), stable.row_width());
  const double forgotten = std::max(remembered_from(candidate), remembered_from(stable));
  Cohorts cohorts;
  add_cohorts(candidate, width, forgotten, &Cohort::candidate, cohorts);
  add_cohorts(stable, width, forgotten, &Cohort::stable, cohorts);
  const double decisions = candidate.decisions() + stable.decisions();
  if (!(decisions > 0)) return std::nullopt;
  double events = 0;
  double dealt = 0;
  for (const auto& [when, cohort] : cohorts) {
    const double of_both = cohort.candidate + cohort.stable;
    // A report may name a moment that decisions were not counted in.
    const double share = of_both > 0 ? cohort.candidate / of_both : candidate.decisions() / decisions;
    events += cohort.events;
    dealt += cohort.events * share;
  }
  return events > 0 ? std::optional(dealt / events) : std::nullopt;
}

void absorb_reports(const CountedLook& look, const Subject& subject, CheckEvidence& evidence) {
  // Nothing counted may also mean that nothing could be read.
  if (look.candidate + look.stable == 0) return;
  if (evidence.window != window_of(subject) || evidence.windows == 0) {
    close_window(evidence);
    ++evidence.windows;
    evidence.seen_candidate = evidence.seen_stable = 0;
    for (RiskTrack& track : evidence.tracks) track.seen_candidate = track.seen_good = track.seen_stable = 0;
    evidence.drawn = subject.share;
    evidence.window_share = evidence.window_units_share = 0;
  }
  evidence.window = window_of(subject);
  evidence.counters = counters_of(subject);
  if (subject.share != evidence.drawn) evidence.drawn = 0;

  const CountedLook before = seen_before(look, evidence);
  const WindowShares last{evidence.window_share, evidence.window_units_share};
  const WindowShares now = shares_of(look, subject, evidence.drawn);
  const std::size_t counted = look.stopped ? look.units_from : look.size;
  for (std::size_t i = 0; i < counted; ++i) {
    const bool by_units = i >= look.units_from;
    const RiskTrack seen = evidence.tracks[i];
    replace_track(seen, weighed(before, before.levels[i], by_units ? last.of_units : last.of_requests),
                  weighed(look, look.levels[i], by_units ? now.of_units : now.of_requests), look.levels[i],
                  evidence.windows >= 2, evidence.tracks[i]);
  }

  const auto all_before = static_cast<double>(evidence.candidate + evidence.stable);
  const auto n_before = static_cast<double>(before.candidate + before.stable);
  const auto n = static_cast<double>(look.candidate + look.stable);
  const double rest = std::max(0.0, all_before - n_before);
  const double of_rest = std::max(0.0, evidence.share * all_before - last.of_requests * n_before);
  evidence.share = std::min(1.0, (of_rest + now.of_requests * n) / (rest + n));
  evidence.candidate = replaced(evidence.candidate, before.candidate, look.candidate);
  evidence.stable = replaced(evidence.stable, before.stable, look.stable);
  evidence.seen_candidate = look.candidate;
  evidence.seen_stable = look.stable;
  evidence.window_share = now.of_requests;
  evidence.window_units_share = now.of_units;
}

}  // namespace sluice::strategy
