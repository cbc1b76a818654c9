#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sluice/compare/answer_body.hpp"
#include "sluice/compare/compare_rules.hpp"

namespace sluice::compare {

/// A predicted class.
struct Label {
  std::uint64_t hash = 0;  ///< of the whole text; the same in every process
  std::string text;        ///< at most 64 bytes
};

/// The number that `drift.score` reads in an answer; of a list its first. Nothing where none stands there, or one
/// beyond ±1e15.
std::optional<double> read_score(const DriftField& field, const Answer& answer, AnswerBody& body, JsonReader& reader);
/// The class that `drift.label` reads: a text, a whole number, true or false; of a list its first.
std::optional<Label> read_label(const DriftField& field, const Answer& answer, AnswerBody& body, JsonReader& reader);

}  // namespace sluice::compare
