#include "sluice/outcomes/key_ring.hpp"

#include <sys/random.h>

#include <algorithm>

namespace sluice::outcomes {

namespace {

WallTime made_at(const state::LedgerKey& key) {
  return WallTime(std::chrono::milliseconds(key.made_ms));
}

bool is_due(const std::vector<state::LedgerKey>& keys, WallTime now) {
  return keys.empty() || now - made_at(keys.back()) >= key_rotation;
}

std::uint8_t next_id(const std::vector<state::LedgerKey>& keys) {
  std::uint8_t id = keys.empty() ? 1 : static_cast<std::uint8_t>(keys.back().id + 1);
  const auto is_taken = [&](const state::LedgerKey& key) { return key.id == id; };
  for (int tries = 0; tries < 256 && std::any_of(keys.begin(), keys.end(), is_taken); ++tries) ++id;
  return id;
}

}  // namespace

Result<std::array<std::uint8_t, TokenKey::secret_size>> make_secret() {
  std::array<std::uint8_t, TokenKey::secret_size> secret{};
  // Up to 256 bytes come whole, and no signal interrupts that.
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
    return fail(Error::internal("the system has no randomness for a key"));
  }
  return secret;
}

Result<std::optional<std::vector<state::LedgerKey>>> next_keys(const std::vector<state::LedgerKey>& keys, WallTime now,
                                                               const MakeSecret& make) {
  const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::vector<state::LedgerKey> next;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    // It signed until the one behind it was made.
    const bool is_needed = i + 1 == keys.size() || now - made_at(keys[i + 1]) < key_memory;
    if (is_needed) next.push_back(keys[i]);
    // A clock that was ahead must not make a key sign for longer.
    if (is_needed) next.back().made_ms = std::min(next.back().made_ms, now_ms);
  }
  if (is_due(keys, now)) {
    auto secret = make();
    if (!secret) return fail(secret.error());
    state::LedgerKey& key = next.emplace_back();
    key.id = next_id(keys);
    key.made_ms = now_ms;
    key.secret = *secret;
  }
  if (next == keys) return std::optional<std::vector<state::LedgerKey>>();
  return std::optional(std::move(next));
}

std::shared_ptr<const TokenKeys> to_token_keys(const std::vector<state::LedgerKey>& keys) {
  std::vector<TokenKey> made;
  for (const state::LedgerKey& key : keys) made.push_back({key.id, key.secret});
  const TokenKey signing = made.back();
  made.pop_back();
  return std::make_shared<const TokenKeys>(signing, made);
}

}  // namespace sluice::outcomes
