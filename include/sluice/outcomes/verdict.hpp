#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/outcomes/door.hpp"

namespace sluice::outcomes {

/// Why something that was reported does not count.
enum class Refusal : std::uint8_t {
  Malformed,       ///< the item, or its token
  Forged,          ///< the token is not signed with the key that it names
  UnknownKey,      ///< signed with a key that is not believed (any more)
  UnknownRoute,    ///< none, or none with outcomes
  UnknownVersion,  ///< no longer one of the route's
  UnknownOutcome,
  InvalidValue,
  Expired,  ///< the attribution window has passed
  Full,     ///< the ledger takes no more
};
inline constexpr std::size_t refusals = 9;

/// "malformed", "unknown_outcome" …
std::string_view to_string(Refusal refusal) noexcept;

/// One that a client is told about.
struct ReportProblem {
  std::size_t index = 0;  ///< of the item
  std::string outcome;    ///< empty: the whole item
  Refusal refusal = Refusal::Malformed;
  std::string message;  ///< one sentence
};

/// What became of a post. Counts values, and items that were refused whole as one each.
struct Verdict {
  static constexpr std::size_t most_problems = 10'000;

  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;  ///< were reported before: the first value stays
  std::uint64_t rejected = 0;
  std::uint64_t not_split = 0;          ///< of those accepted: a rule or a pin chose the version, so it is no evidence
  std::vector<ReportProblem> problems;  ///< of those rejected, as many as are told
  bool full = false;                    ///< some were rejected for want of room

  void reject(ReportProblem problem);
};

/// 200 when anything counts or counted before, 400 when nothing does, 503 when there was no room for some of it: what
/// is sent again harms nothing.
Answer to_answer(const Verdict& verdict);

/// `{"error":"…"}`.
Answer error_answer(unsigned status, std::string_view message, unsigned retry_after_s = 0);

}  // namespace sluice::outcomes
