#include "sluice/app/outcome_service.hpp"

#include <algorithm>
#include <variant>

namespace sluice::app {

namespace {

strategy::OutcomeEvidence to_outcome_evidence(outcomes::OutcomeTally&& tally) {
  strategy::OutcomeEvidence evidence;
  evidence.name = std::move(tally.name);
  // One may be reported before the look that counts its decision.
  evidence.decisions = std::max(tally.decisions, tally.reports);
  evidence.reports = tally.reports;
  evidence.events = tally.events;
  evidence.sum = tally.sum;
  evidence.sum_squares = tally.sum_squares;
  evidence.unit_events = tally.unit_events;
  evidence.units = tally.units;
  evidence.unit_sum_squares = tally.unit_sum_squares;
  evidence.units_known = tally.units_known;
  evidence.delays = std::move(tally.delays);
  return evidence;
}

metrics::DurationBuckets to_buckets(const outcomes::DelayCounts& delays) {
  return {{delays.kBounds.begin(), delays.kBounds.end()}, {delays.counts.begin(), delays.counts.end()}, delays.sum};
}

/// Every value came with its answer: there is no delay to tell.
void add_read(metrics::OutcomesSnapshot& snapshot, const outcomes::AnswerCounts::Route& route) {
  for (const auto& outcome : route.outcomes) {
    for (std::size_t v = 0; v < route.versions.size(); ++v) {
      snapshot.outcomes.push_back({route.name, route.versions[v], outcome.name, outcome.read[v], outcome.value[v], {}});
    }
    for (std::size_t i = 1; i < outcomes::unread_reasons; ++i) {
      const auto reason = static_cast<outcomes::Unread>(i);
      snapshot.unread.push_back(
          {route.name, outcome.name, std::string(outcomes::to_string(reason)), outcome.unread[i]});
    }
  }
}

bool names(const std::vector<policy::ModelRoute>& routes, const std::string& route, const std::string& version) {
  return std::any_of(routes.begin(), routes.end(), [&](const policy::ModelRoute& one) {
    const auto is_it = [&](const policy::Version& of) { return of.name == version; };
    return one.name == route && std::any_of(one.versions.begin(), one.versions.end(), is_it);
  });
}

void add_unmatched(metrics::OutcomesSnapshot& snapshot, const std::string& route,
                   const outcomes::IntakeCounts::Refused& refused) {
  for (std::size_t i = 0; i < refused.size(); ++i) {
    snapshot.unmatched.push_back(
        {route, std::string(outcomes::to_string(static_cast<outcomes::Refusal>(i))), refused[i]});
  }
}

}  // namespace

Result<void> OutcomeService::open(const policy::State& where) {
  if (const auto* sqlite = std::get_if<policy::SqliteState>(&where)) {
    auto ledger = state::make_sqlite_ledger({sqlite->path});
    if (!ledger) return fail(ledger.error());
    ledger_ = std::move(*ledger);
  } else {
    ledger_ = state::make_memory_ledger();
  }
  intake_ = std::make_unique<outcomes::Intake>(*ledger_, clock_);
  return intake_->open();
}

Result<void> OutcomeService::set_routes(const std::vector<policy::ModelRoute>& routes) {
  std::map<std::string, Order> next;
  for (const policy::ModelRoute& route : routes) {
    Order order;
    for (const policy::Outcome& outcome : route.outcomes) order.emplace_back(outcome.name, !outcome.from);
    if (!order.empty()) next.emplace(route.name, std::move(order));
  }
  if (auto done = intake_->set_routes(routes); !done) return done;
  routes_ = std::move(next);
  std::erase_if(counted_, [&](const auto& one) { return !names(routes, one.first.first, one.first.second); });
  answers_.set_routes(routes);
  return {};
}

void OutcomeService::start(outcomes::Intake::OnReport on_report, outcomes::Intake::OnKeys on_keys) {
  on_read_ = on_report;
  intake_->start(std::move(on_report), std::move(on_keys));
}

void OutcomeService::close() {
  if (intake_) intake_->close();
}

void OutcomeService::hear_observations() {
  if (observations_ == nullptr) return;
  const WallTime now = clock_.wall_now();
  observations_->drain([this, now](const outcomes::Observation& seen) {
    answers_.add(seen);
    if (on_read_ && seen.read != 0) tell(seen, now);
    for (outcomes::ObservationSink* const sink : sinks_) sink->observe(seen);
  });
}

void OutcomeService::tell(const outcomes::Observation& seen, WallTime now) const {
  const outcomes::KnownRoute* const route = answers_.find(seen.decision.route);
  if (route == nullptr) return;
  for (std::size_t i = 0; i < std::min(route->outcomes.size(), seen.values.size()); ++i) {
    if ((seen.read >> i & 1U) == 0) continue;
    on_read_(seen.decision, route->outcomes[i].name, static_cast<double>(seen.values[i]), now);
  }
}

void OutcomeService::add_to(std::map<std::string, strategy::Evidence>& gathered) {
  hear_observations();
  for (auto& [route, evidence] : gathered) {
    const auto order = routes_.find(route);
    if (order == routes_.end()) {
      for (strategy::VersionEvidence& version : evidence.versions) version.outcomes.clear();
      continue;
    }
    note_decisions(route, evidence);
    answers_.set_current(route, evidence.window);
    for (strategy::VersionEvidence& version : evidence.versions) fill(route, evidence.window, order->second, version);
  }
}

void OutcomeService::note_decisions(const std::string& route, const strategy::Evidence& evidence) {
  for (const strategy::VersionEvidence& version : evidence.versions) {
    Counted& counted = counted_[{route, version.version}];
    const bool goes_on = counted.window == evidence.window && counted.counters == evidence.counters &&
                         version.assigned >= counted.assigned;
    const std::uint64_t before = goes_on ? counted.assigned : 0;
    intake_->note_decisions(route, version.version, evidence.window, version.assigned - before);
    counted = {evidence.window, evidence.counters, version.assigned};
  }
}

void OutcomeService::fill(const std::string& route, std::uint64_t window, const Order& order,
                          strategy::VersionEvidence& version) {
  std::vector<outcomes::OutcomeTally> reported = intake_->evidence(route, version.version, window);
  std::vector<outcomes::OutcomeTally> read = answers_.of(route, version.version, window);
  std::vector<strategy::OutcomeEvidence> all;
  for (const auto& [name, is_reported] : order) {
    std::vector<outcomes::OutcomeTally>& tallies = is_reported ? reported : read;
    const auto tally =
        std::find_if(tallies.begin(), tallies.end(), [&name = name](const auto& one) { return one.name == name; });
    if (tally != tallies.end()) all.push_back(to_outcome_evidence(std::move(*tally)));
  }
  version.outcomes = std::move(all);
}

metrics::OutcomesSnapshot OutcomeService::metrics() const {
  metrics::OutcomesSnapshot snapshot;
  const outcomes::IntakeCounts counts = intake_->counts();
  for (const auto& route : counts.routes) {
    for (const auto& version : route.versions) {
      for (const auto& outcome : version.outcomes) {
        snapshot.outcomes.push_back(
            {route.name, version.name, outcome.name, outcome.reports, outcome.value, to_buckets(outcome.delays)});
      }
    }
    add_unmatched(snapshot, route.name, route.refused);
  }
  add_unmatched(snapshot, "", counts.refused);
  for (const auto& route : answers_.counts().routes) add_read(snapshot, route);
  snapshot.observations_lost = observations_ == nullptr ? 0 : observations_->lost();
  snapshot.duplicates = counts.duplicates;
  snapshot.turned_away = counts.turned_away;
  const outcomes::IntakeHealth health = intake_->health();
  snapshot.ledger_reports = health.reports;
  snapshot.ledger_capacity = health.capacity;
  return snapshot;
}

std::map<std::string, strategy::Evidence> KpisWithOutcomes::gather() {
  std::map<std::string, strategy::Evidence> gathered;
  gather_into(gathered);
  return gathered;
}

void KpisWithOutcomes::gather_into(std::map<std::string, strategy::Evidence>& gathered) {
  kpis_.gather_into(gathered);
  outcomes_.add_to(gathered);
}

}  // namespace sluice::app
