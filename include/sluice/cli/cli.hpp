#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/policy/policy_set.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

/// Adds one verb to the command line. When the verb was chosen and has run, it leaves its exit code in `exit_code`.
using Verb = std::function<void(CLI::App& app, int& exit_code)>;

/// What only a higher layer can find wrong with a policy that was read without errors: one sentence, which may begin
/// with `FILE:LINE:COLUMN: `; nothing when all is well.
using PolicyCheck = std::function<std::optional<std::string>(const policy::PolicySet& set)>;

/// `sluice check FILE|DIR... [-o text|json|github]`: every problem of every policy; 0 when there is no error, else 2.
void add_check(CLI::App& app, int& exit_code, PolicyCheck deeper = {});

/// `sluice schema`: the JSON Schema of a policy document; with hidden flags also the generated pages of docs/.
void add_schema(CLI::App& app, int& exit_code);

/// `sluice status [ROUTE] [--watch | --wait PHASE] [-o text|json]`: what a running gateway does; see exit_codes.hpp.
void add_status(CLI::App& app, int& exit_code);

/// `sluice journal [ROUTE] [-f] [-n N] [-o text|json]`: what was decided, oldest first; see exit_codes.hpp.
void add_journal(CLI::App& app, int& exit_code);

/// `sluice promote|pause|resume|abort|retry|undo ROUTE`: a person's word about a rollout; see exit_codes.hpp.
void add_rollout_verbs(CLI::App& app, int& exit_code);

/// `sluice disagreements ROUTE [--version V] [-n N] [-o text|json]`: what a shadow answered otherwise; see
/// exit_codes.hpp.
void add_disagreements(CLI::App& app, int& exit_code);

/// `sluice outcome DECISION NAME=VALUE…` or `--file FILE`: what came of decisions; see exit_codes.hpp.
void add_outcome(CLI::App& app, int& exit_code);

/// `sluice drain [ROUTE[/VERSION]] [--endpoint A] [--undo] [--wait]`: 0 when done, 1 when refused or not in time.
void add_drain(CLI::App& app, int& exit_code);

/// `sluice completion bash|zsh|fish`: what the shell reads to complete the command line; and, hidden, `complete WORD…`,
/// which answers it. Last, since it tells of the others.
void add_completion(CLI::App& app, int& exit_code);

/// `sluice simulate FILE [ROUTE]`: how a rollout would end; 1 when an expectation is not met.
void add_simulate(CLI::App& app, int& exit_code);

/// `sluice plan FILE [ROUTE]`: what happens when, and what a bad candidate would cost.
void add_plan(CLI::App& app, int& exit_code);

/// `sluice evaluate LOG... --policy P`: what other policies would have earned; 3 when the log cannot answer for one.
void add_evaluate(CLI::App& app, int& exit_code);

/// Parses the command line and runs the verb that it names; `more` are verbs of higher layers,
/// `deeper` is their part in `check`. Returns the exit code:
/// the verb's, 0 for help and version, 2 for a command line that makes no sense.
int run(int argc, char** argv, std::string_view version, std::span<const Verb> more = {}, PolicyCheck deeper = {});

}  // namespace sluice::cli
