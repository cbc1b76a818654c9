#include "sluice/outcomes/answer_tallies.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sluice/outcomes/decision.hpp"

namespace sluice::outcomes {

namespace {

template <typename List>
auto* one_named(List& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

/// The counts of one route in the order of another policy; what that does not name is dropped.
AnswerCounts::Route counts_for(const KnownRoute& known, const AnswerCounts::Route* old) {
  AnswerCounts::Route route;
  route.name = known.name;
  route.versions = known.versions;
  for (const KnownOutcome& outcome : known.outcomes) {
    AnswerCounts::Outcome& made = route.outcomes.emplace_back();
    made.name = outcome.name;
    made.read.resize(known.versions.size());
    made.value.resize(known.versions.size());
    const AnswerCounts::Outcome* const before = old == nullptr ? nullptr : one_named(old->outcomes, outcome.name);
    if (before == nullptr) continue;
    made.unread = before->unread;
    for (std::size_t v = 0; v < known.versions.size(); ++v) {
      const auto same = std::find(old->versions.begin(), old->versions.end(), known.versions[v]);
      if (same == old->versions.end()) continue;
      made.read[v] = before->read[static_cast<std::size_t>(same - old->versions.begin())];
      made.value[v] = before->value[static_cast<std::size_t>(same - old->versions.begin())];
    }
  }
  return route;
}

}  // namespace

AnswerTallies::AnswerTallies() : catalogue_(std::make_shared<const Catalogue>()), tallies_(catalogue_) {}

void AnswerTallies::set_routes(const std::vector<policy::ModelRoute>& routes) {
  const auto next = std::make_shared<const Catalogue>(routes, OutcomeSource::Answers);
  Tallies fresh(next);
  AnswerCounts counts;
  for (const KnownRoute& known : next->routes()) {
    if (next->counts_like(*catalogue_, known.hash)) fresh.take(tallies_, known.hash);
    counts.routes.push_back(counts_for(known, one_named(counts_.routes, known.name)));
  }
  catalogue_ = next;
  tallies_ = std::move(fresh);
  counts_ = std::move(counts);
}

void AnswerTallies::add(const Observation& observation) {
  const Decision& decision = observation.decision;
  const KnownRoute* const route = catalogue_->find(decision.route);
  const int version = route == nullptr ? -1 : route->find_version(decision.version);
  if (version < 0) return;
  AnswerCounts::Route& counts = counts_.routes[static_cast<std::size_t>(route - catalogue_->routes().data())];
  const std::size_t outcomes = std::min(route->outcomes.size(), max_answer_outcomes);
  for (std::size_t i = 0; i < outcomes; ++i) {
    AnswerCounts::Outcome& counted = counts.outcomes[i];
    if ((observation.read >> i & 1) == 0) {
      ++counted.unread[static_cast<std::size_t>(observation.unread[i])];
      continue;
    }
    const double value = observation.values[i];
    ++counted.read[static_cast<std::size_t>(version)];
    counted.value[static_cast<std::size_t>(version)] += value;
    state::LedgerReport report;
    report.decided_ms = std::chrono::duration_cast<std::chrono::milliseconds>(decision.time.time_since_epoch()).count();
    report.nonce = decision.nonce;
    report.route = decision.route;
    report.outcome = route->outcomes[i].hash;
    report.version = decision.version;
    report.unit = route->has_unit ? decision.unit : 0;
    report.window = decision.window;
    report.split = decision.split;
    report.value = value;
    tallies_.add(report);
  }
}

void AnswerTallies::set_current(std::string_view route, std::uint64_t window) {
  const KnownRoute* const known = catalogue_->find(route);
  if (known == nullptr) return;
  tallies_.set_current(known->hash, window);
  tallies_.forget(known->hash, window, WallTime::max());
}

std::vector<OutcomeTally> AnswerTallies::of(std::string_view route, std::string_view version, std::uint64_t window) {
  std::vector<OutcomeTally> tallies = tallies_.of(name_hash(route), window, name_hash(version), WallTime{});
  for (OutcomeTally& tally : tallies) {
    tally.decisions = tally.reports;
    tally.delays = nullptr;
  }
  return tallies;
}

}  // namespace sluice::outcomes
