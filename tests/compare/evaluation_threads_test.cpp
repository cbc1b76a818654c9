#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pair_fixtures.hpp"
#include "sluice/compare/evaluation.hpp"
#include "support/patience.hpp"

namespace sluice::compare {
namespace {

constexpr std::size_t kWorkers = 4;

AnswerPair pair_of_window(Evaluation& evaluation, std::uint64_t number, std::uint64_t window) {
  const auto kept_answer = [&](const std::string& body) {
    Answer answer = answered(body);
    if (!answer.memory.grow(evaluation.memory(), body.size())) {
      answer.out_of_memory = true;
      answer.body.clear();
    }
    return answer;
  };
  AnswerPair pair =
      a_pair(kept_answer(R"({"label":1})"), kept_answer(number % 2 == 0 ? R"({"label":1})" : R"({"label":2})"));
  pair.window = window;
  pair.nonce = number + 1;
  pair.at = SystemClock().wall_now();
  pair.request_id = std::to_string(number);
  return pair;
}

policy::ModelRoute busy_route() {
  policy::ModelRoute route = shadow_route();
  compare_in(route).keep = policy::KeepPairs{};
  route.outcomes.emplace_back().name = "click";
  return route;
}

std::uint64_t compared_by(const Evaluation& evaluation) {
  std::uint64_t sum = 0;
  for (const auto& version : evaluation.counts().versions) {
    sum += version.match + version.mismatch + version.noise + version.not_compared;
  }
  return sum;
}

std::uint64_t lost_by(const Evaluation& evaluation) {
  const EvaluationCounts counts = evaluation.counts();
  return counts.lost_queue + counts.lost_over;
}

class Writers {
 public:
  template <typename Note>
  explicit Writers(Note note) {
    for (std::size_t worker = 0; worker < kWorkers; ++worker) threads_.emplace_back([=] { note(worker); });
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::vector<std::thread> threads_;
};

TEST(EvaluationThreads, EveryPairOfManyWorkersIsComparedOrCounted) {
  constexpr std::uint64_t kEach = 1000;
  const SystemClock clock;
  Evaluation evaluation(kWorkers, clock);
  evaluation.set_routes({busy_route()});
  evaluation.set_current("fraud", 1);
  evaluation.start();
  evaluation.start();
  Writers writers([&](std::size_t worker) {
    for (std::uint64_t i = 0; i < kEach; ++i) {
      evaluation.note(worker, on_heap(pair_of_window(evaluation, i + worker * kEach, 1)));
    }
  });
  writers.join();
  EXPECT_TRUE(test::eventually([&] { return compared_by(evaluation) + lost_by(evaluation) == kWorkers * kEach; }));
  EXPECT_TRUE(test::eventually([&] { return evaluation.memory().used() == 0; }));
  const auto findings = evaluation.findings("fraud", "v2", 1);
  ASSERT_NE(findings, nullptr);
  EXPECT_EQ(findings->pairs.compared(), compared_by(evaluation));
  evaluation.stop();
}

TEST(EvaluationThreads, WhoeverLooksOrChangesThePolicyMeanwhileDoesNoHarm) {
  constexpr std::uint64_t kEach = 500;
  const SystemClock clock;
  Evaluation evaluation(kWorkers, clock);
  evaluation.set_routes({busy_route()});
  evaluation.start();
  std::atomic<int> working{kWorkers};
  Writers writers([&](std::size_t worker) {
    for (std::uint64_t i = 0; i < kEach; ++i) {
      evaluation.note(worker, on_heap(pair_of_window(evaluation, i, 1 + i / 100)));
      if (i % 50 == 0) evaluation.note_outcome(route_hash("fraud"), i + 1, "click", 1);
    }
    --working;
  });
  std::uint64_t looks = 0;
  while (working > 0) {
    policy::ModelRoute route = busy_route();
    compare_in(route).tolerance = looks % 3 == 0 ? 0.5 : 0;
    if (looks % 5 == 0) evaluation.set_routes({route});
    evaluation.set_current("fraud", 1 + looks % 5);
    evaluation.findings("fraud", "v2", 1 + looks % 5);
    evaluation.kept("fraud");
    ++looks;
  }
  writers.join();
  evaluation.set_routes({busy_route()});
  EXPECT_TRUE(test::eventually([&] { return compared_by(evaluation) + lost_by(evaluation) == kWorkers * kEach; }));
  evaluation.stop();
  EXPECT_EQ(evaluation.memory().used(), 0U);
}

TEST(EvaluationThreads, StoppingWhileWorkersWriteLeavesNothingBehind) {
  const SystemClock clock;
  for (int round = 0; round < 5; ++round) {
    Evaluation evaluation(kWorkers, clock);
    evaluation.set_routes({busy_route()});
    evaluation.set_current("fraud", 1);
    evaluation.start();
    std::atomic<bool> ends{false};
    std::atomic<std::uint64_t> sent{0};
    Writers writers([&](std::size_t worker) {
      while (!ends) {
        evaluation.note(worker, on_heap(pair_of_window(evaluation, sent.fetch_add(1), 1)));
      }
    });
    EXPECT_TRUE(test::eventually([&] { return compared_by(evaluation) > 50; }));
    evaluation.stop();
    ends = true;
    writers.join();
    evaluation.stop();
    EXPECT_EQ(evaluation.memory().used(), 0U);
    EXPECT_EQ(compared_by(evaluation) + lost_by(evaluation), sent);
  }
}

}  // namespace
}  // namespace sluice::compare
