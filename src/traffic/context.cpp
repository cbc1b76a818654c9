#include "sluice/traffic/context.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "sluice/base/bfloat16.hpp"
#include "sluice/base/stable_hash.hpp"

namespace sluice::traffic {
namespace {

constexpr float no_value = std::numeric_limits<float>::quiet_NaN();

float context_number(std::string_view text) noexcept {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  // Written so that a NaN counts as none as well.
  const bool counts = problem == std::errc{} && stop == end && std::abs(number) <= largest_context_number;
  return counts ? static_cast<float>(number) : no_value;
}

float place_among(const std::vector<std::string>& values, std::string_view text) noexcept {
  const auto found = std::find(values.begin(), values.end(), text);
  return found == values.end() ? no_value : static_cast<float>(found - values.begin());
}

/// The upper half of the hash, laid over the buckets: no division, and none of them is favoured.
float bucket_of(std::string_view text, std::uint8_t buckets) noexcept {
  if (text.empty() || buckets == 0) return no_value;
  return static_cast<float>((stable_hash(0, text) >> 32) * buckets >> 32);
}

float read_value(const ContextField& field, const RequestView& request) noexcept {
  FieldBuffer buffer;
  const std::string_view text = field.field.read(request, buffer);
  if (text.data() == nullptr) return no_value;
  switch (field.kind) {
    case ContextField::Kind::Number:
      return context_number(text);
    case ContextField::Kind::OneOf:
      return place_among(field.values, text);
    case ContextField::Kind::Hashed:
      return bucket_of(text, field.buckets);
  }
  return no_value;
}

}  // namespace

std::size_t ContextField::features() const noexcept {
  switch (kind) {
    case Kind::Number:
      return 1;
    case Kind::OneOf:
      return values.size();
    case Kind::Hashed:
      return buckets;
  }
  return 0;
}

std::size_t features_of(const std::vector<ContextField>& fields) noexcept {
  std::size_t features = 0;
  for (const auto& field : fields) features += field.features();
  return features;
}

ContextValues read_context_values(const std::vector<ContextField>& fields, const RequestView& request) noexcept {
  ContextValues read;
  read.size = static_cast<std::uint8_t>(std::min(fields.size(), read.value.size()));
  for (std::size_t i = 0; i < read.size; ++i) read.value[i] = read_value(fields[i], request);
  return read;
}

stats::Context read_context(const std::vector<ContextField>& fields, const RequestView& request) noexcept {
  stats::Context context;
  std::size_t at = 0;
  for (const auto& field : fields) {
    const std::size_t features = field.features();
    if (at + features > context.value.size()) break;
    const float value = read_value(field, request);
    if (field.kind == ContextField::Kind::Number) {
      context.value[at] = std::isnan(value) ? 0 : round_to_bfloat16(value);
    } else if (!std::isnan(value)) {
      context.value[at + static_cast<std::size_t>(value)] = 1;
    }
    at += features;
  }
  context.size = static_cast<std::uint8_t>(at);
  return context;
}

}  // namespace sluice::traffic
