#include "sluice/admin/route_history.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "sluice/admin/numbers.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kFullShare = 60000;  // so that whole percents are what they were

std::optional<double> share_of(std::uint16_t packed, std::uint16_t unknown) {
  return packed == unknown ? std::nullopt : std::optional(packed / kFullShare);
}

std::optional<double> value_of(float kept) {
  return kept < 0 ? std::nullopt : std::optional(static_cast<double>(kept));
}

void put(Json& out, const char* key, const std::optional<double>& value) {
  if (value) out[key] = four_digits(*value);
}

}  // namespace

std::uint16_t RouteHistory::packed(const std::optional<double>& share) {
  if (!share || !std::isfinite(*share)) return kUnknown;
  return static_cast<std::uint16_t>(std::lround(std::clamp(*share, 0.0, 1.0) * kFullShare));
}

RouteHistory::Cell RouteHistory::cell_of(const HistorySample& sample) {
  Cell cell;
  cell.target = packed(sample.target);
  cell.observed = packed(sample.observed);
  cell.mirrored = packed(sample.mirrored);
  cell.failed = packed(sample.failed);
  cell.probability_best = packed(sample.probability_best);
  cell.match_rate = packed(sample.match_rate);
  cell.rps = static_cast<float>(sample.rps.value_or(-1));
  cell.p99 = static_cast<float>(sample.p99.value_or(-1));
  return cell;
}

HistorySample RouteHistory::sample_of(const std::string& version, const Cell& cell) {
  HistorySample sample;
  sample.version = version;
  sample.target = share_of(cell.target, kUnknown);
  sample.observed = share_of(cell.observed, kUnknown);
  sample.mirrored = share_of(cell.mirrored, kUnknown);
  sample.failed = share_of(cell.failed, kUnknown);
  sample.probability_best = share_of(cell.probability_best, kUnknown);
  sample.match_rate = share_of(cell.match_rate, kUnknown);
  sample.rps = value_of(cell.rps);
  sample.p99 = value_of(cell.p99);
  return sample;
}

bool RouteHistory::begin(std::int64_t at) {
  times_.resize(limits_.points);
  if (points_ > 0 && at <= times_[(points_ - 1) % limits_.points]) return false;
  times_[points_ % limits_.points] = at;
  ++points_;
  return true;
}

void RouteHistory::add(const std::string& route, const std::vector<HistorySample>& versions) {
  if (points_ == 0) return;
  const std::uint64_t point = points_ - 1;
  for (const HistorySample& sample : versions) {
    Series* const series = series_of({route, sample.version});
    if (series == nullptr) continue;
    // What lies between is of points when nobody spoke of this version.
    for (std::uint64_t missed = series->recorded + 1; missed < point && missed <= series->recorded + limits_.points;
         ++missed) {
      series->cells[missed % limits_.points] = {};
    }
    series->cells[point % limits_.points] = cell_of(sample);
    series->recorded = point;
  }
}

RouteHistory::Series* RouteHistory::series_of(const Key& key) {
  const auto found = series_.find(key);
  if (found != series_.end()) return &found->second;
  if (series_.size() >= limits_.versions) forget_the_silent();
  if (series_.size() >= limits_.versions) return nullptr;
  Series& made = series_[key];
  made.cells.resize(limits_.points);
  made.begun = made.recorded = points_ - 1;
  return &made;
}

void RouteHistory::forget_the_silent() {
  std::erase_if(series_, [this](const auto& item) { return item.second.recorded + limits_.points < points_; });
}

std::vector<HistoryPoint> RouteHistory::of(const std::string& route, std::int64_t after) const {
  std::vector<HistoryPoint> out;
  const std::uint64_t first = points_ > limits_.points ? points_ - limits_.points : 0;
  for (std::uint64_t point = first; point < points_; ++point) {
    HistoryPoint made;
    made.at = times_[point % limits_.points];
    if (made.at <= after) continue;
    for (auto it = series_.lower_bound({route, {}}); it != series_.end() && it->first.first == route; ++it) {
      const Series& series = it->second;
      if (point < series.begun || point > series.recorded) continue;
      const Cell& cell = series.cells[point % limits_.points];
      if (cell.target != kUnknown || cell.rps >= 0) made.versions.push_back(sample_of(it->first.second, cell));
    }
    if (!made.versions.empty()) out.push_back(std::move(made));
  }
  return out;
}

Json to_json(const std::vector<HistoryPoint>& points) {
  Json out;
  out["seconds"] = RouteHistory::interval_seconds;
  out["points"] = Json::array();
  for (const HistoryPoint& point : points) {
    Json made;
    made["at"] = point.at;
    made["versions"] = Json::object();
    for (const HistorySample& sample : point.versions) {
      Json& version = made["versions"][sample.version];
      version = Json::object();
      put(version, "target", sample.target);
      put(version, "observed", sample.observed);
      put(version, "mirrored", sample.mirrored);
      put(version, "rps", sample.rps);
      put(version, "failed", sample.failed);
      put(version, "p99", sample.p99);
      put(version, "probabilityBest", sample.probability_best);
      put(version, "matchRate", sample.match_rate);
    }
    out["points"].push_back(std::move(made));
  }
  return out;
}

Result<std::int64_t> parse_history_query(std::string_view query) {
  if (query.empty()) return std::int64_t{0};
  constexpr std::string_view kKey = "after=";
  std::int64_t after = 0;
  const char* const end = query.data() + query.size();
  const auto [rest, error] = std::from_chars(query.data() + std::min(kKey.size(), query.size()), end, after);
  if (query.starts_with(kKey) && error == std::errc() && rest == end && after >= 0) return after;
  return fail(Error::client("there is only after=SECONDS, seconds since 1970"));
}

}  // namespace sluice::admin
