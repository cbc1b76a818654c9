// What evidence from pairs costs: a look at one candidate has some hundred microseconds, a pair some hundred
// nanoseconds beside being compared.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/drift.hpp"
#include "sluice/stats/pair_tally.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/stats/replay.hpp"

namespace sluice::stats {
namespace {

const std::array<WeightedPairs, 2> weighted_pairs = {{{1, 4000, 20}, {0.1, 3000, 90}}};
const std::array<DiscordantPairs, 2> discordant_pairs = {{{1, 4000, 20, 9}, {0.1, 3000, 30, 12}}};

void weighted_agreement(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(log_e_agreement(weighted_pairs, 0.01));
}
BENCHMARK(weighted_agreement);

void paired_above(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(log_e_paired_above(discordant_pairs, 0.01));
}
BENCHMARK(paired_above);

void disagreement_interval(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(disagreement_confidence(weighted_pairs, 0.05));
}
BENCHMARK(disagreement_interval)->Unit(benchmark::kMicrosecond);

void paired_interval(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(paired_difference(discordant_pairs, 0.05));
}
BENCHMARK(paired_interval)->Unit(benchmark::kMicrosecond);

/// Answers that differ by a factor of up to e^4 from request to request.
std::vector<std::pair<Duration, Duration>> answer_times() {
  Random random(1);
  std::vector<std::pair<Duration, Duration>> times;
  for (int i = 0; i < 65536; ++i) {
    const double difficulty = 1e6 * std::exp(4 * random.uniform());
    const auto draw = [&] { return Duration(static_cast<std::int64_t>(difficulty * (1 + random.uniform()))); };
    const Duration live = draw();
    times.emplace_back(live, draw());
  }
  return times;
}

void joint_latency_add(benchmark::State& state) {
  const auto times = answer_times();
  JointLatency joint;
  std::size_t next = 0;
  for (auto _ : state) {
    const auto& pair = times[next++ % times.size()];
    joint.add(pair.first, pair.second);
  }
  benchmark::DoNotOptimize(joint);
}
BENCHMARK(joint_latency_add);

void joint_latency_look(benchmark::State& state) {
  PairTally tally;
  for (const auto& [live, candidate] : answer_times()) tally.stratum(1).joint.add(live, candidate);
  for (auto _ : state) {
    const auto copy = tally;
    benchmark::DoNotOptimize(copy.slower(std::chrono::milliseconds(10), std::chrono::milliseconds(12)));
  }
}
BENCHMARK(joint_latency_look)->Unit(benchmark::kMicrosecond);

const std::vector<std::uint64_t> score_counts = {100, 110, 90, 95, 105, 100, 120, 80, 101, 99};
const std::vector<std::uint64_t> reference_counts(10, 200);

void drift_unlike(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(log_e_unlike(score_counts, reference_counts, 0.3));
}
BENCHMARK(drift_unlike)->Unit(benchmark::kMicrosecond);

void drift_moved(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(log_e_moved(score_counts, reference_counts, 0.05));
}
BENCHMARK(drift_moved)->Unit(benchmark::kMicrosecond);

void drift_distance(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(distance_confidence(score_counts, reference_counts, 0.05, false));
}
BENCHMARK(drift_distance)->Unit(benchmark::kMicrosecond);

void replay(benchmark::State& state) {
  ReplayTally tally;
  for (int i = 0; i < 1000; ++i) tally.note(i % 3 == 0 ? 0.5 : 1, i % 9 != 0, i % 4 == 0 ? 1 : 0);
  for (auto _ : state) benchmark::DoNotOptimize(replay_estimate(tally, true, 0.05, 1000));
}
BENCHMARK(replay)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::stats
