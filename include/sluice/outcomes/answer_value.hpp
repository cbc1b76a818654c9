#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/outcomes/observation.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::outcomes {

/// What a value of an answer is for.
enum class ReadFor : std::uint8_t { Outcome, Score, Label };

/// One outcome of a route that stands in its answers, or what is watched there for drift.
struct AnswerField {
  ReadFor purpose = ReadFor::Outcome;
  policy::AnswerPart part = policy::AnswerPart::JsonPointer;
  policy::OutcomeType type = policy::OutcomeType::Binary;
  std::string name;                  ///< of the header in lower case, or of the output tensor
  std::vector<std::string> pointer;  ///< unescaped tokens of the JSON pointer
  double sample = 1;                 ///< share of the answers that are read, 0…1
  std::uint64_t body_bytes = 65536;  ///< larger bodies are not read

  bool in_body() const noexcept { return part != policy::AnswerPart::Header; }
};

/// All of them: at most max_answer_outcomes outcomes in the order of the policy, behind them score and label of the
/// route's drift. Immutable.
using AnswerFields = std::vector<AnswerField>;

/// The body of an answer, once all of it came.
struct AnswerBody {
  std::string_view text;       ///< followed by AnswerText::kPadding readable bytes
  std::size_t json_bytes = 0;  ///< with the binary tensor extension: where the JSON ends; 0: all is JSON
  std::uint32_t events = 0;    ///< of a stream, see AnswerText; 0: none
  Duration took{0};            ///< from the request's head to the last byte
};

/// A value as text says it: a number, `true` or `false`; a Binary outcome is 1 for all but 0 and `false`.
Unread read_number(std::string_view text, policy::OutcomeType type, float& value) noexcept;

/// A class as text says it: as it stands, without blanks around it.
Unread read_label(std::string_view text, Label& label) noexcept;

/// Reads values from the bodies of answers. Keeps its memory from answer to answer. One thread.
class AnswerParser {
 public:
  AnswerParser();
  ~AnswerParser();
  AnswerParser(AnswerParser&&) noexcept;
  AnswerParser& operator=(AnswerParser&&) noexcept;

  /// One value; NotLooked when it is read. Only the way to the value is parsed, so nonsense behind it may go unnoticed.
  /// About a microsecond for a body of a kilobyte; allocates only for a body larger than any before.
  Unread read(const AnswerField& field, const AnswerBody& body, float& value) noexcept;
  /// The same of a class: a text, a whole number, or `true` and `false`. Not for tokens.
  Unread read_label(const AnswerField& field, const AnswerBody& body, Label& label) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::outcomes
