#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "sluice/outcomes/token.hpp"

// Any text is read without a crash, and none is believed that the key did not sign: what is believed is what the key
// itself writes about that decision. The bytes of the input are also taken for a decision, which comes back as it was.

namespace {

using namespace sluice::outcomes;

void require(bool fact) {
  if (!fact) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TokenKey key;
  for (std::size_t i = 0; i < key.secret.size(); ++i) key.secret[i] = static_cast<std::uint8_t>(i);
  key.id = 7;
  const TokenKeys keys(key);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::array<char, token_size> again;
  if (const auto read = read_token(text, keys)) {
    write_token(*read, keys, again);
    require(text == std::string_view(again.data(), again.size()));
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
  write_token(decision, keys, again);
  const auto back = read_token({again.data(), again.size()}, keys);
  require(back.ok() && *back == decision);
  again[size % again.size()] ^= 1;
  require(!read_token({again.data(), again.size()}, keys));
  return 0;
}
