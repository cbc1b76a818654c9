#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sluice/base/result.hpp"
#include "sluice/cli/admin_client.hpp"

namespace sluice::cli {

/// Why a status could not be had.
struct StatusProblem {
  bool no_such_route = false;
  std::string message;
};

/// What `sluice status` is about, from three or four requests: `{"config": …, "drain": …, "routes": [...]}`. `route`
/// empty: all of them. Each route gets its `journal` when more than the ten `events` are wanted that a rollout carries.
Result<nlohmann::ordered_json, StatusProblem> query_status(const AdminClient& client, const std::string& route,
                                                           std::size_t events);

/// The rollout of one route; empty when the route has none.
Result<nlohmann::ordered_json, StatusProblem> query_rollout(const AdminClient& client, const std::string& route);

/// A page of the journal, newest line first: `{"entries": [...], "before": N}`. `route` empty: of all of them;
/// `before` 0: the newest; `limit` 1…1000.
Result<nlohmann::ordered_json, StatusProblem> query_journal(const AdminClient& client, const std::string& route,
                                                            std::uint64_t before, std::uint64_t limit);

}  // namespace sluice::cli
