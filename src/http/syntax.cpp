#include "sluice/http/syntax.hpp"

#include <cstring>

namespace sluice::http {

std::size_t find_control_byte(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    // Nonzero exactly when some byte is below 0x20 or is 0x7f; which one it is, the loop below finds out.
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
    const std::uint64_t as_delete = word ^ (kOnes * 0x7f);
    if (((below_space | ((as_delete - kOnes) & ~as_delete)) & kHighBits) == 0) continue;
    for (std::size_t i = at; i < at + 8; ++i) {
      if (!is(text[i], kFieldByte)) return i;
    }
  }
  const std::size_t end = skip(text, at, kFieldByte);
  return end == text.size() ? std::string_view::npos : end;
}

}  // namespace sluice::http
