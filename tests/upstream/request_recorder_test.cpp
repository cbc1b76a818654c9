#include "sluice/upstream/request_recorder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sluice::upstream {
namespace {

using Requests = std::vector<std::string>;

TEST(RequestRecorder, KeepsTheLastOnesOldestFirst) {
  RequestRecorder recorder(3, 100);
  EXPECT_EQ(recorder.size(), 0u);
  recorder.offer("a", "1");
  recorder.offer("b", "2");
  EXPECT_EQ(recorder.requests(), (Requests{"a1", "b2"}));
  recorder.offer("c", "3");
  recorder.offer("d", "4");
  EXPECT_EQ(recorder.requests(), (Requests{"b2", "c3", "d4"}));
  EXPECT_EQ(recorder.size(), 3u);
}

TEST(RequestRecorder, KeepsNoBodyThatIsTooLarge) {
  RequestRecorder recorder(3, 2);
  EXPECT_TRUE(recorder.wants(2));
  EXPECT_FALSE(recorder.wants(3));
  recorder.offer("head", "123");
  EXPECT_TRUE(recorder.requests().empty());
  recorder.offer("head", "12");
  EXPECT_EQ(recorder.requests(), (Requests{"head12"}));
}

TEST(RequestRecorder, WithoutConsentNothingIsKept) {
  RequestRecorder recorder(0, 100);
  recorder.offer("head", "body");
  EXPECT_TRUE(recorder.requests().empty());
}

TEST(RequestRecorder, WorkersOfferWhileSomebodyReads) {
  RequestRecorder recorder(4, 100);
  recorder.offer("xxxx", "x");
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;
  for (const char letter : {'a', 'b'}) {
    workers.emplace_back([&, letter] {
      while (!stop) recorder.offer(std::string(4, letter), std::string(1, letter));
    });
  }
  for (int i = 0; i < 2000; ++i) {
    for (const std::string& request : recorder.requests()) {
      ASSERT_EQ(request, std::string(5, request[0])) << "a request is kept whole";
    }
  }
  stop = true;
  for (std::thread& worker : workers) worker.join();
}

}  // namespace
}  // namespace sluice::upstream
