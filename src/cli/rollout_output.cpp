#include "sluice/cli/rollout_output.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "sluice/cli/json_fields.hpp"

namespace sluice::cli {

namespace {

struct Look {
  std::string_view word;
  std::string_view symbol;
  Colour colour;
};

constexpr std::array phases{
    Look{"Idle", "\u00b7", Colour::None},        Look{"Pending", "\u25cc", Colour::Yellow},
    Look{"Progressing", "\u25b6", Colour::None}, Look{"Paused", "\u0965", Colour::Yellow},
    Look{"Held", "\u26a0", Colour::Yellow},      Look{"RollingBack", "\u21b6", Colour::Red},
    Look{"Promoted", "\u2714", Colour::Green},   Look{"Concluded", "\u2714", Colour::Green},
    Look{"RolledBack", "\u2718", Colour::Red},   Look{"Aborted", "\u2718", Colour::Red},
    Look{"Superseded", "\u00b7", Colour::None},
};
constexpr std::array verdicts{
    Look{"pending", "\u25cc", Colour::None}, Look{"pass", "\u2714", Colour::Green},
    Look{"fail", "\u2718", Colour::Red},     Look{"inconclusive", "\u25cc", Colour::Yellow},
    Look{"error", "\u26a0", Colour::Yellow},
};
constexpr std::array servings{
    Look{"Healthy", "\u2714", Colour::Green},
    Look{"Degraded", "\u26a0", Colour::Yellow},
    Look{"Down", "\u2718", Colour::Red},
};

template <std::size_t N>
Look look_of(const std::array<Look, N>& looks, std::string_view word) {
  const auto found = std::find_if(looks.begin(), looks.end(), [&](const Look& look) { return look.word == word; });
  return found == looks.end() ? Look{word, "", Colour::None} : *found;
}

/// The symbol where it can be shown, then the word.
template <std::size_t N>
Table::Cell cell_of(const std::array<Look, N>& looks, const std::string& word, const std::string& more,
                    const Style& style) {
  const Look look = look_of(looks, word);
  const bool symbol = style.unicode && !look.symbol.empty();
  return {(symbol ? std::string(look.symbol) + " " : std::string()) + word + more, look.colour};
}

template <std::size_t N>
std::string marked(const std::array<Look, N>& looks, const std::string& word, const Style& style) {
  const Table::Cell cell = cell_of(looks, word, {}, style);
  return painted(cell.text, cell.colour, style.colour);
}

/// In the unit of its metric: "0.09%", "40ms", "0.9".
std::string value_of(const Json& check, double value) {
  const std::string name = text(check, "name");
  std::array<char, 32> out{};
  if (name.starts_with("latency-") || name.starts_with("ttfb-")) return short_seconds(value);
  const bool is_share = name.starts_with("error-rate") || name.starts_with("disagreement");
  std::snprintf(out.data(), out.size(), is_share ? "%.2f%%" : "%.4g", is_share ? value * 100 : value);
  return out.data();
}

std::string value_of(const Json& check, const char* key) {
  return has_number(check, key) ? value_of(check, number(check, key)) : "-";
}

/// ", mean 3.1 to 3.4": where a mean lies that is held against a fixed limit. Sentences of other checks say it
/// themselves, and for the share that is beyond a limit there is no interval, only how certain it is.
std::string where_of(const Json& check) {
  const Json& evidence = part(check, "evidence");
  const Json& interval = part(evidence, "interval");
  const bool is_limited = text(evidence, "method") == "mean" && text(interval, "of") == "value";
  if (!is_limited || !has_number(interval, "lower") || !has_number(interval, "upper")) return {};
  return ", mean " + value_of(check, number(interval, "lower")) + " to " + value_of(check, number(interval, "upper"));
}

/// "✔ pass: error-rate 0.09% <= 0.52%, …". It begins a sentence of its own, so its word is no name as in the API.
std::string verdict_of(const Json& check, const Style& style) {
  std::string word = text(check, "verdict");
  if (!word.empty()) word.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(word.front())));
  std::string out = marked(verdicts, word, style);
  if (flag(check, "dryRun")) out += " (dry run)";
  const std::string message = text(check, "message");
  if (!message.empty()) out += ": " + painted(message + where_of(check), Colour::None, false);
  return out;
}

/// How near to certain: "43%".
std::string evidence_of(const Json& check) {
  const Json& evidence = part(check, "evidence");
  return has_number(evidence, "fraction") ? percent(std::floor(number(evidence, "fraction") * 100) / 100) : "-";
}

bool has_evidence(const Json& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Json& check) { return has_number(part(check, "evidence"), "fraction"); });
}

/// `known`: those that stand in the table already; a winner's are also the rollout's.
void add_checks(Table& table, const Json& checks, const std::string& owner, bool certain, const Style& style,
                const Json& known = Json::array()) {
  for (const Json& check : checks) {
    if (std::find(known.begin(), known.end(), check) != known.end()) continue;
    const std::string name = (owner.empty() ? "" : owner + " ") + text(check, "name");
    std::vector<Table::Cell> cells{name, value_of(check, "reference"), value_of(check, "value"),
                                   grouped(count(check, "samples")), text(check, "rule")};
    if (certain) cells.emplace_back(evidence_of(check));
    cells.push_back(Table::Cell::ready(verdict_of(check, style)));
    table.add(std::move(cells));
  }
}

/// Two digits that say something: "3 200".
std::string about(const Json& object, const char* key) {
  std::uint64_t step = 1;
  const std::uint64_t whole = count(object, key);
  while (whole / step >= 100) step *= 10;
  return grouped((whole + step - 1) / step * step);
}

/// What an undecided check still needs, and what it would have seen by now.
std::string forecast_of(const Json& check) {
  const Json& evidence = part(check, "evidence");
  std::string line;
  const auto add = [&line](const std::string& more) { line += (line.empty() ? "" : "; ") + more; };
  if (has_number(evidence, "stillNeeded"))
    add("passes after about " + about(evidence, "stillNeeded") + " more " +
        (count(evidence, "pairs") > 0 ? "pairs" : "requests") + " if it goes on like this");
  const Json& until = part(evidence, "requestsUntilFound");
  std::string found;
  for (const char* risk : {"1.5", "2", "5"}) {
    if (has_number(until, risk)) found += (found.empty() ? "" : ", ") + (risk + ("x after " + about(until, risk)));
  }
  if (!found.empty()) add("finds out a candidate that is worse by " + found + " requests");
  std::array<char, 32> times{};
  if (has_number(evidence, "smallestVisible")) {
    std::snprintf(times.data(), times.size(), "%.3gx", number(evidence, "smallestVisible"));
    add(std::string("by now ") + times.data());
  }
  return line;
}

/// How many pairs a verdict took, and how many requests a split would have.
std::string took_of(const Json& check) {
  const Json& evidence = part(check, "evidence");
  if (!has_number(evidence, "pairsWouldDo")) return {};
  std::string line = "about " + about(evidence, "pairsWouldDo") + " pairs are enough for this";
  if (has_number(evidence, "splitWouldNeed")) {
    line += ", a split in halves takes about " + about(evidence, "splitWouldNeed") + " requests";
  }
  return line;
}

std::string forecasts(const Json& checks, const std::string& owner) {
  std::string lines;
  for (const Json& check : checks) {
    const std::string line = text(check, "verdict") == "Inconclusive" ? forecast_of(check) : took_of(check);
    if (line.empty()) continue;
    const std::string name = (owner.empty() ? "" : owner + " ") + text(check, "name");
    lines += painted("  " + name + ": " + line, Colour::None, false) + "\n";
  }
  return lines;
}

std::string checks_table(const Json& rollout, const Style& style) {
  const Json& arms = list(rollout, "arms");
  const bool certain =
      has_evidence(list(rollout, "checks")) ||
      std::any_of(arms.begin(), arms.end(), [](const Json& arm) { return has_evidence(list(arm, "checks")); });
  std::vector<Table::Column> columns{{"CHECK"}, {"STABLE", true}, {"CANDIDATE", true}, {"N", true}, {"RULE"}};
  if (certain) columns.push_back({"CERTAIN", true});
  columns.push_back({"VERDICT"});
  Table table(std::move(columns));
  const Json& checks = list(rollout, "checks");
  add_checks(table, checks, {}, certain, style);
  std::string lines = forecasts(checks, {});
  for (const Json& arm : arms) {
    const Json& own = list(arm, "checks");
    if (own == checks) continue;  // of the only candidate: they stand there already
    const std::string owner = text(arm, "version");
    add_checks(table, own, owner, certain, style, checks);
    lines += forecasts(own, owner);
  }
  return table.empty() ? std::string() : table.text(style.colour) + lines;
}

std::string signed_percent(double ratio) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%+.1f%%", ratio * 100);
  return out.data();
}

std::string three_digits(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.3g", value);
  return out.data();
}

/// Over the control, with where the truth lies and how far the comparison has come.
void add_lift(std::vector<Table::Cell>& cells, const Json& arm) {
  if (!has_number(arm, "lift")) return cells.insert(cells.end(), 3, Table::Cell("-")), void();
  const std::string upper = has_number(arm, "liftUpper") ? signed_percent(number(arm, "liftUpper")) : "any";
  cells.emplace_back(signed_percent(number(arm, "lift")));
  cells.emplace_back(has_number(arm, "liftLower") ? signed_percent(number(arm, "liftLower")) + " to " + upper : "-");
  cells.emplace_back(percent(number(arm, "certainty")));
}

std::string arms_table(const Json& rollout, const Style& style) {
  const Json& arms = list(rollout, "arms");
  // Only a bandit counts what its arms earn.
  const bool earn =
      std::any_of(arms.begin(), arms.end(), [](const Json& arm) { return has_number(arm, "probabilityBest"); });
  std::vector<Table::Column> columns{{"ARM"}, {"SHARE", true}};
  const bool lifts = std::any_of(arms.begin(), arms.end(), [](const Json& arm) { return has_number(arm, "lift"); });
  const bool values =
      earn && std::any_of(arms.begin(), arms.end(), [](const Json& arm) { return has_number(arm, "value"); });
  if (earn) columns.push_back({"BEST", true});
  if (values) columns.push_back({"EARNS", true});
  if (earn) columns.insert(columns.end(), {{"GOOD", true}, {"FAILED", true}});
  if (lifts) columns.insert(columns.end(), {{"LIFT", true}, {"INTERVAL", true}, {"CERTAIN", true}});
  columns.push_back({"NOTE"});
  Table table(std::move(columns));
  const std::string winner = text(rollout, "winner");
  for (const Json& arm : arms) {
    const std::string version = text(arm, "version");
    std::string note = text(arm, "reason");
    if (flag(arm, "dropped")) note = "dropped" + (note.empty() ? std::string() : ": " + note);
    if (!winner.empty() && version == winner) note = "winner" + (note.empty() ? std::string() : ": " + note);
    std::vector<Table::Cell> cells{version, percent(number(arm, "share"))};
    if (earn) {
      cells.emplace_back(percent(number(arm, "probabilityBest")));
      if (values) cells.emplace_back(has_number(arm, "value") ? three_digits(number(arm, "value")) : "-");
      cells.emplace_back(grouped(count(arm, "successes")));
      cells.emplace_back(grouped(count(arm, "failures")));
    }
    if (lifts) add_lift(cells, arm);
    cells.emplace_back(note, flag(arm, "dropped") ? Colour::Yellow : Colour::None);
    table.add(std::move(cells));
  }
  return table.empty() ? std::string() : table.text(style.colour);
}

/// A line for each check of a segment; one for a segment that went back to stable.
std::string segments_table(const Json& rollout, const Style& style) {
  Table table(
      {{"SEGMENT"}, {"CHECK"}, {"STABLE", true}, {"CANDIDATE", true}, {"N", true}, {"CERTAIN", true}, {"VERDICT"}});
  for (const Json& segment : list(rollout, "segments")) {
    const std::string name = text(segment, "name");
    if (flag(segment, "excluded")) {
      std::vector<Table::Cell> cells{name};
      cells.insert(cells.end(), 5, Table::Cell("-"));
      cells.emplace_back("on stable: " + text(segment, "message"), Colour::Yellow);
      table.add(std::move(cells));
      continue;
    }
    for (const Json& check : list(segment, "checks")) {
      std::vector<Table::Cell> cells{name,
                                     text(check, "name"),
                                     value_of(check, "reference"),
                                     value_of(check, "value"),
                                     grouped(count(check, "samples")),
                                     evidence_of(check)};
      cells.push_back(Table::Cell::ready(verdict_of(check, style)));
      table.add(std::move(cells));
    }
  }
  return table.empty() ? std::string() : table.text(style.colour);
}

std::string time_of_day(const std::string& time) {
  return time.size() >= 19 ? time.substr(11, 8) : std::string("-");
}

std::string slots_table(const Json& rollout, const Style& style) {
  Table table({{"INSTANCE"}, {"BECOMES"}, {"PHASE"}, {"SINCE (UTC)"}, {"TRIES", true}});
  for (const Json& slot : list(rollout, "slots")) {
    const std::string phase = text(slot, "phase");
    const bool moves = phase != "Old" && phase != "New";
    table.add({text(slot, "stable").empty() ? "-" : text(slot, "stable"),
               text(slot, "candidate").empty() ? "-" : text(slot, "candidate"),
               Table::Cell(phase + (flag(slot, "back") ? " (back)" : ""), phase == "New" ? Colour::Green
                                                                          : moves        ? Colour::Yellow
                                                                                         : Colour::None),
               time_of_day(text(slot, "since")), std::to_string(count(slot, "tries"))});
  }
  return table.empty() ? std::string() : table.text(style.colour);
}

/// "stage 1/3, " and the step behind that word.
std::string numbers_of(const Json& rollout, const std::string& step_word) {
  const std::uint64_t steps = count(rollout, "steps");
  const std::uint64_t stages = count(rollout, "stages");
  std::string out;
  if (stages > 0) out = "stage " + std::to_string(count(rollout, "stage")) + "/" + std::to_string(stages);
  if (steps == 0) return out;
  const std::string step = std::to_string(count(rollout, "step")) + "/" + std::to_string(steps);
  return out + (out.empty() ? "" : ", ") + step_word + step;
}

/// "step 2/5 (pause 10m, 6m12s left)", "stage 1/3, step 2/5 (…)"; nothing when there are none.
std::string step_of(const Json& rollout) {
  std::string out = numbers_of(rollout, "step ");
  const std::string words = text(rollout, "stepText");
  if (words.empty()) return out;
  return out.empty() ? words : out + " (" + words + ")";
}

}  // namespace

std::string rollout_in_short(const Json& rollout) {
  const std::string step = step_of(rollout);
  return text(rollout, "phase") + (step.empty() ? "" : ", " + step);
}

std::string rollout_head(const Json& rollout, const Style& style, const std::vector<std::string>& above) {
  std::string phase = "Phase:   " + marked(phases, text(rollout, "phase"), style);
  if (flag(rollout, "pausedByPerson")) {
    const std::string by = text(rollout, "pausedBy");
    phase += painted(by.empty() ? " by a person" : " by " + by, Colour::None, false);
  }
  std::string step = painted(step_of(rollout), Colour::None, false);
  if (!step.empty()) step.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(step.front())));
  std::string next = flag(rollout, "over") ? "" : text(rollout, "next");
  if (!next.empty()) next = "Next: " + painted(next, Colour::None, false);
  if (const std::string until = text(rollout, "undoUntil"); next.empty() && !until.empty()) {
    next = "Undo: until " + painted(time_of_day(until), Colour::None, false) + " UTC";
  }
  std::vector<std::vector<std::string>> lines{{phase, step, next}};
  if (!above.empty()) lines.insert(lines.begin(), above);
  std::string out = in_columns(lines);
  const std::string reason = text(rollout, "reason");
  const std::string message = text(rollout, "message");
  if (!reason.empty() || !message.empty()) {
    out += "         " +
           painted(reason + (reason.empty() || message.empty() ? "" : ": ") + message, Colour::None, false) + '\n';
  }
  std::string verbs;
  for (const Json& verb : list(rollout, "verbs")) {
    if (verb.is_string()) verbs += (verbs.empty() ? "" : ", ") + verb.get<std::string>();
  }
  if (!verbs.empty()) out += "Verbs:   " + painted(verbs, Colour::None, false) + '\n';
  return out;
}

std::string rollout_tables(const Json& rollout, const Style& style) {
  return checks_table(rollout, style) + segments_table(rollout, style) + arms_table(rollout, style) +
         slots_table(rollout, style);
}

std::string events_as_text(const Json& entries, std::size_t most, const Style& style) {
  if (!entries.is_array() || entries.empty() || most == 0) return {};
  Table table({{"EVENTS (UTC)"}, {"KIND"}, {"WHAT"}});
  for (const Json& entry : entries) {
    if (most-- == 0) break;
    const std::string time = text(entry, "time");
    const std::string actor = text(entry, "actor");
    const std::string by = actor.empty() || actor == "sluice" ? "" : " (" + actor + ")";
    table.add({time.size() >= 19 ? time.substr(5, 5) + " " + time.substr(11, 8) : time, text(entry, "kind"),
               text(entry, "text") + by});
  }
  return table.text(style.colour);
}

std::string serving_as_text(const std::string& serving, const Style& style) {
  return marked(servings, serving, style);
}

Table::Cell serving_cell(const std::string& serving, const Style& style) {
  return cell_of(servings, serving, {}, style);
}

Table::Cell phase_cell(const Json& rollout, const Style& style) {
  const std::string phase = text(rollout, "phase");
  const std::string reason = flag(rollout, "pausedByPerson") ? "PausedByPerson" : text(rollout, "reason");
  return cell_of(phases, phase, reason.empty() || reason == phase ? std::string() : "/" + reason, style);
}

std::string step_in_numbers(const Json& rollout) {
  return numbers_of(rollout, {});
}

}  // namespace sluice::cli
