#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/exact_threshold.hpp"
#include "sluice/stats/relative_risk.hpp"

/// What the e-process of relative risks promises and how fast it decides, by simulation with fixed seeds.
namespace sluice::stats {
namespace {

struct Release {
  double base_rate = 0.01;
  double risk = 1;
  double share = 0.05;
};

/// Draws requests until the next event without drawing each: geometric in all, then whose it is.
struct Events {
  explicit Events(std::uint64_t seed) : random(seed) {}
  bool next(const Release& release) {
    const double rate = release.base_rate * (1 + release.share * (release.risk - 1));
    requests += 1 + static_cast<std::uint64_t>(std::log(1 - random.uniform()) / std::log1p(-rate));
    return random.uniform() < event_share(release.share, release.risk);
  }
  Random random;
  std::uint64_t requests = 0;
};

/// Mean requests until E reaches the threshold, looking at every event.
double mean_requests_to_detect(const Release& release, double log_threshold, int runs) {
  double sum = 0;
  for (int run = 0; run < runs; ++run) {
    Events events(static_cast<std::uint64_t>(run) + 1);
    RelativeRisk risk;
    do {
      risk.add(release.share, events.next(release) ? 1 : 0, 1);
    } while (risk.log_e() < log_threshold);
    sum += static_cast<double>(events.requests);
  }
  return sum / runs;
}

TEST(AnytimeValidity, HoldsOverAThousandLooksWithARampAndADriftingRate) {
  // The rate of errors quadruples while the share goes from 5 to 50 %: a pooled test sees "worse" in most such runs.
  Random random(61);
  constexpr int runs = 400;
  int alarms = 0;
  int pooled_alarms = 0;
  for (int run = 0; run < runs; ++run) {
    RelativeRisk risk;
    double errors[2] = {0, 0};
    double requests[2] = {0, 0};
    bool alarm = false;
    for (int look = 0; look < 1000; ++look) {
      const double along = look / 1000.0;
      const double rate = 0.01 + 0.03 * along;
      const double share = look < 500 ? 0.05 : 0.5;
      std::poisson_distribution<std::uint64_t> of_candidate(20 * share * rate);
      std::poisson_distribution<std::uint64_t> of_stable(20 * (1 - share) * rate);
      const auto candidate = of_candidate(random);
      const auto stable = of_stable(random);
      risk.add(share, candidate, candidate + stable);
      alarm = alarm || risk.log_e() >= std::log(20);
      errors[0] += static_cast<double>(stable);
      errors[1] += static_cast<double>(candidate);
      requests[0] += 20 * (1 - share);
      requests[1] += 20 * share;
    }
    alarms += alarm ? 1 : 0;
    const double gap = errors[1] / requests[1] - errors[0] / requests[0];
    const double error = std::sqrt(errors[1]) / requests[1];
    pooled_alarms += gap > 1.645 * error ? 1 : 0;
  }
  // A standard error is 1.1 %.
  EXPECT_LE(alarms, runs * 5 / 100);
  EXPECT_GT(pooled_alarms, runs * 20 / 100);
}

TEST(AnytimeValidity, HoldsWhereTheShareFollowsTheData) {
  // A bandit that sends more to whoever has fewer errors so far.
  Random random(62);
  constexpr int runs = 1000;
  int alarms = 0;
  int interval_lost = 0;
  for (int run = 0; run < runs; ++run) {
    RelativeRisk risk(RiskPrior::Larger);
    double share = 0.5;
    bool alarm = false;
    for (int look = 0; look < 300 && !alarm; ++look) {
      std::uint64_t candidate = 0;
      for (int event = 0; event < 2; ++event) candidate += random.uniform() < share ? 1 : 0;
      risk.add(share, candidate, 2);
      share = std::clamp(share + (candidate == 2 ? -0.05 : 0.02), 0.05, 0.95);
      alarm = risk.log_e() >= std::log(20);
      if (look % 50 != 49) continue;
      const auto found = risk.interval(0.05);
      if (found.lower > 1 || found.upper < 1) {
        ++interval_lost;
        break;
      }
    }
    alarms += alarm ? 1 : 0;
  }
  EXPECT_LE(alarms, runs * 6 / 100);
  EXPECT_LE(interval_lost, runs * 5 / 100);
}

TEST(AnytimeValidity, IsTightWithAnExactThreshold) {
  const RelativeRisk fresh;
  const auto plan = exact_threshold(fresh, 0.05, 0.05, 1000);
  constexpr int runs = 2000;
  int alarms = 0;
  for (int run = 0; run < runs; ++run) {
    Events events(static_cast<std::uint64_t>(run) + 5000);
    RelativeRisk risk;
    for (int event = 0; event < 1000; ++event) {
      risk.add(0.05, events.next({}) ? 1 : 0, 1);
      if (risk.log_e() < plan.log_within) continue;
      ++alarms;
      break;
    }
  }
  // A standard error is 0.5 %.
  RecordProperty("alarms_in_2000", alarms);
  EXPECT_LE(alarms, runs * 5 / 100);
  EXPECT_GE(alarms, runs * 3 / 100);
}

TEST(TimeToDetect, OfAFiftyPercentRiseIsWhatItShouldBe) {
  const auto plan = exact_threshold(RelativeRisk(), 0.05, 0.05, kUsualHorizon);
  const double found = mean_requests_to_detect({0.01, 1.5, 0.05}, plan.log_within, 400);
  RecordProperty("mean_requests", static_cast<int>(found));
  EXPECT_LE(found, 84'849 * 1.05);  // of 400 runs a standard error is 3.5 %
  EXPECT_GE(found, 84'849 * 0.85);
}

TEST(TimeToDetect, OfAFivefoldRiseIsWhatItShouldBe) {
  const auto plan = exact_threshold(RelativeRisk(), 0.05, 0.05, kUsualHorizon);
  const double exact = mean_requests_to_detect({0.01, 5, 0.05}, plan.log_within, 2000);
  const double plain = mean_requests_to_detect({0.01, 5, 0.05}, std::log(20), 2000);
  RecordProperty("mean_requests", static_cast<int>(exact));
  RecordProperty("mean_requests_plain", static_cast<int>(plain));
  EXPECT_LE(exact, 1895 * 1.05);  // of 2 000 runs a standard error is 1.5 %
  EXPECT_GE(exact, 1895 * 0.9);
  EXPECT_LT(exact, plain * 0.92);
}

TEST(HealthyCandidate, IsAcceptedAlmostAlways) {
  const RelativeRisk fresh;
  const auto plan = exact_threshold(fresh, 0.05, 0.05, kUsualHorizon);
  constexpr int runs = 2000;
  int accepted = 0;
  std::uint64_t requests = 0;
  for (int run = 0; run < runs; ++run) {
    Events events(static_cast<std::uint64_t>(run) + 9000);
    RelativeRisk risk;
    for (;;) {
      risk.add(0.05, events.next({}) ? 1 : 0, 1);
      if (risk.log_e() >= plan.log_threshold(risk)) break;
      if (risk.log_e_accept(2) < std::log(20)) continue;
      ++accepted;
      requests += events.requests;
      break;
    }
  }
  RecordProperty("accepted_of_2000", accepted);
  RecordProperty("mean_requests_to_accept", static_cast<int>(requests / std::max(accepted, 1)));
  EXPECT_GE(accepted, runs * 95 / 100);
}

TEST(WorseCandidate, IsSeldomAcceptedAsHealthy) {
  constexpr int runs = 500;
  int accepted = 0;
  for (int run = 0; run < runs; ++run) {
    Events events(static_cast<std::uint64_t>(run) + 20'000);
    RelativeRisk risk;
    for (int event = 0; event < 1000; ++event) {
      risk.add(0.05, events.next({0.01, 2, 0.05}) ? 1 : 0, 1);
      if (risk.log_e() >= std::log(20)) break;
      if (risk.log_e_accept(2) < std::log(20)) continue;
      ++accepted;
      break;
    }
  }
  EXPECT_LE(accepted, runs * 7 / 100);
}

}  // namespace
}  // namespace sluice::stats
