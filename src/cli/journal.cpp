#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/status_query.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

constexpr std::uint64_t kPage = 1000;
constexpr std::uint64_t kMostLines = 100'000;  ///< as many as a store keeps

struct JournalOptions {
  AdminOptions admin;
  std::string route;
  std::string output = "text";
  std::string interval = "1s";
  std::uint64_t lines = 20;
  std::uint64_t times = 0;
  bool follow = false;
};

using Lines = std::vector<Json>;

/// The newest lines, oldest first: at most `most`, and none up to and including `after`.
Result<Lines, StatusProblem> newest(const AdminClient& client, const std::string& route, std::uint64_t most,
                                    std::uint64_t after) {
  Lines lines;
  std::uint64_t before = 0;
  while (lines.size() < most) {
    const std::uint64_t limit = std::min(kPage, most - lines.size());
    const auto page = query_journal(client, route, before, limit);
    if (!page) return fail(page.error());
    for (const Json& entry : list(*page, "entries")) {
      if (count(entry, "sequence") <= after) {
        std::reverse(lines.begin(), lines.end());
        return lines;
      }
      lines.push_back(entry);
    }
    before = count(*page, "before");
    if (before == 0) break;
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::string as_text(const Json& entry) {
  const std::string time = text(entry, "time");
  const std::string actor = text(entry, "actor");
  // What happened to the store is about no rollout.
  const std::string rollout = text(entry, "rollout").empty() ? text(entry, "route") : text(entry, "rollout");
  const std::string when = time.size() >= 19 ? time.substr(0, 10) + " " + time.substr(11, 8) : time;
  return when + "  " + (rollout.empty() ? "-" : rollout) + "  " + text(entry, "kind") + ": " + text(entry, "text") +
         (actor.empty() || actor == "sluice" ? "" : " (" + actor + ")");
}

void print(const Lines& lines, const JournalOptions& options) {
  for (const Json& entry : lines) {
    if (options.output == "json") {
      std::cout << line_of(entry);
    } else {
      std::cout << painted(as_text(entry), Colour::None, false) << '\n';
    }
  }
  std::cout << std::flush;
}

std::uint64_t last_of(const Lines& lines, std::uint64_t otherwise) {
  return lines.empty() ? otherwise : count(lines.back(), "sequence");
}

/// Goes on through a restart of the gateway, and says once that it is not there. Ends where the token is not taken.
int follow(const AdminClient& client, const JournalOptions& options, std::uint64_t last) {
  const Duration interval = policy::parse_duration(options.interval).value_or(std::chrono::seconds(1));
  bool answered = true;
  for (std::uint64_t i = 0; options.times == 0 || i < options.times; ++i) {
    std::this_thread::sleep_for(interval);
    auto newest_line = newest(client, options.route, 1, 0);
    // A journal that ends before what was shown is another one: its store was lost, or forgets with the process.
    if (newest_line && last_of(*newest_line, 0) < last) last = 0;
    const auto more = newest_line ? newest(client, options.route, kMostLines, last) : std::move(newest_line);
    if (!more) {
      if (answered || more.error().is_final) failed(kNotAsked, more.error().message);
      if (more.error().is_final) return kNotAsked;
    } else {
      print(*more, options);
      last = last_of(*more, last);
    }
    answered = more.ok();
  }
  return answered ? kDone : kNotAsked;
}

int journal(const JournalOptions& options) {
  const auto client = AdminClient::make(options.admin);
  if (!client) return failed(kNotAsked, client.error().message);
  // One more than none, so that whoever follows knows where the journal ends.
  const auto lines = newest(*client, options.route, std::max<std::uint64_t>(options.lines, 1), 0);
  if (!lines) return failed(kNotAsked, lines.error().message);
  // A route that is gone keeps its journal; one that never was has none.
  if (lines->empty() && !options.route.empty()) {
    const auto known = query_rollout(*client, options.route);
    if (!known) return failed(known.error().no_such_route ? kNoSuchRoute : kNotAsked, known.error().message);
  }
  if (options.lines > 0) print(*lines, options);
  return options.follow ? follow(*client, options, last_of(*lines, 0)) : kDone;
}

}  // namespace

void add_journal(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<JournalOptions>();
  CLI::App* verb = app.add_subcommand("journal", "Show what was decided about rollouts, when, why and by whom");
  verb->add_option("route", options->route, "Only this route, also one that is gone")
      ->type_name("ROUTE")
      ->check(check_name);
  CLI::Option* follow = verb->add_flag("-f,--follow", options->follow, "Show what is decided from now on, too");
  verb->add_option("-n,--lines", options->lines, "Show so many of the newest lines")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{0}, kMostLines));
  verb->add_option("--interval", options->interval, "Between two looks of --follow")
      ->needs(follow)
      ->capture_default_str()
      ->type_name("DURATION")
      ->check(check_interval);
  verb->add_option("--times", options->times, "Ends --follow after so many looks; 0: Ctrl-C does")->needs(follow);
  verb->add_option("-o,--output", options->output, "For people, or one JSON object per line for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_admin_options(*verb, options->admin);
  verb->footer(
      "The oldest line comes first; times are UTC. Exits with 0, with 1 when the gateway cannot be asked, with 2 when "
      "the\n"
      "command line makes no sense, with 4 when there is no such route and never was.\n\n"
      "Example: sluice journal fraud -n 100\n"
      "         sluice journal fraud --follow\n"
      "         sluice journal -f -n 0 -o json | jq 'select(.kind == \"RolledBack\")'");
  verb->callback([options, &exit_code] { exit_code = journal(*options); });
}

}  // namespace sluice::cli
