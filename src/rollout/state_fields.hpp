#pragma once

#include <type_traits>

#include "sluice/strategy/rollout_state.hpp"

/// The fields of a record, named once for writing and reading: `visit(name, field)` for each. A test counts them.
namespace sluice::rollout {

template <typename Visitor, typename State>
void visit_check(Visitor& visit, State& check) {
  visit("name", check.name);
  visit("verdict", check.verdict);
  visit("failures", check.failures);
  visit("inconclusiveInARow", check.inconclusive_in_a_row);
  visit("looks", check.looks);
  visit("value", check.value);
  visit("reference", check.reference);
  visit("threshold", check.threshold);
  visit("samples", check.samples);
  visit("rule", check.rule);
  visit("message", check.message);
  visit("dryRun", check.dry_run);
  visit("proof", check.proof);
}

template <typename Visitor, typename State>
void visit_proof(Visitor& visit, State& proof) {
  visit("method", proof.method);
  visit("logE", proof.log_e);
  visit("logThreshold", proof.log_threshold);
  visit("logGood", proof.log_good);
  visit("evidence", proof.evidence);
  visit("scale", proof.scale);
  visit("lower", proof.lower);
  visit("upper", proof.upper);
  visit("smallest", proof.smallest);
  visit("stillNeeded", proof.still_needed);
  visit("untilHalfMore", proof.until_half_more);
  visit("untilTwice", proof.until_twice);
  visit("untilFiveTimes", proof.until_five_times);
  visit("exact", proof.exact);
  visit("pairs", proof.pairs);
  visit("ofPairs", proof.of_pairs);
  visit("ofSplit", proof.of_split);
}

template <typename Visitor, typename State>
void visit_track(Visitor& visit, State& track) {
  visit("stableLimit", track.stable_limit);
  visit("candidateLimit", track.candidate_limit);
  visit("goodLimit", track.good_limit);
  visit("seenCandidate", track.seen_candidate);
  visit("seenGood", track.seen_good);
  visit("seenStable", track.seen_stable);
  visit("candidate", track.candidate);
  visit("stable", track.stable);
  visit("against", track.all.against);
  visit("good", track.all.good);
  visit("window", track.window);
  visit("over", track.over);
  visit("planLogAlpha", track.plan.log_alpha);
  visit("planLogThreshold", track.plan.log_threshold);
  visit("planLogBeyond", track.plan.log_beyond);
  visit("planShare", track.plan.share);
  visit("planSteps", track.plan.steps);
}

template <typename Visitor, typename State>
void visit_values(Visitor& visit, State& values) {
  visit("count", values.count);
  visit("events", values.events);
  visit("mean", values.mean);
  visit("squares", values.squares);
}

template <typename Visitor, typename State>
void visit_pair_sums(Visitor& visit, State& sums) {
  visit("weight", sums.weight);
  visit("pairs", sums.pairs);
  visit("both", sums.both);
  visit("onlyCandidate", sums.only_candidate);
  visit("onlyStable", sums.only_stable);
  visit("difference", sums.difference);
  visit("reference", sums.reference);
}

template <typename Visitor, typename State>
void visit_pair_track(Visitor& visit, State& track) {
  visit("stableLimit", track.stable_limit);
  visit("candidateLimit", track.candidate_limit);
  visit("skipped", track.skipped);
  visit("seen", track.seen);
  visit("before", track.before);
}

template <typename Visitor, typename State>
void visit_pairs(Visitor& visit, State& pairs) {
  visit("window", pairs.window);
  visit("counters", pairs.counters);
  visit("stretches", pairs.stretches);
  visit("frozen", pairs.frozen);
  visit("unsound", pairs.unsound);
  visit("twins", pairs.twins);
  visit("twinsSeen", pairs.twins_seen);
  visit("tracks", pairs.tracks);
}

template <typename Visitor, typename State>
void visit_drift(Visitor& visit, State& drift) {
  visit("window", drift.window);
  visit("counters", drift.counters);
  visit("stretches", drift.stretches);
  visit("told", drift.told);
}

template <typename Visitor, typename State>
void visit_check_evidence(Visitor& visit, State& evidence) {
  visit("name", evidence.name);
  visit("rule", evidence.rule);
  visit("window", evidence.window);
  visit("counters", evidence.counters);
  visit("windows", evidence.windows);
  visit("seenCandidate", evidence.seen_candidate);
  visit("seenStable", evidence.seen_stable);
  visit("candidate", evidence.candidate);
  visit("stable", evidence.stable);
  visit("share", evidence.share);
  visit("lastShare", evidence.last_share);
  visit("drawn", evidence.drawn);
  visit("windowShare", evidence.window_share);
  visit("windowUnitsShare", evidence.window_units_share);
  visit("frozen", evidence.frozen);
  visit("unitsUnknown", evidence.units_unknown);
  visit("tracks", evidence.tracks);
  visit("pairs", evidence.pairs);
}

template <typename Visitor, typename State>
void visit_split(Visitor& visit, State& split) {
  visit("window", split.window);
  visit("counters", split.counters);
  visit("seen", split.seen);
  visit("drawn", split.drawn);
  visit("packed", split.packed);
  visit("logE", split.log_e);
  visit("suspect", split.suspect);
  visit("received", split.received);
  visit("epochs", split.epochs);
  visit("over", split.over);
}

template <typename Visitor, typename State>
void visit_tally(Visitor& visit, State& tally) {
  visit("weight", tally.weight);
  visit("events", tally.events);
  visit("n", tally.n);
  visit("sum", tally.sum);
  visit("squares", tally.squares);
  visit("unitSquares", tally.unit_squares);
}

template <typename Visitor, typename State>
void visit_stretch(Visitor& visit, State& stretch) {
  visit("from", stretch.from);
  visit("least", stretch.least);
  visit("most", stretch.most);
}

template <typename Visitor, typename State>
void visit_settled(Visitor& visit, State& settled) {
  visit("least", settled.least);
  visit("most", settled.most);
  visit("events", settled.events);
}

template <typename Visitor, typename State>
void visit_certificate(Visitor& visit, State& certificate) {
  visit("whole", certificate.whole);
  visit("shares", certificate.shares);
  visit("settled", certificate.settled);
  visit("seen", certificate.seen);
  visit("settledUntil", certificate.settled_until);
  visit("looked", certificate.looked);
  visit("leader", certificate.leader);
  visit("logE", certificate.log_e);
  visit("logThreshold", certificate.log_threshold);
  visit("winner", certificate.winner);
}

template <typename Visitor, typename State>
void visit_experiment(Visitor& visit, State& experiment) {
  visit("metric", experiment.metric);
  visit("limit", experiment.limit);
  visit("certificate", experiment.certificate);
}

template <typename Visitor, typename State>
void visit_moments(Visitor& visit, State& moments) {
  visit("matrix", moments.matrix);
  visit("products", moments.products);
  visit("squares", moments.squares);
}

/// What a restart leaves of it: the counters begin anew, so all of it is from before.
template <typename Visitor, typename State>
void visit_contexts(Visitor& visit, State& contexts) {
  visit("all", contexts.all);
  visit("until", contexts.all_until);
  visit("requests", contexts.requests);
}

template <typename Visitor, typename State>
void visit_arm(Visitor& visit, State& arm) {
  visit("version", arm.version);
  visit("share", arm.share);
  visit("successes", arm.successes);
  visit("failures", arm.failures);
  visit("seenSuccesses", arm.seen_successes);
  visit("seenFailures", arm.seen_failures);
  visit("seenCounters", arm.seen_counters);
  visit("toldShare", arm.told_share);
  visit("probabilityBest", arm.probability_best);
  visit("copies", arm.copies);
  visit("copiesSeen", arm.copies_seen);
  visit("copiedBytes", arm.copied_bytes);
  visit("copiedBytesSeen", arm.copied_bytes_seen);
  visit("backendSeconds", arm.backend_seconds);
  visit("backendSecondsSeen", arm.backend_seconds_seen);
  visit("dropped", arm.dropped);
  visit("reason", arm.reason);
  visit("checks", arm.checks);
  visit("checkEvidence", arm.check_evidence);
  visit("tallies", arm.tallies);
  visit("seen", arm.seen);
  visit("tallyCounters", arm.tally_counters);
  visit("contexts", arm.contexts);
  visit("decided", arm.decided);
  visit("value", arm.value);
  visit("lift", arm.lift);
  visit("liftLower", arm.lift_lower);
  visit("liftUpper", arm.lift_upper);
  visit("certainty", arm.certainty);
}

template <typename Visitor, typename State>
void visit_segment(Visitor& visit, State& segment) {
  visit("name", segment.name);
  visit("version", segment.version);
  visit("worse", segment.worse);
  visit("excluded", segment.excluded);
  visit("message", segment.message);
  visit("since", segment.since);
  visit("checks", segment.checks);
  visit("checkEvidence", segment.check_evidence);
}

template <typename Visitor, typename State>
void visit_runs(Visitor& visit, State& runs) {
  visit("name", runs.name);
  visit("passed", runs.passed);
  visit("failed", runs.failed);
  visit("inconclusive", runs.inconclusive);
  visit("errors", runs.errors);
}

template <typename Visitor, typename State>
void visit_slot(Visitor& visit, State& slot) {
  visit("stable", slot.stable);
  visit("candidate", slot.candidate);
  visit("phase", slot.phase);
  visit("back", slot.back);
  visit("surge", slot.surge);
  visit("since", slot.since);
  visit("begun", slot.begun);
  visit("tries", slot.tries);
}

template <typename Visitor, typename State>
void visit_pause(Visitor& visit, State& pause) {
  visit("phase", pause.phase);
  visit("reason", pause.reason);
  visit("message", pause.message);
  visit("phaseSince", pause.phase_since);
  visit("since", pause.since);
}

template <typename Visitor, typename State>
void visit_harm(Visitor& visit, State& harm) {
  visit("inWindow", harm.in_window);
  visit("windowRequests", harm.window_requests);
  visit("windowFailures", harm.window_failures);
  visit("windowControlRequests", harm.window_control_requests);
  visit("windowControlFailures", harm.window_control_failures);
  visit("windowAudience", harm.window_audience);
  visit("rate", harm.rate);
  visit("requests", harm.requests);
  visit("failures", harm.failures);
  visit("controlRequests", harm.control_requests);
  visit("controlFailures", harm.control_failures);
}

template <typename Visitor, typename State>
void visit_state(Visitor& visit, State& state) {
  visit("route", state.route);
  visit("number", state.number);
  visit("strategy", state.strategy);
  visit("fingerprint", state.fingerprint);
  visit("observedGeneration", state.observed_generation);
  visit("phase", state.phase);
  visit("reason", state.reason);
  visit("message", state.message);
  visit("begun", state.begun);
  visit("phaseSince", state.phase_since);
  visit("ended", state.ended);
  visit("step", state.step);
  visit("stepSince", state.step_since);
  visit("lastProgress", state.last_progress);
  visit("weight", state.weight);
  visit("live", state.live);
  visit("warmUntil", state.warm_until);
  visit("paused", state.paused);
  visit("pausedBy", state.paused_by);
  visit("pausedFrom", state.paused_from);
  visit("approved", state.approved);
  visit("window", state.window);
  visit("windowSince", state.window_since);
  visit("lastLook", state.last_look);
  visit("counters", state.counters);
  visit("checks", state.checks);
  visit("checkEvidence", state.check_evidence);
  visit("segments", state.segments);
  visit("split", state.split);
  visit("drift", state.drift);
  visit("comparing", state.comparing);
  visit("checkRuns", state.check_runs);
  visit("harm", state.harm);
  visit("harmSeen", state.harm_seen);
  visit("arms", state.arms);
  visit("slots", state.slots);
  visit("retreat", state.retreat);
  visit("full", state.full);
  visit("winner", state.winner);
  visit("stage", state.stage);
  visit("stageSince", state.stage_since);
  visit("attempt", state.attempt);
  visit("experiment", state.experiment);
  visit("bank", state.bank);
}

template <typename Visitor, typename State>
void visit_fields(Visitor& visit, State& state) {
  using Plain = std::remove_const_t<State>;
  if constexpr (std::is_same_v<Plain, strategy::CheckMemory>) visit_check(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::Tally>) visit_tally(visit, state);
  if constexpr (std::is_same_v<Plain, stats::LinearMoments>) visit_moments(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::ContextMemory>) visit_contexts(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::ShareStretch>) visit_stretch(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::SettledEvents>) visit_settled(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::Certificate>) visit_certificate(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::ExperimentState>) visit_experiment(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::Proof>) visit_proof(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::RiskTrack>) visit_track(visit, state);
  if constexpr (std::is_same_v<Plain, stats::Moments>) visit_values(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::PairSums>) visit_pair_sums(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::PairTrack>) visit_pair_track(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::PairRecord>) visit_pairs(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::DriftWatch>) visit_drift(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::CheckEvidence>) visit_check_evidence(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::SplitEvidence>) visit_split(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::ArmState>) visit_arm(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::SegmentState>) visit_segment(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::CheckRuns>) visit_runs(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::SlotState>) visit_slot(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::PausedFrom>) visit_pause(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::HarmSeen>) visit_harm(visit, state);
  if constexpr (std::is_same_v<Plain, strategy::RolloutState>) visit_state(visit, state);
}

}  // namespace sluice::rollout
