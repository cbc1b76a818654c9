#include "sluice/rollout/synthetic_outcomes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "sluice/rollout/draws.hpp"
#include "sluice/stats/beta.hpp"

namespace sluice::rollout {
namespace {

constexpr std::uint64_t cohorts = 64;  // that many reports are drawn on their own; more go in so many groups
constexpr int pieces_of_a_window = 64;
constexpr std::array<std::uint32_t, 5> unit_steps{1, 2, 4, 8, 16};

Duration in_seconds(double seconds) {
  constexpr double longest = 100 * 365 * 86400.0;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, longest)));
}

/// The delay that a share `q` of the reports does not exceed.
Duration delay_at(const ReportLaw& law, double q) {
  if (law.sigma < 0) return in_seconds(-law.delay * std::log1p(-q));
  return in_seconds(law.delay * std::exp(law.sigma * stats::normal_quantile(q)));
}

double draw_value(Random& random, const ReportLaw& law) {
  const double z = draw_normal(random);
  if (law.deviation <= law.mean / 3) return law.mean + law.deviation * z;
  if (law.mean <= 0) return law.mean + law.deviation * z;
  const double spread = std::log1p(law.deviation * law.deviation / (law.mean * law.mean));
  return law.mean * std::exp(std::sqrt(spread) * z - spread / 2);
}

/// Sum and sum of squares of so many values.
std::pair<double, double> draw_values(Random& random, const ReportLaw& law, std::uint64_t count) {
  const auto n = static_cast<double>(count);
  if (law.binary) return {n, n};
  const bool normal = law.deviation <= law.mean / 3 || law.mean <= 0;
  if (normal && count > cohorts) {
    // Mean and variance of a normal sample are independent; the variance is a chi-square value's multiple.
    const double sum = n * law.mean + std::sqrt(n) * law.deviation * draw_normal(random);
    const double spread = n - 1 + std::sqrt(2 * (n - 1)) * draw_normal(random);
    return {sum, sum * sum / n + law.deviation * law.deviation * std::max(0.0, spread)};
  }
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const double value = draw_value(random, law);
    sum += value;
    squares += value * value;
  }
  return {sum, squares};
}

}  // namespace

ReportLaw report_law(const policy::Outcome& outcome, const OutcomeLaw& common, const OutcomeLaw& own) {
  const auto said = [&](auto member) { return (own.*member) ? own.*member : common.*member; };
  ReportLaw law;
  law.binary = outcome.type == policy::OutcomeType::Binary;
  law.rate = said(&OutcomeLaw::rate).value_or(law.binary ? 0.05 : 1);
  law.mean = law.binary ? 1 : said(&OutcomeLaw::mean).value_or(10);
  law.deviation = law.binary ? 0 : said(&OutcomeLaw::deviation).value_or(5);
  law.delay = std::chrono::duration<double>(said(&OutcomeLaw::delay).value_or(Duration::zero())).count();
  law.sigma = (own.delay ? own : common).sigma.value_or(-1);
  return law;
}

SyntheticOutcomes::SyntheticOutcomes(const std::vector<policy::Outcome>& outcomes, std::size_t versions, bool has_units,
                                     std::size_t units)
    : has_units_(has_units),
      units_(units),
      seen_(versions),
      delays_(versions * outcomes.size()),
      owed_(delays_.size(), 0.0) {
  for (const auto& outcome : outcomes) windows_.push_back(outcome.attribution_window);
  for (auto& seen : seen_) {
    for (const auto& outcome : outcomes) seen.emplace_back().name = outcome.name;
  }
  open();
}

void SyntheticOutcomes::open() {
  for (auto& seen : seen_) {
    for (auto& outcome : seen) {
      std::string name = std::move(outcome.name);
      outcome = {};
      outcome.name = std::move(name);
    }
  }
  reports_ = {};
  for (std::size_t i = 0; i < delays_.size(); ++i) {
    delays_[i] = stats::DelayTable(std::chrono::duration<double>(windows_[i % windows_.size()]).count());
  }
  unit_tallies_.assign(has_units_ && units_ > 0 ? delays_.size() : 0, std::vector<UnitTally>(units_));
}

std::optional<Duration> SyntheticOutcomes::steadiness() const noexcept {
  if (windows_.empty()) return std::nullopt;
  return *std::min_element(windows_.begin(), windows_.end()) / pieces_of_a_window;
}

std::vector<strategy::OutcomeEvidence> SyntheticOutcomes::evidence(std::size_t version) const {
  auto out = seen_[version];
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].delays = std::make_shared<const stats::DelayTable>(delays_[place(version, i)]);
  }
  return out;
}

void SyntheticOutcomes::note_decisions(std::size_t version, std::size_t outcome, std::uint64_t decisions, Duration at) {
  if (decisions == 0) return;
  seen_[version][outcome].decisions += decisions;
  delays_[place(version, outcome)].add_decisions(time_of(at), static_cast<double>(decisions));
}

void SyntheticOutcomes::decide(Random& random, std::size_t version, std::size_t outcome, const ReportLaw& law,
                               std::uint64_t decisions, Duration at, bool expected) {
  note_decisions(version, outcome, decisions, at);
  Report report;
  report.version = static_cast<std::uint32_t>(version);
  report.outcome = static_cast<std::uint32_t>(outcome);
  report.decided = report.due = at;
  if (expected) return send_expected(report, law, decisions);
  report.count = draw_binomial(random, decisions, law.rate);
  if (report.count == 0) return;
  if (law.delay > 0) return send_later(random, report, law);
  std::tie(report.sum, report.squares) = draw_values(random, law, report.count);
  count(report);
}

void SyntheticOutcomes::send_expected(Report report, const ReportLaw& law, std::uint64_t decisions) {
  double& owed = owed_[place(report.version, report.outcome)];
  owed += static_cast<double>(decisions) * law.rate;
  report.count = std::min(decisions, static_cast<std::uint64_t>(owed + 1e-9));
  owed -= static_cast<double>(report.count);
  const auto n = static_cast<double>(report.count);
  report.sum = n * law.mean;
  report.squares = n * (law.mean * law.mean + law.deviation * law.deviation);
  report.due += in_seconds(law.delay);
  if (report.count > 0 && report.due - report.decided <= windows_[report.outcome]) reports_.push(report);
}

/// Few reports come each in its time, many in groups: as many from every part of the delays as chance gives it.
void SyntheticOutcomes::send_later(Random& random, Report report, const ReportLaw& law) {
  const std::uint64_t all = report.count;
  const bool alone = all <= cohorts;
  std::uint64_t rest = all;
  for (std::uint64_t i = 0; rest > 0 && i < (alone ? all : cohorts); ++i) {
    report.count = alone ? 1 : draw_binomial(random, rest, 1 / static_cast<double>(cohorts - i));
    rest -= report.count;
    if (report.count == 0) continue;
    const double part = alone ? random.uniform() : (static_cast<double>(i) + random.uniform()) / cohorts;
    report.due = report.decided + delay_at(law, part);
    std::tie(report.sum, report.squares) = draw_values(random, law, report.count);
    if (report.due - report.decided <= windows_[report.outcome]) reports_.push(report);
  }
}

void SyntheticOutcomes::convert(Random& random, std::size_t version, std::size_t outcome, const ReportLaw& law,
                                std::size_t unit, Duration at) {
  Report report;
  report.version = static_cast<std::uint32_t>(version);
  report.outcome = static_cast<std::uint32_t>(outcome);
  report.unit = static_cast<std::uint32_t>(unit);
  report.count = 1;
  report.decided = report.due = at;
  std::tie(report.sum, report.squares) = draw_values(random, law, 1);
  if (law.delay <= 0) return count(report);
  report.due += delay_at(law, random.uniform());
  if (report.due - at <= windows_[outcome]) reports_.push(report);
}

void SyntheticOutcomes::arrive(Duration now) {
  while (!reports_.empty() && reports_.top().due <= now) {
    count(reports_.top());
    reports_.pop();
  }
}

void SyntheticOutcomes::count(const Report& report) {
  auto& seen = seen_[report.version][report.outcome];
  seen.reports += report.count;
  seen.events += report.count;
  seen.sum += report.sum;
  seen.sum_squares += report.squares;
  const auto n = static_cast<double>(report.count);
  const double mean = report.sum / n;
  const double deviation = std::sqrt(std::max(0.0, report.squares / n - mean * mean));
  const double delay = std::chrono::duration<double>(report.due - report.decided).count();
  // Two values with the mean and the deviation of all.
  for (const double value : {mean - deviation, mean + deviation}) {
    delays_[place(report.version, report.outcome)].add_conversion(time_of(report.decided), delay, value, n / 2);
  }
  if (has_units_) count_unit(seen, report);
}

void SyntheticOutcomes::count_unit(strategy::OutcomeEvidence& seen, const Report& report) {
  if (units_ == 0 || report.unit == no_unit) {
    // Nobody comes again.
    seen.units += report.count;
    seen.unit_events.front() += report.count;
    seen.unit_sum_squares += report.squares;
    return;
  }
  UnitTally& tally = unit_tallies_[place(report.version, report.outcome)][report.unit];
  if (!tally.reported) ++seen.units;
  tally.reported = true;
  ++tally.events;
  for (std::size_t step = 0; step < unit_steps.size(); ++step) {
    if (tally.events == unit_steps[step]) ++seen.unit_events[step];
  }
  seen.unit_sum_squares += (tally.sum + report.sum) * (tally.sum + report.sum) - tally.sum * tally.sum;
  tally.sum += report.sum;
}

}  // namespace sluice::rollout
