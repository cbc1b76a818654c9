#include "sluice/cli/status_query.hpp"

#include <algorithm>
#include <utility>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/remedy.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {

namespace {

constexpr std::size_t kEventsOfARollout = 10;
constexpr const char* kPool = "_other";
constexpr Duration kLeastInterval = std::chrono::milliseconds(1);

/// One page as JSON, or why not.
Result<Json, StatusProblem> page(const AdminClient& client, const std::string& target, const std::string& route = {}) {
  const auto answer = client.get(target);
  if (!answer) return fail(StatusProblem{false, with_remedy(answer.error())});
  if (answer->status != 200) {
    const bool unknown = knows_no_such(*answer);
    // A route may come with the next policy, and a gateway that begins or ends, or a proxy in front of it, says 503.
    const bool is_final = !unknown && answer->status < 500;
    return fail(StatusProblem{unknown, with_remedy(client, *answer, route), is_final});
  }
  Json json = Json::parse(answer->body, nullptr, false);
  if (!json.is_object()) return fail(StatusProblem{false, not_an_admin_port(client), true});
  return json;
}

Result<void, StatusProblem> add_journal(const AdminClient& client, Json& route, std::size_t events) {
  if (!route.is_object() || events <= kEventsOfARollout) return {};
  auto journal = query_journal(client, text(route, "route"), 0, events);
  if (!journal) return fail(std::move(journal).error());
  route["journal"] = list(*journal, "entries");
  return {};
}

/// As far as its own counters say.
bool answered_nothing(const Json& route) {
  const Json& versions = list(route, "versions");
  return std::all_of(versions.begin(), versions.end(), [](const Json& it) { return count(it, "answered") == 0; });
}

/// Whether there are routes without counters of their own.
bool has_pool(const AdminClient& client) {
  const auto answer = client.get(std::string("/api/v1/routes/") + kPool);
  return answer && answer->status == 200;
}

}  // namespace

Json real_routes(const Json& page) {
  Json out = Json::array();
  for (const Json& route : list(page, "routes")) {
    if (text(route, "route") != kPool) out.push_back(route);
  }
  return out;
}

std::string check_interval(const std::string& text) {
  const auto interval = policy::parse_duration(text);
  if (!interval) return "\"" + text + "\" is no duration such as 1s";
  return *interval < kLeastInterval ? "\"" + text + "\" is no pause; 1ms is the least" : std::string();
}

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
  const bool idle = !route.empty() && answered_nothing(*routes);
  all["routes"] = route.empty() ? real_routes(*routes) : Json::array({std::move(*routes)});
  const bool pool = route.empty() ? all["routes"].size() < list(*routes, "routes").size() : idle && has_pool(client);
  for (Json& one : all["routes"]) {
    if (pool && one.is_object() && answered_nothing(one)) one["pooled"] = true;
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
