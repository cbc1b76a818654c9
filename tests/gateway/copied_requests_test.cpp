#include "sluice/gateway/copied_requests.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

RequestHash hash_of_body(const std::string& body) {
  return RequestHash::of("POST", "/infer", body);
}

TEST(CopiedRequests, KnowWhatWasClaimedUntilItsTimeIsOver) {
  CopiedRequests copied;
  const TimePoint now(1h);
  EXPECT_FALSE(copied.knows(hash_of_body("a"), now));
  EXPECT_TRUE(copied.claim(hash_of_body("a"), now, 10s));
  EXPECT_TRUE(copied.knows(hash_of_body("a"), now + 9s));
  EXPECT_FALSE(copied.claim(hash_of_body("a"), now + 9s, 10s)) << "and it is not longer known for that";
  EXPECT_FALSE(copied.knows(hash_of_body("a"), now + 10s));
  EXPECT_TRUE(copied.claim(hash_of_body("a"), now + 10s, 10s));
  EXPECT_FALSE(copied.knows(hash_of_body("b"), now));
}

TEST(CopiedRequests, TheOldestOfThoseThatFallTogetherGoes) {
  CopiedRequests copied;
  const TimePoint now(1h);
  const auto same_set = [](std::uint64_t i) { return RequestHash{i << 32, i}; };
  for (std::uint64_t i = 1; i <= 5; ++i) {
    EXPECT_TRUE(copied.claim(same_set(i), now + std::chrono::seconds(i), 1h));
  }
  EXPECT_FALSE(copied.knows(same_set(1), now + 6s));
  for (std::uint64_t i = 2; i <= 5; ++i) EXPECT_TRUE(copied.knows(same_set(i), now + 6s)) << i;
}

TEST(CopiedRequests, ThousandsAreKnownAtOnce) {
  CopiedRequests copied;
  const TimePoint now(1h);
  for (int i = 0; i < 4000; ++i) EXPECT_TRUE(copied.claim(hash_of_body(std::to_string(i)), now, 1h)) << i;
  int known = 0;
  for (int i = 0; i < 4000; ++i) known += copied.knows(hash_of_body(std::to_string(i)), now) ? 1 : 0;
  EXPECT_GT(known, 3900);
}

TEST(CopiedRequests, MethodTargetAndBodyAllTellRequestsApart) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  const auto add = [&](const RequestHash& hash) { return seen.emplace(hash.low, hash.high).second; };
  EXPECT_TRUE(add(RequestHash::of("POST", "/a", "b")));
  EXPECT_TRUE(add(RequestHash::of("PUT", "/a", "b")));
  EXPECT_TRUE(add(RequestHash::of("POST", "/ab", "")));
  EXPECT_TRUE(add(RequestHash::of("POST", "/", "ab")));
  EXPECT_TRUE(add(RequestHash::of("POST", "/a", std::string("b\0", 2))));
  for (std::size_t size = 0; size < 100; ++size) EXPECT_TRUE(add(RequestHash::of("", "", std::string(size, '\0'))));
  EXPECT_FALSE(add(RequestHash::of("POST", "/a", "b")));
}

TEST(CopiedRequests, EveryBitOfABodyMovesAboutHalfOfBothHalves) {
  const std::string body(200, 'x');
  const RequestHash plain = hash_of_body(body);
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    std::string other = body;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    const RequestHash changed = hash_of_body(other);
    EXPECT_NEAR(__builtin_popcountll(plain.low ^ changed.low), 32, 24) << bit;
    EXPECT_NEAR(__builtin_popcountll(plain.high ^ changed.high), 32, 24) << bit;
  }
}

TEST(CopiedRequests, ManyMayAskAtOnce) {
  CopiedRequests copied;
  const TimePoint now(1h);
  std::atomic<int> claimed{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) claimed += copied.claim(hash_of_body(std::to_string(i % 500)), now, 1h) ? 1 : 0;
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_GE(claimed, 500);
  EXPECT_LT(claimed, 1500) << "only those that ask within the same moment are told the same";
}

}  // namespace
}  // namespace sluice::gateway
