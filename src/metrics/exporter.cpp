#include "sluice/metrics/exporter.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <cmath>
#include <locale>
#include <sstream>
#include <utility>

#include "sluice/metrics/families.hpp"

namespace sluice::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(FamilyType type) {
  switch (type) {
    case FamilyType::Counter:
      return MetricType::Counter;
    case FamilyType::Gauge:
      return MetricType::Gauge;
    case FamilyType::Histogram:
      break;
  }
  return MetricType::Histogram;
}

ClientMetric::Histogram buckets_of(const stats::Histogram& values, std::span<const double> bounds) {
  ClientMetric::Histogram out;
  out.sample_count = values.count();
  out.sample_sum = std::chrono::duration<double>(values.sum()).count();
  std::size_t bucket = 0;
  std::uint64_t below = 0;
  for (const double bound : bounds) {
    const std::size_t end = stats::bucket_of(Duration(std::llround(bound * 1e9)));
    for (; bucket <= end; ++bucket) below += values.bucket_count(bucket);
    out.bucket.push_back({below, bound});
  }
  return out;
}

ClientMetric::Histogram buckets_of(const RolloutDurations& values) {
  ClientMetric::Histogram out;
  out.sample_sum = values.sum;
  for (std::size_t i = 0; i < values.counts.size(); ++i) {
    out.sample_count += values.counts[i];
    if (i < values.kBounds.size()) out.bucket.push_back({out.sample_count, values.kBounds[i]});
  }
  return out;
}

ClientMetric::Histogram buckets_of(const DurationBuckets& values) {
  ClientMetric::Histogram out;
  out.sample_sum = values.sum;
  for (std::size_t i = 0; i < values.counts.size(); ++i) {
    out.sample_count += values.counts[i];
    if (i < values.bounds.size()) out.bucket.push_back({out.sample_count, values.bounds[i]});
  }
  return out;
}

ClientMetric metric_of(const Family& family, Sample& sample) {
  ClientMetric metric;
  for (Label& label : sample.labels) metric.label.push_back({std::move(label.name), std::move(label.value)});
  metric.counter.value = metric.gauge.value = sample.value;
  if (sample.histogram != nullptr) metric.histogram = buckets_of(*sample.histogram, family.bounds);
  if (sample.durations != nullptr) metric.histogram = buckets_of(*sample.durations);
  if (sample.buckets != nullptr) metric.histogram = buckets_of(*sample.buckets);
  return metric;
}

}  // namespace

class Exporter::Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const Registry& registry) : registry_(registry) {}

  std::vector<MetricFamily> Collect() const override {
    const Snapshot snapshot = registry_.snapshot();
    Families page(snapshot);
    add_request_families(page);
    add_endpoint_families(page);
    add_shadow_families(page);
    add_rollout_families(page);
    add_outcome_families(page);
    add_comparison_families(page);
    add_gateway_families(page);
    std::vector<MetricFamily> out;
    for (Family& family : std::move(page).take()) {
      MetricFamily& printed = out.emplace_back();
      for (Sample& sample : family.samples) printed.metric.push_back(metric_of(family, sample));
      printed.name = std::move(family.name);
      printed.help = std::move(family.help);
      printed.type = type_of(family.type);
    }
    return out;
  }

 private:
  const Registry& registry_;
};

Exporter::Exporter(const Registry& registry) : collector_(std::make_unique<Collector>(registry)) {}
Exporter::~Exporter() = default;

std::string Exporter::text() const {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(out, collector_->Collect());
  return std::move(out).str();
}

}  // namespace sluice::metrics
