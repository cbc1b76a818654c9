#include "sluice/http/deadline_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

struct Alarm final : DeadlineWheel::Hook {
  void on_deadline(TimePoint now) override {
    fired_at.push_back(now);
    if (then) then(now);
  }
  std::vector<TimePoint> fired_at;
  std::function<void(TimePoint)> then;
};

class DeadlineWheelTest : public testing::Test {
 protected:
  void advance(Duration by) { wheel.advance(now += by); }
  TimePoint now{1h};
  DeadlineWheel wheel{now, 20ms};
  Alarm alarm;
};

TEST_F(DeadlineWheelTest, fires_once_within_a_tick_after_the_deadline_and_never_before) {
  wheel.set(alarm, now + 95ms);
  advance(94ms);
  EXPECT_TRUE(alarm.fired_at.empty());
  advance(21ms);
  EXPECT_EQ(alarm.fired_at.size(), 1u);
  advance(10s);
  EXPECT_EQ(alarm.fired_at.size(), 1u);
}

TEST_F(DeadlineWheelTest, a_later_deadline_replaces_an_earlier_one) {
  wheel.set(alarm, now + 100ms);
  wheel.set(alarm, now + 300ms);
  advance(299ms);
  EXPECT_TRUE(alarm.fired_at.empty());
  advance(21ms);
  EXPECT_EQ(alarm.fired_at.size(), 1u);
}

TEST_F(DeadlineWheelTest, an_earlier_deadline_replaces_a_later_one) {
  wheel.set(alarm, now + 60s);
  wheel.set(alarm, now + 100ms);
  advance(120ms);
  EXPECT_EQ(alarm.fired_at.size(), 1u);
}

TEST_F(DeadlineWheelTest, a_cancelled_deadline_does_not_fire) {
  wheel.set(alarm, now + 50ms);
  DeadlineWheel::cancel(alarm);
  advance(1s);
  EXPECT_TRUE(alarm.fired_at.empty());
}

TEST_F(DeadlineWheelTest, deadlines_beyond_the_span_of_the_wheel_fire_in_their_time) {
  wheel.set(alarm, now + 10min);
  for (int i = 0; i < 599; ++i) advance(1s);
  EXPECT_TRUE(alarm.fired_at.empty());
  advance(1020ms);
  EXPECT_EQ(alarm.fired_at.size(), 1u);
}

TEST_F(DeadlineWheelTest, a_stall_longer_than_the_wheel_fires_everything_once) {
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 100; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    wheel.set(*alarms.back(), now + i * 1s);
  }
  advance(1h);
  for (const auto& each : alarms) EXPECT_EQ(each->fired_at.size(), 1u);
}

TEST_F(DeadlineWheelTest, a_fired_hook_may_set_itself_again) {
  alarm.then = [&](TimePoint at) {
    if (alarm.fired_at.size() < 3) wheel.set(alarm, at);
  };
  wheel.set(alarm, now);
  for (int i = 0; i < 10; ++i) advance(20ms);
  EXPECT_EQ(alarm.fired_at.size(), 3u);
}

TEST_F(DeadlineWheelTest, a_fired_hook_may_cancel_another_that_is_due_too) {
  Alarm other;
  alarm.then = [&](TimePoint) { DeadlineWheel::cancel(other); };
  wheel.set(alarm, now + 30ms);
  wheel.set(other, now + 35ms);
  advance(1s);
  EXPECT_TRUE(other.fired_at.empty());
}

TEST_F(DeadlineWheelTest, a_destroyed_hook_leaves_the_wheel) {
  {
    Alarm gone;
    wheel.set(gone, now + 30ms);
  }
  wheel.set(alarm, now + 30ms);
  advance(1s);
  EXPECT_EQ(alarm.fired_at.size(), 1u);
}

TEST_F(DeadlineWheelTest, random_settings_fire_between_deadline_and_a_tick_after_each_step) {
  std::mt19937_64 random(7);
  std::vector<std::unique_ptr<Alarm>> alarms(200);
  std::vector<TimePoint> deadlines(alarms.size());
  for (auto& each : alarms) each = std::make_unique<Alarm>();
  for (int step = 0; step < 5000; ++step) {
    const auto i = random() % alarms.size();
    const auto fired = alarms[i]->fired_at.size();
    if (fired == 0 || !DeadlineWheel::is_set(*alarms[i])) {
      deadlines[i] = now + std::chrono::milliseconds(random() % 60000);
      alarms[i]->fired_at.clear();
      wheel.set(*alarms[i], deadlines[i]);
    }
    advance(std::chrono::milliseconds(random() % 50));
    for (std::size_t k = 0; k < alarms.size(); ++k) {
      if (!alarms[k]->fired_at.empty()) {
        EXPECT_GE(alarms[k]->fired_at[0], deadlines[k]);
      } else if (DeadlineWheel::is_set(*alarms[k])) {
        EXPECT_GT(deadlines[k] + 20ms, now);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::http
