#include "sluice/gateway/memory_guard.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kFirstLook{std::chrono::hours(1)};

TEST(MemoryGuard, WithoutALimitNothingIsEverTight) {
  MemoryGuard guard;
  EXPECT_EQ(guard.update(~std::uint64_t{0}), MemoryState::Normal);
}

TEST(MemoryGuard, ShadowsYieldBeforeRequestsDo) {
  MemoryGuard guard;
  guard.set_limit(1000);
  EXPECT_EQ(guard.update(899), MemoryState::Normal);
  EXPECT_EQ(guard.update(900), MemoryState::Tight);
  EXPECT_EQ(guard.update(999), MemoryState::Tight);
  EXPECT_EQ(guard.update(1000), MemoryState::Full);
}

TEST(MemoryGuard, AStateIsLeftFurtherDownThanItWasEntered) {
  MemoryGuard guard;
  guard.set_limit(1000);
  guard.update(1000);
  EXPECT_EQ(guard.update(951), MemoryState::Full);
  EXPECT_EQ(guard.update(949), MemoryState::Tight);
  EXPECT_EQ(guard.update(999), MemoryState::Tight) << "full only from the limit";
  EXPECT_EQ(guard.update(850), MemoryState::Tight);
  EXPECT_EQ(guard.update(849), MemoryState::Normal);
  EXPECT_EQ(guard.update(899), MemoryState::Normal);
}

TEST(MemoryGuard, AJumpNeedsNoStepsBetween) {
  MemoryGuard guard;
  guard.set_limit(1000);
  EXPECT_EQ(guard.update(5000), MemoryState::Full);
  EXPECT_EQ(guard.update(10), MemoryState::Normal);
}

TEST(MemoryGuard, ANewLimitHoldsFromTheNextLook) {
  MemoryGuard guard;
  guard.set_limit(1000);
  guard.update(960);
  guard.set_limit(900);
  EXPECT_EQ(guard.update(960), MemoryState::Full);
  guard.set_limit(0);
  EXPECT_EQ(guard.update(960), MemoryState::Normal);
}

TEST(MemoryGuard, LargeLimitsDoNotOverflow) {
  MemoryGuard guard;
  guard.set_limit(~std::uint64_t{0});
  EXPECT_EQ(guard.update(std::uint64_t{1} << 62), MemoryState::Normal);
  EXPECT_EQ(guard.update(~std::uint64_t{0} - 10), MemoryState::Tight);
}

TEST(ResidentMemory, GrowsWithWhatIsTouched) {
  const ResidentMemory memory;
  const std::uint64_t before = memory.bytes();
  ASSERT_GT(before, 0u);
  constexpr std::size_t kSize = 64u << 20;
  const std::unique_ptr<char, decltype(&std::free)> block(static_cast<char*>(std::malloc(kSize)), &std::free);
  std::memset(block.get(), 1, kSize);
  EXPECT_GE(memory.bytes(), before + kSize * 9 / 10) << static_cast<int>(block.get()[kSize / 2]);
}

TEST(MemoryWatch, LooksAgainAndAgainAndSaysWhatChanged) {
  http::DeadlineWheel wheel(kFirstLook);
  MemoryWatch watch;
  std::vector<MemoryState> changes;
  watch.start(wheel, kFirstLook, [&](MemoryState state) { changes.push_back(state); });
  EXPECT_EQ(watch.state(), MemoryState::Normal);
  watch.set_limit(1);
  EXPECT_EQ(watch.state(), MemoryState::Normal) << "nobody looked yet";
  TimePoint now = kFirstLook;
  const auto pass = [&](Duration time) {
    for (const TimePoint end = now + time; now < end; now += wheel.tick()) wheel.advance(now);
  };
  pass(MemoryWatch::kInterval);
  EXPECT_EQ(watch.state(), MemoryState::Full);
  watch.set_limit(0);
  EXPECT_EQ(watch.state(), MemoryState::Full) << "until the next look";
  pass(3 * MemoryWatch::kInterval);
  EXPECT_EQ(watch.state(), MemoryState::Normal);
  EXPECT_EQ(changes, (std::vector<MemoryState>{MemoryState::Full, MemoryState::Normal}));
}

TEST(MemoryWatch, FollowsTheFiguresItIsGiven) {
  MemoryWatch watch;
  watch.set_limit(1000);
  watch.note(950, kFirstLook);
  EXPECT_EQ(watch.state(), MemoryState::Tight);
  watch.note(1200, kFirstLook + 250ms);
  EXPECT_EQ(watch.state(), MemoryState::Full);
  watch.note(100, kFirstLook + 500ms);
  EXPECT_EQ(watch.state(), MemoryState::Normal);
}

}  // namespace
}  // namespace sluice::gateway
