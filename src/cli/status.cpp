#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/status_output.hpp"
#include "sluice/cli/terminal.hpp"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
  AdminOptions admin;
  std::string route;
  std::string output = "text";
};

/// One page as JSON, or why not.
Result<Json, std::string> page(const AdminClient& client, const std::string& target) {
  const auto answer = client.get(target);
  if (!answer) return fail(answer.error().message);
  if (answer->status != 200) return fail(reason_of(*answer));
  Json json = Json::parse(answer->body, nullptr, false);
  if (!json.is_object()) return fail(client.address() + " does not answer as a gateway's admin port does");
  return json;
}

int failed(const std::string& message) {
  std::cerr << "sluice: " << message << '\n';
  return 1;
}

int status(const StatusOptions& options) {
  const auto client = AdminClient::make(options.admin);
  if (!client) return failed(client.error().message);
  const auto config = page(*client, "/api/v1/config");
  if (!config) return failed(config.error());
  const auto drain = page(*client, "/api/v1/drain");
  if (!drain) return failed(drain.error());
  const auto routes = page(*client, options.route.empty() ? "/api/v1/routes" : "/api/v1/routes/" + options.route);
  if (!routes) return failed(routes.error());
  Json all;
  all["config"] = *config;
  all["drain"] = *drain;
  all["routes"] = options.route.empty() ? routes->value("routes", Json::array()) : Json::array({*routes});
  if (options.output == "json") {
    std::cout << all.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    std::cout << status_as_text(all, wants_colour());
  }
  return 0;
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* verb = app.add_subcommand("status", "Show routes, versions and endpoints of a running gateway");
  verb->add_option("route", options->route, "Only this route")->type_name("ROUTE");
  verb->add_option("-o,--output", options->output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_admin_options(*verb, options->admin);
  verb->footer(
      "Counts and latencies are since the start of the gateway. Exits with 0, with 1 when it cannot be asked or has "
      "no\n"
      "such route, with 2 when the command line makes no sense.\n\n"
      "Example: sluice status fraud\n"
      "         sluice status -o json | jq '.routes[].versions[] | {version, inFlight}'");
  verb->callback([options, &exit_code] { exit_code = status(*options); });
}

}  // namespace sluice::cli
