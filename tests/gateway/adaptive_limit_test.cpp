#include "sluice/gateway/adaptive_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <vector>

#include "sluice/base/random.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours(1)};

/// An endpoint with so many servers and one queue before them, behind the limit; requests come at random times. What
/// the limit does not let in is refused.
class Simulation {
 public:
  explicit Simulation(AdaptiveConcurrency settings = {.enabled = true}, std::uint64_t seed = 1)
      : limit(settings, kStart), random_(seed) {}

  int servers = 8;
  Duration service = 10ms;
  double spread = 0.5;  ///< of service times, both ways
  double rate = 3200;   ///< requests per second
  Duration patience = std::chrono::hours(1);

  /// Lets time pass; what ended in it.
  struct Outcome {
    int answered = 0;
    int refused = 0;
    std::vector<Duration> latencies;
    double lowest = 1e9;  ///< limit
    double highest = 0;
    double per_second = 0;
    Duration percentile(double share) {
      std::sort(latencies.begin(), latencies.end());
      return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
    }
  };
  Outcome run(Duration length) {
    Outcome outcome;
    const TimePoint end = now_ + length;
    TimePoint arrival = rate > 0 ? now_ + until_next() : end + 1ms;
    while (now_ < end) {
      const TimePoint done = busy_.empty() ? end + 1ms : busy_.top().at;
      now_ = std::min({done, arrival, end});
      if (now_ == end) break;
      if (done <= arrival) {
        finish(outcome);
      } else {
        arrival = now_ + until_next();
        in_flight_ < limit.limit() ? enter() : static_cast<void>(++outcome.refused);
      }
      outcome.lowest = std::min<double>(outcome.lowest, limit.limit());
      outcome.highest = std::max<double>(outcome.highest, limit.limit());
    }
    outcome.per_second = outcome.answered / std::chrono::duration<double>(length).count();
    return outcome;
  }

  AdaptiveLimit limit;

 private:
  struct Job {
    TimePoint at;
    TimePoint came;
    bool operator>(const Job& other) const { return at > other.at; }
  };
  Duration until_next() {
    return Duration(static_cast<Duration::rep>(-std::log(1 - random_.uniform()) / rate * 1e9)) + 1ns;
  }
  void enter() {
    ++in_flight_;
    queue_.push_back(now_);
    start();
  }
  void start() {
    while (!queue_.empty() && static_cast<int>(busy_.size()) < servers) {
      const double factor = 1 + spread * (2 * random_.uniform() - 1);
      busy_.push(
          {now_ + Duration(static_cast<Duration::rep>(static_cast<double>(service.count()) * factor)), queue_.front()});
      queue_.pop_front();
    }
  }
  void finish(Outcome& outcome) {
    const Duration latency = now_ - busy_.top().came;
    busy_.pop();
    if (latency > patience) {
      limit.dropped(in_flight_, now_);
    } else {
      limit.answered(latency, in_flight_, now_);
      ++outcome.answered;
      outcome.latencies.push_back(latency);
    }
    --in_flight_;
    start();
  }

  Random random_;
  TimePoint now_ = kStart;
  std::uint32_t in_flight_ = 0;
  std::deque<TimePoint> queue_;
  std::priority_queue<Job, std::vector<Job>, std::greater<>> busy_;
};

TEST(AdaptiveLimit, UnderFourTimesTheCapacityItSettlesALittleAboveIt) {
  Simulation backend;
  backend.run(5s);
  auto outcome = backend.run(60s);
  EXPECT_GE(outcome.lowest, 6) << "most servers have work even while the base is measured";
  EXPECT_LE(outcome.highest, 32);
  EXPECT_GE(outcome.per_second, 0.97 * 800) << "what eight servers can do";
  EXPECT_LE(outcome.percentile(0.5), 30ms);
  EXPECT_LE(outcome.percentile(0.99), 45ms) << "without a limit it would be seconds";
}

TEST(AdaptiveLimit, FindsCapacitiesOfEverySize) {
  for (const int servers : {1, 4, 32, 200}) {
    Simulation backend({.enabled = true, .min = 1}, 3);
    backend.servers = servers;
    backend.rate = 4 * servers / 0.010;
    backend.run(10s);
    auto outcome = backend.run(20s);
    EXPECT_GE(outcome.per_second, 0.9 * servers * 100) << servers;
    EXPECT_LE(outcome.percentile(0.99), 100ms) << servers;
  }
}

TEST(AdaptiveLimit, SlowModelsAreFoundToo) {
  Simulation backend;
  backend.servers = 4;
  backend.service = 1s;
  backend.rate = 16;
  backend.run(60s);
  auto outcome = backend.run(300s);
  EXPECT_GE(outcome.per_second, 0.95 * 4);
  EXPECT_LE(outcome.highest, 24);
}

TEST(AdaptiveLimit, DoesNotRiseWithItsOwnQueueInAnHourOfOverload) {
  Simulation backend;
  backend.spread = 0.9;
  backend.run(60s);
  const double early = backend.run(60s).highest;
  backend.rate = 1600;
  backend.run(40min);
  backend.rate = 3200;
  EXPECT_LE(backend.run(10min).highest, 1.5 * early);
}

TEST(AdaptiveLimit, FollowsACapacityThatShrinksAndComesBack) {
  Simulation backend;
  backend.rate = 1600;
  backend.run(20s);
  backend.servers = 2;
  backend.run(5s);
  auto outcome = backend.run(20s);
  EXPECT_GE(outcome.per_second, 0.95 * 200);
  EXPECT_LE(outcome.percentile(0.99), 120ms);
  backend.servers = 8;
  backend.run(5s);
  EXPECT_GE(backend.run(20s).per_second, 0.95 * 800);
}

TEST(AdaptiveLimit, AModelThatIsJustSlowerIsNotTakenForAQueueForLong) {
  Simulation backend;
  backend.rate = 1600;
  backend.run(20s);
  backend.service = 30ms;
  backend.run(10s);
  EXPECT_GE(backend.run(20s).per_second, 0.95 * 8 / 0.030);
}

TEST(AdaptiveLimit, NoRequestIsRefusedAtHalfTheCapacity) {
  Simulation backend;
  backend.rate = 400;
  backend.run(10s);
  const auto outcome = backend.run(120s);
  EXPECT_LE(outcome.refused, outcome.answered / 10000);
}

TEST(AdaptiveLimit, DoesNotGrowWhileItIsNotUsed) {
  Simulation backend;
  backend.rate = 400;
  backend.run(10s);
  const double before = backend.limit.limit();
  backend.rate = 50;
  const auto outcome = backend.run(10min);
  EXPECT_EQ(outcome.highest, before);
  EXPECT_EQ(outcome.lowest, before);
  backend.rate = 0;
  EXPECT_EQ(backend.run(1h).highest, before);
}

TEST(AdaptiveLimit, StaysWithinItsBounds) {
  Simulation high({.enabled = true, .min = 4, .max = 10});
  high.servers = 100;
  EXPECT_LE(high.run(10s).highest, 10);
  Simulation low({.enabled = true, .min = 6, .max = 1000});
  low.servers = 1;
  const auto outcome = low.run(30s);
  EXPECT_GE(outcome.lowest, 6);
}

TEST(AdaptiveLimit, NewBoundsHoldAtOnce) {
  Simulation backend;
  backend.run(10s);
  backend.limit.configure({.enabled = true, .min = 2, .max = 5});
  EXPECT_LE(backend.limit.limit(), 5u);
  backend.limit.configure({.enabled = true, .min = 50, .max = 100});
  EXPECT_EQ(backend.limit.limit(), 50u);
}

TEST(AdaptiveLimit, AnswersThatComeTooLateShrinkIt) {
  Simulation backend;
  backend.rate = 1600;
  backend.run(10s);
  const double before = backend.limit.limit();
  backend.patience = 1ms;
  backend.run(5s);
  EXPECT_LT(backend.limit.limit(), before / 2);
  EXPECT_GE(backend.limit.limit(), 4u);
  backend.patience = 1h;
  backend.run(10s);
  EXPECT_GE(backend.run(10s).per_second, 0.95 * 800) << "and it recovers";
}

TEST(AdaptiveLimit, ALateAnswerAmongHundredsIsNoReason) {
  AdaptiveLimit limit({.enabled = true}, kStart);
  TimePoint now = kStart;
  for (int i = 0; i < 20000; ++i) {
    now += 1ms;
    if (i % 100 == 0) {
      limit.dropped(limit.limit(), now);
    } else {
      limit.answered(10ms, limit.limit(), now);
    }
  }
  EXPECT_GT(limit.limit(), 100u);
}

/// At `max`, which is 40, with all of it in use, and no longer in the rise of the start.
AdaptiveLimit settled(TimePoint& now, Duration latency) {
  AdaptiveLimit limit({.enabled = true, .min = 4, .max = 40}, now);
  const auto feed = [&](Duration each, int times) {
    for (; times > 0; --times, now += latency) limit.answered(each, limit.limit(), now);
  };
  feed(latency, 200);
  feed(2 * latency, 50);
  for (int i = 0; i < 1000 && limit.limit() < 40; ++i) feed(latency, 1);
  EXPECT_EQ(limit.limit(), 40u);
  return limit;
}

TEST(AdaptiveLimit, AMeasurementThatLongStreamsHoldUpIsGivenUp) {
  TimePoint now = kStart;
  AdaptiveLimit limit = settled(now, 5ms);
  Duration lowered{};
  for (const TimePoint end = now + 10min; now < end; now += 10ms) {
    limit.answered(5ms, 40, now);
    if (limit.limit() < 40) lowered += 10ms;
  }
  EXPECT_GE(lowered, 40s) << "it tried";
  EXPECT_LE(lowered, 64s) << "for three seconds every half minute at most";
  EXPECT_EQ(limit.base(), 5ms);
}

/// Until it waits for requests to end.
void use_until_draining(AdaptiveLimit& limit, TimePoint& now, Duration latency) {
  for (int i = 0; i < 10000 && !limit.is_draining(); ++i, now += latency) limit.answered(latency, limit.limit(), now);
  ASSERT_TRUE(limit.is_draining());
}

TEST(AdaptiveLimit, ADrainNobodyAnswersInEndsWhenItIsTold) {
  TimePoint now = kStart;
  AdaptiveLimit limit = settled(now, 5ms);
  use_until_draining(limit, now, 5ms);
  EXPECT_EQ(limit.limit(), 20u);
  EXPECT_LE(limit.drained_by(), now + 3s);
  limit.pass(limit.drained_by() - 1ns);
  EXPECT_TRUE(limit.is_draining());
  limit.pass(limit.drained_by());
  EXPECT_FALSE(limit.is_measuring());
  EXPECT_EQ(limit.limit(), 40u);
}

TEST(AdaptiveLimit, ModelsThatAnswerSlowlyAreGivenTheTimeOfAnAnswerToDrain) {
  TimePoint now = kStart;
  AdaptiveLimit limit = settled(now, 10s);
  use_until_draining(limit, now, 10s);
  EXPECT_GE(limit.drained_by(), now) << "now is one answer later than the beginning";
}

TEST(AdaptiveLimit, TheBaseIsWhatAnAnswerTakesWithoutAQueue) {
  Simulation backend;
  EXPECT_EQ(backend.limit.base(), Duration::zero());
  EXPECT_TRUE(backend.limit.is_measuring());
  backend.run(100s);
  EXPECT_GE(backend.limit.base(), 8ms);
  EXPECT_LE(backend.limit.base(), 14ms);
}

}  // namespace
}  // namespace sluice::gateway
