// Rollouts: where they are, how they ended, what their checks said; and the store that remembers them.
#include "sluice/metrics/families.hpp"

namespace sluice::metrics {

namespace {

Labels labels_of(const RolloutSnapshot& rollout) {
  return {{"route", rollout.route}};
}

void add_counts(Family& family, const Labels& labels, const char* name,
                const std::map<std::string, std::uint64_t>& counts) {
  for (const auto& [value, count] : counts) {
    family.samples.push_back({labels + Label{name, value}, static_cast<double>(count)});
  }
}

void add_progress(Families& page) {
  Family& phases = page.gauge("rollout_phase", "1 for the phase that a route's rollout is in.");
  Family& steps = page.gauge("rollout_step", "Step that a route's rollout is at; what it counts is the strategy's.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    const Labels labels = labels_of(rollout);
    for (const std::string& phase : rollout.phases) {
      phases.samples.push_back({labels + Label{"phase", phase}, phase == rollout.phase ? 1.0 : 0.0});
    }
    steps.samples.push_back({labels, static_cast<double>(rollout.step)});
  }
}

void add_ends(Families& page) {
  Family& ended = page.counter("rollouts_total", "Rollouts that ended, by how.");
  Family& durations =
      page.histogram("rollout_duration_seconds", "From a rollout's begin to its end.", RolloutDurations::kBounds);
  Family& aborts = page.counter("rollout_aborts_total", "Rollouts that went back to stable, by reason.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    const Labels labels = labels_of(rollout);
    add_counts(ended, labels, "result", rollout.results);
    durations.samples.push_back({labels, 0, nullptr, &rollout.durations});
    add_counts(aborts, labels, "reason", rollout.aborts);
  }
}

void add_checks(Families& page) {
  Family& values = page.gauge("check_value", "Of a check's last look: seconds, ratio or number.");
  Family& thresholds = page.gauge("check_threshold", "What the value of a check may not pass.");
  Family& samples = page.gauge("check_samples", "Requests that a check's last look was at.");
  Family& evidence =
      page.gauge("check_evidence_ratio", "How far a check is from being certain, either way: 1 is certain.");
  Family& runs = page.counter("check_runs_total", "Looks at a check, by verdict.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    for (const CheckSnapshot& check : rollout.checks) {
      const Labels labels = metrics::labels_of(rollout.route, check.version) + Label{"check", check.check};
      if (check.value) values.samples.push_back({labels, *check.value});
      if (check.threshold) thresholds.samples.push_back({labels, *check.threshold});
      samples.samples.push_back({labels, static_cast<double>(check.samples)});
      evidence.samples.push_back({labels, check.evidence});
    }
    for (const auto& [check, verdicts] : rollout.check_runs) {
      add_counts(runs, labels_of(rollout) + Label{"check", check}, "verdict", verdicts);
    }
  }
}

void add_segments(Families& page) {
  Family& evidence = page.gauge("segment_evidence_ratio",
                                "How far it is from being certain that a version is worse in a segment: 1 is certain.");
  Family& excluded = page.gauge("segment_excluded", "1 where a segment went back to stable.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    for (const SegmentSnapshot& segment : rollout.segments) {
      const Labels labels = metrics::labels_of(rollout.route, segment.version) + Label{"segment", segment.segment};
      evidence.samples.push_back({labels, segment.evidence});
      excluded.samples.push_back({labels, segment.excluded ? 1.0 : 0.0});
    }
  }
}

void add_splits(Families& page) {
  Family& mismatch =
      page.gauge("experiment_sample_ratio_mismatch",
                 "Evidence that versions do not get the requests drawn for them: 20 warns, 1000 blocks.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    if (rollout.split_mismatch) mismatch.samples.push_back({labels_of(rollout), *rollout.split_mismatch});
  }
}

void add_arms(Families& page) {
  Family& shares = page.gauge("bandit_share_ratio", "Share of the traffic that a bandit gives to an arm.");
  Family& best = page.gauge("bandit_probability_best_ratio", "Probability that an arm is the best one.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    if (!rollout.arms_earn) continue;
    for (const ArmSnapshot& arm : rollout.arms) {
      const Labels labels = metrics::labels_of(rollout.route, arm.version);
      shares.samples.push_back({labels, arm.share});
      best.samples.push_back({labels, arm.probability_best});
    }
  }
}

void add_lifts(Families& page) {
  Family& lifts = page.gauge("experiment_lift_ratio", "A variant's metric over the control's, less 1.");
  Family& lower = page.gauge("experiment_lift_ratio_lower", "Where the lift lies at least, however often one looks.");
  Family& upper = page.gauge("experiment_lift_ratio_upper", "Where the lift lies at most, however often one looks.");
  for (const RolloutSnapshot& rollout : page.snapshot().rollouts) {
    for (const ArmSnapshot& arm : rollout.arms) {
      const Labels labels = metrics::labels_of(rollout.route, arm.version) + Label{"metric", rollout.metric};
      if (arm.lift) lifts.samples.push_back({labels, *arm.lift});
      if (arm.lift_lower) lower.samples.push_back({labels, *arm.lift_lower});
      if (arm.lift_upper) upper.samples.push_back({labels, *arm.lift_upper});
    }
  }
}

void add_store(Families& page) {
  if (!page.snapshot().state) return;
  page.single_gauge("state_up", "1 when the last change was kept by the store.", page.snapshot().state->up ? 1 : 0);
  page.single_gauge("state_degraded", "1 while the store works other than configured.",
                    page.snapshot().state->degraded ? 1 : 0);
}

}  // namespace

void add_rollout_families(Families& page) {
  add_progress(page);
  add_ends(page);
  add_checks(page);
  add_segments(page);
  add_splits(page);
  add_arms(page);
  add_lifts(page);
  page.drop_empty("rollout");
  page.drop_empty("check_");
  page.drop_empty("bandit_");
  page.drop_empty("segment_");
  add_store(page);
}

}  // namespace sluice::metrics
