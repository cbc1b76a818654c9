#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/position.hpp"

namespace sluice::policy {

/// What kind of number a limit on a metric is.
enum class QuantityUnit : std::uint8_t {
  Number,   ///< `0.9`: value as written
  Ratio,    ///< `1%`: value is the fraction 0.01
  Seconds,  ///< `250ms`: value is 0.25
};

/// A number with the unit that its metric asks for.
struct Quantity {
  double value = 0;
  QuantityUnit unit = QuantityUnit::Number;

  bool operator==(const Quantity&) const = default;
};

/// An absolute limit, inclusive on both sides; at least one side is set.
struct ThresholdRange {
  std::optional<Quantity> min;
  std::optional<Quantity> max;

  bool operator==(const ThresholdRange&) const = default;
};

/// How much worse than stable a candidate may be; exactly one of the two is set.
struct VersusStable {
  std::optional<Quantity> margin;        ///< in the metric's own unit
  std::optional<Ratio> relative_margin;  ///< of stable's value

  bool operator==(const VersusStable&) const = default;
};

struct PrometheusQuery {
  std::string address;  ///< http(s) URL of the server
  std::string query;    ///< PromQL; `{{route}}` and `{{version}}` are replaced
  Duration timeout = std::chrono::seconds(5);

  bool operator==(const PrometheusQuery&) const = default;
};

/// One thing that must hold; exactly one of `threshold_range` and `versus_stable` is set.
struct Check {
  std::string metric;  ///< built in, an outcome's name, or free when `prometheus` is set
  std::optional<ThresholdRange> threshold_range;
  std::optional<VersusStable> versus_stable;
  std::uint32_t failure_limit = 0;                  ///< failed looks that are forgiven before the check fails
  std::optional<std::uint32_t> inconclusive_limit;  ///< undecided looks in a row, then a person decides; none: no end
  bool dry_run = false;                             ///< reported, never acted on
  std::optional<PrometheusQuery> prometheus;
  Position position;

  bool operator==(const Check&) const = default;
};

/// What a check without enough data does to the rollout.
enum class OnNoData : std::uint8_t { Hold, Pass, Fail };

struct Analysis {
  Duration interval = std::chrono::seconds(10);
  std::uint64_t min_requests = 100;
  Ratio confidence = 95_pct;
  OnNoData on_no_data = OnNoData::Hold;
  std::vector<Check> checks;

  bool operator==(const Analysis&) const = default;
};

/// When a webhook is called; names and payload are those of Flagger.
enum class WebhookType : std::uint8_t {
  ConfirmRollout,
  PreRollout,
  Rollout,
  ConfirmTrafficIncrease,
  ConfirmPromotion,
  PostRollout,
  Rollback,
  Event,
};

struct Webhook {
  std::string name;
  WebhookType type = WebhookType::Event;
  std::string url;
  Duration timeout = std::chrono::seconds(10);
  std::uint32_t retries = 0;
  std::map<std::string, std::string> metadata;  ///< sent along as it is
  Position position;

  bool operator==(const Webhook&) const = default;
};

}  // namespace sluice::policy
