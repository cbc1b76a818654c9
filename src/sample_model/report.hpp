#pragma once

#include <map>
#include <string>
#include <vector>

#include "sample_model/gateway_metrics.hpp"
#include "sample_model/tally.hpp"
#include "sluice/base/units.hpp"

namespace sluice::sample_model {

/// What a run of questions must have shown; an empty map expects nothing.
struct Expectations {
  std::map<std::string, Ratio> share;     ///< by version, met within `tolerance`
  std::map<std::string, Ratio> accuracy;  ///< by version, at least
  Ratio tolerance = 6_pct;
};

/// A table with one line per version: accuracy as the asker saw it, share and latency as the gateway counted them
/// (as the asker saw them where `metrics` is empty), then failures and stickiness.
std::string render_report(const Tally& tally, const GatewayMetrics& metrics);

/// One sentence per expectation that was not met, failed requests first. Empty when all is well.
std::vector<std::string> unmet(const Expectations& expectations, const Tally& tally);

}  // namespace sluice::sample_model
