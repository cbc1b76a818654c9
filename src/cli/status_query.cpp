#include "sluice/cli/status_query.hpp"

#include <utility>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/remedy.hpp"

namespace sluice::cli {

namespace {

constexpr std::size_t kEventsOfARollout = 10;

/// One page as JSON, or why not.
Result<Json, StatusProblem> page(const AdminClient& client, const std::string& target, const std::string& route = {}) {
  const auto answer = client.get(target);
  if (!answer) return fail(StatusProblem{false, with_remedy(answer.error())});
  if (answer->status != 200) return fail(StatusProblem{knows_no_such(*answer), with_remedy(client, *answer, route)});
  Json json = Json::parse(answer->body, nullptr, false);
  if (!json.is_object()) {
    return fail(StatusProblem{false, not_an_admin_port(client)});
  }
  return json;
}

Result<void, StatusProblem> add_journal(const AdminClient& client, Json& route, std::size_t events) {
  if (!route.is_object() || events <= kEventsOfARollout) return {};
  auto journal = query_journal(client, text(route, "route"), 0, events);
  if (!journal) return fail(std::move(journal).error());
  route["journal"] = list(*journal, "entries");
  return {};
}

}  // namespace

Result<Json, StatusProblem> query_status(const AdminClient& client, const std::string& route, std::size_t events) {
  Json all;
  auto config = page(client, "/api/v1/config");
  if (!config) return fail(std::move(config).error());
  auto drain = page(client, "/api/v1/drain");
  if (!drain) return fail(std::move(drain).error());
  auto routes = page(client, route.empty() ? "/api/v1/routes" : "/api/v1/routes/" + route, route);
  if (!routes) return fail(std::move(routes).error());
  all["config"] = std::move(*config);
  all["drain"] = std::move(*drain);
  all["routes"] = route.empty() ? list(*routes, "routes") : Json::array({std::move(*routes)});
  for (Json& one : all["routes"]) {
    if (auto added = add_journal(client, one, events); !added) return fail(std::move(added).error());
  }
  return all;
}

Result<Json, StatusProblem> query_rollout(const AdminClient& client, const std::string& route) {
  const auto found = page(client, "/api/v1/routes/" + route, route);
  if (!found) return fail(found.error());
  return part(*found, "rollout");
}

Result<Json, StatusProblem> query_journal(const AdminClient& client, const std::string& route, std::uint64_t before,
                                          std::uint64_t limit) {
  const std::string from = before == 0 ? std::string() : "&before=" + std::to_string(before);
  const std::string of = route.empty() ? "" : "/routes/" + route;
  return page(client, "/api/v1" + of + "/journal?limit=" + std::to_string(limit) + from);
}

}  // namespace sluice::cli
