#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sluice/compare/comparison.hpp"
#include "sluice/compare/field_rules.hpp"
#include "sluice/compare/json_walk.hpp"
#include "sluice/compare/tensor_compare.hpp"

namespace sluice::compare {

/// How the elements of one output agree, by whether they may be a fraction.
struct OutputRules {
  std::string name;
  ElementRules floats;
  ElementRules integers;  ///< and booleans: exactly, unless a rule of their own says otherwise
};

/// Where a score or label is read.
struct DriftField {
  policy::AnswerPart part = policy::AnswerPart::JsonPointer;
  std::string name;                  ///< of the output tensor
  std::vector<std::string> pointer;  ///< tokens, unescaped
};

struct CompareRules::Impl {
  policy::Protocol protocol = policy::Protocol::Raw;
  bool has_bodies = false;  ///< bodies are compared
  FieldRules fields;
  WalkRules walk;  ///< its `fields` are those above
  OutputRules usual_output;
  std::vector<OutputRules> outputs;  ///< with rules of their own
  std::optional<DriftField> score;
  std::optional<DriftField> label;

  const OutputRules& output(std::string_view name) const noexcept;
};

}  // namespace sluice::compare
