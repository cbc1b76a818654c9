#pragma once

#include <string>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/strategy/evidence.hpp"

namespace sluice::rollout {

/// The URL that asks a Prometheus server for one value now. A path of the address goes before the API's own.
std::string prometheus_url(std::string_view address, std::string_view promql);

/// Reads the answer of `/api/v1/query`, a scalar or an instant vector, whatever its status: one value, none, several,
/// no number (NaN, infinite), or the server's own words on what is wrong. Pure.
strategy::QueryAnswer read_prometheus(unsigned status, std::string_view body, WallTime at);

}  // namespace sluice::rollout
