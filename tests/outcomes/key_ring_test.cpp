#include "sluice/outcomes/key_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "outcomes/fixtures.hpp"

namespace sluice::outcomes {
namespace {

using Keys = std::vector<state::LedgerKey>;

const WallTime kBegin{std::chrono::hours(500'000)};

Keys after(const Keys& keys, WallTime now) {
  auto next = next_keys(keys, now);
  EXPECT_TRUE(next);
  return next && *next ? **next : keys;
}

TEST(KeyRing, TheFirstStartMakesAKeyAndTheNextKeepsIt) {
  const Keys keys = after({}, kBegin);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_NE(keys[0].secret, (decltype(keys[0].secret){}));
  EXPECT_FALSE(next_keys(keys, kBegin + std::chrono::hours(24 * 29)).value());
}

TEST(KeyRing, AnotherKeySignsEveryThirtyDaysAndTheOldOnesAreBelievedForNinety) {
  Keys keys = after({}, kBegin);
  const Decision decision = a_decision(1, kBegin);
  const std::string first = token_of(decision, *to_token_keys(keys));
  int rotations = 0;
  for (int day = 1; day <= 400; ++day) {
    const Keys before = keys;
    keys = after(keys, kBegin + std::chrono::hours(24 * day));
    if (keys.back().id != before.back().id) ++rotations;
    ASSERT_LE(keys.size(), 5U);
    EXPECT_EQ(read_token(first, *to_token_keys(keys)).ok(), day < 30 + 90) << day;
  }
  EXPECT_EQ(rotations, 13);
}

TEST(KeyRing, TheNumbersGoRoundAndNoneIsThereTwice) {
  Keys keys = {{254, 0, {}}, {255, 0, {}}, {0, 0, {}}};
  for (state::LedgerKey& key : keys) {
    key.made_ms = std::chrono::duration_cast<std::chrono::milliseconds>(kBegin.time_since_epoch()).count();
  }
  keys = after(keys, kBegin + key_rotation);
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_EQ(keys.back().id, 1);
}

TEST(KeyRing, AClockThatWasAheadMakesNoKeySignForLonger) {
  Keys keys = after({}, kBegin + std::chrono::hours(100'000));
  keys = after(keys, kBegin);
  EXPECT_EQ(keys.size(), 1U);
  EXPECT_EQ(after(keys, kBegin + key_rotation).size(), 2U);
}

TEST(KeyRing, WithoutRandomnessThereIsNoKey) {
  const auto none = next_keys({}, kBegin, [] {
    return Result<std::array<std::uint8_t, TokenKey::secret_size>>(fail(Error::internal("none")));
  });
  EXPECT_FALSE(none);
}

}  // namespace
}  // namespace sluice::outcomes
