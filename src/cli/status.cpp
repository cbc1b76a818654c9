#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/rollout_output.hpp"
#include "sluice/cli/screen.hpp"
#include "sluice/cli/status_changes.hpp"
#include "sluice/cli/status_output.hpp"
#include "sluice/cli/status_query.hpp"
#include "sluice/cli/status_summary.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/rollout/view.hpp"

namespace sluice::cli {
namespace {

using std::chrono::steady_clock;

constexpr auto kBetweenLooks = std::chrono::milliseconds(200);
/// Faster than this nobody reads.
constexpr Duration kBetweenPictures = std::chrono::milliseconds(200);
constexpr std::array all_phases{strategy::Phase::Idle,     strategy::Phase::Pending,   strategy::Phase::Progressing,
                                strategy::Phase::Paused,   strategy::Phase::Held,      strategy::Phase::RollingBack,
                                strategy::Phase::Promoted, strategy::Phase::Concluded, strategy::Phase::RolledBack,
                                strategy::Phase::Aborted,  strategy::Phase::Superseded};

struct StatusOptions {
  AdminOptions admin;
  std::string route;
  std::string output = "text";
  std::string wait;
  std::string rollout;
  std::string timeout = "30m";
  std::string interval = "1s";
  std::uint64_t times = 0;
  std::uint64_t events = 5;
  bool watch = false;
};

int failed(const StatusProblem& problem) {
  return failed(problem.no_such_route ? kNoSuchRoute : kNotAsked, problem.message);
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string shown(const StatusOptions& options, const Json& status) {
  if (options.output == "json") return line_of(status);
  if (options.route.empty()) return summary_as_text(status, style_of_output());
  return status_as_text(status, style_of_output(), options.events);
}

Result<Json, StatusProblem> look(const AdminClient& client, const StatusOptions& options, const Json* before) {
  auto status = query_status(client, options.route, options.events);
  if (status) add_rates(*status, before, seconds_since_1970());
  return status;
}

int show_once(const AdminClient& client, const StatusOptions& options) {
  const auto status = look(client, options, nullptr);
  if (!status) return failed(status.error());
  std::cout << shown(options, *status) << std::flush;
  return kDone;
}

int exit_code_of(const StatusProblem& problem) {
  return problem.no_such_route ? kNoSuchRoute : kNotAsked;
}

/// Ends with Ctrl-C or after so many looks.
bool goes_on(const StatusOptions& options, std::uint64_t looks) {
  return options.times == 0 || looks < options.times;
}

/// On a terminal: all of it, again and again. A gateway that is away is said below what was seen last.
std::optional<StatusProblem> show_on_screen(const AdminClient& client, const StatusOptions& options,
                                            Duration interval) {
  std::optional<Json> before;
  std::optional<StatusProblem> problem;
  std::string picture;
  Screen screen;
  for (std::uint64_t i = 0; goes_on(options, i); ++i) {
    if (i > 0 && !screen.wait(std::max(interval, kBetweenPictures))) break;
    auto status = look(client, options, before ? &*before : nullptr);
    if (status) {
      problem.reset();
      picture = shown(options, *status);
      before = std::move(*status);
      screen.show(picture);
      continue;
    }
    problem = status.error();
    if (problem->is_final) break;
    screen.show(picture + "\n" + painted(problem->message, Colour::Red, wants_colour()) + "\n");
  }
  return problem;
}

int watch_on_screen(const AdminClient& client, const StatusOptions& options, Duration interval) {
  const auto problem = show_on_screen(client, options, interval);
  if (!problem) return kDone;
  return problem->is_final ? failed(*problem) : exit_code_of(*problem);
}

/// For logs and pipes: one line per change, or with JSON all of it on one line per look.
int watch_in_lines(const AdminClient& client, const StatusOptions& options, Duration interval) {
  std::optional<Json> before;
  std::string said;
  int exit_code = kDone;
  for (std::uint64_t i = 0; goes_on(options, i); ++i) {
    if (i > 0) std::this_thread::sleep_for(interval);
    const Json* const past = before ? &*before : nullptr;
    auto status = look(client, options, past);
    exit_code = status ? kDone : exit_code_of(status.error());
    if (!status) {
      if (std::exchange(said, status.error().message) != status.error().message) failed(status.error());
      if (status.error().is_final) break;
      continue;
    }
    said.clear();
    if (options.output == "json") {
      std::cout << line_of(*status) << std::flush;
    } else {
      for (const std::string& line : status_changes(*status, past)) {
        std::cout << painted(line, Colour::None, false) << std::endl;
      }
    }
    before = std::move(*status);
  }
  return exit_code;
}

/// Goes on through a restart of the gateway.
int watch(const AdminClient& client, const StatusOptions& options) {
  const Duration interval = policy::parse_duration(options.interval).value_or(std::chrono::seconds(1));
  const bool on_screen = options.output == "text" && is_terminal();
  return on_screen ? watch_on_screen(client, options, interval) : watch_in_lines(client, options, interval);
}

/// What the phase of a rollout means to somebody who waits for another one.
enum class Waiting { Reached, Goes, Never };
Waiting compare(const Json& rollout, const std::string& wished, const std::string& id) {
  const std::string phase = text(rollout, "phase");
  if (!id.empty() && text(rollout, "id") != id) return Waiting::Goes;  // it has not begun yet
  if (phase == wished) return Waiting::Reached;
  return rollout.empty() || flag(rollout, "over") || phase == "Idle" ? Waiting::Never : Waiting::Goes;
}

int wait_for_phase(const AdminClient& client, const StatusOptions& options) {
  const Duration patience = policy::parse_duration(options.timeout).value_or(Duration(0));
  const auto begin = steady_clock::now();
  ProgressLine progress;
  for (;;) {
    const auto rollout = query_rollout(client, options.route);
    if (!rollout && (rollout.error().no_such_route || rollout.error().is_final)) return failed(rollout.error());
    const std::string now = rollout ? rollout_in_short(*rollout) : rollout.error().message;
    const Waiting waiting = rollout ? compare(*rollout, options.wait, options.rollout) : Waiting::Goes;
    if (waiting == Waiting::Reached) break;
    const auto waited = steady_clock::now() - begin;
    if (waiting == Waiting::Never) {
      const std::string why = rollout->empty() ? "has no rollout" : "is " + now + ": " + text(*rollout, "message");
      std::cerr << "sluice: "
                << painted(options.route + " will not be " + options.wait + ", it " + why, Colour::None, false) << '\n';
      return kOtherEnd;
    }
    if (waited >= patience) {
      std::cerr << "sluice: "
                << painted(options.route + " is not " + options.wait + " after " + options.timeout + ": " + now,
                           Colour::None, false)
                << '\n';
      return kTimedOut;
    }
    progress.show("waiting for " + options.route + " to be " + options.wait + ": " + now + ", " +
                  age(std::chrono::duration<double>(waited).count()) + " of " + options.timeout);
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return show_once(client, options);
}

int status(const StatusOptions& options) {
  const auto client = AdminClient::make(options.admin);
  if (!client) return failed(kNotAsked, client.error().message);
  if (!options.wait.empty()) return wait_for_phase(*client, options);
  return options.watch ? watch(*client, options) : show_once(*client, options);
}

std::string check_duration(const std::string& text) {
  return policy::parse_duration(text) ? std::string() : "\"" + text + "\" is no duration such as 60s";
}

std::vector<std::string> phase_names() {
  std::vector<std::string> names;
  for (const strategy::Phase phase : all_phases) names.emplace_back(to_string(phase));
  return names;
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* verb = app.add_subcommand("status", "Show routes, rollouts, versions and endpoints of a running gateway");
  CLI::Option* route = verb->add_option("route", options->route, "All about this route; without it one line for each")
                           ->type_name("ROUTE")
                           ->check(check_name);
  CLI::Option* watch = verb->add_flag("--watch", options->watch,
                                      "Show it again and again; where that is no terminal one line per change");
  verb->add_option("--interval", options->interval, "Between two looks of --watch")
      ->needs(watch)
      ->capture_default_str()
      ->type_name("DURATION")
      ->check(check_interval);
  verb->add_option("-n,--times", options->times, "Ends --watch after so many looks; 0: Ctrl-C does")->needs(watch);
  CLI::Option* wait = verb->add_option("--wait", options->wait, "Return when the rollout of the route has this phase")
                          ->needs(route)
                          ->excludes(watch)
                          ->type_name("PHASE")
                          ->transform(CLI::IsMember(phase_names(), CLI::ignore_case));
  verb->add_option("--rollout", options->rollout, "Of this rollout, such as fraud-2, which may not have begun yet")
      ->needs(wait)
      ->type_name("ID");
  verb->add_option("--timeout", options->timeout, "How long --wait waits")
      ->needs(wait)
      ->capture_default_str()
      ->type_name("DURATION")
      ->check(check_duration);
  verb->add_option("--events", options->events, "Show so many of the newest lines of the route's journal")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  verb->add_option("-o,--output", options->output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_admin_options(*verb, options->admin);
  verb->footer(
      "Counts and latencies are since the start of the gateway, RPS since the look before or the beginning of the\n"
      "rollout's step. SUCCESS is of the requests that the rollout's step gave a version, also of those that another "
      "one\n"
      "answered for it. Exits with 0, with 1 when the gateway cannot be asked, with 2 when the command line makes no\n"
      "sense, with 4 when there is no such route; --wait with 5 when the rollout ended otherwise and with 124 when it\n"
      "took too long.\n\n"
      "Example: sluice status\n"
      "         sluice status fraud --watch\n"
      "         sluice status fraud --wait Promoted --timeout 2h && echo done\n"
      "         sluice status fraud --events 50\n"
      "         sluice status -o json | jq '.routes[] | {route, phase: .rollout.phase}'");
  verb->callback([options, &exit_code] { exit_code = status(*options); });
}

}  // namespace sluice::cli
