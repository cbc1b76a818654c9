#include "sluice/app/route_watch.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace sluice::app {

namespace {

constexpr int kServerErrors = 500;
/// Less than this says nothing about a rate.
constexpr Duration kShortest = std::chrono::seconds(1);

template <typename T>
const T* named(const std::vector<T>& list, std::string T::*member, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const T& entry) { return entry.*member == name; });
  return found == list.end() ? nullptr : &*found;
}

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::uint64_t growth(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : now;
}

}  // namespace

std::int64_t RouteWatch::point_of(WallTime wall) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall.time_since_epoch()).count();
  return seconds - seconds % admin::RouteHistory::interval_seconds;
}

RouteWatch::Tally RouteWatch::tally_of(const metrics::StatusTotals& answers, const stats::Histogram& duration) {
  Tally out;
  for (std::size_t slot = 0; slot < answers.size(); ++slot) {
    out.given += answers[slot];
    if (metrics::status_of_slot(slot) >= kServerErrors) out.failed += answers[slot];
  }
  out.duration = duration;
  return out;
}

RouteWatch::Counted RouteWatch::counted_of(const metrics::VersionTotals& totals) {
  Counted out{tally_of(totals.responses, totals.request_duration),
              tally_of(totals.shadow_responses, totals.shadow_duration)};
  for (const std::uint64_t rescued : totals.fallbacks) {
    out.requests.given += rescued;
    out.requests.failed += rescued;
  }
  return out;
}

RouteWatch::Tally RouteWatch::between(const Counted& now, const Counted& before) {
  const auto grown = [](const Tally& tally, const Tally& past) {
    return Tally{growth(tally.given, past.given), growth(tally.failed, past.failed),
                 tally.duration.since(past.duration)};
  };
  Tally requests = grown(now.requests, before.requests);
  return requests.given > 0 ? requests : grown(now.copies, before.copies);
}

std::vector<admin::RouteRates> RouteWatch::rates(const metrics::Snapshot& snapshot, TimePoint now) const {
  const Look& since = before_.made ? before_ : last_;
  if (!since.made || now - since.at < kShortest) return {};
  const double seconds = seconds_of(now - since.at);
  std::vector<admin::RouteRates> out;
  for (const metrics::RouteSnapshot& route : snapshot.routes) {
    admin::RouteRates& rates = out.emplace_back();
    rates.route = route.name;
    for (const metrics::VersionSnapshot& version : route.versions) {
      const auto past = since.versions.find({route.name, version.name});
      if (past == since.versions.end()) continue;
      const Tally tally = between(counted_of(version.totals), past->second);
      admin::VersionRates& made = rates.versions.emplace_back();
      made.version = version.name;
      made.rps = static_cast<double>(tally.given) / seconds;
      if (tally.given > 0) {
        made.success = std::max(1 - static_cast<double>(tally.failed) / static_cast<double>(tally.given), 0.0);
      }
      if (tally.duration.count() == 0) continue;
      made.p50 = tally.duration.quantile(0.50);
      made.p95 = tally.duration.quantile(0.95);
      made.p99 = tally.duration.quantile(0.99);
    }
  }
  return out;
}

admin::HistorySample RouteWatch::sample_of(const std::string& route, const metrics::VersionSnapshot& version,
                                           const rollout::RolloutView* rollout, TimePoint now) const {
  admin::HistorySample out;
  out.version = version.name;
  out.target = version.target_weight;
  if (version.observed_decisions > 0 || version.observed_weight > 0) out.observed = version.observed_weight;
  const auto past = last_.versions.find({route, version.name});
  const double seconds = seconds_of(now - last_.at);
  if (last_.made && past != last_.versions.end() && seconds > 0) {
    const Tally tally = between(counted_of(version.totals), past->second);
    out.rps = static_cast<double>(tally.given) / seconds;
    if (tally.given > 0) out.failed = static_cast<double>(tally.failed) / static_cast<double>(tally.given);
    if (tally.duration.count() > 0) out.p99 = seconds_of(tally.duration.quantile(0.99));
  }
  if (rollout == nullptr) return out;
  const auto* share = named(rollout->versions, &rollout::VersionShare::version, version.name);
  if (share != nullptr && share->mirrored > 0) out.mirrored = share->mirrored;
  const auto* arm = rollout->arms_earn ? named(rollout->arms, &strategy::ArmState::version, version.name) : nullptr;
  if (arm != nullptr) out.probability_best = arm->probability_best;
  const auto* pairs = named(rollout->pairs, &rollout::PairsView::version, version.name);
  if (pairs != nullptr && pairs->compared > 0) out.match_rate = 1 - pairs->disagreement;
  return out;
}

void RouteWatch::sample(const metrics::Snapshot& snapshot, const std::vector<rollout::RolloutView>& rollouts,
                        TimePoint now, WallTime wall) {
  last_point_ = point_of(wall);
  const bool is_point = history_.begin(last_point_);
  Look look;
  look.at = now;
  look.made = true;
  for (const metrics::RouteSnapshot& route : snapshot.routes) {
    const auto* rollout = named(rollouts, &rollout::RolloutView::route, route.name);
    std::vector<admin::HistorySample> samples;
    for (const metrics::VersionSnapshot& version : route.versions) {
      if (is_point) samples.push_back(sample_of(route.name, version, rollout, now));
      look.versions[{route.name, version.name}] = counted_of(version.totals);
    }
    history_.add(route.name, samples);
  }
  before_ = std::move(last_);
  last_ = std::move(look);
}

}  // namespace sluice::app
