#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "sluice/cli/cli.hpp"
#include "sluice/cli/json_schema.hpp"
#include "sluice/policy/reference.hpp"

namespace sluice::cli {
namespace {

struct SchemaOptions {
  bool reference = false;
  bool error_codes = false;
};

}  // namespace

void add_schema(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SchemaOptions>();
  CLI::App* verb = app.add_subcommand("schema", "Print the JSON Schema of a policy, for editors");
  // For those who change the schema: an empty group keeps an option out of the help.
  verb->add_flag("--reference", options->reference, "Print docs/policy-reference.md instead")->group("");
  verb->add_flag("--error-codes", options->error_codes, "Print docs/error-codes.md instead")->group("");
  verb->footer(
      "Example: sluice schema > ~/.config/sluice.schema.json\n"
      "Then begin a policy with: # yaml-language-server: $schema=PATH");
  verb->callback([options, &exit_code] {
    if (options->reference) {
      std::cout << policy::reference_markdown();
    } else if (options->error_codes) {
      std::cout << policy::error_codes_markdown();
    } else {
      std::cout << json_schema();
    }
    exit_code = 0;
  });
}

}  // namespace sluice::cli
