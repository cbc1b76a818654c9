#include "sluice/traffic/from_policy.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace sluice::traffic {
namespace {

/// Points to the place in the policy, the way a compiler does.
Error located(const policy::Position& position, const Error& error) {
  if (position.line == 0) return error;
  return Error::internal(position.file + ":" + std::to_string(position.line) + ":" + std::to_string(position.column) +
                         ": " + error.message);
}

/// The path segment in front of a model's name in the protocol; empty where the name stands in the body.
std::string model_marker(policy::Protocol protocol) {
  switch (protocol) {
    case policy::Protocol::OpenInference:
    case policy::Protocol::KServeV1:
      return "models";
    case policy::Protocol::SageMaker:
    case policy::Protocol::Vertex:
      return "endpoints";
    case policy::Protocol::OpenAi:
    case policy::Protocol::Raw:
      break;
  }
  return "";
}

Result<TextTest> path_test(const policy::PathMatch& path) {
  switch (path.type) {
    case policy::PathMatchType::Exact:
      return TextTest::exact(path.value);
    case policy::PathMatchType::PathPrefix:
      return TextTest::segments(path.value);
    case policy::PathMatchType::RegularExpression:
      return TextTest::regular_expression(path.value);
  }
  return fail(Error::internal("unknown type of path match"));
}

Result<TextTest> value_test(const policy::ValueMatch& value) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (value.type) {
    case policy::ValueMatchType::Exact:
      return TextTest::exact(value.value);
    case policy::ValueMatchType::Prefix:
      return TextTest::prefix(value.value);
    case policy::ValueMatchType::RegularExpression:
      return TextTest::regular_expression(value.value);
    case policy::ValueMatchType::Range:
      return TextTest::range(value.min.value_or(-infinity), value.max.value_or(infinity));
  }
  return fail(Error::internal("unknown type of match"));
}

template <typename MakeField>
Result<void> add_values(std::vector<Condition>& conditions, const std::vector<policy::ValueMatch>& values,
                        MakeField make_field) {
  for (const auto& value : values) {
    auto test = value_test(value);
    if (!test) return fail(located(value.position, test.error()));
    conditions.push_back({make_field(value.name), std::move(test).value()});
  }
  return {};
}

constexpr std::size_t most_buckets = 8;

Result<Field> context_source(const policy::ContextFeature& feature) {
  switch (feature.source) {
    case policy::ContextSource::Header:
      return Field::header(feature.name);
    case policy::ContextSource::Cookie:
      return Field::cookie(feature.name);
    case policy::ContextSource::QueryParam:
      return Field::query_param(feature.name);
    case policy::ContextSource::JsonPointer:
      break;
  }
  return Field::json_pointer(feature.name);
}

Result<ContextField> to_context_field(const policy::ContextFeature& feature) {
  auto source = context_source(feature);
  if (!source) return fail(located(feature.position, source.error()));
  ContextField field{std::move(source).value(), ContextField::Kind::Number, {}, 0};
  if (feature.type == policy::ContextType::Category) {
    field.kind = feature.values.empty() ? ContextField::Kind::Hashed : ContextField::Kind::OneOf;
    field.values = feature.values;
  }
  return field;
}

/// False when one of them would get none.
bool deal_buckets(std::vector<ContextField>& fields) {
  const std::size_t taken = features_of(fields);
  if (taken > stats::most_features) return false;
  std::size_t left = stats::most_features - taken;
  const auto is_hashed = [](const ContextField& field) { return field.kind == ContextField::Kind::Hashed; };
  auto waiting = static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), is_hashed));
  for (auto& field : fields) {
    if (!is_hashed(field)) continue;
    const std::size_t buckets = std::min(most_buckets, (left + waiting - 1) / waiting);
    if (buckets == 0) return false;
    field.buckets = static_cast<std::uint8_t>(buckets);
    left -= buckets;
    --waiting;
  }
  return true;
}

}  // namespace

Result<Match> to_match(const policy::Match& match, policy::Protocol protocol) {
  std::vector<Condition> conditions;
  if (match.path) {
    auto test = path_test(*match.path);
    if (!test) return fail(located(match.path->position, test.error()));
    conditions.push_back({Field::path(), std::move(test).value()});
  }
  if (!match.method.empty()) conditions.push_back({Field::method(), TextTest::exact(match.method)});
  if (auto added = add_values(conditions, match.headers, &Field::header); !added) return fail(added.error());
  if (auto added = add_values(conditions, match.cookies, &Field::cookie); !added) return fail(added.error());
  if (auto added = add_values(conditions, match.query_params, &Field::query_param); !added) return fail(added.error());
  if (!match.model.empty()) {
    conditions.push_back({Field::model(model_marker(protocol)), TextTest::exact(match.model)});
  }
  return Match(std::move(conditions));
}

Result<std::vector<Match>> to_matches(const std::vector<policy::Match>& matches, policy::Protocol protocol) {
  std::vector<Match> compiled;
  for (const auto& match : matches) {
    auto one = to_match(match, protocol);
    if (!one) return fail(one.error());
    compiled.push_back(std::move(one).value());
  }
  return compiled;
}

Result<std::optional<Field>> to_unit(const policy::Unit& unit) {
  switch (unit.source) {
    case policy::UnitSource::Header:
      return std::optional(Field::header(unit.name));
    case policy::UnitSource::Cookie:
      return std::optional(Field::cookie(unit.name));
    case policy::UnitSource::QueryParam:
      return std::optional(Field::query_param(unit.name));
    case policy::UnitSource::ClientAddress:
      return std::optional(Field::client_address());
    case policy::UnitSource::Request:
      return std::optional<Field>();
    case policy::UnitSource::JsonPointer:
      break;
  }
  auto field = Field::json_pointer(unit.name);
  if (!field) return fail(field.error());
  return std::optional(std::move(field).value());
}

Result<std::vector<ContextField>> context_fields(const policy::Bandit& bandit) {
  std::vector<ContextField> fields;
  for (const auto& feature : bandit.context) {
    auto field = to_context_field(feature);
    if (!field) return fail(field.error());
    fields.push_back(std::move(field).value());
  }
  if (!deal_buckets(fields)) {
    return fail(Error::internal("the context has more than " + std::to_string(stats::most_features) +
                                " features; a number is one, a category one for each of its values"));
  }
  return fields;
}

}  // namespace sluice::traffic
