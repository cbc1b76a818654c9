// docs/metrics-reference.md: made from the declarations of the families, and current.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sluice/metrics/families.hpp"

namespace sluice::metrics {
namespace {

/// Stands for names and numbers that are the policy's, or of a module that knows more of them than this one.
const std::string kAny = "…";

VersionSnapshot version_with_everything() {
  VersionSnapshot version;
  version.name = version.role = version.strategy = kAny;
  VersionTotals& totals = version.totals;
  totals.decisions.fill(1);
  totals.failures.fill(1);
  totals.responses.fill(1);
  totals.shadow_responses.fill(1);
  totals.shadow_dropped.fill(1);
  totals.shadow_twins.fill(1);
  totals.concurrency_limit = 1;
  version.supervision.ejections.fill(1);
  return version;
}

RolloutSnapshot rollout_with_everything() {
  RolloutSnapshot rollout;
  rollout.route = rollout.phase = rollout.metric = kAny;
  rollout.phases = {kAny};
  rollout.results = rollout.aborts = {{kAny, 1}};
  rollout.checks = {{kAny, kAny, 1.0, 1.0, 1, 1}};
  rollout.check_runs = {{kAny, {{kAny, 1}}}};
  rollout.arms = {{kAny, 1, 1, 1.0, 1.0, 1.0}};
  rollout.arms_earn = true;
  rollout.segments = {{kAny, kAny, 1, false}};
  rollout.split_mismatch = 1;
  return rollout;
}

OutcomesSnapshot outcomes_with_everything() {
  OutcomesSnapshot seen;
  seen.outcomes = {{kAny, kAny, kAny, 1, 1, {{1}, {1, 1}, 1}}};
  seen.unmatched = {{kAny, kAny, 1}};
  seen.unread = {{kAny, kAny, kAny, 1}};
  return seen;
}

ComparisonsSnapshot comparisons_with_everything() {
  ComparisonsSnapshot seen;
  ComparisonSnapshot& one = seen.comparisons.emplace_back();
  one.route = one.version = kAny;
  one.results = one.fields = one.segments = {{kAny, 1}};
  one.rows = {{kAny, kAny, 1, 1}};
  one.differences = {{1}, {1, 1}, 1};
  seen.drifts = {{kAny, kAny, kAny, kAny, 0, 0, 0, 0}};
  seen.distributions = {{kAny, kAny, kAny, {{kAny, 1}}}};
  seen.unread = {{kAny, kAny, kAny, 1}};
  return seen;
}

/// A snapshot of which no family is left out for want of a series.
Snapshot with_everything() {
  Snapshot snapshot;
  snapshot.routes = {{kAny, {}, {version_with_everything()}}};
  snapshot.gateway.failures.fill(1);
  snapshot.rollouts = {rollout_with_everything()};
  snapshot.state = StateHealth{};
  snapshot.outcomes = outcomes_with_everything();
  snapshot.comparisons = comparisons_with_everything();
  snapshot.build = {kAny, kAny, kAny};
  return snapshot;
}

std::vector<Family> all_families(const Snapshot& snapshot) {
  Families page(snapshot);
  add_request_families(page);
  add_endpoint_families(page);
  add_shadow_families(page);
  add_rollout_families(page);
  add_outcome_families(page);
  add_comparison_families(page);
  add_gateway_families(page);
  return std::move(page).take();
}

const char* type_name(FamilyType type) {
  switch (type) {
    case FamilyType::Counter:
      return "counter";
    case FamilyType::Gauge:
      return "gauge";
    case FamilyType::Histogram:
      break;
  }
  return "histogram";
}

/// The unit is part of the name.
std::string unit_of(std::string name) {
  if (name.ends_with("_total")) name.resize(name.size() - 6);
  for (const char* unit : {"seconds", "bytes"}) {
    if (name.ends_with(std::string("_") + unit)) return unit;
  }
  for (const char* ratio : {"_ratio", "_ratio_lower", "_ratio_upper"}) {
    if (name.ends_with(ratio)) return "ratio";
  }
  return "";
}

std::vector<std::string> label_names(const Family& family) {
  std::vector<std::string> names;
  for (const Sample& sample : family.samples) {
    for (const Label& label : sample.labels) {
      if (std::find(names.begin(), names.end(), label.name) == names.end()) names.push_back(label.name);
    }
  }
  return names;
}

/// Values of a label that are a closed set: `kind`, `reason`, `result` and `state`, where the names are given here.
std::vector<std::string> closed_values(const Family& family, const std::string& name) {
  static const std::set<std::string> kClosed = {"kind", "reason", "result", "state"};
  std::vector<std::string> values;
  if (!kClosed.contains(name)) return values;
  for (const Sample& sample : family.samples) {
    for (const Label& label : sample.labels) {
      if (label.name != name || label.value == kAny) continue;
      if (std::find(values.begin(), values.end(), label.value) == values.end()) values.push_back(label.value);
    }
  }
  return values;
}

std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "`" : ", `") + word + "`";
  return text;
}

std::string in_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string families_table(const std::vector<Family>& families) {
  std::string out = "| family | type | unit | labels | what |\n|---|---|---|---|---|\n";
  for (const Family& family : families) {
    out += "| `" + family.name + "` | " + type_name(family.type) + " | " + unit_of(family.name) + " | " +
           quoted(label_names(family)) + " | " + in_cell(family.help) + " |\n";
  }
  return out;
}

std::string values_table(const std::vector<Family>& families) {
  std::string out = "| label | of | values |\n|---|---|---|\n";
  for (const Family& family : families) {
    for (const std::string& name : label_names(family)) {
      const auto values = closed_values(family, name);
      if (!values.empty()) out += "| `" + name + "` | `" + family.name + "` | " + quoted(values) + " |\n";
    }
  }
  return out;
}

/// As people write it: 0.00001, 1209600.
std::string plain_number(double value) {
  std::ostringstream text;
  text << std::fixed << value;
  std::string digits = text.str();
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

/// Bounds of one bucket are the specimen's: those are of another module.
std::string buckets_table(const std::vector<Family>& families) {
  std::map<std::string, std::vector<std::string>> by_bounds;
  for (const Family& family : families) {
    if (family.bounds.size() < 2) continue;
    std::string bounds;
    for (const double bound : family.bounds) bounds += (bounds.empty() ? "" : " ") + plain_number(bound);
    by_bounds[bounds].push_back(family.name);
  }
  std::string out = "| upper ends, seconds | of |\n|---|---|\n";
  for (const auto& [bounds, names] : by_bounds) out += "| " + bounds + " | " + quoted(names) + " |\n";
  return out;
}

std::string reference_markdown() {
  const Snapshot snapshot = with_everything();
  const std::vector<Family> families = all_families(snapshot);
  return "# Metrics reference\n\n"
         "Made from the declarations of the families in `src/metrics`; do not edit. What they mean, and how to ask:\n"
         "[metrics and probes](metrics.md). What to alert on: [monitoring](monitoring.md).\n\n"
         "A family is on the page of a gateway whose policy has what it is about: no bandit, no `sluice_bandit_…`.\n"
         "Histograms have `_bucket`, `_sum` and `_count` behind the name, and the label `le`.\n\n"
         "## Families\n\n" +
         families_table(families) + "\n## Values of labels\n\n" +
         "Closed sets that are the same for every policy. `code` is a status, or `other`.\n\n" +
         values_table(families) + "\n## Buckets\n\n" + buckets_table(families);
}

std::string reference_path() {
  return std::string(SLUICE_SOURCE_DIR) + "/docs/metrics-reference.md";
}

/// SLUICE_UPDATE_EXPECTED=1 writes the page anew.
TEST(MetricsReference, IsCurrent) {
  const std::string text = reference_markdown();
  if (std::getenv("SLUICE_UPDATE_EXPECTED") != nullptr) std::ofstream(reference_path(), std::ios::binary) << text;
  std::ifstream file(reference_path(), std::ios::binary);
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(kept == text) << "run: SLUICE_UPDATE_EXPECTED=1 metrics_test --gtest_filter=MetricsReference.*";
}

TEST(MetricsReference, EveryFamilyHasASeriesToTakeItsLabelsFrom) {
  const Snapshot snapshot = with_everything();
  std::set<std::string> names;
  for (const Family& family : all_families(snapshot)) {
    EXPECT_FALSE(family.samples.empty()) << family.name;
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_TRUE(family.help.ends_with('.')) << family.name << " is explained by a sentence";
  }
}

TEST(MetricsReference, NamesEveryReason) {
  const std::string text = reference_markdown();
  for (std::size_t i = 0; i < kFailureReasons; ++i) {
    const std::string name(to_string(static_cast<FailureReason>(i)));
    EXPECT_NE(text.find("`" + name + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace sluice::metrics
