#include "sluice/rollout/state_json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;
using namespace strategy;

WallTime at(std::int64_t nanoseconds) {
  return WallTime(std::chrono::nanoseconds(1'767'571'200'000'000'000 + nanoseconds));
}

Proof proof() {
  Proof out;
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, exact, pairs, of_pairs, of_split] = out;
  a = "difference", b = 1.25, c = 2.995, d = -3.5, e = 0.41, f = "ratio", g = -0.1, h = 0.2, i = 1.75, j = 30, k = 31;
  l = 32, m = 33, exact = true, pairs = 34, of_pairs = 36, of_split = 35;
  return out;
}

stats::Moments values(double mean) {
  stats::Moments out;
  auto& [a, b, c, d] = out;
  a = 80, b = 81, c = mean, d = 0.625;
  return out;
}

PairSums pair_sums(double weight) {
  PairSums out;
  auto& [a, b, c, d, e, f, g] = out;
  a = weight, b = 82, c = 83, d = 84, e = 85, f = values(-0.5), g = values(1.5);
  return out;
}

PairRecord pair_record() {
  PairRecord out;
  auto& [a, b, c, d, e, f, g, tracks] = out;
  a = 86, b = 87, c = 88, d = true, e = true, f = 89, g = 90;
  auto& [h, i, skipped, seen, before] = tracks.emplace_back();
  h = 91, i = 92, skipped = {pair_sums(1)}, seen = {pair_sums(1), pair_sums(0.25)}, before = {pair_sums(0.5)};
  return out;
}

RiskTrack track() {
  RiskTrack out;
  auto& [a, b, c, d, e, f, g, h, i, j, k, plan] = out;
  a = 40, b = 41, c = 42, d = 43, e = 44, f = 45, g = 46, h = 47, k = 0.125;
  for (std::size_t at = 0; at < j.size(); ++at) i.against[at] = 0.1 * static_cast<double>(at), j[at] = -0.3;
  i.good = {-1, 0.5, 1e-3};
  plan = {-3.1, 2.7, 5.1, 0.05, 9000};
  return out;
}

CheckEvidence evidence(const std::string& name) {
  CheckEvidence out;
  auto& [a, b, c, d, e, f, g, h, i, j, last, drawn, of_window, of_units, k, l, m, pairs] = out;
  a = name, b = "margin 0.5%", c = 50, d = 51, e = 52, f = 53, g = 54, h = 55, i = 56, j = 0.05, k = true, l = true;
  last = 0.055, drawn = 0.06, of_window = 0.07, of_units = 0.08, m = {track(), track()}, pairs = pair_record();
  return out;
}

SplitEvidence split() {
  SplitEvidence out;
  auto& [a, b, c, drawn, d, e, f, g, epochs, over] = out;
  a = 60, b = 61, c = {62, 63}, drawn = {0.3, 0.7}, d = {0.5, -1}, e = 2.5, f = "v2", g = 0.75;
  epochs = 77, over = 0.375;
  return out;
}

strategy::Certificate certificate() {
  strategy::Certificate out;
  auto& [whole, shares, settled, seen, until, looked, leader, log_e, log_threshold, winner] = out;
  {
    auto& [a, b, c] = shares.emplace_back();
    a = 1.5e9, b = {0.1, 0.2}, c = {0.8, 0.9};
  }
  {
    auto& [a, b, c] = settled.emplace_back();
    a = {0.11, 0.21}, b = {0.81, 0.91}, c = {75, 76};
  }
  whole = true, seen = {75, 76}, until = {1.5e9, 1.6e9}, looked = at(19), leader = "v2", log_e = 1.25;
  log_threshold = 3.5, winner = "v2";
  return out;
}

CheckMemory check(const std::string& name) {
  CheckMemory out;
  // Another value for every field. A field that is added breaks this line, so that it is not forgotten in the record.
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = out;
  a = name, b = Verdict::Inconclusive, c = 1, d = 2, e = 3, f = 0.1, g = 1e-9, h = 123456.789, i = 4, j = "max 1%";
  k = "error-rate 1.62% > max 1% (n=1 204)", l = true, m = proof();
  return out;
}

strategy::Tally tally(double base) {
  strategy::Tally out;
  auto& [a, b, c, d, e, f] = out;
  a = base, b = {base + 0.5, 2}, c = base + 1, d = base + 2, e = base + 3, f = base + 4;
  return out;
}

stats::LinearMoments moments() {
  stats::LinearMoments out(1);
  auto& [a, b, c] = out;
  a = {10, 4, 2}, b = {5, 1.5}, c = 4.25;
  return out;
}

ArmState arm(const std::string& name) {
  ArmState out;
  auto& [a, b, c, d, e, f, g, h, i, j, k, bytes, bytes_seen, time, time_seen, l, m, n, gathered, o, p, q, contexts, r,
         s, t, u, v, w] = out;
  a = name, b = 1.0 / 3, c = 5, d = 6, e = 7, f = 8, g = 9, h = 0.07, i = 0.95, j = 10, k = 11, l = true;
  bytes = 93, bytes_seen = 94, time = 0.375, time_seen = 1.375;
  m = "too slow", n = {check("latency-p99"), check("error-rate")}, o = {tally(1), tally(0.25)}, p = tally(7), q = 12;
  gathered.set({evidence("latency-p99")});
  r = 13, s = 0.05, t = 0.1, u = -0.2, v = 0.3, w = 0.75;
  contexts.change().all = moments(), contexts.change().all_until = at(18), contexts.change().requests = 74;
  return out;
}

SlotState slot() {
  SlotState out;
  auto& [a, b, c, d, e, f, g, h] = out;
  a = "127.0.0.1:9001", b = "[::1]:9002", c = SlotPhase::Warming, d = true, e = true, f = at(12), g = at(13), h = 14;
  return out;
}

SegmentState segment() {
  SegmentState out;
  auto& [a, b, c, d, e, f, g, h] = out;
  a = "mobile", b = "v2", c = true, d = true, e = "error-rate 5% > max 1%", f = at(17), g = {check("error-rate")};
  h.set({evidence("error-rate")});
  return out;
}

CheckRuns runs(const std::string& name) {
  CheckRuns out;
  auto& [a, b, c, d, e] = out;
  a = name, b = 70, c = 71, d = 72, e = 73;
  return out;
}

RolloutState full() {
  RolloutState state;
  {
    auto& [a, b, c, d, e] = state.paused_from.emplace();
    a = Phase::Progressing, b = "Before", c = "what it was", d = at(15), e = at(16);
  }
  {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = state.harm_seen;
    a = 0.5, b = 17, c = 24, d = 25, e = 26, f = 18, g = 19.5, h = 20, i = 21, j = 22, k = 23;
  }
  auto& [route, number, strategy, fingerprint, generation, phase, reason, message, begun, phase_since, ended, step,
         step_since, last_progress, weight, live, warm_until, paused, paused_by, paused_from, approved, window,
         window_since, last_look, counters, checks, gathered, segments, kept_split, kept_drift, comparing, kept_runs,
         harm, harm_seen, arms, slots, retreat, full, winner, stage, stage_since, attempt, experiment, bank] = state;
  route = "fraud", number = 3, strategy = "canary", fingerprint = "00ff", generation = 7, phase = Phase::Paused;
  reason = "AwaitingPromotion", message = "at 25 %", begun = at(1), phase_since = at(2), ended = at(3), step = -1;
  step_since = at(4), last_progress = at(5), weight = 0.25, live = "v1", warm_until = at(6), paused = true;
  paused_by = "alice", approved = true, window = 1ULL << 40, window_since = at(7), last_look = at(8), counters = 27;
  checks = {check("error-rate"), check("error-rate#2")}, harm = 41.5, arms = {arm("v1"), arm("v2")}, slots = {slot()};
  gathered.set({evidence("error-rate"), evidence("error-rate#2")}), kept_split.set(split());
  kept_drift.set({95, 96, 97, {"v2 scores", "v1 classes"}}), comparing = "0123456789abcdef";
  segments = {segment()}, kept_runs.set({runs("error-rate"), runs("latency-p99")});
  retreat = "CheckFailed", full = true, winner = "v2", stage = 2, stage_since = at(9), attempt = 5;
  {
    auto& [a, b, c] = experiment;
    a = "click Binary", b = 0.25, bank = 28;
    c.set(certificate());
  }
  return state;
}

TEST(StateJson, EveryFieldComesBackAsItWas) {
  const RolloutState before = full();
  const auto after = parse_state(to_json(before));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(*after == before) << to_json(*after) << "\n" << to_json(before);
}

TEST(StateJson, NoFieldIsWrittenTwice) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> names;
  const auto seen = [&names](int /*depth*/, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      EXPECT_TRUE(names.back().insert(parsed.get<std::string>()).second) << parsed;
    }
    return true;
  };
  EXPECT_TRUE(Json::parse(to_json(full()), seen).is_object());
}

TEST(StateJson, AnEmptyStateComesBackToo) {
  RolloutState before;
  before.route = "fraud";
  EXPECT_TRUE(parse_state(to_json(before)).value() == before);
}

TEST(StateJson, NumbersKeepEveryDigit) {
  RolloutState before;
  before.route = "fraud";
  for (const double weight : {0.1, 1.0 / 3, 5e-324, 0.30000000000000004, 1e22}) {
    before.weight = weight;
    EXPECT_EQ(parse_state(to_json(before))->weight, weight);
  }
  before.window = std::numeric_limits<std::uint64_t>::max();
  before.begun = WallTime::min();
  EXPECT_TRUE(parse_state(to_json(before)).value() == before);
}

TEST(StateJson, WhatIsNotANumberBecomesTheDefault) {
  RolloutState state;
  state.route = "fraud";
  state.weight = std::nan("");
  state.checks = {CheckMemory{}};
  state.checks[0].value = std::numeric_limits<double>::infinity();
  const auto after = parse_state(to_json(state));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->weight, 0);
  EXPECT_FALSE(after->checks[0].value);
}

TEST(StateJson, AnyTextIsKeptAndWhatIsNoUtf8IsMadeSo) {
  RolloutState state;
  state.route = "fraud";
  for (const std::string text : {"\"quoted\" \\ and\nmore\t", "25 % – größer", "\x01\x1f"}) {
    state.message = text;
    EXPECT_EQ(parse_state(to_json(state))->message, text);
  }
  state.message = "caf\xe9";
  EXPECT_EQ(parse_state(to_json(state))->message, "caf\xef\xbf\xbd");
}

TEST(StateJson, AFieldThatIsMissingHasItsDefaultAndAnUnknownOneIsSkipped) {
  const auto state = parse_state(R"({"format":1,"route":"fraud","colour":"red"})");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->attempt, 1U);
  EXPECT_EQ(state->route, "fraud");
}

TEST(StateJson, WhatDoesNotFitIsRefusedWithItsName) {
  const auto refusal = [](const std::string& text) {
    const auto state = parse_state(text);
    return state ? std::string("taken") : state.error().message;
  };
  EXPECT_EQ(refusal(""), "it is no JSON object");
  EXPECT_EQ(refusal("[]"), "it is no JSON object");
  EXPECT_EQ(refusal(R"({"format":1,"route":)"), "it is no JSON object");
  EXPECT_EQ(refusal(R"({"route":"fraud"})"), "it does not say its format");
  EXPECT_EQ(refusal(R"({"format":1})"), "it does not say its route");
  EXPECT_EQ(refusal(R"({"format":9,"route":"fraud"})"), "its format 9 is newer than 1, which is known");
  for (const std::string field :
       {R"("number":-1)", R"("number":"3")", R"("phase":"Dancing")", R"("phase":3)", R"("step":5000000000)",
        R"("weight":"0.5")", R"("paused":1)", R"("begun":"today")", R"("live":null)"}) {
    const std::string name = field.substr(1, field.find('"', 1) - 1);
    EXPECT_EQ(refusal(R"({"format":1,"route":"fraud",)" + field + "}"), "the field " + name + " does not fit");
  }
  EXPECT_EQ(refusal(R"({"format":1,"route":"fraud","checks":{}})"), "the field checks does not fit");
  EXPECT_EQ(refusal(R"({"format":1,"route":"fraud","checks":[1]})"), "the field checks does not fit");
  EXPECT_EQ(refusal(R"({"format":1,"route":"fraud","checks":[{"looks":true}]})"), "the field looks does not fit");
}

TEST(StateJson, MomentsThatAreNoTriangleAreRefused) {
  const auto with = [](const std::string& all) {
    return R"({"format":1,"route":"fraud","arms":[{"version":"v1","contexts":{"all":)" + all + "}}]}";
  };
  EXPECT_TRUE(parse_state(with(R"({"matrix":[1,2,3],"products":[1,2],"squares":1})")));
  for (const char* const all : {R"({"matrix":[],"products":[],"squares":1})", R"({"matrix":[1],"products":[1,2]})",
                                R"({"matrix":[],"products":[1]})", R"({"products":[]})"}) {
    EXPECT_FALSE(parse_state(with(all))) << all;
  }
}

TEST(StateJson, NoTruncatedRecordIsTaken) {
  const std::string whole = to_json(full());
  // Every length would be quadratic work; a prime for a stride meets every kind of place.
  for (std::size_t length = 0; length < whole.size(); length += 13) {
    EXPECT_FALSE(parse_state(whole.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_state(whole.substr(0, whole.size() - 1)));
}

}  // namespace
}  // namespace sluice::rollout
