#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/outcomes/token.hpp"
#include "sluice/state/ledger.hpp"

/// Which keys there are, and when the next one is due.
namespace sluice::outcomes {

/// How long a key signs.
inline constexpr Duration key_rotation = std::chrono::hours(24 * 30);
/// How long it is believed after that: as long as a policy lets any outcome count.
inline constexpr Duration key_memory = std::chrono::hours(2160);

/// Makes a new secret; fails when the system has no randomness.
using MakeSecret = std::function<Result<std::array<std::uint8_t, TokenKey::secret_size>>()>;
Result<std::array<std::uint8_t, TokenKey::secret_size>> make_secret();

/// The keys from `now` on, the one that signs last, when they are others than these: a first one where there is none, a
/// new one when the last is 30 days old, without those that no token can need any more.
Result<std::optional<std::vector<state::LedgerKey>>> next_keys(const std::vector<state::LedgerKey>& keys, WallTime now,
                                                               const MakeSecret& make = make_secret);

/// As the data plane takes them; the last one signs. At least one.
std::shared_ptr<const TokenKeys> to_token_keys(const std::vector<state::LedgerKey>& keys);

}  // namespace sluice::outcomes
