#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/http/head.hpp"

namespace sluice::gateway {

/// Keeps an answer while it passes by, so that it can be compared later: within what one answer may have, and within
/// what all that wait may take together. Of one that does not fit, and of one that is compressed, only the head is
/// kept, and the answer says why. The body costs a copy and one allocation, more where its length is not told. One
/// thread.
class AnswerKeeper {
 public:
  /// All three stay where they are until the answer is over.
  AnswerKeeper(const PairRules& rules, compare::Memory& memory, compare::Answer& into) noexcept
      : rules_(&rules), memory_(&memory), into_(&into) {}

  void take_head(const http::ResponseHead& answer, const char* base) noexcept;
  /// The payload that follows shall be shown to `take_payload`.
  bool wants_body() const noexcept { return wants_body_; }
  void take_payload(std::string_view payload) noexcept;
  /// The body is of no use after all: its memory goes back.
  void drop_body() noexcept;

 private:
  bool make_room(std::size_t size) noexcept;

  const PairRules* rules_;
  compare::Memory* memory_;
  compare::Answer* into_;
  std::size_t expected_ = 0;  // as its head told; 0: it did not
  bool wants_body_ = false;
};

}  // namespace sluice::gateway
