#include "sluice/state/ledger.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::state {

namespace {

// So far from the largest number that millions of sums, and the square of one, are numbers still.
constexpr double kMostSum = 1e150;
constexpr double kMostSquares = 1e300;

double within(double number, double least, double most) noexcept {
  return std::isnan(number) ? 0 : std::clamp(number, least, most);
}

}  // namespace

void LedgerSum::limit() noexcept {
  sum = within(sum, -kMostSum, kMostSum);
  squares = within(squares, 0, kMostSquares);
}

void LedgerSum::add(double value) noexcept {
  value = within(value, -most_reported_value, most_reported_value);
  ++reports;
  events += value != 0 ? 1 : 0;
  sum += value;
  squares += value * value;
  limit();
}

void LedgerSum::add(const LedgerSum& other) noexcept {
  reports += other.reports;
  events += other.events;
  sum += other.sum;
  squares += other.squares;
  limit();
}

std::int64_t rounded_delay(std::int64_t delay_ms) noexcept {
  if (delay_ms <= 0) return 0;
  const double step = std::ceil(3 * std::log2(static_cast<double>(delay_ms)) - 1e-9);
  return std::llround(std::exp2(step / 3));
}

LedgerSum to_sum(const LedgerReport& report) noexcept {
  LedgerSum sum;
  sum.route = report.route;
  sum.window = report.window;
  sum.version = report.version;
  sum.outcome = report.outcome;
  sum.split = report.split;
  sum.unit = report.unit;
  sum.delay_ms = rounded_delay(report.delay_ms);
  sum.add(report.value);
  return sum;
}

}  // namespace sluice::state
