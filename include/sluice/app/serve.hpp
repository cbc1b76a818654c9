#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace sluice::app {

/// What the command line adds to the policy; what it says wins over the policy's `log`.
struct ServeOptions {
  std::filesystem::path path;  ///< a policy file, or a directory of them
  std::optional<std::string> log_level;
  std::optional<std::string> log_format;
  std::optional<double> access_log;  ///< share of requests, 0…1
};

/// Serves a policy until a signal ends it: SIGTERM and SIGINT drain, a second one ends at once; SIGHUP and a changed
/// file reload. Prints `listening …` lines and `ready` to stdout once traffic may come.
///
/// Returns the exit code: 0 after a drain, 1 when something failed at run time (a port in use), 2 when the policy has
/// errors or asks for what this version does not do. Main thread; blocks.
int serve(const ServeOptions& options);

/// `sluice serve PATH`: the verb, for cli::run.
void add_serve(CLI::App& app, int& exit_code);

}  // namespace sluice::app
