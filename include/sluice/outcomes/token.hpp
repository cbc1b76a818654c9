#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sluice/base/result.hpp"
#include "sluice/outcomes/decision.hpp"

/// What `x-sluice-decision` holds: a decision, signed, so that nobody needs to remember it and nobody can make one up.
///
/// 72 bytes in base64url without padding. Big-endian, in this order: flags (1 byte: 16 always, 1 when the split
/// decided, the segment's bits as 2, 4, 8 and 32, 64 when there is a context), time in milliseconds since 1970 (6),
/// route, version, unit, window, nonce (8 each), generation (4), propensity as float32 (4), the key's id (1), and the
/// first 16 bytes of the HMAC-SHA-256 (RFC 2104) over everything before the id; the id needs no signature, since
/// another one means another key.
///
/// A decision with a context has it before the key's id, signed as well: the number of its features (1), each as a
/// bfloat16 (2), and zeros up to a whole number of three bytes in all.
namespace sluice::outcomes {

/// Characters of a token without a context, and of the longest one.
inline constexpr std::size_t token_size = 96;
inline constexpr std::size_t most_token_size = 140;
/// Segments that a token has room for; one beyond is told as none.
inline constexpr std::uint8_t most_token_segment = 15;

/// A secret that tokens are signed with, and the number that tokens call it by.
struct TokenKey {
  static constexpr std::size_t secret_size = 32;
  std::uint8_t id = 0;
  std::array<std::uint8_t, secret_size> secret{};

  friend bool operator==(const TokenKey&, const TokenKey&) = default;
};

/// The key that signs and all that are believed: while a key is replaced, tokens of the old one are still out there.
/// Immutable, so any thread may use it. About 16 KiB.
class TokenKeys {
 public:
  /// `signing` is believed too, and goes before one of `others` with the same id.
  explicit TokenKeys(const TokenKey& signing, std::span<const TokenKey> others = {});

  std::uint8_t signing_id() const noexcept { return signing_; }
  bool knows(std::uint8_t id) const noexcept { return keys_[id].known; }

  /// What SHA-256 has become once a key's inner and outer pad went in: the half of an HMAC that is the same each time.
  struct Prepared {
    std::array<std::uint32_t, 8> inner{};
    std::array<std::uint32_t, 8> outer{};
    bool known = false;
  };
  /// Its `known` is false for an id that no key has.
  const Prepared& prepared(std::uint8_t id) const noexcept { return keys_[id]; }

 private:
  void add(const TokenKey& key);

  std::array<Prepared, 256> keys_{};
  std::uint8_t signing_ = 0;
};

/// Writes the token of a decision and answers its length: `token_size`, with a context up to `most_token_size`. Its
/// time is cut to whole milliseconds, and one before 1970 is told as 1970; features are rounded to bfloat16, which
/// those of traffic::read_context() are. Any thread, no allocation, no lock, well under a microsecond.
std::size_t write_token(const Decision& decision, const TokenKeys& keys, std::span<char, most_token_size> out) noexcept;

enum class TokenProblem : std::uint8_t {
  Malformed,   ///< no token, or one of a later format
  UnknownKey,  ///< signed with a key that is not believed (any more)
  Forged,      ///< not signed with the key that it names
};

/// "malformed", "unknown_key", "forged".
std::string_view to_string(TokenProblem problem) noexcept;

/// What a token says, if one of the keys signed it. How long a comparison takes does not tell how much of a signature
/// was right. Any thread, no allocation, cost like write_token.
Result<Decision, TokenProblem> read_token(std::string_view text, const TokenKeys& keys);

}  // namespace sluice::outcomes
