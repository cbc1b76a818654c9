#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/outcomes/decision.hpp"

namespace sluice::outcomes {

/// The most outcomes of a route that are read from answers.
inline constexpr std::size_t max_answer_outcomes = 4;
/// With the score and the class that are watched for drift.
inline constexpr std::size_t max_answer_fields = max_answer_outcomes + 2;

/// Why an answer has no value of an outcome.
enum class Unread : std::uint8_t {
  NotLooked,  ///< not sampled, or no answer of the version to read; or it was read
  Absent,     ///< it is not there, or is null
  NoNumber,   ///< something else is there, or a number beyond ±1e15
  TooLarge,   ///< the body, or one event of a stream
  Encoded,    ///< the body is compressed
};
inline constexpr std::size_t unread_reasons = 5;

/// The word for it in metrics.
std::string_view to_string(Unread unread) noexcept;

/// A predicted class.
struct Label {
  std::uint64_t hash = 0;       ///< stable, of the whole text
  std::array<char, 24> text{};  ///< how it begins, for people; zeros behind it

  /// A whole number stands as text, too.
  void set(std::string_view whole) noexcept;
  std::string_view shown() const noexcept;
};

/// What of an answer is watched for drift.
struct Prediction {
  bool has_score = false;
  bool has_label = false;
  float score = 0;
  Label label;
  Unread score_unread = Unread::NotLooked;
  Unread label_unread = Unread::NotLooked;
};

/// What a request showed by itself when it was over: no application has to report it. Told by a worker for routes that
/// read values from answers or learn from contexts.
struct Observation {
  Decision decision;      ///< of the version that the split assigned, whoever answered
  bool failed = false;    ///< as the checks count it: answered with 500 or more, by another version, or not at all
  bool counted = true;    ///< false: the client's doing, so it says nothing about the version
  float latency = 0;      ///< seconds, head sent to the endpoint … last byte read; 0: no answer
  std::uint8_t read = 0;  ///< bit i: `values[i]` was read from this answer
  std::array<float, max_answer_outcomes> values{};   ///< in the order of the route's outcomes that stand in answers
  std::array<Unread, max_answer_outcomes> unread{};  ///< in the same order
  Prediction prediction{};                           ///< where the route's drift is watched
};

/// Hears of every request that was observed. On the controller's thread, before the look that it is evidence for;
/// quick.
class ObservationSink {
 public:
  virtual void observe(const Observation& observation) = 0;

 protected:
  ~ObservationSink() = default;
};

}  // namespace sluice::outcomes
