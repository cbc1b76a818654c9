#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sluice/cli/terminal.hpp"

/// A rollout for people. `rollout` is the admin port's JSON; what is missing in it shows as empty.
namespace sluice::cli {

/// "Paused, step 2/5 (pause 10m, 6m12s left)": plain, for a sentence.
std::string rollout_in_short(const nlohmann::ordered_json& rollout);

/// Two or three lines: phase, step, what comes next; why; what a person may say. `above`: three cells of a line in
/// front, under which the first one's stand.
std::string rollout_head(const nlohmann::ordered_json& rollout, const Style& style,
                         const std::vector<std::string>& above = {});

/// Checks with the guardrails of every arm, arms, instances; what there is of them.
std::string rollout_tables(const nlohmann::ordered_json& rollout, const Style& style);

/// One line per entry of the journal, as many as `most`; nothing for an empty list.
std::string events_as_text(const nlohmann::ordered_json& entries, std::size_t most, const Style& style);

/// "✔ Healthy".
std::string serving_as_text(const std::string& serving, const Style& style);

/// The same for a column of a table, and "॥ Paused/AwaitingPromotion".
Table::Cell serving_cell(const std::string& serving, const Style& style);
Table::Cell phase_cell(const nlohmann::ordered_json& rollout, const Style& style);

/// "2/5", "stage 1/3, 2/5"; nothing when there are no steps.
std::string step_in_numbers(const nlohmann::ordered_json& rollout);

}  // namespace sluice::cli
