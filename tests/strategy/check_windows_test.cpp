// What a check says once a rollout has had several windows: value and interval of the same data.
#include <gtest/gtest.h>

#include "checks.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

/// A split of 1 to 1 whose windows follow one another.
struct Windows {
  explicit Windows(policy::Check wished) : check(std::move(wished)) {
    world.versions.resize(2);
    world.versions[0].version = "v1";
    world.versions[1].version = "v2";
    world.versions[0].share = world.versions[1].share = 0.5;
    world.counters = 1;
  }
  /// The next window, with so many requests of each and so many failures of the candidate's and of stable's.
  Finding next(std::uint64_t requests, std::uint64_t failures, std::uint64_t of_stable) {
    ++world.window;
    world.versions[1].all.requests = world.versions[0].all.requests = requests;
    world.versions[1].all.failures = failures;
    world.versions[0].all.failures = of_stable;
    return judge_check(check, analysis, gathered, subject_of(world.versions[1], world.versions[0], world, route, "k"),
                       0, WallTime{std::chrono::hours(500'000)});
  }

  policy::Check check;
  policy::Analysis analysis;
  Evidence world;
  CheckEvidence gathered;
  policy::ModelRoute route;
};

TEST(CheckWindows, OfTheFirstWindowValueAndIntervalStandSideBySide) {
  Windows windows(no_worse_by("error-rate", ratio(0.05)));
  const Finding found = windows.next(1000, 30, 20);
  EXPECT_TRUE(found.message.starts_with("error-rate 3% ")) << found.message;
  EXPECT_EQ(found.message.find("in all windows"), std::string::npos) << found.message;
  EXPECT_NE(found.message.find("(95%)"), std::string::npos) << found.message;
}

TEST(CheckWindows, AnIntervalOfTheWholeRolloutHasItsValuesWithIt) {
  Windows windows(no_worse_by("error-rate", ratio(0.05)));
  windows.next(3000, 30, 60);
  const Finding found = windows.next(1000, 50, 20);
  EXPECT_TRUE(found.message.starts_with("error-rate 5% ")) << "this window's: " << found.message;
  EXPECT_NE(found.message.find(", in all windows 2% (n=4 000) against stable's 2% (n=4 000): "), std::string::npos)
      << found.message;
  ASSERT_TRUE(found.proof.lower && found.proof.upper);
  EXPECT_LT(*found.proof.lower, 0);
  EXPECT_GT(*found.proof.upper, 0) << "no difference at all over the rollout lies within";
}

}  // namespace
}  // namespace sluice::strategy
