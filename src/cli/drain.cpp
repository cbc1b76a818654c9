#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/remedy.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

constexpr auto kBetweenSights = std::chrono::milliseconds(100);
/// A worker may have chosen an endpoint just before it was taken out.
constexpr int kQuietLooks = 2;

struct DrainOptions {
  AdminOptions admin;
  std::string target;  // ROUTE or ROUTE/VERSION; empty: the process
  std::string endpoint;
  std::string timeout = "60s";
  std::string output = "text";
  bool undo = false;
  bool wait = false;
  bool if_running = false;

  std::string route() const { return target.substr(0, target.find('/')); }
  std::string version() const {
    const std::size_t slash = target.find('/');
    return slash == std::string::npos ? "" : target.substr(slash + 1);
  }
  /// As status shows it, also when it was written as in the policy.
  std::string authority() const {
    const std::size_t scheme = endpoint.find("://");
    return scheme == std::string::npos ? endpoint : endpoint.substr(scheme + 3);
  }
  /// `fraud`, `v1 of fraud`, `127.0.0.1:9001 of v1 of fraud`, `the gateway`.
  std::string subject() const {
    if (target.empty()) return "the gateway";
    std::string out = version().empty() ? route() : version() + " of " + route();
    return endpoint.empty() ? out : authority() + " of " + out;
  }
  std::string order() const {
    Json json = Json::object();
    if (!target.empty()) json["route"] = route();
    if (!version().empty()) json["version"] = version();
    if (!endpoint.empty()) json["endpoint"] = authority();
    if (undo) json["undo"] = true;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
};

/// How far it is at the moment.
struct Seen {
  bool gone = false;     ///< no process answers any more
  bool drained = false;  ///< as far as one look can tell
  std::string sentence;
  Json state;
  std::string problem;  ///< why nothing could be seen
};

Seen look_at_process(const Json& state) {
  Seen seen;
  seen.state = state;
  const std::string phase = state.value("phase", "");
  seen.drained = phase == "drained" || phase == "stopped";
  seen.sentence = phase + ", " + grouped(state.value("openConnections", std::uint64_t{0})) + " connections and " +
                  grouped(state.value("requestsInFlight", std::uint64_t{0})) + " requests left";
  return seen;
}

Seen look_at_endpoints(const Json& route, const DrainOptions& options) {
  Seen seen;
  seen.state["endpoints"] = Json::array();
  std::int64_t in_flight = 0;
  bool all_out = true;
  for (const Json& version : route.value("versions", Json::array())) {
    if (!options.version().empty() && version.value("version", "") != options.version()) continue;
    for (Json endpoint : version.value("endpoints", Json::array())) {
      if (!options.endpoint.empty() && endpoint.value("endpoint", "") != options.authority()) continue;
      in_flight += endpoint.value("inFlight", std::int64_t{0});
      all_out = all_out && endpoint.value("state", "") == "draining";
      endpoint["version"] = version["version"];
      seen.state["endpoints"].push_back(std::move(endpoint));
    }
  }
  const std::size_t count = seen.state["endpoints"].size();
  seen.drained = all_out && in_flight == 0;
  seen.sentence = std::to_string(count) + (count == 1 ? " endpoint, " : " endpoints, ") +
                  grouped(static_cast<std::uint64_t>(std::max<std::int64_t>(in_flight, 0))) + " requests in flight";
  return seen;
}

Seen see(const AdminClient& client, const DrainOptions& options) {
  const bool process = options.target.empty();
  const auto answer = client.get(process ? "/api/v1/drain" : "/api/v1/routes/" + options.route());
  Seen seen;
  if (!answer) {
    seen.gone = answer.error().nobody_listens;
    seen.problem = answer.error().message;
    return seen;
  }
  const Json json = Json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !json.is_object()) {
    seen.problem = reason_of(*answer);
    return seen;
  }
  return process ? look_at_process(json) : look_at_endpoints(json, options);
}

int done(const DrainOptions& options, const std::string& sentence, const Json& state) {
  if (options.output == "json") {
    std::cout << state.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    std::cout << painted(sentence, Colour::None, false) << '\n';
  }
  return 0;
}

int wait_until_drained(const AdminClient& client, const DrainOptions& options) {
  const Duration patience = policy::parse_duration(options.timeout).value_or(Duration(0));
  const auto begin = steady_clock::now();
  ProgressLine progress;
  Seen seen;
  for (int quiet = 0; quiet < kQuietLooks;) {
    seen = see(client, options);
    if (seen.gone) return done(options, "drained: the gateway has ended", Json{{"phase", "stopped"}});
    quiet = seen.drained ? quiet + 1 : 0;
    if (quiet == kQuietLooks) break;
    const auto waited = steady_clock::now() - begin;
    if (waited >= patience) {
      return failed(kNotAsked, options.subject() + " is not drained after " + options.timeout + ": " +
                                   (seen.problem.empty() ? seen.sentence : seen.problem));
    }
    progress.show("draining " + options.subject() + ": " + seen.sentence + " (" +
                  age(std::chrono::duration<double>(waited).count()) + " of " + options.timeout + ")");
    std::this_thread::sleep_for(kBetweenSights);
  }
  return done(options, "drained: " + options.subject() + (options.target.empty() ? "" : ", " + seen.sentence),
              seen.state);
}

int drain(const DrainOptions& options) {
  const auto client = AdminClient::make(options.admin);
  if (!client) return failed(kNotAsked, client.error().message);
  const auto answer = client->post("/api/v1/drain", options.order());
  if (!answer) {
    const auto& problem = answer.error();
    if (!problem.nobody_listens || !options.if_running) return failed(kNotAsked, with_remedy(problem));
    return done(options, problem.message + ": nothing to drain", Json{{"phase", "stopped"}});
  }
  if (answer->status != 200) {
    const bool is_unknown = answer->status == 404;  // a drain's moment is not a rollout's
    return failed(kNotAsked, with_remedy(*client, *answer, is_unknown ? options.route() : std::string()));
  }
  if (options.wait) return wait_until_drained(*client, options);
  const Json state = Json::parse(answer->body, nullptr, false);
  const std::string sentence = options.undo ? "back in service: " : "draining: ";
  return done(options, sentence + options.subject(), state.is_object() ? state : Json::object());
}

}  // namespace

void add_drain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DrainOptions>();
  CLI::App* verb = app.add_subcommand("drain", "Take a gateway, or endpoints of a route, out of service in order");
  CLI::Option* target =
      verb->add_option("target", options->target, "Endpoints of this route or version; without it the gateway itself")
          ->type_name("ROUTE[/VERSION]");
  verb->add_option("--endpoint", options->endpoint, "Only this endpoint of the route")
      ->type_name("HOST:PORT")
      ->needs(target);
  CLI::Option* undo = verb->add_flag("--undo", options->undo, "Let them in again; the gateway while it still listens");
  CLI::Option* wait =
      verb->add_flag("--wait", options->wait, "Return when nothing is in flight any more")->excludes(undo);
  verb->add_option("--timeout", options->timeout, "How long --wait waits")
      ->needs(wait)
      ->capture_default_str()
      ->type_name("DURATION")
      ->check([](const std::string& text) {
        return policy::parse_duration(text) ? std::string() : "\"" + text + "\" is no duration such as 60s";
      });
  verb->add_flag("--if-running", options->if_running, "Succeed when nothing listens: there is nothing to drain");
  verb->add_option("-o,--output", options->output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_admin_options(*verb, options->admin);
  verb->footer(
      "A drained gateway stays and answers probes until a signal ends it. Repeating a drain is harmless.\n"
      "Exits with 0 when done, with 1 when it was refused, is not done in time or nobody could be asked, with 2 when\n"
      "the command line makes no sense.\n\n"
      "Example: sluice drain --wait --if-running --timeout 45s     # a preStop hook\n"
      "         sluice drain fraud/v1 --endpoint 10.0.0.7:8000 --wait && ssh model7 systemctl restart model");
  verb->callback([options, &exit_code] { exit_code = drain(*options); });
}

}  // namespace sluice::cli
