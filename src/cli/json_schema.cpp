#include "sluice/cli/json_schema.hpp"

#include <nlohmann/json.hpp>

#include "sluice/policy/reference.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using policy::Field;
using policy::Object;
using policy::Type;

Json value_schema(const Type& type, const Field& field);

Json number_schema(const Type& type, const Field& field) {
  Json out{{"type", type.number == Type::JsonNumber::Integer ? "integer" : "number"}};
  // A string form beside the number has bounds of its own, which the pattern cannot say.
  if (type.pattern.empty() && field.min) out["minimum"] = field.min->value;
  if (type.pattern.empty() && field.max) out["maximum"] = field.max->value;
  return out;
}

Json scalar_schema(const Type& type, const Field& field) {
  if (type.boolean) return {{"type", "boolean"}};
  if (!type.choices.empty()) {
    Json names = Json::array();
    for (const policy::Choice& choice : type.choices) names.push_back(choice.name);
    return {{"enum", std::move(names)}};
  }
  Json text{{"type", "string"}};
  if (type.text && !field.format->pattern.empty()) text["pattern"] = field.format->pattern;
  if (type.text) text["minLength"] = 1;
  if (!type.pattern.empty()) text["pattern"] = type.pattern;
  if (type.number == Type::JsonNumber::No) return text;
  Json number = number_schema(type, field);
  if (type.pattern.empty()) return number;
  return {{"anyOf", Json::array({std::move(number), std::move(text)})}};
}

Json value_schema(const Type& type, const Field& field) {
  switch (type.shape) {
    case Type::Shape::List:
      return {{"type", "array"},
              {"minItems", field.min_items},
              {"maxItems", field.max_items},
              {"items", value_schema(*type.element, field)}};
    case Type::Shape::Map:
      return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
    case Type::Shape::Object:
      return {{"$ref", "#/definitions/" + type.object->name}};
    case Type::Shape::Scalar:
      break;
  }
  return scalar_schema(type, field);
}

Json field_schema(const Field& field) {
  std::string description = field.help;
  if (!field.default_text.empty()) description += " Default: " + field.default_text + ".";
  if (!field.acts) description += " Does not act yet.";
  Json value = value_schema(*field.type, field);
  // Draft 7 ignores everything beside a $ref, so the description needs a level of its own.
  if (value.contains("$ref")) value = {{"allOf", Json::array({std::move(value)})}};
  value["description"] = std::move(description);
  return value;
}

/// Exactly one key of each group: a oneOf of "this one is there".
Json group_schema(const Object& object, const std::string& group) {
  Json choices = Json::array();
  for (const Field& field : object.fields) {
    if (field.one_of == group) choices.push_back({{"required", Json::array({field.name})}});
  }
  return {{"oneOf", std::move(choices)}};
}

Json object_schema(const Object& object) {
  Json out{{"type", "object"}, {"description", object.help}, {"additionalProperties", false}};
  Json properties = Json::object();
  Json required = Json::array();
  Json groups = Json::array();
  std::vector<std::string> seen;
  for (const Field& field : object.fields) {
    properties[field.name] = field_schema(field);
    if (field.required) required.push_back(field.name);
    if (field.one_of.empty() || std::find(seen.begin(), seen.end(), field.one_of) != seen.end()) continue;
    seen.push_back(field.one_of);
    groups.push_back(group_schema(object, field.one_of));
  }
  out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  if (!groups.empty()) out["allOf"] = std::move(groups);
  return out;
}

}  // namespace

std::string json_schema() {
  Json definitions = Json::object();
  for (const Type* type : policy::object_types()) definitions[type->object->name] = object_schema(*type->object);
  Json documents = Json::array();
  for (const Type* type : policy::document_types())
    documents.push_back({{"$ref", "#/definitions/" + type->object->name}});
  const Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                    {"title", "Sluice policy document"},
                    {"description", "One document of a Sluice policy (sluice.dev/v1)."},
                    {"oneOf", std::move(documents)},
                    {"definitions", std::move(definitions)}};
  return schema.dump(2) + '\n';
}

}  // namespace sluice::cli
