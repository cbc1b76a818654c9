// What pairs of answers cost beside their comparison: handing one over to the comparing thread, adding it up, making a
// body ready for people. The target is 100 ns for a worker. Run: build/bench/bin/evaluation_bench

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/compare/candidate_sums.hpp"
#include "sluice/compare/evaluation.hpp"
#include "sluice/compare/pair_lanes.hpp"
#include "sluice/compare/redaction.hpp"
#include "sluice/compare/route_rules.hpp"

namespace sluice::compare {
namespace {

Answer small_answer() {
  Answer made;
  made.status = 200;
  made.complete = true;
  made.latency = 0.01F;
  made.body = R"({"model_name":"fraud","outputs":[{"name":"score","shape":[1],"datatype":"FP32","data":[0.25]}]})";
  return made;
}

AnswerPair small_pair() {
  AnswerPair made;
  made.route = route_hash("fraud");
  made.window = 1;
  made.other = 1;
  made.live_answer = std::make_shared<const Answer>(small_answer());
  made.other_answer = small_answer();
  return made;
}

/// The worker's part alone, while the other thread is awake: in rounds of a full lane.
void handing_over(benchmark::State& state) {
  constexpr std::size_t kPairs = 4096;
  const Memory memory(1);
  PairLanes lanes(1, kPairs, memory);
  for (auto _ : state) {
    std::vector<std::unique_ptr<AnswerPair>> pairs;
    for (std::size_t i = 0; i < kPairs; ++i) pairs.push_back(std::make_unique<AnswerPair>(small_pair()));
    const auto begin = std::chrono::steady_clock::now();
    for (auto& pair : pairs) lanes.note(0, std::move(pair));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(took.count());
    lanes.drop();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kPairs));
}
BENCHMARK(handing_over)->UseManualTime();

/// The other thread's part, all of it: comparing, adding up, freeing.
void evaluating(benchmark::State& state) {
  constexpr std::size_t kPairs = 1024;
  const SystemClock clock;
  Evaluation evaluation(1, clock);
  policy::ModelRoute route;
  route.name = "fraud";
  for (const char* const version : {"v1", "v2"}) route.versions.emplace_back().name = version;
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates.emplace_back().version = "v2";
  shadow.compare = policy::Compare{};
  route.strategy = shadow;
  evaluation.set_routes({route});
  for (auto _ : state) {
    for (std::size_t i = 0; i < kPairs; ++i) evaluation.note(0, std::make_unique<AnswerPair>(small_pair()));
    const auto begin = std::chrono::steady_clock::now();
    evaluation.run_now();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(took.count());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kPairs));
}
BENCHMARK(evaluating)->UseManualTime();

/// A pair that differs in some of so many fields.
void adding_up(benchmark::State& state) {
  Random random(1);
  CandidateSums sums(NoiseFloor(), 0);
  const AnswerPair pair = small_pair();
  std::vector<Comparison> comparisons(1000);
  for (Comparison& one : comparisons) {
    one.compared = true;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      if (random.uniform() < 0.5)
        one.differences.push_back({"/outputs/field" + std::to_string(i), Change::Value, 1, 1});
    }
  }
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sums.add(pair, comparisons[next++ % comparisons.size()]));
}
BENCHMARK(adding_up)->Arg(0)->Arg(2)->Arg(16);

void looking(benchmark::State& state) {
  Random random(1);
  CandidateSums sums(NoiseFloor(), 0);
  const AnswerPair pair = small_pair();
  for (int n = 0; n < 10'000; ++n) {
    Comparison one;
    one.compared = true;
    for (int i = 0; i < 16; ++i) {
      if (random.uniform() < 0.5)
        one.differences.push_back({"/outputs/field" + std::to_string(i), Change::Value, 1, 1});
    }
    sums.add(pair, one);
  }
  Comparison same;
  same.compared = true;
  for (auto _ : state) {
    sums.add(pair, same);
    benchmark::DoNotOptimize(sums.findings(8, {}));
  }
}
BENCHMARK(looking);

void redacting(benchmark::State& state) {
  Redactor redactor;
  Answer answer;
  answer.body = "[";
  while (answer.body.size() < static_cast<std::size_t>(state.range(0))) answer.body += R"({"id":12345,"score":0.25},)";
  answer.body += "0]";
  const std::vector<std::string> pointers{"/*/id"};
  for (auto _ : state) benchmark::DoNotOptimize(redactor.show(answer, pointers, 4096));
}
BENCHMARK(redacting)->Arg(4096)->Arg(1 << 20);

}  // namespace
}  // namespace sluice::compare
