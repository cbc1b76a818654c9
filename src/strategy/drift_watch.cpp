#include "sluice/strategy/drift_watch.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "check_words.hpp"
#include "sluice/stats/drift.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

/// Fewer say nothing that anybody should be woken for.
constexpr std::uint64_t least_predictions = 100;

std::uint64_t total(std::span<const std::uint64_t> counts) noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::string name_of_kind(const DriftEvidence& evidence) {
  return evidence.by_class ? "classes" : "scores";
}

std::string effect_text(double value) {
  return quantity_text(value, policy::QuantityUnit::Number);
}

/// Something can be said, and is not yet.
bool is_open(const DriftWatch& known, const VersionEvidence& version, const DriftEvidence& drift) {
  if (drift.reference.empty() || drift.own.size() != drift.reference.size()) return false;
  if (total(drift.own) < least_predictions || total(drift.reference) < least_predictions) return false;
  const std::string key = version.version + " " + name_of_kind(drift);
  return std::find(known.told.begin(), known.told.end(), key) == known.told.end();
}

std::string alarm_text(const VersionEvidence& version, const DriftEvidence& drift, double log_e, double log_threshold) {
  const double distance = drift.by_class ? stats::largest_difference(drift.own, drift.reference)
                                         : stats::kolmogorov_smirnov(drift.own, drift.reference);
  return "'" + version.version + "' no longer predicts as the reference did: distance " + effect_text(distance) + " " +
         drift_text(drift, drift.reference, "reference") + ", " + evidence_text(log_e, log_threshold);
}

}  // namespace

std::string drift_text(const DriftEvidence& evidence, std::span<const std::uint64_t> against, const char* whom) {
  return "of " + name_of_kind(evidence) + ", PSI " + effect_text(stats::stability_index(evidence.own, against)) +
         ", Jensen–Shannon " + effect_text(stats::jensen_shannon(evidence.own, against)) +
         ", n=" + grouped(total(evidence.own)) + ", " + whom + " n=" + grouped(total(against));
}

void watch_drift(const Evidence& evidence, Transition& made) {
  const bool any = std::any_of(evidence.versions.begin(), evidence.versions.end(), [&](const VersionEvidence& one) {
    return std::any_of(one.drifts.begin(), one.drifts.end(),
                       [&](const auto& drift) { return drift != nullptr && is_open(*made.state.drift, one, *drift); });
  });
  if (!any) return;
  const DriftWatch& known = *made.state.drift;
  if (known.empty() || known.window != evidence.window || known.counters != evidence.counters) {
    DriftWatch& watch = made.state.drift.change();
    ++watch.stretches;
    watch.window = evidence.window;
    watch.counters = evidence.counters;
  }
  const auto stretch = static_cast<double>(made.state.drift->stretches);
  const double alpha = drift_alarm_doubt / (stretch * (stretch + 1));
  const double log_threshold = std::log(2 / alpha);
  for (const VersionEvidence& version : evidence.versions) {
    for (const auto& drift : version.drifts) {
      if (drift == nullptr || !is_open(*made.state.drift, version, *drift)) continue;
      const double log_e = stats::log_e_moved(drift->own, drift->reference, alpha);
      if (log_e < log_threshold) continue;
      made.state.drift.change().told.push_back(version.version + " " + name_of_kind(*drift));
      made.events.push_back({"DriftFound", alarm_text(version, *drift, log_e, log_threshold)});
    }
  }
}

}  // namespace sluice::strategy
