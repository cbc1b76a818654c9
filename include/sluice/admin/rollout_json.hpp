#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "sluice/admin/page.hpp"
#include "sluice/base/result.hpp"
#include "sluice/rollout/view.hpp"

/// Rollouts and their journal as JSON. Times are UTC with milliseconds, as in RFC 3339; null: not yet.
namespace sluice::admin {

nlohmann::ordered_json to_json(const rollout::RolloutView& rollout);
nlohmann::ordered_json to_json(const state::JournalEntry& entry);

/// `2026-11-22T09:51:07.042Z`.
std::string text_of(WallTime time);

/// A line of the journal as an event: `id` is its sequence, `event` its kind, `data` the same JSON as on the page.
Event event_of(const state::JournalEntry& entry);

/// What may stand in the body of a verb.
struct VerbOrder {
  bool full = false;
  std::string actor;  ///< empty: not said
};
/// Nothing at all is an order, too. Fails with one sentence that says what is wrong.
Result<VerbOrder> parse_verb_order(std::string_view text);

/// `before=…&limit=…` of a target. Fails with one sentence that says what is wrong.
Result<state::JournalQuery> parse_journal_query(std::string_view query);

}  // namespace sluice::admin
