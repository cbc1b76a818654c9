#pragma once

#include <CLI/CLI.hpp>

namespace sluice::sample_model {

/// Each adds its options to `app` and leaves a callback that does the work; the exit code goes into `exit_code`,
/// which must outlive the parse.

/// Without a subcommand: trains a model and serves it until SIGTERM or SIGINT.
void add_serve_command(CLI::App& app, int& exit_code);

/// Sends the digits no model has seen and reports on the answers.
void add_ask_command(CLI::App& app, int& exit_code);

}  // namespace sluice::sample_model
