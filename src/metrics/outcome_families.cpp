// Outcomes: what applications reported about decisions, and what was read from answers.
#include <algorithm>

#include "sluice/metrics/families.hpp"

namespace sluice::metrics {

namespace {

void add_reports(Families& page, const OutcomesSnapshot& seen) {
  Family& reports = page.counter("outcomes_total", "Outcomes that were reported, or read from answers, and count.");
  Family& values = page.counter("outcome_value_total", "Sum of these values.");
  const auto reported = std::find_if(seen.outcomes.begin(), seen.outcomes.end(),
                                     [](const OutcomeSnapshot& one) { return !one.delays.bounds.empty(); });
  const std::span<const double> bounds =
      reported == seen.outcomes.end() ? duration_bounds() : std::span<const double>(reported->delays.bounds);
  Family& delays = page.histogram("outcome_delay_seconds", "From a decision to the report of its outcome.", bounds);
  for (const OutcomeSnapshot& outcome : seen.outcomes) {
    const Labels labels = labels_of(outcome.route, outcome.version) + Label{"outcome", outcome.outcome};
    reports.samples.push_back({labels, static_cast<double>(outcome.reports)});
    values.samples.push_back({labels, outcome.value});
    if (outcome.delays.bounds.empty()) continue;
    Sample& delay = delays.samples.emplace_back();
    delay.labels = labels;
    delay.buckets = &outcome.delays;
  }
}

void add_refused(Families& page, const OutcomesSnapshot& seen) {
  Family& unmatched = page.counter("outcome_unmatched_total", "Reported outcomes that do not count, by reason.");
  for (const UnmatchedSnapshot& refused : seen.unmatched) {
    unmatched.samples.push_back(
        {{{"route", refused.route}, {"reason", refused.reason}}, static_cast<double>(refused.count)});
  }
}

void add_unread(Families& page, const OutcomesSnapshot& seen) {
  Family& unread = page.counter("outcome_unread_total", "Answers that have no value of an outcome, by reason.");
  for (const UnreadSnapshot& one : seen.unread) {
    unread.samples.push_back(
        {{{"route", one.route}, {"outcome", one.outcome}, {"reason", one.reason}}, static_cast<double>(one.count)});
  }
}

}  // namespace

void add_outcome_families(Families& page) {
  if (!page.snapshot().outcomes) return;
  const OutcomesSnapshot& seen = *page.snapshot().outcomes;
  add_reports(page, seen);
  add_refused(page, seen);
  add_unread(page, seen);
  page.single_counter("outcome_duplicates_total", "Outcomes that had been reported before.", seen.duplicates);
  page.single_counter("outcome_posts_turned_away_total", "Posts of outcomes that found no room to wait.",
                      seen.turned_away);
  page.single_gauge("outcome_ledger_reports", "Reports that the ledger holds one by one.",
                    static_cast<double>(seen.ledger_reports));
  page.single_gauge("outcome_ledger_capacity", "Reports that the ledger takes at most.",
                    static_cast<double>(seen.ledger_capacity));
  page.single_counter("decision_log_lost_total", "Lines of the decision log that were not written.",
                      seen.decision_log_lost);
  page.single_counter("observations_lost_total", "Requests of observed routes that found no room to be told.",
                      seen.observations_lost);
}

}  // namespace sluice::metrics
