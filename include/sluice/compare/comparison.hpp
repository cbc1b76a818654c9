#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/policy/shadow.hpp"

namespace sluice::compare {

/// In what way a field of two answers differs.
enum class Change : std::uint8_t {
  Status,   ///< another class of status: 200 and 404; of redirections and refusals another status
  Missing,  ///< only live has it
  Added,    ///< only the candidate has it
  Type,     ///< JSON type, tensor datatype
  Shape,    ///< length of a list, shape of a tensor
  Value,    ///< beyond every tolerance
  ArgMax,   ///< the largest number stands elsewhere: another class
  TopK,     ///< too few of the largest numbers stand at the same places
  Text,     ///< more of the text differs than the edit ratio allows
  Unread,   ///< a body that is no answer of the protocol, on one side only
};
std::string_view to_string(Change change) noexcept;

/// One field that differs. Indexes of a path are written as `*`, so that a list of a thousand numbers is one field:
/// "/outputs/scores", "/predictions/*/label", "/choices/*/finish_reason", "status".
struct Difference {
  std::string field;
  Change change = Change::Value;
  double size = 0;  ///< largest absolute difference, share of a text or of rows that differ; 0: no such thing; finite
  std::uint32_t count = 1;  ///< how many places of it differ
  double gravity = 0;       ///< 0…1: how bad that is by itself
};

/// Rows of one output whose largest number was looked for.
struct OutputFlips {
  std::string field;  ///< "/outputs/scores", "/predictions/*"
  std::uint32_t rows = 0;
  std::uint32_t flips = 0;  ///< of these, rows in which it stands elsewhere
};

/// What two answers say of one another.
struct Comparison {
  bool compared = false;                ///< both failed no request and their bodies could be looked into
  std::vector<Difference> differences;  ///< by field, each once; at most max_differences, the rest is "other fields"
  std::optional<double> live_score;     ///< what `drift.score` reads
  std::optional<double> other_score;
  std::optional<std::uint64_t> live_label;  ///< stable hash of what `drift.label` reads
  std::optional<std::uint64_t> other_label;
  std::string live_label_text;  ///< at most 64 bytes
  std::string other_label_text;
  /// Largest of all numbers that were compared, within their tolerances or not: |a − b| / max(|a|, |b|), 0…2.
  double relative_difference = 0;
  std::uint32_t rows = 0;            ///< of all outputs
  std::uint32_t flips = 0;           ///< of all outputs
  std::vector<OutputFlips> outputs;  ///< the same by output, at most max_outputs; only where there are rows
  std::uint32_t live_tokens = 0;     ///< OpenAI: output tokens
  std::uint32_t other_tokens = 0;
};
/// Enough that a few dozen fields of noise do not push what matters among the others, which are noise with them.
inline constexpr std::size_t max_differences = 128;
inline constexpr std::size_t max_outputs = 16;
/// The field of what finds no place any more.
inline constexpr std::string_view other_fields = "other fields";

/// How answers of one route are compared: the policy's words, made ready. Immutable.
class CompareRules {
 public:
  /// `compare` absent: by status alone.
  CompareRules(policy::Protocol protocol, std::optional<policy::Compare> compare, std::optional<policy::Drift> drift);
  ~CompareRules();
  CompareRules(CompareRules&&) noexcept;
  CompareRules& operator=(CompareRules&&) noexcept;

  struct Impl;
  const Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Compares answers, one pair after another, with parsers that keep their memory. Bounded: the time grows with the
/// bytes of both (a few milliseconds for two JSON tensors of 1 MiB, a fraction of one for binary tensors), and memory
/// is some six times as much for usual JSON, at most fourteen times where every other byte is a value, next to nothing
/// for binary tensors. Hostile bodies (deep, wide, malformed) cost no more. What more than kKept bytes needed is given
/// back after that pair. One thread.
class Comparer {
 public:
  static constexpr std::size_t kKept = std::size_t{2} << 20;  ///< of one answer

  Comparer();
  ~Comparer();

  /// Throws nothing but std::bad_alloc.
  Comparison compare(const CompareRules& rules, const Answer& live, const Answer& other);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::compare
