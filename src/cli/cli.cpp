#include "sluice/cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/misunderstood.hpp"

namespace sluice::cli {

int run(int argc, char** argv, std::string_view version, std::span<const Verb> more, PolicyCheck deeper) {
  CLI::App app("Sluice routes prediction requests to versions of a model and moves traffic on evidence.", "sluice");
  app.set_version_flag("--version", "sluice " + std::string(version));
  app.require_subcommand(1);
  app.footer("Example: sluice check config/quickstart.yaml && sluice serve config/quickstart.yaml");
  int exit_code = 0;
  for (const Verb& verb : more) verb(app, exit_code);
  add_check(app, exit_code, std::move(deeper));
  add_plan(app, exit_code);
  add_simulate(app, exit_code);
  add_status(app, exit_code);
  add_journal(app, exit_code);
  add_rollout_verbs(app, exit_code);
  add_disagreements(app, exit_code);
  add_outcome(app, exit_code);
  add_evaluate(app, exit_code);
  add_drain(app, exit_code);
  add_schema(app, exit_code);
  add_completion(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::cerr << misunderstood(app, error);
    return kNonsense;
  }
  return exit_code;
}

}  // namespace sluice::cli
