// Shadow evaluation: what comparing answers found; and drift: how predictions are distributed.
#include <algorithm>

#include "sluice/metrics/families.hpp"

namespace sluice::metrics {

namespace {

void add_named(Family& family, const Labels& labels, const char* name, const NamedCounts& counts) {
  for (const auto& [value, count] : counts) {
    family.samples.push_back({labels + Label{name, value}, static_cast<double>(count)});
  }
}

void add_pairs(Families& page, const ComparisonsSnapshot& seen) {
  Family& results =
      page.counter("shadow_comparisons_total", "Pairs of answers that were compared, by what came of it.");
  Family& fields = page.counter("shadow_field_mismatches_total", "Pairs that differ in a field, and not by noise.");
  Family& segments = page.counter("shadow_segment_mismatches_total", "Pairs that disagree, by segment.");
  Family& rows = page.counter("shadow_rows_total", "Rows of an output whose largest number was looked for.");
  Family& flips = page.counter("shadow_flips_total", "Rows of an output whose largest number stands elsewhere.");
  for (const ComparisonSnapshot& one : seen.comparisons) {
    const Labels labels = labels_of(one.route, one.version);
    add_named(results, labels, "result", one.results);
    add_named(fields, labels, "field", one.fields);
    add_named(segments, labels, "segment", one.segments);
    for (const RowCounts& of : one.rows) {
      const Labels here = labels + Label{"segment", of.segment} + Label{"output", of.output};
      rows.samples.push_back({here, static_cast<double>(of.rows)});
      flips.samples.push_back({here, static_cast<double>(of.flips)});
    }
  }
}

void add_differences(Families& page, const ComparisonsSnapshot& seen) {
  const auto known = std::find_if(seen.comparisons.begin(), seen.comparisons.end(),
                                  [](const ComparisonSnapshot& one) { return !one.differences.bounds.empty(); });
  const std::span<const double> bounds =
      known == seen.comparisons.end() ? duration_bounds() : std::span<const double>(known->differences.bounds);
  Family& differences =
      page.histogram("shadow_difference", "Largest relative difference between the numbers of two answers.", bounds);
  for (const ComparisonSnapshot& one : seen.comparisons) {
    if (one.differences.bounds.empty()) continue;
    Sample& sample = differences.samples.emplace_back();
    sample.labels = labels_of(one.route, one.version);
    sample.buckets = &one.differences;
  }
}

void add_noise(Families& page, const ComparisonsSnapshot& seen) {
  Family& disagreement =
      page.gauge("shadow_disagreement_ratio", "Share of the compared pairs of the window that disagree.");
  Family& known = page.gauge("shadow_noise_known", "1 when enough requests were answered twice by the live version.");
  Family& noisy = page.gauge("shadow_noisy_fields", "Fields that differ between two answers of the live version.");
  for (const ComparisonSnapshot& one : seen.comparisons) {
    const Labels labels = labels_of(one.route, one.version);
    disagreement.samples.push_back({labels, one.disagreement});
    known.samples.push_back({labels, one.noise_known ? 1.0 : 0.0});
    noisy.samples.push_back({labels, static_cast<double>(one.noisy_fields)});
  }
}

void add_costs(Families& page, const ComparisonsSnapshot& seen) {
  Family& lost = page.counter("shadow_pairs_lost_total", "Pairs, or bodies of them, that were not compared.");
  lost.samples.push_back({Labels{Label{"reason", "queue"}}, static_cast<double>(seen.lost_queue)});
  lost.samples.push_back({Labels{Label{"reason", "memory"}}, static_cast<double>(seen.lost_memory)});
  lost.samples.push_back({Labels{Label{"reason", "over"}}, static_cast<double>(seen.lost_over)});
  page.single_counter("shadow_replay_lost_total", "Compared requests whose later outcomes are not followed.",
                      seen.lost_replay);
  page.single_gauge("shadow_compare_waiting_bytes", "Bytes of answers that wait to be compared.",
                    static_cast<double>(seen.waiting_bytes));
  page.counter("shadow_compare_seconds_total", "Processor time that comparing took.")
      .samples.push_back({{}, seen.busy_seconds});
}

void add_distances(Families& page, const ComparisonsSnapshot& seen) {
  Family& index = page.gauge("drift_stability_index", "Population stability index; shown, never tested.");
  Family& divergence = page.gauge("drift_jensen_shannon", "Jensen-Shannon divergence; shown, never tested.");
  Family& distance = page.gauge("drift_distance_ratio", "Largest difference of the distribution functions, or shares.");
  Family& e_value = page.gauge("drift_e_value", "Evidence that two distributions are not alike.");
  for (const DriftSnapshot& one : seen.drifts) {
    const Labels labels = labels_of(one.route, one.version) + Label{"of", one.of} + Label{"against", one.against};
    index.samples.push_back({labels, one.stability_index});
    divergence.samples.push_back({labels, one.jensen_shannon});
    distance.samples.push_back({labels, one.distance});
    e_value.samples.push_back({labels, one.e_value});
  }
}

void add_distributions(Families& page, const ComparisonsSnapshot& seen) {
  Family& values = page.gauge("drift_values", "Predictions of the window, by frozen bin.");
  for (const DistributionSnapshot& one : seen.distributions) {
    add_named(values, labels_of(one.route, one.version) + Label{"of", one.of}, "bin", one.bins);
  }
  Family& unread = page.counter("drift_unread_total", "Answers without the value that is watched, by reason.");
  for (const UnreadSnapshot& one : seen.unread) {
    unread.samples.push_back(
        {{{"route", one.route}, {"of", one.outcome}, {"reason", one.reason}}, static_cast<double>(one.count)});
  }
}

}  // namespace

void add_comparison_families(Families& page) {
  if (!page.snapshot().comparisons) return;
  const ComparisonsSnapshot& seen = *page.snapshot().comparisons;
  add_pairs(page, seen);
  add_differences(page, seen);
  add_noise(page, seen);
  page.drop_empty("shadow_comparisons");
  page.drop_empty("shadow_field");
  page.drop_empty("shadow_segment");
  page.drop_empty("shadow_rows");
  page.drop_empty("shadow_flips");
  page.drop_empty("shadow_difference");
  page.drop_empty("shadow_disagreement");
  page.drop_empty("shadow_nois");
  add_costs(page, seen);
  add_distances(page, seen);
  add_distributions(page, seen);
  page.drop_empty("drift_");
}

}  // namespace sluice::metrics
