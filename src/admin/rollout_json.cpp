#include "sluice/admin/rollout_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "sluice/admin/api_json.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kActorBytes = 64;
constexpr std::size_t kMostEntries = 1000;

Json time_json(WallTime time) {
  return time == WallTime{} ? Json() : Json(text_of(time));
}

template <typename T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json optional_json(const std::optional<WallTime>& time) {
  return time ? time_json(*time) : Json();
}

template <typename T, typename Make>
Json list_json(const std::vector<T>& list, Make make) {
  Json out = Json::array();
  for (const T& item : list) out.push_back(make(item));
  return out;
}

Json sums_json(const rollout::OutcomeSums& sums) {
  return {{"name", sums.name},
          {"decisions", sums.decisions},
          {"reports", sums.reports},
          {"events", sums.events},
          {"sum", sums.sum}};
}

Json share_json(const rollout::VersionShare& share) {
  return {{"version", share.version},
          {"role", share.role},
          {"target", share.target},
          {"mirrored", share.mirrored},
          {"requests", share.requests},
          {"failures", share.failures},
          {"outcomes", list_json(share.outcomes, sums_json)}};
}

/// e to the power of what may be beyond all numbers.
Json e_value(double log_e) {
  constexpr double most = 300;
  return std::exp(std::min(log_e, most));
}

Json requests_json(std::uint64_t requests) {
  return requests == 0 ? Json() : Json(requests);
}

/// What all looks have shown.
Json proof_json(const strategy::Proof& proof) {
  if (proof.method.empty()) return {};
  Json out;
  out["method"] = proof.method;
  out["e"] = e_value(proof.log_e);
  out["threshold"] = e_value(proof.log_threshold);
  out["eGood"] = e_value(proof.log_good);
  out["fraction"] = proof.evidence;
  out["interval"] = {{"of", proof.scale.empty() ? Json() : Json(proof.scale)},
                     {"lower", optional_json(proof.lower)},
                     {"upper", optional_json(proof.upper)}};
  out["smallestVisible"] = optional_json(proof.smallest);
  out["stillNeeded"] = proof.still_needed ? Json(*proof.still_needed) : Json();
  out["pairs"] = requests_json(proof.pairs);
  out["pairsWouldDo"] = optional_json(proof.of_pairs);
  out["splitWouldNeed"] = optional_json(proof.of_split);
  out["requestsUntilFound"] = {{"1.5", requests_json(proof.until_half_more)},
                               {"2", requests_json(proof.until_twice)},
                               {"5", requests_json(proof.until_five_times)}};
  return out;
}

Json check_json(const strategy::CheckMemory& check) {
  Json out;
  out["name"] = check.name;
  out["verdict"] = to_string(check.verdict);
  out["rule"] = check.rule;
  out["value"] = optional_json(check.value);
  out["reference"] = optional_json(check.reference);
  out["threshold"] = optional_json(check.threshold);
  out["samples"] = check.samples;
  out["message"] = check.message;
  out["looks"] = check.looks;
  out["failures"] = check.failures;
  out["inconclusiveInARow"] = check.inconclusive_in_a_row;
  out["dryRun"] = check.dry_run;
  out["evidence"] = proof_json(check.proof);
  return out;
}

Json arm_json(const strategy::ArmState& arm, bool earns) {
  Json out;
  out["version"] = arm.version;
  out["share"] = arm.share;
  out["successes"] = earns ? Json(arm.successes) : Json();
  out["failures"] = earns ? Json(arm.failures) : Json();
  out["probabilityBest"] = earns ? Json(arm.probability_best) : Json();
  out["value"] = optional_json(arm.value);
  out["lift"] = optional_json(arm.lift);
  out["liftLower"] = optional_json(arm.lift_lower);
  out["liftUpper"] = optional_json(arm.lift_upper);
  out["certainty"] = arm.lift ? Json(arm.certainty) : Json();
  out["dropped"] = arm.dropped;
  out["reason"] = arm.reason;
  out["checks"] = list_json(arm.checks, check_json);
  return out;
}

Json segment_json(const strategy::SegmentState& segment) {
  Json out;
  out["name"] = segment.name;
  out["version"] = segment.version;
  out["worse"] = segment.worse;
  out["excluded"] = segment.excluded;
  out["message"] = segment.message;
  out["since"] = time_json(segment.since);
  out["checks"] = list_json(segment.checks, check_json);
  return out;
}

Json certificate_json(const rollout::CertificateView& seen) {
  return {{"version", seen.version},
          {"certified", seen.certified},
          {"e", e_value(seen.log_e)},
          {"threshold", e_value(seen.log_threshold)}};
}

Json replay_json(const rollout::ReplayView& replay) {
  return {{"outcome", replay.outcome},
          {"estimate", "replay"},
          {"value", replay.value},
          {"interval", {{"lower", optional_json(replay.lower)}, {"upper", optional_json(replay.upper)}}},
          {"covered", replay.covered},
          {"served", replay.served},
          {"agreeing", replay.agreeing},
          {"differing", replay.differing},
          {"ofAll", {{"lower", optional_json(replay.least)}, {"upper", optional_json(replay.most)}}}};
}

Json pairs_segment_json(const rollout::PairsView::Segment& segment) {
  return {{"name", segment.name}, {"pairs", segment.pairs}, {"disagreements", segment.disagreements}};
}

Json difference_json(const std::optional<rollout::PairsView::Difference>& difference) {
  if (!difference) return nullptr;
  return {{"mean", difference->mean},
          {"interval", {{"lower", optional_json(difference->lower)}, {"upper", optional_json(difference->upper)}}}};
}

Json pairs_json(const rollout::PairsView& pairs) {
  Json out;
  out["version"] = pairs.version;
  out["pairs"] = pairs.pairs;
  out["compared"] = pairs.compared;
  out["disagreements"] = pairs.disagreements;
  out["disagreement"] = pairs.compared == 0 ? Json() : Json(pairs.disagreement);
  out["interval"] = {{"lower", optional_json(pairs.lower)}, {"upper", optional_json(pairs.upper)}};
  out["twins"] = pairs.twins;
  out["refusedTwins"] = pairs.refused_twins;
  out["noiseKnown"] = pairs.noise_known;
  out["noisyFields"] = pairs.noisy_fields;
  out["worstField"] = pairs.worst_field;
  out["worstFieldPairs"] = pairs.worst_field_pairs;
  out["scoreDifference"] = difference_json(pairs.score);
  out["latencyDifference"] = difference_json(pairs.latency);
  out["rows"] = pairs.rows;
  out["flips"] = pairs.flips;
  out["segments"] = list_json(pairs.segments, pairs_segment_json);
  out["limit"] = optional_json(pairs.limit);
  out["pairsCertify"] = requests_json(pairs.pairs_certify);
  out["replays"] = list_json(pairs.replays, replay_json);
  return out;
}

Json budget_json(const rollout::BudgetView& budget) {
  return {{"name", budget.name}, {"spent", budget.spent}, {"limit", budget.limit}};
}

Json slot_json(const strategy::SlotState& slot) {
  Json out;
  out["stable"] = slot.stable;
  out["candidate"] = slot.candidate;
  out["phase"] = to_string(slot.phase);
  out["back"] = slot.back;
  out["since"] = time_json(slot.since);
  out["tries"] = slot.tries;
  return out;
}

Json condition_json(const rollout::Condition& condition) {
  return {{"type", condition.type},
          {"status", condition.status},
          {"reason", condition.reason},
          {"message", condition.message},
          {"since", optional_json(condition.since)}};
}

Failure<Error> misunderstood(const std::string& sentence) {
  return fail(Error::client(sentence));
}

/// Decimal digits and nothing else.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::string text_of(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(whole);
  const auto epoch = static_cast<std::time_t>(seconds.count());
  std::tm utc{};
  gmtime_r(&epoch, &utc);
  std::array<char, 32> date{};
  const std::size_t size = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>((whole - seconds).count()));
  return std::string(date.data(), size) + fraction.data();
}

Json to_json(const rollout::RolloutView& rollout) {
  Json out;
  out["route"] = rollout.route;
  out["id"] = rollout.id;
  out["strategy"] = rollout.strategy;
  out["generation"] = rollout.generation;
  out["observedGeneration"] = rollout.observed_generation;
  out["serving"] = rollout.serving;
  out["phase"] = to_string(rollout.phase);
  out["over"] = is_over(rollout.phase);
  out["reason"] = rollout.reason;
  out["message"] = rollout.message;
  out["pausedByPerson"] = rollout.paused_by_person;
  out["pausedBy"] = rollout.paused_by;
  out["step"] = rollout.step;
  out["steps"] = rollout.steps;
  out["stepText"] = rollout.step_text;
  out["next"] = rollout.next;
  out["stage"] = rollout.stage;
  out["stages"] = rollout.stages;
  out["stepTexts"] = rollout.step_texts;
  out["stageTexts"] = rollout.stage_texts;
  out["stepEnds"] = optional_json(rollout.step_ends);
  out["winner"] = rollout.winner;
  out["begun"] = time_json(rollout.begun);
  out["phaseSince"] = time_json(rollout.phase_since);
  out["ended"] = optional_json(rollout.ended);
  out["undoUntil"] = optional_json(rollout.undo_until);
  out["windowSince"] = time_json(rollout.window_since);
  out["versions"] = list_json(rollout.versions, share_json);
  out["checks"] = list_json(rollout.checks, check_json);
  out["metric"] = rollout.metric;
  out["arms"] = list_json(rollout.arms, [&](const auto& arm) { return arm_json(arm, rollout.arms_earn); });
  out["segments"] = list_json(rollout.segments, segment_json);
  out["certificate"] = rollout.certificate ? certificate_json(*rollout.certificate) : Json();
  out["pairs"] = list_json(rollout.pairs, pairs_json);
  out["budgets"] = list_json(rollout.budgets, budget_json);
  out["slots"] = list_json(rollout.slots, slot_json);
  out["split"] = {{"e", rollout.split_log_e ? e_value(*rollout.split_log_e) : Json()}, {"message", rollout.split}};
  out["conditions"] = list_json(rollout.conditions, condition_json);
  out["verbs"] = rollout.verbs;
  out["events"] = list_json(rollout.events, [](const state::JournalEntry& entry) { return to_json(entry); });
  return out;
}

Json to_json(const state::JournalEntry& entry) {
  Json out;
  out["sequence"] = entry.sequence;
  out["time"] = time_json(entry.time);
  out["route"] = entry.route;
  out["rollout"] = entry.rollout;
  out["actor"] = entry.actor;
  out["kind"] = entry.kind;
  out["text"] = entry.text;
  out["hash"] = entry.hash;
  return out;
}

Event event_of(const state::JournalEntry& entry) {
  // text_of() ends with the line's end; one more ends the event.
  return {entry.sequence, "id: " + std::to_string(entry.sequence) + "\nevent: " + entry.kind +
                              "\ndata: " + text_of(to_json(entry)) + "\n"};
}

Result<VerbOrder> parse_verb_order(std::string_view text) {
  VerbOrder order;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return order;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return misunderstood("the body is no JSON object");
  for (const auto& [key, value] : json.items()) {
    if (key == "full") {
      if (!value.is_boolean()) return misunderstood("full is true or false");
      order.full = value.get<bool>();
    } else if (key == "actor") {
      if (!value.is_string()) return misunderstood("actor is a name in quotes");
      order.actor = value.get<std::string>();
      const auto control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
      if (order.actor.empty() || order.actor.size() > kActorBytes ||
          std::any_of(order.actor.begin(), order.actor.end(), control)) {
        return misunderstood("actor has 1 to 64 bytes and no control characters");
      }
    } else {
      return misunderstood("unknown field \"" + key + "\"; there are full and actor");
    }
  }
  return order;
}

Result<state::JournalQuery> parse_journal_query(std::string_view query) {
  state::JournalQuery out;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const std::string_view key = part.substr(0, part.find('='));
    const auto number = whole_number(part.substr(std::min(key.size() + 1, part.size())));
    const std::uint64_t value = number.value_or(0);
    if (key == "before" && number) {
      out.before = value;
    } else if (key == "limit" && value >= 1 && value <= kMostEntries) {
      out.limit = static_cast<std::size_t>(value);
    } else if (key == "before" || key == "limit") {
      return misunderstood(std::string(key) +
                           (key == "limit" ? " is a number from 1 to 1000" : " is the number of an entry"));
    } else {
      return misunderstood("unknown parameter \"" + std::string(key) + "\"; there are before and limit");
    }
  }
  return out;
}

}  // namespace sluice::admin
