#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "sluice/policy/reader.hpp"
#include "sluice/rollout/simulation.hpp"

namespace sluice::rollout {

/// A route "fraud" with v1 and v2 and this strategy, written on one line.
inline policy::ModelRoute route_with(std::string_view strategy) {
  const std::array<policy::Source, 1> sources{
      policy::Source{"test.yaml",
                     "apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: fraud}\nspec:\n"
                     "  versions:\n    - {name: v1, endpoints: [\"http://127.0.0.1:9001\"]}\n"
                     "    - {name: v2, endpoints: [\"http://127.0.0.1:9101\"]}\n  strategy: " +
                         std::string(strategy) + "\n"}};
  auto reading = policy::read(sources);
  EXPECT_TRUE(reading.ok()) << (reading.problems.empty() ? "" : policy::describe(reading.problems.front()));
  return reading.ok() && !reading.set.routes.empty() ? reading.set.routes.front() : policy::ModelRoute{};
}

/// 10 % for five minutes, then 50 %; at most one percentage point more errors than stable.
inline constexpr std::string_view usual_canary =
    "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {duration: 5m}}, {setWeight: 50}], "
    "analysis: {checks: [{metric: error-rate, versusStable: {margin: 1%}}]}}}";

inline Scenario scenario_of(std::string_view strategy, Injections injections = {}) {
  Scenario scenario;
  scenario.route = route_with(strategy);
  scenario.traffic.injections = std::move(injections);
  return scenario;
}

inline Injection errors(double rate, Duration after = Duration::zero()) {
  return {rate, std::nullopt, after};
}

inline Run run_of(const Scenario& scenario, std::uint64_t seed = 1) {
  auto run = simulate(scenario, seed);
  EXPECT_TRUE(run) << (run ? "" : run.error().message);
  return run ? std::move(run).value() : Run{};
}

}  // namespace sluice::rollout
