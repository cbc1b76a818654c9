#include "sluice/traffic/context.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "allocations.hpp"
#include "request.hpp"
#include "sluice/base/bfloat16.hpp"

namespace sluice::traffic {
namespace {

using Kind = ContextField::Kind;
using Fields = std::vector<ContextField>;

ContextField number(Field field) {
  return {std::move(field), Kind::Number, {}, 0};
}

ContextField one_of(Field field, std::vector<std::string> values) {
  return {std::move(field), Kind::OneOf, std::move(values), 0};
}

ContextField hashed(Field field, std::uint8_t buckets) {
  return {std::move(field), Kind::Hashed, {}, buckets};
}

std::vector<float> features(const Fields& fields, const Request& request) {
  const auto context = read_context(fields, request.view());
  return {context.view().begin(), context.view().end()};
}

float number_of(std::string text) {
  return features({number(Field::header("n"))}, with_header("n", std::move(text))).at(0);
}

TEST(Context, HasAFeatureForANumberAndOneForEachValueOrBucket) {
  const Fields fields{number(Field::header("age")), one_of(Field::header("device"), {"phone", "pc", "tv"}),
                      hashed(Field::header("country"), 4)};
  EXPECT_EQ(features_of(fields), 8u);
  EXPECT_EQ(features_of({}), 0u);
  EXPECT_EQ(read_context(fields, Request{}.view()).size, 8);
  EXPECT_EQ(read_context({}, Request{}.view()), stats::Context{});
}

TEST(Context, PutsOneWhereTheCategoryIsAndZeroElsewhere) {
  const Fields fields{number(Field::header("age")), one_of(Field::header("device"), {"phone", "pc"})};
  auto request = with_header("age", "40");
  EXPECT_EQ(features(fields, request), (std::vector<float>{40, 0, 0})) << "absent";
  request.headers["device"] = "pc";
  EXPECT_EQ(features(fields, request), (std::vector<float>{40, 0, 1}));
  for (const auto* other : {"PC", "pc ", "", "tv"}) {
    request.headers["device"] = other;
    EXPECT_EQ(features(fields, request), (std::vector<float>{40, 0, 0})) << other;
  }
}

TEST(Context, ReadsNumbersToTheLetter) {
  EXPECT_EQ(number_of("0"), 0);
  EXPECT_EQ(number_of("-2.5"), -2.5);
  EXPECT_EQ(number_of("1e3"), 1000);
  EXPECT_EQ(number_of("0.25"), 0.25);
  EXPECT_EQ(number_of("1000000"), round_to_bfloat16(1e6F)) << "the largest that counts";
  for (const auto* none : {"", " ", " 1", "1 ", "\t1", "+1", "1,5", "1 000", "0x10", "1.5.2", "1e", "-", "one", "true",
                           "\xff\xfe", "1_000"}) {
    EXPECT_EQ(number_of(none), 0) << "'" << none << "'";
  }
}

TEST(Context, TakesWildNumbersForNone) {
  for (const auto* wild : {"nan", "NaN", "-nan", "nan(7)", "inf", "-inf", "infinity", "1e999", "-1e999", "1e-999",
                           "1e308", "1000001", "-1e7", "3.5e38"}) {
    EXPECT_EQ(number_of(wild), 0) << wild;
  }
  EXPECT_EQ(number_of(std::string(60'000, '9')), 0);
  EXPECT_EQ(number_of("0." + std::string(60'000, '3')), round_to_bfloat16(1.0F / 3));
  EXPECT_EQ(number_of(std::string("1\0", 2)), 0);
}

TEST(Context, RoundsToWhatATokenHasRoomFor) {
  for (const auto* text : {"34.123", "0.1", "-12345.678", "999999"}) {
    const float value = number_of(text);
    EXPECT_EQ(value, round_to_bfloat16(value)) << text;
    EXPECT_NEAR(value, std::stof(text), std::abs(std::stof(text)) / 256) << text;
  }
}

TEST(Context, PutsEqualTextsIntoTheSameBucketForEver) {
  const Fields fields{hashed(Field::header("country"), 8)};
  const auto bucket = [&](std::string text) {
    const auto found = features(fields, with_header("country", std::move(text)));
    EXPECT_EQ(std::count(found.begin(), found.end(), 1.0F), 1);
    return std::find(found.begin(), found.end(), 1.0F) - found.begin();
  };
  std::string buckets;
  for (const auto* country : {"de", "fr", "it", "us", "jp", "br", "DE", "x"}) {
    buckets += static_cast<char>('0' + bucket(country));
  }
  EXPECT_EQ(buckets, "60122275");
  std::vector<int> counts(8);
  for (int i = 0; i < 8000; ++i) ++counts[static_cast<std::size_t>(bucket("category-" + std::to_string(i)))];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(features(fields, Request{}), std::vector<float>(8, 0)) << "absent";
  EXPECT_EQ(features(fields, with_header("country", "")), std::vector<float>(8, 0)) << "empty";
}

TEST(Context, ReadsEverySource) {
  const Fields fields{number(Field::header("n")), number(Field::cookie("n")), number(Field::query_param("n")),
                      number(*Field::json_pointer("/user/n")), one_of(*Field::json_pointer("/device"), {"phone"})};
  Request request;
  request.headers = {{"n", "1"}, {"cookie", "n=2"}};
  request.query = "n=3";
  request.body = R"({"user":{"n":4},"device":"phone"})";
  EXPECT_EQ(features(fields, request), (std::vector<float>{1, 2, 3, 4, 1}));
  request.body_is_here = false;
  EXPECT_EQ(features(fields, request), (std::vector<float>{1, 2, 3, 0, 0}));
  for (const auto* broken : {"", "{", "[]", R"({"user":{"n":null}})", R"({"user":{"n":[4]}})", "\xff\xff"}) {
    request.body = broken;
    request.body_is_here = true;
    EXPECT_EQ(features(fields, request), (std::vector<float>{1, 2, 3, 0, 0})) << broken;
  }
}

TEST(Context, KnowsTheValuesBeforeTheyBecameFeatures) {
  const Fields fields{number(Field::header("age")), one_of(Field::header("device"), {"phone", "pc"}),
                      hashed(Field::header("country"), 4)};
  auto request = with_header("age", "34.123");
  request.headers["device"] = "pc";
  request.headers["country"] = "de";
  const auto read = read_context_values(fields, request.view());
  ASSERT_EQ(read.size, 3);
  EXPECT_EQ(read.value[0], 34.123F) << "as it was read";
  EXPECT_EQ(read.value[1], 1);
  const auto bucket = static_cast<std::size_t>(read.value[2]);
  EXPECT_EQ(read_context(fields, request.view()).value[3 + bucket], 1);
  const auto nothing = read_context_values(fields, Request{}.view());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(nothing.value[i])) << i;
  request.headers = {{"age", "old"}, {"device", "tv"}, {"country", ""}};
  const auto others = read_context_values(fields, request.view());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(others.value[i])) << i;
}

TEST(Context, NeverWritesPastItsSixteenFeatures) {
  Fields fields;
  for (int i = 0; i < 15; ++i) fields.push_back(number(Field::header("n")));
  fields.push_back(one_of(Field::header("device"), {"phone", "pc"}));
  const auto context = read_context(fields, with_header("n", "1").view());
  EXPECT_EQ(context.size, 15) << "a category that finds no room is left out whole";
  fields.assign(100, number(Field::header("n")));
  EXPECT_EQ(read_context(fields, with_header("n", "1").view()).size, 16);
  EXPECT_EQ(read_context_values(fields, with_header("n", "1").view()).size, 16);
}

TEST(Context, AllocatesNothing) {
  const Fields fields{number(*Field::json_pointer("/n")), one_of(Field::query_param("d"), {"phone", "pc"}),
                      hashed(Field::cookie("c"), 4)};
  Request request = with_header("cookie", "c=de");
  request.query = "d=p%63";
  request.body = R"({"n":4})";
  const auto view = request.view();
  const auto warm = read_context(fields, view);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(read_context(fields, view), warm);
  EXPECT_EQ(allocations_of_this_thread(), before);
  EXPECT_EQ(warm.value[2], 1);
}

}  // namespace
}  // namespace sluice::traffic
