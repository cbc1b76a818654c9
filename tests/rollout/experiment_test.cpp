#include "sluice/rollout/experiment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sluice/base/stable_hash.hpp"

namespace sluice::rollout {
namespace {

/// With few replications: what is wished must hold give or take the Monte-Carlo error, which is then large.
ExperimentResult result_of(const std::string& name, std::size_t replications, const Parameters& overrides = {}) {
  const Experiment* experiment = find_experiment(name);
  EXPECT_NE(experiment, nullptr) << name;
  if (experiment == nullptr) return {};
  auto result = run_experiment(*experiment, overrides, 1, replications);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? std::move(result).value() : ExperimentResult{};
}

/// A made-up experiment that brings out what it is told.
Experiment made_up(FigureSpec figure, std::function<double(std::uint64_t)> value) {
  Experiment made;
  made.name = "made-up";
  made.parameters = {{"factor", 1, ""}};
  made.replications = 101;
  made.figures = {std::move(figure)};
  made.prepare = [value = std::move(value)](const Parameters& p) -> Result<Trial> {
    return Trial(
        [value, factor = p.at("factor")](std::uint64_t seed) { return std::vector<double>{factor * value(seed)}; });
  };
  return made;
}

TEST(Experiment, NamesAreUniqueAndAllCanBePrepared) {
  std::set<std::string> names;
  for (const auto& experiment : experiments()) {
    EXPECT_TRUE(names.insert(experiment.name).second) << experiment.name;
    Parameters parameters;
    for (const auto& one : experiment.parameters) {
      EXPECT_TRUE(parameters.emplace(one.name, one.value).second) << one.name;
    }
    const auto trial = experiment.prepare(parameters);
    EXPECT_TRUE(trial) << experiment.name << ": " << (trial ? "" : trial.error().message);
    EXPECT_GT(experiment.replications, 0U);
    EXPECT_FALSE(experiment.figures.empty());
  }
}

TEST(Experiment, IsTheSameForTheSameSeedOnAnyNumberOfCores) {
  const auto one = result_of("detect-5x", 50);
  const auto same = result_of("detect-5x", 50);
  EXPECT_EQ(one.figures.front().value, same.figures.front().value);
  const auto other = run_experiment(*find_experiment("detect-5x"), {}, 2, 50);
  ASSERT_TRUE(other);
  EXPECT_NE(one.figures.front().value, other->figures.front().value);
}

TEST(Experiment, AMeanHasItsStandardError) {
  const auto made =
      made_up({"x", FigureSpec::Summary::Mean, 1.0, {}}, [](std::uint64_t seed) { return seed % 2 == 0 ? 0.0 : 2.0; });
  const auto result = run_experiment(made, {}, 2, 400);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->figures[0].value, 1, 0.2);
  EXPECT_NEAR(result->figures[0].error, 1 / std::sqrt(400.0), 0.005);
  EXPECT_TRUE(result->figures[0].is_met());
}

TEST(Experiment, WhatIsMissingCountsAsNeverInAMedianAndIsLeftOutOfAMean) {
  const auto third = [](std::uint64_t seed) { return mix_bits(seed) % 3 == 0 ? 5.0 : nothing; };
  const auto median = run_experiment(made_up({"x", FigureSpec::Summary::Median, 9.0, {}}, third), {}, 1);
  ASSERT_TRUE(median);
  EXPECT_TRUE(std::isinf(median->figures[0].value));
  EXPECT_FALSE(median->figures[0].is_met());
  const auto mean = run_experiment(made_up({"x", FigureSpec::Summary::Mean, 9.0, {}}, third), {}, 1);
  ASSERT_TRUE(mean);
  EXPECT_EQ(mean->figures[0].value, 5);
  EXPECT_NEAR(static_cast<double>(mean->figures[0].missing), 67, 20);
}

TEST(Experiment, ChangedParametersHaveNoWishesAndUnknownOnesAreRefused) {
  const auto made = made_up({"x", FigureSpec::Summary::Mean, 1.0, {}}, [](std::uint64_t) { return 1.0; });
  const auto own = run_experiment(made, {}, 1);
  const auto changed = run_experiment(made, {{"factor", 50}}, 1);
  ASSERT_TRUE(own && changed);
  EXPECT_EQ(own->figures[0].at_most, 1.0);
  EXPECT_EQ(changed->figures[0].value, 50);
  EXPECT_EQ(changed->figures[0].at_most, std::nullopt);
  EXPECT_TRUE(changed->figures[0].is_met());
  EXPECT_FALSE(run_experiment(made, {{"divisor", 2}}, 1));
}

TEST(Experiment, WhatCannotBeIsRefused) {
  EXPECT_FALSE(run_experiment(*find_experiment("regret-easy"), {{"arm2", -1}}, 1, 1)) << "one arm";
  EXPECT_FALSE(run_experiment(*find_experiment("bandit-easy"), {{"floor", 7}}, 1, 1)) << "no policy";
  EXPECT_EQ(find_experiment("nonsense"), nullptr);
}

// The rows of the table "what good looks like", smaller.

struct Row {
  const char* name;
  std::size_t replications;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class GoodDecisions : public ::testing::TestWithParam<Row> {};

TEST_P(GoodDecisions, AreAsGoodAsWished) {
  for (const auto& figure : result_of(GetParam().name, GetParam().replications).figures) {
    EXPECT_TRUE(figure.is_met()) << figure.name << " " << figure.value << " ± " << figure.error << ", wished "
                                 << figure.at_least.value_or(nothing) << " … " << figure.at_most.value_or(nothing);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, GoodDecisions,
                         ::testing::Values(Row{"false-alarms", 300}, Row{"detect-1.5x", 100}, Row{"detect-5x", 300},
                                           Row{"accepted", 200}, Row{"latency-shift", 200}, Row{"latency-tail", 100},
                                           Row{"split-dead-arm", 100}, Row{"split-sound", 100}, Row{"regret-easy", 20},
                                           Row{"regret-hard", 10}, Row{"delayed-better", 5}, Row{"shadow-identical", 1},
                                           Row{"shadow-at-limit", 200}, Row{"canary-detect-5x", 20},
                                           Row{"canary-detect-1.5x", 20}, Row{"canary-broken-split", 3},
                                           Row{"ab-winner", 5}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

TEST(Experiment, WhoLooksAtTheRequestsLosesLess) {
  const auto figures = result_of("bandit-context", 10).figures;
  EXPECT_LT(figures[0].value, figures[1].value / 2) << figures[0].value;
  EXPECT_NEAR(figures[1].value, figures[2].value, figures[2].value / 5) << "no arm is better on the whole";
}

TEST(Experiment, AStrongerEffectIsSeenSooner) {
  const double five = result_of("detect-5x", 200).figures[0].value;
  const double ten = result_of("detect-5x", 200, {{"risk", 10}}).figures[0].value;
  EXPECT_LT(ten, five * 0.7);
}

}  // namespace
}  // namespace sluice::rollout
