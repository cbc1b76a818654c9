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
  bool is_final = false;  ///< asked again it answers the same, as where the token is wrong
};

/// What `sluice status` is about, from a few requests: `{"config": …, "drain": …, "routes": [...]}`. `route` empty: all
/// of them. Each route gets its `journal` when more than the ten `events` are wanted that a rollout carries, and
/// `"pooled": true` when the numbers of its versions are not 0 but unknown.
Result<nlohmann::ordered_json, StatusProblem> query_status(const AdminClient& client, const std::string& route,
                                                           std::size_t events);

/// The rollout of one route; empty when the route has none.
Result<nlohmann::ordered_json, StatusProblem> query_rollout(const AdminClient& client, const std::string& route);

/// A page of the journal, newest line first: `{"entries": [...], "before": N}`. `route` empty: of all of them;
/// `before` 0: the newest; `limit` 1…1000.
Result<nlohmann::ordered_json, StatusProblem> query_journal(const AdminClient& client, const std::string& route,
                                                            std::uint64_t before, std::uint64_t limit);

/// The routes of what `GET /api/v1/routes` answers. `_other` among them is none, but the counters that all routes past
/// the 64th share.
nlohmann::ordered_json real_routes(const nlohmann::ordered_json& page);

/// Why this is no time between two looks; empty: it is one.
std::string check_interval(const std::string& text);

}  // namespace sluice::cli
