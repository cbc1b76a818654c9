// What holds for many units, routes, salts, weights and seeds at once. All seeds are fixed; bounds are five standard
// deviations, so that a correct program passes and one that is off by a few per cent does not.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "request.hpp"
#include "sluice/traffic/choose.hpp"

namespace sluice::traffic {
namespace {

struct Setup {
  std::string route = "fraud";
  std::string salt;
  std::vector<double> weights;
  std::vector<Mirror> mirrors;
  bool sticky = true;
};

TrafficPlan plan_of(const Setup& setup) {
  PlanSpec spec;
  spec.route = setup.route;
  spec.salt = setup.salt;
  std::vector<Weight> split;
  for (const double weight : setup.weights) {
    split.push_back({static_cast<VersionIndex>(split.size()), weight});
    spec.versions.push_back("v" + std::to_string(split.size()));
  }
  spec.splits = {split};
  spec.otherwise = Target::split(0);
  spec.mirrors = setup.mirrors;
  if (setup.sticky) spec.unit = Field::client_address();
  return *TrafficPlan::build(std::move(spec));
}

/// The choice for unit number i; the unit is the client's address, which is the cheapest to fake.
TrafficChoice choose_for(const TrafficPlan& plan, int i, Random& random) {
  const std::string unit = "user-" + std::to_string(i);
  RequestView view;
  view.client_address = unit;
  return choose(plan, view, random);
}

double bound(double probability, int count) {
  return 5 * std::sqrt(probability * (1 - probability) * count) + 1e-9;
}

void expect_shares(const Setup& setup, std::uint64_t seed) {
  constexpr int requests = 40000;
  const auto plan = plan_of(setup);
  Random random(seed);
  std::vector<int> counts(setup.weights.size());
  for (int i = 0; i < requests; ++i) ++counts[choose_for(plan, i, random).version];
  for (std::size_t v = 0; v < counts.size(); ++v) {
    const double share = plan.target_share(static_cast<VersionIndex>(v));
    EXPECT_NEAR(counts[v], share * requests, bound(share, requests))
        << "version " << v << " of " << counts.size() << ", seed " << seed << ", salt " << setup.salt;
  }
}

const std::vector<std::vector<double>> many_weights{{1},
                                                    {95, 5},
                                                    {50, 50},
                                                    {99.9, 0.1},
                                                    {0, 1, 0},
                                                    {1, 1, 1},
                                                    {5, 90, 5},
                                                    {1, 2, 3, 4, 5},
                                                    {70, 10, 10},
                                                    {0, 60, 40},
                                                    {1e-9, 1, 1e9, 1},
                                                    {3, 1, 4, 1, 5, 9, 2, 6},
                                                    std::vector<double>(16, 1.0),
                                                    std::vector<double>(64, 2.0)};

TEST(ChooseProperties, StickySharesAreTheWeights) {
  for (const auto& weights : many_weights) {
    for (int salt = 0; salt < 3; ++salt) expect_shares({"fraud", std::to_string(salt), weights, {}, true}, 1);
  }
}

TEST(ChooseProperties, RandomSharesAreTheWeights) {
  for (const auto& weights : many_weights) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) expect_shares({"fraud", "", weights, {}, false}, seed);
  }
}

TEST(ChooseProperties, AUnitStaysInTheCandidateAsItsWeightGrows) {
  Random random(1);
  constexpr int units = 20000;
  std::vector<bool> inside(units);
  int members = 0;
  for (int percent = 0; percent <= 50; ++percent) {
    const auto plan = plan_of({"fraud", "", {100.0 - percent, static_cast<double>(percent)}, {}, true});
    int now = 0;
    for (int i = 0; i < units; ++i) {
      const bool is_inside = choose_for(plan, i, random).version == 1;
      ASSERT_TRUE(is_inside || !inside[i]) << "user-" << i << " fell out at " << percent << " %";
      inside[i] = is_inside;
      now += is_inside ? 1 : 0;
    }
    EXPECT_GE(now, members);
    EXPECT_NEAR(now, units * percent / 100.0, bound(percent / 100.0, units));
    members = now;
  }
}

TEST(ChooseProperties, AUnitGetsTheSameVersionWhateverElseHappens) {
  const auto plan = plan_of({"fraud", "", {60, 30, 10}, {{2, 0.5}}, true});
  Random one(1);
  Random other(2);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(choose_for(plan, i, one).version, choose_for(plan, i, other).version);
  }
}

/// The correlation between being in the candidate of one plan and of another.
double correlation(const TrafficPlan& a, const TrafficPlan& b, int units) {
  Random random(1);
  double in_a = 0;
  double in_b = 0;
  double in_both = 0;
  for (int i = 0; i < units; ++i) {
    const double x = choose_for(a, i, random).version;
    const double y = choose_for(b, i, random).version;
    in_a += x;
    in_b += y;
    in_both += x * y;
  }
  const double p = in_a / units;
  const double q = in_b / units;
  return (in_both / units - p * q) / std::sqrt(p * (1 - p) * q * (1 - q));
}

TEST(ChooseProperties, OneRouteSaysNothingAboutAnother) {
  constexpr int units = 20000;
  const auto fraud = plan_of({"fraud", "", {90, 10}, {}, true});
  for (int i = 0; i < 20; ++i) {
    const auto other = plan_of({"route-" + std::to_string(i), "", {90, 10}, {}, true});
    EXPECT_LT(std::abs(correlation(fraud, other, units)), 5 / std::sqrt(units));
  }
  EXPECT_NEAR(correlation(fraud, fraud, units), 1, 1e-9) << "the measure itself";
}

TEST(ChooseProperties, OneSaltSaysNothingAboutAnother) {
  constexpr int units = 20000;
  const auto first = plan_of({"fraud", "", {90, 10}, {}, true});
  for (int i = 0; i < 20; ++i) {
    const auto other = plan_of({"fraud", std::to_string(i), {90, 10}, {}, true});
    EXPECT_LT(std::abs(correlation(first, other, units)), 5 / std::sqrt(units));
  }
}

TEST(ChooseProperties, MirrorsGetTheirShareOfEveryVersionsRequests) {
  constexpr int requests = 60000;
  for (const bool sticky : {true, false}) {
    const auto plan = plan_of({"fraud", "", {50, 50, 0, 0}, {{2, 0.1}, {3, 0.4}}, sticky});
    Random random(3);
    int answered[2] = {};
    int mirrored[2][4] = {};
    int both = 0;
    for (int i = 0; i < requests; ++i) {
      const auto choice = choose_for(plan, i, random);
      ASSERT_LT(choice.version, 2);
      ++answered[choice.version];
      for (int v = 2; v < 4; ++v) mirrored[choice.version][v] += (choice.mirrors >> v & 1) != 0 ? 1 : 0;
      both += choice.mirrors == 0b1100 ? 1 : 0;
    }
    for (int version = 0; version < 2; ++version) {
      EXPECT_NEAR(mirrored[version][2], 0.1 * answered[version], bound(0.1, answered[version]));
      EXPECT_NEAR(mirrored[version][3], 0.4 * answered[version], bound(0.4, answered[version]));
    }
    EXPECT_NEAR(both, 0.04 * requests, bound(0.04, requests)) << "mirrors hang on each other";
  }
}

TEST(ChooseProperties, MirroredUnitsAreNotAlwaysTheSame) {
  const auto plan = plan_of({"fraud", "", {100, 0}, {{1, 0.5}}, true});
  Random random(4);
  int copies = 0;
  for (int i = 0; i < 1000; ++i) copies += choose_for(plan, 7, random).mirrors != 0 ? 1 : 0;
  EXPECT_NEAR(copies, 500, bound(0.5, 1000));
}

TEST(ChooseProperties, ThePropensityIsTheShareOfTheChosenVersion) {
  const std::vector<double> weights{60, 30, 10};
  const auto plan = plan_of({"fraud", "", weights, {}, true});
  Random random(5);
  for (int i = 0; i < 1000; ++i) {
    const auto choice = choose_for(plan, i, random);
    EXPECT_DOUBLE_EQ(choice.propensity, weights.at(choice.version) / 100);
  }
}

}  // namespace
}  // namespace sluice::traffic
