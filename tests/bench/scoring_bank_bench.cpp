// What a decision by context costs: the shares of all arms, exact propensities included, and one draw from them.
// Run: build/bench/bin/scoring_bank_bench

#include <benchmark/benchmark.h>

#include "sluice/stats/scoring_bank.hpp"

namespace sluice::stats {
namespace {

std::vector<LinearPosterior> learnt(std::size_t arms, std::size_t features) {
  Random random(1);
  std::vector<LinearMoments> moments(arms, LinearMoments(features));
  std::vector<float> context(features);
  for (int i = 0; i < 4000; ++i) {
    for (float& value : context) value = static_cast<float>(random.uniform());
    moments[random.below(arms)].add(context, random.uniform());
  }
  const LinearPrior prior = pooled_linear_prior(moments);
  std::vector<LinearPosterior> posteriors;
  for (const auto& arm : moments) posteriors.push_back(linear_posterior(arm, prior));
  return posteriors;
}

void decide_by_context(benchmark::State& state) {
  Random random(2);
  const auto features = static_cast<std::size_t>(state.range(1));
  const ScoringBank bank(learnt(static_cast<std::size_t>(state.range(0)), features), 0.01, {}, random);
  std::vector<float> context(features);
  for (float& value : context) value = static_cast<float>(random.uniform());
  for (auto _ : state) {
    context[0] = static_cast<float>(random.uniform());
    const ContextShares shares = bank.shares(context);
    benchmark::DoNotOptimize(shares.pick(random.uniform()));
  }
}
BENCHMARK(decide_by_context)->Args({2, 4})->Args({2, 16})->Args({8, 16})->Args({16, 16});

void refresh_bank(benchmark::State& state) {
  const auto posteriors = learnt(static_cast<std::size_t>(state.range(0)), 16);
  Random random(3);
  for (auto _ : state) benchmark::DoNotOptimize(ScoringBank(posteriors, 0.01, {}, random));
}
BENCHMARK(refresh_bank)->Arg(8);

}  // namespace
}  // namespace sluice::stats
