#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"
#include "sluice/http/head.hpp"
#include "sluice/outcomes/answer_text.hpp"
#include "sluice/outcomes/answer_value.hpp"
#include "sluice/outcomes/observation.hpp"

namespace sluice::gateway {

/// What an exchange reads from its answer: headers at once, the body once the client has all of it. Used again for the
/// next answer; a usual one allocates nothing. One thread.
class AnswerReader {
 public:
  /// Looks at the head of the answer that goes to the client, which `base` holds, and draws what is looked for. Without
  /// fields, and for an answer of 500 or more, nothing is.
  void begin(const outcomes::AnswerFields& fields, const http::ResponseHead& answer, const char* base,
             Random& random) noexcept;
  /// The payload that passes by shall be shown to `take`.
  bool wants_body() const noexcept { return wants_body_; }
  void take(std::string_view payload) noexcept { text_.add(payload); }
  /// All of the answer passed by, within `took` of the request's head.
  void finish(outcomes::AnswerParser& parser, Duration took, outcomes::Observation& observation) noexcept;
  /// Drops what belongs to the finished request.
  void end() noexcept;

 private:
  void read_header(std::size_t place, std::string_view text) noexcept;
  void tell(outcomes::Observation& observation) const noexcept;

  const outcomes::AnswerFields* fields_ = nullptr;
  outcomes::AnswerText text_;
  std::array<float, outcomes::max_answer_fields> values_{};
  std::array<outcomes::Unread, outcomes::max_answer_fields> unread_{};
  outcomes::Label label_;
  std::uint8_t read_ = 0;    ///< bit i: `values_[i]`, or the label, came with the head
  std::uint8_t wanted_ = 0;  ///< bit i: field i is looked for in the body
  std::size_t json_bytes_ = 0;
  bool wants_body_ = false;
};

}  // namespace sluice::gateway
