#pragma once

#include <string>

#include "sluice/cli/json_fields.hpp"
#include "sluice/rollout/experiment.hpp"

/// What `sluice simulate --experiment` prints.
namespace sluice::cli {

/// `rho=5%`, `looks=500`, `hours=2h`: numbers, shares, and times in seconds. Fails with one sentence.
Result<std::pair<std::string, double>> parse_parameter(const std::string& text);

/// All experiments with their questions.
std::string experiments_as_text(bool colour);
/// One with its parameters, for who wants to change them.
std::string experiment_as_text(const rollout::Experiment& experiment, bool colour);
Json experiments_as_json();

/// Every figure with its Monte-Carlo error and what was wished.
std::string result_as_text(const rollout::Experiment& experiment, const rollout::ExperimentResult& result, bool colour);
Json result_as_json(const rollout::Experiment& experiment, const rollout::ExperimentResult& result);
/// The same as rows of a table in Markdown, without its head: experiment, figure, wished, ours, replications.
std::string result_as_markdown(const rollout::Experiment& experiment, const rollout::ExperimentResult& result);

}  // namespace sluice::cli
