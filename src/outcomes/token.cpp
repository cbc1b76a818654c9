#include "sluice/outcomes/token.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>

#include "sluice/base/bfloat16.hpp"

// EVP_MAC allocates and looks its algorithm up for every message, which costs more than the two blocks that are hashed
// here. The functions below are deprecated in favour of it and do the work on a state that lies on the stack.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace sluice::outcomes {
namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t plain_size = 55;  // with SHA-256's own nine bytes of padding exactly one block
constexpr std::size_t tag_size = 16;
constexpr std::size_t trailer_size = 1 + tag_size;

/// Signed bytes of a decision with so many features; 0: without a context.
constexpr std::size_t signed_size(std::size_t features) noexcept {
  if (features == 0) return plain_size;
  const std::size_t whole = (plain_size + 1 + 2 * features + trailer_size + 2) / 3 * 3;
  return whole - trailer_size;
}
constexpr std::size_t text_size(std::size_t features) noexcept {
  return (signed_size(features) + trailer_size) / 3 * 4;
}
constexpr std::size_t most_binary_size = signed_size(stats::most_features) + trailer_size;
static_assert((plain_size + trailer_size) % 3 == 0 && text_size(0) == token_size);
static_assert(text_size(stats::most_features) == most_token_size);

constexpr std::uint8_t token_format = 0x10;
constexpr std::uint8_t by_split = 0x01;
constexpr std::uint8_t low_segment = 0x0E;
constexpr std::uint8_t high_segment = 0x20;
constexpr std::uint8_t with_context = 0x40;
constexpr std::uint8_t known_flags = by_split | low_segment | high_segment | with_context;
/// What a WallTime can hold; as a number of milliseconds it fits into six bytes.
constexpr auto last_time = std::chrono::duration_cast<std::chrono::milliseconds>(WallTime::duration::max());
static_assert(last_time.count() < std::int64_t{1} << 48);

/// What is signed, the key's id and the signature: as many bytes as `size` says.
struct Binary {
  std::array<std::uint8_t, most_binary_size> bytes{};
  std::size_t size = 0;

  std::size_t signed_bytes() const noexcept { return size - trailer_size; }
  std::uint8_t key_id() const noexcept { return bytes[signed_bytes()]; }
  std::uint8_t* tag() noexcept { return bytes.data() + signed_bytes() + 1; }
};

class BinaryWriter {
 public:
  explicit BinaryWriter(std::uint8_t* at) noexcept : at_(at) {}
  void put(std::uint64_t value, int bytes) noexcept {
    for (int i = bytes - 1; i >= 0; --i) *at_++ = static_cast<std::uint8_t>(value >> (8 * i));
  }

 private:
  std::uint8_t* at_;
};

class BinaryReader {
 public:
  explicit BinaryReader(const std::uint8_t* at) noexcept : at_(at) {}
  std::uint64_t take(int bytes) noexcept {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | *at_++;
    return value;
  }

 private:
  const std::uint8_t* at_;
};

/// SHA-256 that goes on behind one whole block.
SHA256_CTX behind_block(const std::array<std::uint32_t, 8>& state) noexcept {
  SHA256_CTX hash{};
  std::copy(state.begin(), state.end(), hash.h);
  hash.Nl = block_size * 8;
  hash.md_len = SHA256_DIGEST_LENGTH;
  return hash;
}

std::array<std::uint32_t, 8> hash_pad(const TokenKey& key, std::uint8_t pad) noexcept {
  std::array<std::uint8_t, block_size> block;
  block.fill(pad);
  for (std::size_t i = 0; i < key.secret.size(); ++i) block[i] ^= key.secret[i];
  SHA256_CTX hash;
  SHA256_Init(&hash);
  SHA256_Update(&hash, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  std::array<std::uint32_t, 8> state;
  std::copy(std::begin(hash.h), std::end(hash.h), state.begin());
  return state;
}

/// The HMAC of the signed part; its first `tag_size` bytes count.
std::array<std::uint8_t, SHA256_DIGEST_LENGTH> sign(const Binary& binary, const TokenKeys::Prepared& key) noexcept {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX inner = behind_block(key.inner);
  SHA256_Update(&inner, binary.bytes.data(), binary.signed_bytes());
  SHA256_Final(digest.data(), &inner);
  SHA256_CTX outer = behind_block(key.outer);
  SHA256_Update(&outer, digest.data(), digest.size());
  SHA256_Final(digest.data(), &outer);
  return digest;
}

std::uint64_t milliseconds_of(WallTime time) noexcept {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0));
}

constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> digit_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = no_digit;
  for (std::size_t i = 0; i < base64url.size(); ++i) {
    values[static_cast<unsigned char>(base64url[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> digit_value = digit_values();

void to_text(const Binary& binary, char* to) noexcept {
  for (std::size_t i = 0; i < binary.size; i += 3) {
    const std::uint8_t* at = binary.bytes.data() + i;
    const std::uint32_t three = std::uint32_t{at[0]} << 16 | std::uint32_t{at[1]} << 8 | at[2];
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = base64url[three >> shift & 63];
  }
}

bool to_binary(std::string_view text, Binary& binary) noexcept {
  if (text.size() < token_size || text.size() > most_token_size || text.size() % 4 != 0) return false;
  binary.size = text.size() / 4 * 3;
  std::uint8_t* to = binary.bytes.data();
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::uint8_t digit = digit_value[static_cast<unsigned char>(text[i + k])];
      if (digit == no_digit) return false;
      three = three << 6 | digit;
    }
    for (int shift = 16; shift >= 0; shift -= 8) *to++ = static_cast<std::uint8_t>(three >> shift);
  }
  return true;
}

std::uint8_t flags_of(const Decision& decision) noexcept {
  const std::uint8_t segment = decision.segment <= most_token_segment ? decision.segment : 0;
  std::uint8_t flags = token_format;
  if (decision.split) flags |= by_split;
  if (decision.context.size > 0) flags |= with_context;
  if ((segment & 8) != 0) flags |= high_segment;
  return static_cast<std::uint8_t>(flags | (segment << 1 & low_segment));
}

std::uint8_t segment_in(std::uint64_t flags) noexcept {
  return static_cast<std::uint8_t>((flags & low_segment) >> 1 | ((flags & high_segment) != 0 ? 8 : 0));
}

/// True when the text is as long as what it begins with says.
bool is_whole(const Binary& binary) noexcept {
  const std::uint8_t flags = binary.bytes[0];
  if ((flags & ~known_flags) != token_format) return false;
  if ((flags & with_context) == 0) return binary.size == plain_size + trailer_size;
  const std::size_t features = binary.bytes[plain_size];
  return features > 0 && features <= stats::most_features && binary.size == signed_size(features) + trailer_size;
}

void put_context(const stats::Context& context, std::size_t features, BinaryWriter& to) noexcept {
  to.put(features, 1);
  for (std::size_t i = 0; i < features; ++i) to.put(to_bfloat16(context.value[i]), 2);
}

stats::Context take_context(BinaryReader& in) noexcept {
  stats::Context context;
  context.size = static_cast<std::uint8_t>(in.take(1));
  for (std::size_t i = 0; i < context.size; ++i) {
    context.value[i] = from_bfloat16(static_cast<std::uint16_t>(in.take(2)));
  }
  return context;
}

Decision decision_of(const Binary& binary) noexcept {
  BinaryReader in(binary.bytes.data());
  Decision decision;
  const std::uint64_t flags = in.take(1);
  decision.split = (flags & by_split) != 0;
  decision.segment = segment_in(flags);
  decision.time = WallTime(std::min(std::chrono::milliseconds(in.take(6)), last_time));
  decision.route = in.take(8);
  decision.version = in.take(8);
  decision.unit = in.take(8);
  decision.window = in.take(8);
  decision.nonce = in.take(8);
  decision.generation = static_cast<std::uint32_t>(in.take(4));
  decision.propensity = std::bit_cast<float>(static_cast<std::uint32_t>(in.take(4)));
  if ((flags & with_context) != 0) decision.context = take_context(in);
  return decision;
}

}  // namespace

TokenKeys::TokenKeys(const TokenKey& signing, std::span<const TokenKey> others) : signing_(signing.id) {
  add(signing);
  for (const TokenKey& key : others) {
    if (key.id != signing.id) add(key);
  }
}

void TokenKeys::add(const TokenKey& key) {
  keys_[key.id] = {hash_pad(key, 0x36), hash_pad(key, 0x5C), true};
}

std::size_t write_token(const Decision& decision, const TokenKeys& keys,
                        std::span<char, most_token_size> out) noexcept {
  const std::size_t features = std::min<std::size_t>(decision.context.size, stats::most_features);
  Binary binary;
  binary.size = signed_size(features) + trailer_size;
  BinaryWriter to(binary.bytes.data());
  to.put(flags_of(decision), 1);
  to.put(milliseconds_of(decision.time), 6);
  to.put(decision.route, 8);
  to.put(decision.version, 8);
  to.put(decision.unit, 8);
  to.put(decision.window, 8);
  to.put(decision.nonce, 8);
  to.put(decision.generation, 4);
  to.put(std::bit_cast<std::uint32_t>(decision.propensity), 4);
  if (features > 0) put_context(decision.context, features, to);
  binary.bytes[binary.signed_bytes()] = keys.signing_id();
  const auto digest = sign(binary, keys.prepared(keys.signing_id()));
  std::memcpy(binary.tag(), digest.data(), tag_size);
  to_text(binary, out.data());
  return text_size(features);
}

std::string_view to_string(TokenProblem problem) noexcept {
  switch (problem) {
    case TokenProblem::Malformed:
      return "malformed";
    case TokenProblem::UnknownKey:
      return "unknown_key";
    case TokenProblem::Forged:
      return "forged";
  }
  return "malformed";
}

Result<Decision, TokenProblem> read_token(std::string_view text, const TokenKeys& keys) {
  Binary binary;
  if (!to_binary(text, binary) || !is_whole(binary)) return fail(TokenProblem::Malformed);
  const TokenKeys::Prepared& key = keys.prepared(binary.key_id());
  if (!key.known) return fail(TokenProblem::UnknownKey);
  const auto digest = sign(binary, key);
  if (CRYPTO_memcmp(digest.data(), binary.tag(), tag_size) != 0) return fail(TokenProblem::Forged);
  return decision_of(binary);
}

}  // namespace sluice::outcomes

#pragma GCC diagnostic pop
