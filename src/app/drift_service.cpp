#include "sluice/app/drift_service.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "sluice/base/log.hpp"

namespace sluice::app {

namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kPauseAfterFailure = std::chrono::seconds(10);
/// A record with more is none of ours.
constexpr std::size_t kMostBins = 64;

Json bins_json(const outcomes::FrozenBins& bins) {
  Json out;
  out["bounds"] = bins.scores.bounds;
  out["classes"] = Json::array();
  for (const outcomes::DriftClass& one : bins.classes)
    out["classes"].push_back({{"hash", one.hash}, {"text", one.text}});
  out["counts"] = bins.reference;
  return out;
}

/// Throws what nlohmann throws for what is not there or of another type.
outcomes::FrozenBins bins_of(const Json& json) {
  outcomes::FrozenBins bins;
  bins.scores.bounds = json.at("bounds").get<std::vector<double>>();
  for (const Json& one : json.at("classes")) {
    bins.classes.push_back({one.at("hash").get<std::uint64_t>(), one.at("text").get<std::string>()});
  }
  bins.reference = json.at("counts").get<stats::BinCounts>();
  return bins;
}

bool is_sound(const outcomes::FrozenBins& bins) {
  const auto& bounds = bins.scores.bounds;
  const bool is_finite = std::all_of(bounds.begin(), bounds.end(), [](double bound) { return std::isfinite(bound); });
  return bins.size() > 0 && bins.size() <= kMostBins && bins.reference.size() == bins.size() &&
         bounds.empty() != bins.classes.empty() && is_finite && std::is_sorted(bounds.begin(), bounds.end());
}

}  // namespace

std::string to_record(const outcomes::DriftReference& reference) {
  Json out;
  out["rollout"] = reference.rollout;
  out["rules"] = reference.rules;
  if (reference.score) out["score"] = bins_json(*reference.score);
  if (reference.label) out["label"] = bins_json(*reference.label);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<outcomes::DriftReference> read_drift_record(std::string_view record) {
  try {
    const Json json = Json::parse(record);
    outcomes::DriftReference reference;
    reference.rollout = json.at("rollout").get<std::string>();
    reference.rules = json.at("rules").get<std::uint64_t>();
    if (json.contains("score")) reference.score = bins_of(json["score"]);
    if (json.contains("label")) reference.label = bins_of(json["label"]);
    for (const auto* bins : {&reference.score, &reference.label}) {
      if (*bins && !is_sound(**bins)) return std::nullopt;
    }
    return reference;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void DriftService::set_routes(const std::vector<policy::ModelRoute>& routes,
                              const std::map<std::string, strategy::RolloutState>& states) {
  tallies_.set_routes(routes);
  routes_.clear();
  for (const policy::ModelRoute& route : routes) routes_.insert(route.name);
  for (const policy::ModelRoute& route : routes) {
    const auto state = states.find(route.name);
    if (!route.drift || state == states.end()) continue;
    std::optional<outcomes::DriftReference> kept;
    if (store_ != nullptr) {
      const auto record = store_->records().find(route.name);
      if (record != store_->records().end()) kept = read_drift_record(record->second);
    }
    tallies_.set_rollout(route.name, id_of(state->second), state->second.window, kept ? &*kept : nullptr);
  }
}

std::vector<std::shared_ptr<const strategy::DriftEvidence>> DriftService::drifts(std::string_view route,
                                                                                 std::string_view version,
                                                                                 std::uint64_t window) const {
  std::vector<std::shared_ptr<const strategy::DriftEvidence>> all;
  for (outcomes::DriftCounts& counts : tallies_.of(route, version, window)) {
    auto made = std::make_shared<strategy::DriftEvidence>();
    made->own = std::move(counts.own);
    made->stable = std::move(counts.stable);
    made->reference = std::move(counts.reference);
    made->by_class = counts.by_class;
    all.push_back(std::move(made));
  }
  for (outcomes::DriftCounts& counts : tallies_.of_copies(route, version, window)) {
    const bool any = std::any_of(counts.own.begin(), counts.own.end(), [](std::uint64_t count) { return count > 0; });
    if (!any || counts.reference.empty()) continue;
    auto made = std::make_shared<strategy::DriftEvidence>();
    made->own = std::move(counts.own);
    made->reference = std::move(counts.reference);
    made->by_class = counts.by_class;
    all.push_back(std::move(made));
  }
  return all;
}

void DriftService::add_copy(std::string_view route, std::string_view version, std::uint64_t window,
                            const compare::CopyPrediction& prediction) {
  outcomes::Prediction made;
  made.has_score = prediction.score.has_value();
  made.score = static_cast<float>(prediction.score.value_or(0));
  made.has_label = prediction.label.has_value();
  made.label.hash = prediction.label.value_or(0);
  tallies_.add_copy(route, version, window, made, prediction.unit);
}

void DriftService::keep() {
  if (store_ == nullptr || clock_.now() < not_before_) return;
  const auto changed = tallies_.unkept();
  if (changed.empty()) return;
  std::map<std::string, std::string> records;
  for (const auto& [route, reference] : changed) records.emplace(route, to_record(reference));
  for (const auto& [route, record] : store_->records()) {
    if (!routes_.contains(route)) records.try_emplace(route);  // nobody asks for it any more
  }
  const auto kept = store_->keep(records);
  if (!kept) {
    not_before_ = clock_.now() + kPauseAfterFailure;
    log::warn("the reference of a drift cannot be kept yet", {{"error", kept.error().message}});
    return;
  }
  for (const auto& [route, reference] : changed) tallies_.note_kept(route);
}

}  // namespace sluice::app
