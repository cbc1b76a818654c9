#include "sluice/stats/relative_risk.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

constexpr double endless = std::numeric_limits<double>::infinity();
constexpr double farthest_log_risk = 40;
constexpr std::size_t interval_points = 96;

/// The prior of the interval: fine near no difference, where an interval is looked at most closely.
const std::array<double, interval_points>& interval_prior() {
  static const auto points = [] {
    constexpr std::size_t side = interval_points / 2;
    std::array<double, interval_points> made{};
    for (std::size_t i = 0; i < side; ++i) {
      const double size = 0.01 * std::pow(350.0, static_cast<double>(i) / (side - 1));
      made[i] = -size;
      made[side + i] = size;
    }
    return made;
  }();
  return points;
}

constexpr std::size_t packed_head = 5;
constexpr std::size_t packed_entry = 5;

bool is_count(double value) {
  return value >= 0 && value <= 9e15 && value == std::floor(value);
}

bool is_share(double value) {
  return value > 0 && value < 1;
}

}  // namespace

RelativeRisk::RelativeRisk(RiskPrior prior, double null_risk) noexcept
    : prior_(prior), null_risk_(null_risk > 0 && std::isfinite(null_risk) ? null_risk : 1) {}

void RelativeRisk::add(double share, std::uint64_t candidate, std::uint64_t events) noexcept {
  if (!is_share(share) || events == 0) return;
  const RiskGrid& grid = risk_grid(prior_);
  const auto many = static_cast<double>(events);
  // A null hypothesis other than 1 is the same test of a candidate whose share is that much larger.
  const double under_null = event_share(share, null_risk_);
  for (std::size_t j = 0; j < grid.size; ++j) growth_[j] += many * std::log1p(under_null * grid.risk_minus_one[j]);
  candidate_ += std::min(candidate, events);
  events_ += events;
  history_.add(share, many);
}

void RelativeRisk::merge(const RelativeRisk& other) noexcept {
  for (std::size_t j = 0; j < growth_.size(); ++j) growth_[j] += other.growth_[j];
  candidate_ += other.candidate_;
  events_ += other.events_;
  for (std::size_t i = 0; i < other.history_.size(); ++i) history_.insert(other.history_[i]);
}

double RelativeRisk::log_e() const noexcept {
  const RiskGrid& grid = risk_grid(prior_);
  const auto seen = static_cast<double>(candidate_);
  std::array<double, RiskGrid::kMost> terms{};
  for (std::size_t j = 0; j < grid.size; ++j) terms[j] = seen * grid.log_risk[j] - growth_[j];
  return log_sum_exp(terms.data(), grid.size) - std::log(static_cast<double>(grid.size));
}

double RelativeRisk::log_e_accept(double limit) const noexcept {
  if (!(limit > 0) || !std::isfinite(limit)) return 0;
  return -static_cast<double>(candidate_) * std::log(limit) + history_.log_growth(limit) - history_.slack(limit);
}

/// Of r, less what all r share; never below the truth.
double RelativeRisk::log_likelihood(double log_risk) const noexcept {
  const double risk = std::exp(log_risk);
  return static_cast<double>(candidate_) * log_risk - history_.log_growth(risk) + history_.slack(risk);
}

/// Of the interval's prior; never above the truth, because the growth is never below it.
double RelativeRisk::log_mixture() const noexcept {
  const auto seen = static_cast<double>(candidate_);
  std::array<double, interval_points> terms{};
  for (std::size_t j = 0; j < terms.size(); ++j) {
    const double log_risk = interval_prior()[j];
    terms[j] = seen * log_risk - history_.log_growth(std::exp(log_risk));
  }
  return log_sum_exp(terms.data(), terms.size()) - std::log(static_cast<double>(interval_points));
}

double RelativeRisk::most_likely() const noexcept {
  double low = -farthest_log_risk;
  double high = farthest_log_risk;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (history_.expected_events(std::exp(middle)) < static_cast<double>(candidate_) ? low : high) = middle;
  }
  return (low + high) / 2;
}

double RelativeRisk::limit_beyond(double from, double step, double least) const noexcept {
  double inside = from;
  double outside = from + step;
  while (log_likelihood(outside) >= least) {
    inside = outside;
    step *= 2;
    outside += step;
    if (std::abs(outside) > 2 * farthest_log_risk) return outside > 0 ? endless : -endless;
  }
  while (std::abs(outside - inside) > 1e-9) {
    const double middle = (inside + outside) / 2;
    (log_likelihood(middle) >= least ? inside : outside) = middle;
  }
  return outside;
}

Interval RelativeRisk::interval(double alpha) const noexcept {
  if (events_ == 0) return {0, endless};
  const double least = log_mixture() - std::log(1 / std::clamp(alpha, 1e-300, 1.0));
  const double middle = most_likely();
  const double step = 1 / std::sqrt(1 + static_cast<double>(events_));
  Interval found{0, endless};
  if (candidate_ > 0) found.lower = std::exp(limit_beyond(middle, -step, least));
  if (candidate_ < events_) found.upper = std::exp(limit_beyond(middle, step, least));
  return found;
}

double RelativeRisk::estimate() const noexcept {
  if (events_ == 0) return 1;
  if (candidate_ == 0) return 0;
  if (candidate_ == events_) return endless;
  return std::exp(most_likely());
}

std::vector<double> RelativeRisk::pack() const {
  const std::size_t points = risk_grid(prior_).size;
  std::vector<double> packed = {static_cast<double>(prior_), null_risk_, static_cast<double>(candidate_),
                                static_cast<double>(events_), static_cast<double>(history_.size())};
  packed.insert(packed.end(), growth_.begin(), growth_.begin() + static_cast<std::ptrdiff_t>(points));
  for (std::size_t i = 0; i < history_.size(); ++i) {
    const auto& entry = history_[i];
    packed.insert(packed.end(), {entry.share, entry.events, entry.low, entry.high, entry.spread});
  }
  return packed;
}

std::optional<RelativeRisk> RelativeRisk::unpack(std::span<const double> packed) {
  if (packed.size() < packed_head) return std::nullopt;
  for (const double value : packed) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  const bool counts = is_count(packed[2]) && is_count(packed[3]) && is_count(packed[4]) && packed[2] <= packed[3];
  if (!is_count(packed[0]) || packed[0] > static_cast<double>(RiskPrior::Odds)) return std::nullopt;
  if (!(packed[1] > 0) || !counts || packed[4] > static_cast<double>(ShareHistory::kMost)) return std::nullopt;
  RelativeRisk risk(static_cast<RiskPrior>(packed[0]), packed[1]);
  const std::size_t points = risk_grid(risk.prior_).size;
  const auto entries = static_cast<std::size_t>(packed[4]);
  if (packed.size() != packed_head + points + entries * packed_entry) return std::nullopt;
  risk.candidate_ = static_cast<std::uint64_t>(packed[2]);
  risk.events_ = static_cast<std::uint64_t>(packed[3]);
  std::copy_n(packed.begin() + packed_head, points, risk.growth_.begin());
  for (std::size_t i = 0; i < entries; ++i) {
    const auto field = packed.subspan(packed_head + points + i * packed_entry, packed_entry);
    const ShareHistory::Entry entry{field[0], field[1], field[2], field[3], field[4]};
    if (!is_share(entry.share) || !is_share(entry.low) || !is_share(entry.high)) return std::nullopt;
    if (entry.events < 0 || entry.spread < 0) return std::nullopt;
    risk.history_.insert(entry);
  }
  return risk;
}

}  // namespace sluice::stats
