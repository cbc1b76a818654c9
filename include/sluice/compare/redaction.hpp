#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/answer_pair.hpp"

namespace sluice::compare {

/// The longest beginning of a text that has at most so many bytes and ends no character in its middle. What is not
/// UTF-8 is cut at the byte.
std::string_view utf8_prefix(std::string_view text, std::size_t most) noexcept;

/// Makes of an answer's body the text that people may see: what stands at one of the pointers, and everything below it,
/// is "<redacted>". `*` in a pointer stands for any index or name, on one level. One thread.
///
/// Only JSON that is whole and valid is shown at all, for nothing can be redacted in anything else: of other bodies,
/// streams, compressed ones and bytes of binary tensors it says how many there are.
class Redactor {
 public:
  static constexpr std::size_t kKept = std::size_t{2} << 20;  ///< of one answer

  Redactor();
  ~Redactor();

  /// At most `most` bytes, and behind them what it says of a tensor's bytes. About a microsecond per kilobyte of the
  /// body and three per kilobyte shown; memory as parsing takes it, which is kept for the next
  /// after bodies of at most kKept bytes.
  std::string show(const Answer& answer, const std::vector<std::string>& pointers, std::size_t most);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::compare
