#include "sluice/cli/json_schema.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sluice/policy/reference.hpp"

namespace sluice::cli {
namespace {

const nlohmann::json& schema() {
  static const nlohmann::json parsed = nlohmann::json::parse(json_schema());
  return parsed;
}

TEST(JsonSchema, HasEveryDeclaredField) {
  for (const policy::Type* type : policy::object_types()) {
    const auto& properties = schema()["definitions"][type->object->name]["properties"];
    for (const policy::Field& field : type->object->fields) {
      EXPECT_TRUE(properties.contains(field.name)) << type->object->name << "." << field.name;
    }
    EXPECT_EQ(properties.size(), type->object->fields.size()) << type->object->name;
  }
}

TEST(JsonSchema, RefersOnlyToWhatItDefines) {
  const std::string text = json_schema();
  const std::string prefix = "#/definitions/";
  std::size_t references = 0;
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    const std::string name = text.substr(at + prefix.size(), text.find('"', at) - at - prefix.size());
    EXPECT_TRUE(schema()["definitions"].contains(name)) << name;
    ++references;
  }
  EXPECT_GT(references, 40U);
}

TEST(JsonSchema, RefusesUnknownKeysEverywhere) {
  for (const auto& definition : schema()["definitions"]) EXPECT_EQ(definition["additionalProperties"], false);
}

TEST(JsonSchema, WantsExactlyOneStrategy) {
  const auto& choices = schema()["definitions"]["Strategy"]["allOf"][0]["oneOf"];
  EXPECT_EQ(choices.size(), 7U);
  EXPECT_EQ(choices[3]["required"][0], "canary");
}

}  // namespace
}  // namespace sluice::cli
