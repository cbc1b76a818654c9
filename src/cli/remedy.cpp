#include "sluice/cli/remedy.hpp"

#include <algorithm>
#include <vector>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/status_query.hpp"
#include "sluice/policy/suggest.hpp"

namespace sluice::cli {

namespace {

constexpr std::size_t kNamesShown = 8;

std::vector<std::string> routes_of(const AdminClient& client) {
  const auto answer = client.get("/api/v1/routes");
  if (!answer || answer->status != 200) return {};
  const Json page = Json::parse(answer->body, nullptr, false);
  std::vector<std::string> names;
  if (!page.is_object()) return names;
  for (const Json& route : real_routes(page)) names.push_back(text(route, "route"));
  return names;
}

std::string which_routes(const AdminClient& client, const std::string& route) {
  const std::vector<std::string> names = routes_of(client);
  // What was wrong is below the route, and the reason names it.
  if (names.empty() || std::find(names.begin(), names.end(), route) != names.end()) return {};
  if (const std::string meant = policy::nearest(route, names); !meant.empty()) return "; did you mean " + meant + "?";
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i)
    out += (i == 0 ? "; there is " : ", ") + names[i];
  return out + (names.size() > kNamesShown ? " and more: see sluice status" : "");
}

std::string what_fits(const AdminClient& client, const std::string& route) {
  const auto answer = client.get("/api/v1/routes/" + route);
  if (!answer || answer->status != 200) return {};
  const Json page = Json::parse(answer->body, nullptr, false);
  if (!page.is_object()) return {};
  std::string verbs;
  for (const Json& verb : list(part(page, "rollout"), "verbs")) {
    if (verb.is_string()) verbs += (verbs.empty() ? "" : ", ") + verb.get<std::string>();
  }
  return verbs.empty() ? std::string() : " (what fits now: " + verbs + ")";
}

}  // namespace

std::string with_remedy(const AdminClient::Problem& problem) {
  if (!problem.nobody_listens) return problem.message + "; is --admin HOST:PORT the policy's spec.admin.address?";
  return problem.message + "; start a gateway with `sluice serve FILE`, or say where it is with --admin HOST:PORT";
}

std::string with_remedy(const AdminClient& client, const AdminClient::Answer& answer, const std::string& route) {
  if (!has_reason(answer)) return not_an_admin_port(client);
  const std::string reason = reason_of(answer);
  switch (answer.status) {
    case 401:
      return reason + "; --token-file FILE names the file that holds it, the one of the policy's spec.admin.tokenFile";
    case 404:
      return route.empty() ? reason : reason + which_routes(client, route);
    case 409:
      return route.empty() ? reason : reason + what_fits(client, route);
    default:
      return reason;
  }
}

std::string not_an_admin_port(const AdminClient& client) {
  return client.address() +
         " does not answer as a gateway's admin port does; --admin is the policy's spec.admin.address";
}

bool knows_no_such(const AdminClient::Answer& answer) {
  return answer.status == 404 && has_reason(answer);
}

}  // namespace sluice::cli
