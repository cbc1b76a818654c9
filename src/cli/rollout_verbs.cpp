#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/remedy.hpp"
#include "sluice/cli/rollout_output.hpp"
#include "sluice/cli/terminal.hpp"

namespace sluice::cli {
namespace {

struct RolloutVerb {
  const char* name;
  const char* help;
  const char* more;
  const char* example;
};

constexpr std::array rollout_verbs{
    RolloutVerb{"promote", "Let a rollout go on past what it waits for",
                "Past the pause, the question or the step under way; with --full all the way to the candidate, past\n"
                "every step and check. What was held goes on nevertheless.",
                "sluice promote fraud\n         sluice promote fraud --full"},
    RolloutVerb{"pause", "Keep a rollout where it is",
                "Nothing is advanced or promoted until `sluice resume`; a candidate that fails is still rolled back.",
                "sluice pause fraud"},
    RolloutVerb{"resume", "Let a rollout that a person paused go on",
                "Lifts only a person's pause: what the policy waits for is passed with `sluice promote`.",
                "sluice resume fraud"},
    RolloutVerb{"abort", "Give all traffic back to the stable version",
                "At once, whatever the rollout waits for. `sluice retry` begins it again.", "sluice abort fraud"},
    RolloutVerb{"retry", "Begin a rollout again that was rolled back, aborted or held",
                "From its first step, with new evidence.", "sluice retry fraud"},
    RolloutVerb{"undo", "Go back to the version before, after a promotion",
                "As long as that version has endpoints that can be used.", "sluice undo fraud"},
};

struct VerbOptions {
  AdminOptions admin;
  std::string verb;
  std::string route;
  std::string actor;
  std::string output = "text";
  bool full = false;

  std::string order() const {
    Json json = Json::object();
    if (full) json["full"] = true;
    if (!actor.empty()) json["actor"] = actor;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
};

/// Who is at the terminal, as far as the system knows.
std::string user_name() {
  for (const char* name : {"USER", "LOGNAME"}) {
    if (const char* user = std::getenv(name); user != nullptr && *user != '\0') return user;
  }
  return {};
}

int exit_code_of(const AdminClient::Answer& answer) {
  if (knows_no_such(answer)) return kNoSuchRoute;
  return answer.status == 409 ? kRefused : kNotAsked;
}

int say(const VerbOptions& options) {
  const auto client = AdminClient::make(options.admin);
  if (!client) return failed(kNotAsked, client.error().message);
  const auto answer = client->post("/api/v1/routes/" + options.route + "/" + options.verb, options.order());
  if (!answer) return failed(kNotAsked, with_remedy(answer.error()));
  if (answer->status != 200) {
    return failed(exit_code_of(*answer), with_remedy(*client, *answer, options.route));
  }
  const Json rollout = Json::parse(answer->body, nullptr, false);
  if (!rollout.is_object()) {
    return failed(kNotAsked, not_an_admin_port(*client));
  }
  if (options.output == "json") {
    std::cout << line_of(rollout);
    return kDone;
  }
  const std::string message = text(rollout, "message");
  std::cout << painted(options.route + ": " + rollout_in_short(rollout) + (message.empty() ? "" : ": " + message),
                       Colour::None, false)
            << '\n';
  return kDone;
}

void add_verb(CLI::App& app, int& exit_code, const RolloutVerb& description) {
  auto options = std::make_shared<VerbOptions>();
  options->verb = description.name;
  options->actor = user_name();
  CLI::App* verb = app.add_subcommand(description.name, description.help);
  verb->add_option("route", options->route, "Whose rollout")->required()->type_name("ROUTE")->check(check_name);
  if (options->verb == "promote") verb->add_flag("--full", options->full, "All the way, past every step and check");
  verb->add_option("--actor", options->actor, "Who says so, for the journal")->capture_default_str()->type_name("NAME");
  verb->add_option("-o,--output", options->output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_admin_options(*verb, options->admin);
  verb->footer(
      std::string(description.more) +
      "\nRepeating it is harmless. Exits with 0 when it is done, with 1 when the gateway cannot be asked, with 2\n"
      "when the command line makes no sense, with 3 when it does not fit the moment, with 4 when there is no\n"
      "such route.\n\nExample: " +
      description.example);
  verb->callback([options, &exit_code] { exit_code = say(*options); });
}

}  // namespace

void add_rollout_verbs(CLI::App& app, int& exit_code) {
  for (const RolloutVerb& verb : rollout_verbs) add_verb(app, exit_code, verb);
}

}  // namespace sluice::cli
