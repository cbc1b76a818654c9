#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/terminal.hpp"

namespace sluice::cli {
namespace {

constexpr const char* kOutcomesPath = "/sluice/v1/outcomes";
constexpr const char* kLines = "application/x-ndjson";
/// Of a file, in one post: well below what a gateway takes.
constexpr std::size_t kLinesAtOnce = 2000;
constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;

struct OutcomeOptions {
  std::string gateway = "http://127.0.0.1:8080";
  std::string decision;
  std::vector<std::string> values;
  std::string unit;
  std::string file;
  std::string output = "text";
};

/// What became of everything that was sent.
struct OutcomeTotals {
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t rejected = 0;
  Json problems = Json::array();

  void add(const Json& answer, std::size_t items_before) {
    accepted += answer.value("accepted", std::uint64_t{0});
    duplicates += answer.value("duplicates", std::uint64_t{0});
    rejected += answer.value("rejected", std::uint64_t{0});
    for (Json problem : answer.value("problems", Json::array())) {
      problem["index"] = problem.value("index", std::uint64_t{0}) + items_before;
      problems.push_back(std::move(problem));
    }
  }
  Json json() const {
    Json out = {{"accepted", accepted}, {"duplicates", duplicates}, {"rejected", rejected}};
    if (!problems.empty()) out["problems"] = problems;
    return out;
  }
};

/// HOST:PORT of a URL, or of itself; empty: it is none.
std::string address_of_url(std::string url) {
  constexpr std::string_view kScheme = "http://";
  if (url.starts_with(kScheme)) url.erase(0, kScheme.size());
  while (url.ends_with('/')) url.pop_back();
  if (url.find('/') != std::string::npos) return {};
  const std::size_t colon = url.rfind(':');
  const bool has_port = colon != std::string::npos && url.find(']', colon) == std::string::npos;
  return has_port ? url : url + ":80";
}

/// `click=1`; nothing when it is no such thing.
bool add_value(Json& item, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  const std::string name = text.substr(0, equals);
  const std::string value = text.substr(equals + 1);
  if (name == "decision" || name == "unit" || item.contains(name)) return false;
  if (value == "true" || value == "false") {
    item[name] = value == "true";
    return true;
  }
  double number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc{} || end != value.data() + value.size() || !std::isfinite(number)) return false;
  item[name] = number;
  return true;
}

/// One post; an exit code when nothing can be said about it.
int post(const AdminClient& client, const std::string& body, const char* type, std::size_t items_before,
         OutcomeTotals& totals) {
  const auto answer = client.post(kOutcomesPath, body, type);
  if (!answer) {
    const bool is_away = answer.error().nobody_listens;
    return failed(kNotAsked, answer.error().message +
                                 (is_away ? "; start a gateway with `sluice serve FILE`, or say where its data port is "
                                            "with --gateway http://HOST:PORT"
                                          : ""));
  }
  const Json json = Json::parse(answer->body, nullptr, false);
  if (!json.is_object() || !json.contains("accepted")) {
    const bool is_another = answer->status == 404 || !has_reason(*answer);
    return failed(kNotAsked, is_another ? client.address() +
                                              " takes no outcomes; --gateway is a data port of the "
                                              "gateway, one of the policy's spec.listeners"
                                        : reason_of(*answer));
  }
  totals.add(json, items_before);
  return answer->status == 503 ? failed(kNotAsked, client.address() + " has no room for all of it; try again later")
                               : kDone;
}

int report(const OutcomeOptions& options, const OutcomeTotals& totals, int exit_code) {
  for (const Json& problem : totals.problems) {
    const std::string outcome = text(problem, "outcome");
    failed(kRefused, "item " + std::to_string(problem.value("index", std::uint64_t{0})) +
                         (outcome.empty() ? "" : " (" + outcome + ")") + ": " + text(problem, "reason") + ": " +
                         text(problem, "message"));
  }
  if (options.output == "json") {
    std::cout << line_of(totals.json());
  } else {
    std::cout << grouped(totals.accepted) << " accepted, " << grouped(totals.duplicates) << " known before, "
              << grouped(totals.rejected) << " rejected\n";
  }
  if (exit_code != kDone) return exit_code;
  return totals.rejected > 0 ? kRefused : kDone;
}

int send_one(const AdminClient& client, const OutcomeOptions& options) {
  Json item = {{"decision", options.decision}};
  for (const std::string& value : options.values) {
    if (!add_value(item, value)) {
      return failed(kNonsense, "\"" + value + "\" is no outcome with its value, such as click=1");
    }
  }
  if (!options.unit.empty()) item["unit"] = options.unit;
  OutcomeTotals totals;
  const std::string body = item.dump(-1, ' ', false, Json::error_handler_t::replace);
  const int exit_code = post(client, body, "application/json", 0, totals);
  return exit_code != kDone && totals.rejected == 0 ? exit_code : report(options, totals, exit_code);
}

/// Lines as they are, some thousand at a time.
int send_lines(const AdminClient& client, const OutcomeOptions& options, std::istream& lines) {
  OutcomeTotals totals;
  ProgressLine progress;
  std::size_t sent = 0;
  std::size_t waiting = 0;
  std::string body;
  const auto flush = [&] {
    if (waiting == 0) return int{kDone};
    const int exit_code = post(client, body, kLines, sent, totals);
    sent += waiting;
    waiting = 0;
    body.clear();
    progress.show("reported " + grouped(sent) + " items");
    return exit_code;
  };
  int exit_code = kDone;
  for (std::string line; exit_code == kDone && std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    body += line + '\n';
    if (++waiting == kLinesAtOnce || body.size() >= kBytesAtOnce) exit_code = flush();
  }
  if (exit_code == kDone) exit_code = flush();
  return report(options, totals, exit_code);
}

int send_outcomes(const OutcomeOptions& options) {
  const std::string address = address_of_url(options.gateway);
  const auto client = AdminClient::make({address, ""}, std::chrono::seconds(30));
  if (address.empty() || !client) {
    return failed(kNonsense, "\"" + options.gateway + "\" is no gateway such as http://127.0.0.1:8080");
  }
  if (options.file.empty()) return send_one(*client, options);
  if (options.file == "-") return send_lines(*client, options, std::cin);
  std::ifstream file(options.file, std::ios::binary);
  if (!file) return failed(kNonsense, "--file " + options.file + " cannot be read; - reads standard input");
  return send_lines(*client, options, file);
}

}  // namespace

void add_outcome(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<OutcomeOptions>();
  CLI::App* verb = app.add_subcommand("outcome", "Report what came of a decision, as an application does over HTTP");
  CLI::Option* decision =
      verb->add_option("decision", options->decision, "The x-sluice-decision of the answer")->type_name("DECISION");
  CLI::Option* values =
      verb->add_option("values", options->values, "Outcomes of the route: 0, 1, true, false or a number each")
          ->type_name("NAME=VALUE...")
          ->needs(decision);
  decision->needs(values);
  verb->add_option("--unit", options->unit, "Who it was, in place of the unit of the request")
      ->type_name("UNIT")
      ->needs(decision);
  verb->add_option("--file", options->file, "Items as NDJSON, one object per line; - reads standard input")
      ->type_name("FILE")
      ->excludes(decision);
  verb->add_option("--gateway", options->gateway, "A data port, without TLS")
      ->capture_default_str()
      ->envname("SLUICE_GATEWAY")
      ->type_name("URL");
  verb->add_option("-o,--output", options->output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->footer(
      "Repeating it is harmless: what was reported first about an outcome of a decision stays.\n"
      "Exits with 0 when everything counts or counted before, with 1 when the gateway cannot be asked or has no room,\n"
      "with 2 when the command line makes no sense, with 3 when something was rejected; what is good counts even "
      "then.\n\n"
      "Example: sluice outcome AWvK...3Q click=1 revenue=12.5\n"
      "         sluice outcome --file reports.ndjson --gateway http://10.0.0.7:8080");
  verb->callback([options, &exit_code] {
    if (options->decision.empty() && options->file.empty()) {
      exit_code = failed(kNonsense, "a decision with its outcomes is missing, or --file");
      return;
    }
    exit_code = send_outcomes(*options);
  });
}

}  // namespace sluice::cli
