#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "routes.hpp"
#include "sluice/policy/reference.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;
using Change = std::function<void(policy::ModelRoute&)>;

/// A change of one strategy's struct; the route has every strategy in its turn.
template <typename S>
Change in(std::function<void(S&)> change) {
  return [change](policy::ModelRoute& route) { change(std::get<S>(route.strategy)); };
}

policy::Canary some_canary() {
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  canary.steps.resize(2);
  canary.steps[0].weight = 5;
  canary.steps[1].kind = policy::StepKind::Pause;
  canary.steps[1].pause.duration = 1min;
  canary.audience = {header_match("x", "1")};
  canary.analysis.emplace();
  return canary;
}

/// One of each, with something in every list.
std::map<std::string, policy::Strategy> strategies() {
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", 10, {}}};
  policy::AbTest test;
  test.variants = {{"v1", 1, {}}, {"v2", 1, {}}};
  test.audience = {header_match("x", "1")};
  policy::Bandit bandit;
  bandit.arms = {"v1", "v2"};
  bandit.context.resize(1);
  policy::Rolling rolling;
  rolling.stable = "v1";
  rolling.candidate = "v2";
  rolling.repository.emplace();
  policy::BlueGreen blue_green;
  blue_green.active = "v1";
  blue_green.preview = "v2";
  return {{"Shadow", shadow},   {"AbTest", test},          {"Bandit", bandit},          {"Canary", some_canary()},
          {"Rolling", rolling}, {"BlueGreen", blue_green}, {"stages", policy::Stages{}}};
}

policy::ModelRoute route_of(const std::string& strategy) {
  auto route = route_with({"v1", "v2"});
  route.strategy = strategies().at(strategy);
  if (auto* stages = std::get_if<policy::Stages>(&route.strategy)) {
    stages->stages.resize(2);
    stages->stages[0].strategy = some_canary();
    stages->stages[1].strategy = std::get<policy::AbTest>(strategies().at("AbTest"));
  }
  return route;
}

/// Every field that the schema says starts a rollout, by object and key, and a change of it.
const std::map<std::string, Change> starting{
    {"Shadow.live", in<policy::Shadow>([](auto& s) { s.live = "v2"; })},
    {"Shadow.candidates", in<policy::Shadow>([](auto& s) { s.candidates.emplace_back(); })},
    {"ShadowCandidate.version", in<policy::Shadow>([](auto& s) { s.candidates[0].version = "v3"; })},
    {"AbTest.variants", in<policy::AbTest>([](auto& s) { s.variants.pop_back(); })},
    {"Variant.version", in<policy::AbTest>([](auto& s) { s.variants[1].version = "v3"; })},
    {"AbTest.control", in<policy::AbTest>([](auto& s) { s.control = "v2"; })},
    {"AbTest.audience", in<policy::AbTest>([](auto& s) { s.audience[0].headers[0].value = "2"; })},
    {"Bandit.arms", in<policy::Bandit>([](auto& s) { s.arms[1] = "v3"; })},
    {"Bandit.reward", in<policy::Bandit>([](auto& s) { s.reward = "click"; })},
    {"Bandit.algorithm", in<policy::Bandit>([](auto& s) { s.algorithm = policy::BanditAlgorithm::Ucb1; })},
    {"Bandit.context", in<policy::Bandit>([](auto& s) { s.context[0].name = "age"; })},
    {"Canary.stable", in<policy::Canary>([](auto& s) { s.stable = "v3"; })},
    {"Canary.candidate", in<policy::Canary>([](auto& s) { s.candidate = "v3"; })},
    {"Canary.steps", in<policy::Canary>([](auto& s) { s.steps[1].pause.duration = 2min; })},
    {"Canary.pace", in<policy::Canary>([](auto& s) { s.pace = policy::Pace::Evidence; })},
    {"Canary.audience", in<policy::Canary>([](auto& s) { s.audience.clear(); })},
    {"Rolling.stable", in<policy::Rolling>([](auto& s) { s.stable = "v3"; })},
    {"Rolling.candidate", in<policy::Rolling>([](auto& s) { s.candidate = "v3"; })},
    {"Rolling.replace", in<policy::Rolling>([](auto& s) { s.replace = policy::Replace::Webhook; })},
    {"Rolling.repository", in<policy::Rolling>([](auto& s) { s.repository->candidate_parameters["v"] = "2"; })},
    {"BlueGreen.active", in<policy::BlueGreen>([](auto& s) { s.active = "v3"; })},
    {"BlueGreen.preview", in<policy::BlueGreen>([](auto& s) { s.preview = "v3"; })},
};

/// Of everyone, whatever the strategy.
const std::map<std::string, Change> starting_everywhere{
    {"Version.name", [](auto& route) { route.versions[1].name = "v3"; }},
    {"Unit.header", [](auto& route) { route.unit.name = "x-session"; }},
    {"Unit.cookie", [](auto& route) { route.unit.source = policy::UnitSource::Cookie; }},
    {"Unit.queryParam", [](auto& route) { route.unit.source = policy::UnitSource::QueryParam; }},
    {"Unit.jsonPointer", [](auto& route) { route.unit.source = policy::UnitSource::JsonPointer; }},
    {"Unit.clientAddress", [](auto& route) { route.unit.source = policy::UnitSource::ClientAddress; }},
    {"Unit.request", [](auto& route) { route.unit.source = policy::UnitSource::Request; }},
    {"Unit.salt", [](auto& route) { route.unit.salt = "again"; }},
    {"ModelRoute.versions", [](auto& route) { route.versions.emplace_back().name = "v3"; }},
    {"ModelRoute.unit",
     [](auto& route) {
       route.unit = {policy::UnitSource::Cookie, "session", "x"};
     }},
    {"ModelRoute.strategy", [](auto& route) { route.strategy = std::monostate{}; }},
};

TEST(Fingerprint, HasSixteenHexadecimalDigits) {
  const std::string made = fingerprint(route_with({"v1"}));
  EXPECT_EQ(made.size(), 16U);
  EXPECT_EQ(made.find_first_not_of("0123456789abcdef"), std::string::npos) << made;
}

TEST(Fingerprint, IsAnotherForEveryFieldThatStartsARollout) {
  for (const auto& [field, change] : starting) {
    std::string owner = field.substr(0, field.find('.'));
    if (owner == "ShadowCandidate") owner = "Shadow";
    if (owner == "Variant") owner = "AbTest";
    auto route = route_of(owner);
    const std::string before = fingerprint(route);
    change(route);
    EXPECT_NE(fingerprint(route), before) << field;
  }
  for (const auto& [field, change] : starting_everywhere) {
    for (const auto& [strategy, spec] : strategies()) {
      auto route = route_of(strategy);
      const std::string before = fingerprint(route);
      change(route);
      EXPECT_NE(fingerprint(route), before) << field << " with " << strategy;
    }
  }
}

TEST(Fingerprint, CoversWhateverTheSchemaSaysStartsARollout) {
  // Another name is another route.
  const std::set<std::string> not_covered{"Metadata.name"};
  for (const policy::Type* type : policy::object_types()) {
    for (const auto& field : type->object->fields) {
      const std::string name = type->object->name + "." + field.name;
      if (field.change != policy::Change::NewRollout || not_covered.contains(name)) continue;
      EXPECT_TRUE(starting.contains(name) || starting_everywhere.contains(name)) << name;
    }
  }
}

TEST(Fingerprint, CoversEachStage) {
  const auto before = route_of("stages");
  for (const std::size_t stage : {0U, 1U}) {
    auto route = before;
    auto& strategy = std::get<policy::Stages>(route.strategy).stages[stage].strategy;
    if (stage == 0) std::get<policy::Canary>(strategy).steps[0].weight = 6;
    if (stage == 1) std::get<policy::AbTest>(strategy).control = "v2";
    EXPECT_NE(fingerprint(route), fingerprint(before)) << stage;
  }
  auto shorter = before;
  std::get<policy::Stages>(shorter.strategy).stages.pop_back();
  EXPECT_NE(fingerprint(shorter), fingerprint(before));
}

TEST(Fingerprint, IsTheSameForEveryOtherField) {
  const std::map<std::string, std::vector<Change>> others{
      {"Shadow",
       {in<policy::Shadow>([](auto& s) { s.candidates[0].percent = 99; }),
        in<policy::Shadow>([](auto& s) { s.budget.requests = 7; }),
        in<policy::Shadow>([](auto& s) { s.compare.emplace(); }),
        in<policy::Shadow>([](auto& s) { s.select.deduplicate = 1h; }),
        in<policy::Shadow>([](auto& s) { s.analysis.emplace(); }),
        in<policy::Shadow>([](auto& s) { s.stop_when = policy::ShadowStop::Conclusive; })}},
      {"AbTest",
       {in<policy::AbTest>([](auto& s) { s.variants[0].weight = 9; }),
        in<policy::AbTest>([](auto& s) { s.guardrails.emplace_back(); }),
        in<policy::AbTest>([](auto& s) { s.max_duration = 1h; })}},
      {"Bandit", {in<policy::Bandit>([](auto& s) { s.minimum_share = Ratio{0.05}; }), in<policy::Bandit>([](auto& s) {
                    s.stop_when.emplace();
                  })}},
      {"Canary",
       {in<policy::Canary>([](auto& s) { s.max_weight = 20; }),
        in<policy::Canary>([](auto& s) { s.analysis->min_requests = 7; }),
        in<policy::Canary>([](auto& s) { s.harm_budget = 7; }),
        in<policy::Canary>([](auto& s) { s.parachute = false; }),
        in<policy::Canary>([](auto& s) { s.on_failure = policy::OnFailure::Hold; }),
        in<policy::Canary>([](auto& s) { s.progress_deadline = 1h; }),
        in<policy::Canary>([](auto& s) { s.keep_warm = 1h; }),
        in<policy::Canary>([](auto& s) { s.webhooks.emplace_back(); }),
        in<policy::Canary>([](auto& s) { s.steps[0].position.line = 7; }),
        in<policy::Canary>([](auto& s) { s.audience[0].headers[0].position.line = 7; })}},
      {"Rolling",
       {in<policy::Rolling>([](auto& s) { s.min_ready = 1h; }),
        in<policy::Rolling>([](auto& s) { s.max_surge.count = 2; }),
        in<policy::Rolling>([](auto& s) { s.rollback_batch = Ratio{0.5}; })}},
      {"BlueGreen",
       {in<policy::BlueGreen>([](auto& s) { s.keep_warm = 1h; }),
        in<policy::BlueGreen>([](auto& s) { s.auto_promote.enabled = true; }),
        in<policy::BlueGreen>([](auto& s) { s.preview_match.emplace(); })}},
      {"stages", {in<policy::Stages>([](auto& s) { s.stages[0].at_least = 1h; }), in<policy::Stages>([](auto& s) {
                    s.stages[0].until = policy::StageEnd::Approved;
                  })}},
  };
  for (const auto& [strategy, changes] : others) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      auto route = route_of(strategy);
      const std::string before = fingerprint(route);
      changes[i](route);
      EXPECT_EQ(fingerprint(route), before) << strategy << ", change " << i;
    }
  }
  const std::vector<Change> of_the_route{
      [](auto& route) { route.versions[0].endpoints.emplace_back(); },
      [](auto& route) { route.matches.push_back(header_match("x", "1")); },
      [](auto& route) { route.timeouts.request = 1s; },
      [](auto& route) { route.retry.attempts = 7; },
      [](auto& route) { route.drift.emplace(); },
      [](auto& route) { route.versions[0].position.line = 12; },
  };
  for (const auto& change : of_the_route) {
    auto route = route_of("Canary");
    const std::string before = fingerprint(route);
    change(route);
    EXPECT_EQ(fingerprint(route), before);
  }
}

TEST(Fingerprint, IsTheSameInWhateverOrderTheVersionsStand) {
  for (const auto& [strategy, spec] : strategies()) {
    auto route = route_of(strategy);
    const std::string before = fingerprint(route);
    std::reverse(route.versions.begin(), route.versions.end());
    EXPECT_EQ(fingerprint(route), before) << strategy;
  }
}

TEST(Fingerprint, DoesNotMixUpWhatStandsSideBySide) {
  auto route = route_of("Bandit");
  auto& bandit = std::get<policy::Bandit>(route.strategy);
  bandit.arms = {"ab", "c"};
  const std::string before = fingerprint(route);
  bandit.arms = {"a", "bc"};
  EXPECT_NE(fingerprint(route), before);
}

TEST(Fingerprint, DoesNotHangOnWhatIsReportedNorForHowLong) {
  for (const auto& [strategy, spec] : strategies()) {
    auto route = route_of(strategy);
    const std::string before = fingerprint(route);
    route.outcomes.emplace_back().name = "another";
    route.outcomes.back().attribution_window = std::chrono::hours(99);
    EXPECT_EQ(fingerprint(route), before) << strategy;
  }
}

TEST(Fingerprint, OfARouteWithoutAStrategyDoesNotHangOnTheUnit) {
  auto route = route_with({"v1"});
  const std::string before = fingerprint(route);
  route.unit.salt = "again";
  EXPECT_EQ(fingerprint(route), before);
}

}  // namespace
}  // namespace sluice::strategy
