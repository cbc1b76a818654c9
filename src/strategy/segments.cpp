#include "sluice/strategy/segments.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <variant>

#include "sluice/stats/combine.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

constexpr double part_of_whole = 0.8;

/// Whether the gateway itself counts by segment what the check is on.
bool is_counted(const policy::Check& check) {
  return !check.prometheus && metric_of(check.metric) != nullptr;
}

/// One version as if the segment were all there is.
VersionEvidence in_segment(const VersionEvidence& version, std::size_t segment) {
  VersionEvidence made;
  made.version = version.version;
  made.share = version.share;
  made.all = version.segments[segment].all;
  made.units = version.segments[segment].units;
  made.failing_units = version.segments[segment].failing_units;
  made.failing_units_known = version.segments[segment].failing_units_known;
  return made;
}

std::uint64_t less(std::uint64_t all, std::uint64_t part) noexcept {
  return all - std::min(all, part);
}

/// One version as if only requests of no segment had come.
VersionEvidence in_none(const VersionEvidence& version) {
  VersionEvidence made;
  made.version = version.version;
  made.share = version.share;
  made.all.requests = version.all.requests;
  made.all.failures = version.all.failures;
  made.failing_units = version.failing_units;
  made.failing_units_known = version.failing_units_known;
  made.all.latency = version.all.latency;
  made.all.first_byte = version.all.first_byte;
  made.units.requests = version.units.requests;
  made.units.latency = version.units.latency;
  made.units.first_byte = version.units.first_byte;
  for (const SegmentEvidence& segment : version.segments) {
    made.all.requests = less(made.all.requests, segment.all.requests);
    made.all.failures = less(made.all.failures, segment.all.failures);
    for (std::size_t i = 0; i < made.failing_units.size(); ++i) {
      made.failing_units[i] = less(made.failing_units[i], segment.failing_units[i]);
    }
    made.failing_units_known = made.failing_units_known && segment.failing_units_known;
    made.all.latency = made.all.latency.since(segment.all.latency);
    made.all.first_byte = made.all.first_byte.since(segment.all.first_byte);
    made.units.requests = less(made.units.requests, segment.units.requests);
    made.units.latency = made.units.latency.since(segment.units.latency);
    made.units.first_byte = made.units.first_byte.since(segment.units.first_byte);
  }
  return made;
}

/// Whether these counts are behind those of an earlier look, as the difference of counters that are read a moment apart
/// may be.
bool falls_behind(const SegmentState& known, const VersionEvidence& own, const VersionEvidence& other,
                  const Evidence& evidence) {
  return std::any_of(known.check_evidence->begin(), known.check_evidence->end(), [&](const CheckEvidence& check) {
    const Metric* metric = metric_of(check.name.substr(0, check.name.find('#')));
    const bool by_request = metric == nullptr || metric->histogram == nullptr;
    const auto count = [&](const Sample& sample) {
      return by_request ? sample.requests : (sample.*metric->histogram).count();
    };
    return check.window == evidence.window && check.counters == evidence.counters &&
           (count(own.all) < check.seen_candidate || count(other.all) < check.seen_stable);
  });
}

/// What is known already of the route's segments and this version, in the route's order, and of those in none.
std::vector<SegmentState> known(const policy::ModelRoute& route, const std::string& version,
                                const std::vector<SegmentState>& before) {
  std::vector<SegmentState> made;
  const auto take = [&](const std::string& name) {
    const auto same = [&](const SegmentState& old) { return old.name == name && old.version == version; };
    const auto found = std::find_if(before.begin(), before.end(), same);
    made.push_back(found == before.end() ? SegmentState{} : *found);
    made.back().name = name;
    made.back().version = version;
  };
  for (const policy::Segment& segment : route.segments) take(segment.name);
  take("");
  return made;
}

/// How often requests fail, against the other version; `parts` share the doubt.
policy::Analysis failures_alone(std::size_t parts) {
  policy::Check check;
  check.metric = "error-rate";
  check.versus_stable.emplace().relative_margin = Ratio{0};
  policy::Analysis analysis;
  analysis.checks = {check};
  analysis.confidence =
      Ratio{1 - (1 - analysis.confidence.fraction) / static_cast<double>(std::max<std::size_t>(parts, 1))};
  return analysis;
}

/// Whether a canary is under way, which looks at segments itself.
bool is_canary(const policy::Strategy& strategy, const RolloutState& state) {
  const auto* stages = std::get_if<policy::Stages>(&strategy);
  if (stages == nullptr) return std::holds_alternative<policy::Canary>(strategy);
  return state.stage < stages->stages.size() &&
         std::holds_alternative<policy::Canary>(stages->stages[state.stage].strategy);
}

/// Whenever the whole is looked at; keeps what was found.
Verdict look_at(const policy::Analysis& analysis, const policy::ModelRoute& route, const VersionEvidence& own,
                const VersionEvidence& other, SegmentState& segment, const Evidence& evidence, WallTime now) {
  const Subject subject = subject_of(own, other, evidence, route, "");
  const WallTime due = now - std::chrono::duration_cast<WallTime::duration>(analysis.interval);
  Assessment found = assess(analysis, segment.checks, segment.check_evidence, std::nullopt, due, subject, now);
  segment.checks = std::move(found.memory);
  segment.check_evidence = std::move(found.evidence);
  if (found.verdict == Verdict::Fail && !segment.name.empty() && !segment.worse) {
    segment.worse = true;
    segment.message = std::move(found.message);
    segment.since = now;
  }
  return found.verdict;
}

/// The segment's memory of a check of the whole; null where the segment does not have it.
const CheckMemory* memory_of(const SegmentState& segment, const policy::Analysis& analysis, std::size_t check) {
  if (!is_counted(analysis.checks[check])) return nullptr;
  const auto end = analysis.checks.begin() + static_cast<std::ptrdiff_t>(check);
  const auto place = static_cast<std::size_t>(std::count_if(analysis.checks.begin(), end, is_counted));
  return place < segment.checks.size() ? &segment.checks[place] : nullptr;
}

void add_once(std::vector<std::size_t>& list, std::size_t value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

}  // namespace

double doubt_of_whole(const policy::ModelRoute& route) noexcept {
  return route.segments.empty() ? 1 : part_of_whole;
}

double doubt_of_segment(const policy::ModelRoute& route) noexcept {
  return route.segments.empty() ? 0 : (1 - part_of_whole) / static_cast<double>(route.segments.size());
}

policy::Analysis analysis_of_segment(const policy::Analysis& analysis, const policy::ModelRoute& route) {
  policy::Analysis made = analysis;
  std::erase_if(made.checks, [](const policy::Check& check) { return !is_counted(check); });
  made.confidence = Ratio{1 - (1 - analysis.confidence.fraction) * doubt_of_segment(route)};
  made.on_no_data = policy::OnNoData::Hold;  // nobody of a segment may come for days
  return made;
}

std::vector<std::size_t> look_at_segments(const policy::Analysis& analysis, const policy::ModelRoute& route,
                                          const Compared& versions, RolloutState& state, const Evidence& evidence,
                                          WallTime now) {
  std::vector<std::size_t> worse;
  if (route.segments.empty()) return worse;
  state.segments = known(route, versions.own.version, state.segments);
  const policy::Analysis own = analysis_of_segment(analysis, route);
  if (own.checks.empty() || !(versions.own.share > 0 && versions.other.share > 0)) return worse;
  const std::size_t counted =
      std::min({route.segments.size(), versions.own.segments.size(), versions.other.segments.size()});
  for (std::size_t i = 0; i < counted; ++i) {
    SegmentState& segment = state.segments[i];
    if (segment.excluded) continue;
    const auto verdict =
        look_at(own, route, in_segment(versions.own, i), in_segment(versions.other, i), segment, evidence, now);
    if (verdict == Verdict::Fail) worse.push_back(i);
  }
  // Of those in none, so that they can be told from the segments should the whole fail.
  SegmentState& rest = state.segments.back();
  const VersionEvidence own_rest = in_none(versions.own);
  const VersionEvidence other_rest = in_none(versions.other);
  if (counted > 0 && !falls_behind(rest, own_rest, other_rest, evidence)) {
    look_at(own, route, own_rest, other_rest, rest, evidence, now);
  }
  return worse;
}

std::vector<std::size_t> segments_to_blame(const policy::Analysis& analysis, const policy::ModelRoute& route,
                                           const Assessment& found, const RolloutState& state) {
  std::vector<std::size_t> blamed;
  const double together = -std::log((1 - analysis.confidence.fraction) * doubt_of_whole(route));
  for (std::size_t c = 0; c < analysis.checks.size() && c < found.memory.size(); ++c) {
    const CheckMemory& whole = found.memory[c];
    if (whole.dry_run || whole.verdict != Verdict::Fail) continue;
    if (!is_counted(analysis.checks[c])) return {};
    const double level = whole.proof.log_e < whole.proof.log_threshold ? together : whole.proof.log_threshold;
    if (whole.proof.log_e < level) return {};
    double others = 0;
    bool any = false;
    for (std::size_t i = 0; i < state.segments.size(); ++i) {
      const CheckMemory* part = state.segments[i].excluded ? nullptr : memory_of(state.segments[i], analysis, c);
      if (part == nullptr) continue;
      if (part->proof.log_e < level || state.segments[i].name.empty()) {
        others += std::max(part->proof.log_e, 0.0);
        continue;
      }
      any = true;
      add_once(blamed, i);
    }
    // What is known of the others would be certain by itself.
    if (!any || others >= level) return {};
  }
  std::sort(blamed.begin(), blamed.end());
  return blamed;
}

bool leaves_anything(const std::vector<std::size_t>& segments, const Compared& versions) noexcept {
  std::uint64_t left = versions.own.all.requests + versions.other.all.requests;
  for (const std::size_t i : segments) {
    const auto of = [i](const VersionEvidence& version) {
      return i < version.segments.size() ? version.segments[i].all.requests : 0;
    };
    left -= std::min(left, of(versions.own) + of(versions.other));
  }
  return left > 0;
}

void report_segments(const policy::ModelRoute& route, const RolloutState& before, const Evidence& evidence,
                     Transition& made, WallTime now) {
  RolloutState& state = made.state;
  const bool looked = state.last_look == now && before.last_look != now && state.window == evidence.window;
  if (route.segments.empty() || !looked || is_canary(route.strategy, state)) return;
  const VersionEvidence* base = evidence.find(state.live);
  if (base == nullptr || !(base->share > 0)) return;
  const std::size_t others = evidence.versions.size() - 1;
  const policy::Analysis analysis = failures_alone(route.segments.size() * others);
  std::vector<SegmentState> all;
  for (const VersionEvidence& own : evidence.versions) {
    if (&own == base || !(own.share > 0)) continue;
    std::vector<SegmentState> segments = known(route, own.version, state.segments);
    segments.pop_back();  // nobody asks for those in none
    for (std::size_t i = 0; i < segments.size() && i < own.segments.size() && i < base->segments.size(); ++i) {
      SegmentState& segment = segments[i];
      const bool was_worse = segment.worse;
      look_at(analysis, route, in_segment(own, i), in_segment(*base, i), segment, evidence, now);
      if (was_worse || !segment.worse) continue;
      made.events.push_back({"SegmentWorse", segment.name + ": " + own.version + " is worse than " + base->version +
                                                 ", " + segment.message});
    }
    std::move(segments.begin(), segments.end(), std::back_inserter(all));
  }
  state.segments = std::move(all);
}

bool any_excluded(const RolloutState& state) noexcept {
  return std::any_of(state.segments.begin(), state.segments.end(), [](const auto& one) { return one.excluded; });
}

void readmit_all(RolloutState& state) noexcept {
  for (SegmentState& segment : state.segments) segment.excluded = false;
}

void go_past(std::vector<SegmentState>& segments) {
  for (SegmentState& segment : segments) {
    if (segment.excluded) continue;
    go_past(segment.check_evidence);
    segment.worse = false;
    segment.message.clear();
  }
}

std::string excluded_text(const RolloutState& state) {
  std::vector<std::string> names;
  for (const SegmentState& segment : state.segments) {
    if (segment.excluded) names.push_back(segment.name);
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

std::string segments_text(const RolloutState& state, const std::vector<std::size_t>& segments) {
  std::string text;
  for (const std::size_t i : segments) {
    text += (text.empty() ? "" : "; ") + state.segments[i].name + ": " + state.segments[i].message;
  }
  return text;
}

double evidence_of(const SegmentState& segment) noexcept {
  double most = segment.excluded ? 1 : 0;
  for (const CheckMemory& check : segment.checks) {
    if (!check.dry_run) most = std::max(most, stats::evidence_share(check.proof.log_e, check.proof.log_threshold));
  }
  return most;
}

}  // namespace sluice::strategy
