#include "sluice/strategy/measure.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace sluice::strategy {
namespace {

using Kind = Metric::Kind;

constexpr std::array metrics{
    Metric{"error-rate"},
    Metric{"latency-mean", Kind::Mean, 0, &Sample::latency},
    Metric{"latency-p50", Kind::Quantile, 0.5, &Sample::latency},
    Metric{"latency-p90", Kind::Quantile, 0.9, &Sample::latency},
    Metric{"latency-p95", Kind::Quantile, 0.95, &Sample::latency},
    Metric{"latency-p99", Kind::Quantile, 0.99, &Sample::latency},
    Metric{"ttfb-p95", Kind::Quantile, 0.95, &Sample::first_byte},
};

double seconds(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

double value_of(const Metric& metric, const Sample& sample) noexcept {
  if (metric.kind == Kind::ErrorRate) {
    return sample.requests == 0 ? 0 : static_cast<double>(sample.failures) / static_cast<double>(sample.requests);
  }
  const stats::Histogram& histogram = sample.*metric.histogram;
  return seconds(metric.kind == Kind::Mean ? histogram.mean() : histogram.quantile(metric.quantile));
}

std::string with_digits(double value) {
  std::array<char, 40> text{};
  // As many decimals as make three digits, never fewer than those before the point.
  const double size = std::abs(value);
  const int decimals = size >= 100 || size == 0 ? 0 : 2 - static_cast<int>(std::floor(std::log10(size)));
  std::snprintf(text.data(), text.size(), "%.*f", std::min(decimals, 12), value);
  std::string made = text.data();
  if (made.find('.') == std::string::npos) return made;
  made.erase(made.find_last_not_of('0') + 1);
  if (made.back() == '.') made.pop_back();
  return made;
}

std::string duration_text(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0ms";
  if (size < 1e-3) return with_digits(value * 1e6) + "us";
  return size < 1 ? with_digits(value * 1e3) + "ms" : with_digits(value) + "s";
}

}  // namespace

const Metric* metric_of(std::string_view name) noexcept {
  for (const auto& metric : metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

std::optional<Measured> measure(std::string_view name, const Sample& sample) noexcept {
  const Metric* metric = metric_of(name);
  if (metric == nullptr) return std::nullopt;
  const bool ratio = metric->kind == Kind::ErrorRate;
  return Measured{value_of(*metric, sample), ratio ? sample.requests : (sample.*metric->histogram).count(),
                  ratio ? policy::QuantityUnit::Ratio : policy::QuantityUnit::Seconds};
}

stats::Estimate estimate(std::string_view name, const Sample& sample, double confidence) noexcept {
  const Metric* metric = metric_of(name);
  if (metric == nullptr) return {};
  const double value = value_of(*metric, sample);
  if (metric->kind == Kind::ErrorRate) {
    const double z = stats::repeated_looks_z(sample.requests, confidence);
    return {value, stats::proportion_interval(sample.failures, sample.requests, z), 0};
  }
  const stats::Histogram& histogram = sample.*metric->histogram;
  const double z = stats::repeated_looks_z(histogram.count(), confidence);
  if (metric->kind == Kind::Mean) return {value, stats::mean_interval(histogram, z), 0};
  return {value, stats::quantile_interval(histogram, metric->quantile, z), value * stats::Histogram::kMaxRelativeError};
}

std::string quantity_text(double value, policy::QuantityUnit unit) {
  switch (unit) {
    case policy::QuantityUnit::Ratio:
      return with_digits(value * 100) + "%";
    case policy::QuantityUnit::Seconds:
      return duration_text(value);
    case policy::QuantityUnit::Number:
      break;
  }
  return with_digits(value);
}

}  // namespace sluice::strategy
