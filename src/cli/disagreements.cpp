#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/answer_difference.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/remedy.hpp"
#include "sluice/cli/terminal.hpp"

namespace sluice::cli {
namespace {

struct DisagreementOptions {
  AdminOptions admin;
  std::string route;
  std::string version;
  std::string output = "text";
  std::uint64_t pairs = 10;
  bool bodies = false;
};

std::string short_number_of(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", number);
  return text;
}

std::string answer_in_short(const Json& answer) {
  const std::uint64_t status = count(answer, "status");
  if (status == 0) return "no answer";
  return std::to_string(status) + " in " + short_seconds(number(answer, "seconds"));
}

/// `0.82 → 0.31` where both bodies can be read.
std::string change_of(const Json& difference, const Json& pair, bool unicode) {
  const std::string field = text(difference, "field");
  const auto values = values_of(field, text(part(pair, "live"), "body"), text(part(pair, "candidate"), "body"));
  if (values) {
    return (values->place.empty() ? "" : values->place + " ") + values->live + (unicode ? " → " : " -> ") +
           values->candidate;
  }
  const double size = number(difference, "size");
  return size == 0 ? std::string() : "by " + short_number_of(size);
}

void print_pair(const Json& pair, const DisagreementOptions& options, const Style& style) {
  const std::string at = text(pair, "at");
  const std::string when = at.size() >= 19 ? at.substr(0, 10) + " " + at.substr(11, 8) : at;
  const std::string segment = text(pair, "segment");
  std::string title = text(pair, "version") + "  severity " + short_number_of(number(pair, "severity")) + "  " + when;
  if (const std::string id = text(pair, "requestId"); !id.empty()) title += "  request " + id;
  if (!segment.empty()) title += "  segment " + segment;
  std::cout << painted(title, Colour::Bold, style.colour) << '\n'
            << painted("  live " + answer_in_short(part(pair, "live")) + ", candidate " +
                           answer_in_short(part(pair, "candidate")),
                       Colour::None, false)
            << '\n';
  for (const Json& difference : list(pair, "differences")) {
    const std::uint64_t places = count(difference, "places");
    std::string line = "  " + text(difference, "field") + "  " + text(difference, "change");
    if (const std::string change = change_of(difference, pair, style.unicode); !change.empty()) line += "  " + change;
    if (places > 1) line += "  (" + grouped(places) + " places)";
    std::cout << painted(line, Colour::None, false) << '\n';
  }
  if (!options.bodies) return;
  std::cout << painted("  live       " + text(part(pair, "live"), "body"), Colour::None, false) << '\n'
            << painted("  candidate  " + text(part(pair, "candidate"), "body"), Colour::None, false) << '\n';
}

void print_pairs(const Json& page, const DisagreementOptions& options) {
  const Style style = style_of_output();
  if (list(page, "pairs").empty()) std::cout << "no pair that differs is kept\n";
  bool is_first = true;
  for (const Json& pair : list(page, "pairs")) {
    if (!is_first) std::cout << '\n';
    is_first = false;
    print_pair(pair, options, style);
  }
  const std::uint64_t left_out = count(page, "leftOut");
  if (left_out > 0) std::cout << '\n' << grouped(left_out) << " more; -n shows more of them\n";
}

int disagreements(const DisagreementOptions& options) {
  const auto client = AdminClient::make(options.admin);
  if (!client) return failed(kNotAsked, client.error().message);
  std::string target = "/api/v1/routes/" + options.route + "/disagreements?limit=" + std::to_string(options.pairs);
  if (!options.version.empty()) target += "&version=" + options.version;
  const auto answer = client->get(target);
  if (!answer) return failed(kNotAsked, with_remedy(answer.error()));
  const std::string refusal = answer->status == 200 ? "" : with_remedy(*client, *answer, options.route);
  if (answer->status == 403) return failed(kRefused, refusal);
  if (answer->status != 200) return failed(knows_no_such(*answer) ? kNoSuchRoute : kNotAsked, refusal);
  const Json page = Json::parse(answer->body, nullptr, false);
  if (!page.is_object()) {
    return failed(kNotAsked, not_an_admin_port(*client));
  }
  if (options.output == "json") {
    std::cout << line_of(page);
  } else {
    print_pairs(page, options);
  }
  return kDone;
}

}  // namespace

void add_disagreements(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DisagreementOptions>();
  CLI::App* verb =
      app.add_subcommand("disagreements", "Show requests that a shadow answered otherwise than the live version");
  verb->add_option("route", options->route, "Whose shadow")->required()->type_name("ROUTE")->check(check_name);
  verb->add_option("--version", options->version, "Only of this candidate")->type_name("VERSION")->check(check_name);
  verb->add_option("-n,--pairs", options->pairs, "Show so many, the worst first")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000}));
  verb->add_flag("--bodies", options->bodies, "Show what is kept of both answers, too");
  verb->add_option("-o,--output", options->output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_admin_options(*verb, options->admin);
  verb->footer(
      "A policy allows it with compare.keep; without that nothing of a body is kept. Exits with 0, with 1 when the\n"
      "gateway cannot be asked, with 2 when the command line makes no sense, with 3 when the policy keeps no pairs,\n"
      "with 4 when there is no such route.\n\n"
      "Example: sluice disagreements fraud --version v2 -n 3 --bodies\n"
      "         sluice disagreements fraud -o json | jq '.pairs[].differences[].field' | sort | uniq -c");
  verb->callback([options, &exit_code] { exit_code = disagreements(*options); });
}

}  // namespace sluice::cli
