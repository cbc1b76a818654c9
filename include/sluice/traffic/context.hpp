#pragma once

#include <array>
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

  std::size_t features() const noexcept;
};

/// A number beyond it, to either side, counts as none: a single one would drown all others in what is learnt.
inline constexpr double largest_context_number = 1e6;

/// How many features these fields make.
std::size_t features_of(const std::vector<ContextField>& fields) noexcept;

/// What a request has of each field, before it becomes features.
struct ContextValues {
  /// A number as it was read; a category's place among the values, or its bucket. NaN: none that counts.
  std::array<float, stats::most_features> value{};
  std::uint8_t size = 0;  ///< as many as fields
};

/// Decimal numbers without a blank, a sign + or a thousands separator; texts to the letter; an empty text has no
/// bucket. Allocates nothing, apart from a JSON body as Field::read() says.
ContextValues read_context_values(const std::vector<ContextField>& fields, const RequestView& request) noexcept;

/// The features of a request, rounded to bfloat16, as a token has room for: what is scored, told and learnt from is
/// the same. Costs what reading the fields costs; those of a JSON body go through it once each.
stats::Context read_context(const std::vector<ContextField>& fields, const RequestView& request) noexcept;

/// Chooses by what is known of a request. Immutable.
struct Learned {
  std::vector<ContextField> fields;
  /// Empty: the split's weights decide, and the context is told nevertheless, so that something can be learnt from it.
  stats::ScoringBank bank;
  std::vector<VersionIndex> arms;  ///< of the bank, in its order
};

}  // namespace sluice::traffic
