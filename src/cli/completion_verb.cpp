#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sluice/cli/admin_client.hpp"
#include "sluice/cli/cli.hpp"
#include "sluice/cli/completion.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/status_query.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::cli {
namespace {

/// Somebody waits with a finger on a key.
constexpr auto kImpatience = std::chrono::milliseconds(500);

Json routes_at(const std::string& address, const std::string& token_file) {
  AdminOptions options;
  if (!address.empty()) options.address = address;
  options.token_file = token_file;
  const auto client = AdminClient::make(options, kImpatience);
  if (!client) return Json::array();
  const auto answer = client->get("/api/v1/routes");
  if (!answer || answer->status != 200) return Json::array();
  const Json page = Json::parse(answer->body, nullptr, false);
  return page.is_object() ? real_routes(page) : Json::array();
}

NameSources sources() {
  NameSources names;
  names.routes = [](const std::string& address, const std::string& token_file) {
    std::vector<std::string> out;
    for (const Json& route : routes_at(address, token_file)) out.push_back(text(route, "route"));
    return out;
  };
  names.versions = [](const std::string& address, const std::string& token_file) {
    std::vector<std::string> out;
    for (const Json& route : routes_at(address, token_file)) {
      for (const Json& version : list(route, "versions")) {
        out.push_back(text(route, "route") + "/" + text(version, "version"));
      }
    }
    return out;
  };
  names.routes_of_file = [](const std::string& file) {
    std::vector<std::string> out;
    for (const policy::ModelRoute& route : policy::read_path(file).set.routes) out.push_back(route.name);
    return out;
  };
  return names;
}

void answer_shell(const CLI::App& app, const std::vector<std::string>& words) {
  const Completion completion = complete(app, words, sources());
  for (const Candidate& candidate : completion.candidates) {
    std::cout << painted(candidate.word, Colour::None, false)
              << (candidate.help.empty() ? "" : "\t" + painted(candidate.help, Colour::None, false)) << '\n';
  }
  if (completion.files) std::cout << ":files\n";
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print what a shell reads to complete verbs, options and routes");
  verb->add_option("shell", *shell, "For which shell")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->footer(
      "Names of routes come from the gateway at --admin, or from the policy that stands in the command line.\n\n"
      "Example: source <(sluice completion bash)\n"
      "         sluice completion bash > /etc/bash_completion.d/sluice\n"
      "         sluice completion zsh > \"${fpath[1]}/_sluice\"\n"
      "         sluice completion fish > ~/.config/fish/completions/sluice.fish");
  verb->callback([shell, &exit_code] {
    std::cout << completion_script(*shell);
    exit_code = kDone;
  });

  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* asked = app.add_subcommand("complete", "What may stand in place of the last word")->group("");
  asked->add_option("words", *words, "The command line behind `sluice`, up to the cursor")->type_name("WORD...");
  asked->callback([words, &app, &exit_code] {
    answer_shell(app, *words);
    exit_code = kDone;
  });
}

}  // namespace sluice::cli
