#include "sluice/policy/reference.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "sluice/policy/codes.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// SLUICE_UPDATE_EXPECTED=1 writes the page anew, as it does in cli_test.
void update(const std::string& path, const std::string& text) {
  if (std::getenv("SLUICE_UPDATE_EXPECTED") == nullptr) return;
  std::ofstream(std::string(SLUICE_SOURCE_DIR) + "/" + path, std::ios::binary) << text;
}

TEST(Reference, IsCurrent) {
  update("docs/policy-reference.md", reference_markdown());
  EXPECT_TRUE(contents("docs/policy-reference.md") == reference_markdown())
      << "run: sluice schema --reference > docs/policy-reference.md";
}

TEST(ErrorCodes, AreCurrent) {
  update("docs/error-codes.md", error_codes_markdown());
  EXPECT_TRUE(contents("docs/error-codes.md") == error_codes_markdown())
      << "run: sluice schema --error-codes > docs/error-codes.md";
}

TEST(ErrorCodes, AreUniqueAndExplained) {
  std::set<std::string_view> ids;
  for (const CodeInfo& info : all_codes()) {
    EXPECT_TRUE(ids.insert(info.id).second) << info.id;
    EXPECT_FALSE(info.title.empty()) << info.id;
    EXPECT_TRUE(info.meaning.ends_with('.')) << info.id;
  }
}

TEST(Schema, ExplainsEveryFieldInASentence) {
  std::set<std::string> names;
  for (const Type* type : object_types()) {
    EXPECT_TRUE(names.insert(type->object->name).second) << type->object->name;
    if (type->object->name == "nothing") continue;
    EXPECT_TRUE(type->object->help.ends_with('.')) << type->object->name;
    std::set<std::string> fields;
    for (const Field& field : type->object->fields) {
      const std::string where = type->object->name + "." + field.name;
      EXPECT_TRUE(fields.insert(field.name).second) << where;
      EXPECT_TRUE(field.help.ends_with('.')) << where;
      EXPECT_FALSE(field.min && field.max && field.min->value >= field.max->value) << where;
    }
  }
  EXPECT_TRUE(names.contains("Canary"));
  EXPECT_GT(names.size(), 45U);
}

TEST(Schema, NamesEveryEnumerator) {
  EXPECT_EQ(type_of(Tag<Protocol>{}).choices.size(), static_cast<std::size_t>(Protocol::Raw) + 1);
  EXPECT_EQ(type_of(Tag<BanditAlgorithm>{}).choices.size(),
            static_cast<std::size_t>(BanditAlgorithm::LinearThompson) + 1);
  EXPECT_EQ(type_of(Tag<WebhookType>{}).choices.size(), static_cast<std::size_t>(WebhookType::Event) + 1);
  EXPECT_EQ(type_of(Tag<ValueMatchType>{}).choices.size(), static_cast<std::size_t>(ValueMatchType::Range) + 1);
  EXPECT_EQ(type_of(Tag<PathMatchType>{}).choices.size(),
            static_cast<std::size_t>(PathMatchType::RegularExpression) + 1);
  EXPECT_EQ(type_of(Tag<LogLevel>{}).choices.size(), static_cast<std::size_t>(LogLevel::Error) + 1);
  EXPECT_EQ(type_of(Tag<PinAllow>{}).choices.size(), static_cast<std::size_t>(PinAllow::Matching) + 1);
  EXPECT_EQ(type_of(Tag<Replace>{}).choices.size(), static_cast<std::size_t>(Replace::Webhook) + 1);
  EXPECT_EQ(type_of(Tag<RetryOn>{}).choices.size(), static_cast<std::size_t>(RetryOn::TooManyRequests) + 1);
  EXPECT_EQ(type_of(Tag<RetryMethods>{}).choices.size(), static_cast<std::size_t>(RetryMethods::Safe) + 1);
  EXPECT_EQ(type_of(Tag<OnNoData>{}).choices.size(), static_cast<std::size_t>(OnNoData::Fail) + 1);
  EXPECT_EQ(type_of(Tag<Agreement>{}).choices.size(), static_cast<std::size_t>(Agreement::TopK) + 1);
  EXPECT_EQ(to_string(Protocol::OpenAi), "OpenAI");
}

TEST(Schema, SaysThatEveryStrategyNameIsAKey) {
  const Object& object = *type_of(Tag<Strategy>{}).object;
  ASSERT_EQ(object.fields.size(), 7U);
  for (const Field& field : object.fields) {
    Strategy strategy;
    field.place(&strategy);
    EXPECT_EQ(strategy_name(strategy), field.name);
  }
  EXPECT_EQ(strategy_name(Strategy{}), "");
}

}  // namespace
}  // namespace sluice::policy
