#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "sluice/base/bfloat16.hpp"
#include "sluice/outcomes/token.hpp"

// Any text is read without a crash, and none is believed that the key did not sign: what is believed is what the key
// itself writes about that decision. The bytes of the input are also taken for a decision, which comes back as it was.

namespace {

using namespace sluice::outcomes;

void require(bool fact) {
  if (!fact) std::abort();
}

/// The bytes behind the numbers are features, as many as there are; what is no number compares with nothing.
void read_context(const std::uint8_t* data, std::size_t size, sluice::stats::Context& context) {
  for (std::size_t from = 48; from + 2 <= size && context.size < context.value.size(); from += 2) {
    const float value = sluice::from_bfloat16(static_cast<std::uint16_t>(data[from] << 8 | data[from + 1]));
    context.value[context.size++] = std::isnan(value) ? 0 : value;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TokenKey key;
  for (std::size_t i = 0; i < key.secret.size(); ++i) key.secret[i] = static_cast<std::uint8_t>(i);
  key.id = 7;
  const TokenKeys keys(key);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::array<char, most_token_size> again{};
  if (const auto read = read_token(text, keys)) {
    require(text == std::string_view(again.data(), write_token(*read, keys, again)));
  }
  Decision decision;
  std::uint64_t milliseconds = 0;
  std::array<std::uint64_t*, 6> numbers{&decision.route,  &decision.version, &decision.unit,
                                        &decision.window, &decision.nonce,   &milliseconds};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t from = std::min(size, i * 8);
    std::memcpy(numbers[i], data + from, std::min<std::size_t>(8, size - from));
  }
  decision.time = sluice::WallTime(std::chrono::milliseconds(milliseconds % 4'000'000'000'000));
  decision.split = size % 2 == 0;
  decision.segment = static_cast<std::uint8_t>(size / 2 % (most_token_segment + 1));
  read_context(data, size, decision.context);
  const std::size_t length = write_token(decision, keys, again);
  const auto back = read_token({again.data(), length}, keys);
  require(back.ok() && *back == decision);
  again[size % length] ^= 1;
  require(!read_token({again.data(), length}, keys));
  again[size % length] ^= 1;
  for (const std::size_t wrong : {length - 1, length - 4, length + 1, length + 4}) {
    require(wrong > again.size() || !read_token({again.data(), wrong}, keys));
  }
  return 0;
}
