// What evidence costs a tick: 64 routes × 16 versions × 10 checks must fit 20 ms, so a look has two microseconds.
#include <benchmark/benchmark.h>

#include <array>

#include "sluice/stats/exact_plan.hpp"
#include "sluice/stats/exact_threshold.hpp"
#include "sluice/stats/exceedance.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/stats/proportion_confidence.hpp"
#include "sluice/stats/sample_ratio.hpp"

namespace sluice::stats {
namespace {

void relative_risk_add(benchmark::State& state) {
  RelativeRisk risk;
  for (auto _ : state) risk.add(0.05, 1, 20);
  benchmark::DoNotOptimize(risk);
}
BENCHMARK(relative_risk_add);

void relative_risk_log_e(benchmark::State& state) {
  RelativeRisk risk;
  risk.add(0.05, 12, 100);
  for (auto _ : state) benchmark::DoNotOptimize(risk.log_e());
}
BENCHMARK(relative_risk_log_e);

void relative_risk_accept(benchmark::State& state) {
  RelativeRisk risk;
  risk.add(0.05, 12, 100);
  for (auto _ : state) benchmark::DoNotOptimize(risk.log_e_accept(2));
}
BENCHMARK(relative_risk_accept);

void relative_risk_interval(benchmark::State& state) {
  RelativeRisk risk;
  for (int i = 1; i <= state.range(0); ++i) risk.add(0.03 * i, 12, 100);
  for (auto _ : state) benchmark::DoNotOptimize(risk.interval(0.05));
}
BENCHMARK(relative_risk_interval)->Arg(1)->Arg(24);

void exceedance_look(benchmark::State& state) {
  Histogram histogram;
  for (int i = 1; i < 1000; ++i) histogram.record(std::chrono::microseconds(50 * i));
  Exceedance slow(*freeze_slow_limits(histogram, 0.1));
  for (auto _ : state) {
    slow.add(0.05, histogram, histogram);
    benchmark::DoNotOptimize(slow.log_e());
  }
}
BENCHMARK(exceedance_look);

void sample_ratio_look(benchmark::State& state) {
  SampleRatio ratio(4);
  const std::array<double, 4> shares = {0.7, 0.1, 0.1, 0.1};
  const std::array<std::uint64_t, 4> counts = {70, 10, 9, 11};
  for (auto _ : state) {
    ratio.add(shares, counts);
    benchmark::DoNotOptimize(ratio.log_e());
  }
}
BENCHMARK(sample_ratio_look);

void proportion_above(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(log_e_above(0.01, 30, 2000, 100));
}
BENCHMARK(proportion_above);

void proportion_interval_two_sided(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(proportion_confidence(30, 2000, 0.05, 1000));
}
BENCHMARK(proportion_interval_two_sided);

void proportion_limit_one_sided(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(proportion_upper(30, 2000, 0.05, 1000));
}
BENCHMARK(proportion_limit_one_sided);

void pairs_look(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(log_e_agreement({300, 1}, 0.01));
}
BENCHMARK(pairs_look);

void exact_threshold_plan(benchmark::State& state) {
  const RelativeRisk fresh;
  for (auto _ : state) {
    benchmark::DoNotOptimize(exact_threshold(fresh, static_cast<double>(state.range(0)) / 100, 0.05,
                                             static_cast<std::uint64_t>(state.range(1))));
  }
}
BENCHMARK(exact_threshold_plan)->Args({5, 1000})->Args({5, 10'000})->Args({50, 10'000})->Unit(benchmark::kMillisecond);

/// A plan from the state that a check is in after a thousand events at so many percent.
void exact_plan_made(benchmark::State& state) {
  const double share = static_cast<double>(state.range(0)) / 100;
  RiskSums sums{};
  add_risk(sums, {}, share,
           {static_cast<std::uint64_t>(1000 * share), static_cast<std::uint64_t>(1000 * (1 - share)), 0});
  ExactPlan fresh;
  open_plan(fresh, 0.045, {}, sums);
  for (auto _ : state) {
    ExactPlan plan = fresh;
    make_plan(plan, {}, share, sums);
    benchmark::DoNotOptimize(plan);
  }
}
BENCHMARK(exact_plan_made)->Arg(1)->Arg(5)->Arg(50)->Unit(benchmark::kMillisecond);

void exact_plan_left(benchmark::State& state) {
  RiskSums sums{};
  ExactPlan made;
  open_plan(made, 0.045, {}, sums);
  make_plan(made, {}, 0.05, sums);
  add_risk(sums, {}, 0.05, {50, 950, 0});
  pass_steps(made, 1000);
  for (auto _ : state) {
    ExactPlan plan = made;
    leave_plan(plan, {}, sums);
    benchmark::DoNotOptimize(plan);
  }
}
BENCHMARK(exact_plan_left)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::stats
