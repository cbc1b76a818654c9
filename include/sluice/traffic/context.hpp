#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/stats/context.hpp"
#include "sluice/stats/scoring_bank.hpp"
#include "sluice/traffic/field.hpp"
#include "sluice/traffic/request_view.hpp"
#include "sluice/traffic/split.hpp"

namespace sluice::traffic {

/// One thing that a learned score looks at.
struct ContextField {
  enum class Kind : std::uint8_t {
    Number,  ///< one feature: the number as it is written; 0 when it is none or not there
    OneOf,   ///< a feature for each of `values`: 1 for the one that the request has, else 0
    Hashed,  ///< `buckets` features: 1 for the one that the text's hash falls into, else 0
  };
  Field field;
  Kind kind = Kind::Number;
  std::vector<std::string> values;
  std::uint8_t buckets = 0;
};

/// How many features these fields make.
std::size_t features_of(const std::vector<ContextField>& fields) noexcept;

/// The features of a request, rounded to bfloat16, as a token has room for: what is scored, told and learnt from is
/// the same. Allocates nothing, apart from a JSON body as Field::read() says.
stats::Context read_context(const std::vector<ContextField>& fields, const RequestView& request) noexcept;

/// Chooses by what is known of a request. Immutable.
struct Learned {
  std::vector<ContextField> fields;
  stats::ScoringBank bank;
  std::vector<VersionIndex> arms;  ///< of the bank, in its order
};

}  // namespace sluice::traffic
