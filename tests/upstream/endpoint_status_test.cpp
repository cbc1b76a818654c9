#include "sluice/upstream/endpoint_status.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

TEST(EndpointStatus, BeginsWithAllOfItsTraffic) {
  const EndpointStatus status(1, [] {});
  EXPECT_EQ(status.share(), EndpointStatus::kFullShare);
}

TEST(EndpointStatus, CountsForEachWorkerByItself) {
  EndpointStatus status(2, [] {});
  status.answered(0, 3ms);
  status.answered(0, 4ms);
  status.server_error(1);
  status.gateway_error(1);
  EXPECT_EQ(status.cells(0).answered.value(), 2u);
  EXPECT_EQ(status.cells(0).latency.value(), 7'000'000u);
  EXPECT_EQ(status.cells(1).server_errors.value(), 1u);
  EXPECT_EQ(status.cells(1).gateway_errors.value(), 1u);
}

TEST(EndpointStatus, AnAnswerEndsBothStreaksAndAServerErrorTheOneWithoutAnswers) {
  EndpointStatus status(1, [] {});
  status.gateway_error(0);
  status.gateway_error(0);
  EXPECT_EQ(status.consecutive_errors(), 2u);
  EXPECT_EQ(status.consecutive_gateway_errors(), 2u);
  status.server_error(0);
  EXPECT_EQ(status.consecutive_errors(), 3u);
  EXPECT_EQ(status.consecutive_gateway_errors(), 0u);
  status.answered(0, 1ms);
  EXPECT_EQ(status.consecutive_errors(), 0u);
}

TEST(EndpointStatus, PromptsWhenAStreakIsCompleteAndAgainWhenItGoesOn) {
  int prompts = 0;
  EndpointStatus status(1, [&] { ++prompts; });
  status.server_error(0);
  EXPECT_EQ(prompts, 0) << "never, unless told";
  status.forget_streaks();
  status.set_prompt_at(3);
  for (int i = 0; i < 2; ++i) status.server_error(0);
  EXPECT_EQ(prompts, 0);
  status.server_error(0);
  EXPECT_EQ(prompts, 1);
  for (int i = 0; i < 3; ++i) status.server_error(0);
  EXPECT_EQ(prompts, 2);
}

TEST(EndpointStatus, StreaksAreOfAllWorkersTogether) {
  std::atomic<int> prompts{0};
  EndpointStatus status(4, [&] { ++prompts; });
  status.set_prompt_at(4000);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&status, worker] {
      for (int i = 0; i < 1000; ++i) status.server_error(worker);
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(status.consecutive_errors(), 4000u);
  EXPECT_EQ(prompts, 1);
}

}  // namespace
}  // namespace sluice::upstream
