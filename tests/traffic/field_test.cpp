#include "sluice/traffic/field.hpp"

#include <gtest/gtest.h>

#include "request.hpp"

namespace sluice::traffic {
namespace {

std::string read(const Field& field, const Request& request) {
  FieldBuffer buffer;
  const auto value = field.read(request.view(), buffer);
  return value.data() == nullptr ? "(absent)" : std::string(value);
}

TEST(Field, ReadsEveryPartOfARequest) {
  Request request;
  request.query = "user=q%40x";
  request.headers = {{"x-user", "h"}, {"cookie", "sid=c; other=1"}};
  request.body = R"({"user":{"id":"j"}})";
  EXPECT_EQ(read(Field::method(), request), "POST");
  EXPECT_EQ(read(Field::path(), request), "/v2/models/fraud/infer");
  EXPECT_EQ(read(Field::header("X-User"), request), "h");
  EXPECT_EQ(read(Field::cookie("sid"), request), "c");
  EXPECT_EQ(read(Field::query_param("user"), request), "q@x");
  EXPECT_EQ(read(*Field::json_pointer("/user/id"), request), "j");
  EXPECT_EQ(read(Field::client_address(), request), "10.0.0.1");
  EXPECT_EQ(read(Field::model("models"), request), "fraud");
}

TEST(Field, IsAbsentWhereTheRequestHasNone) {
  const Request request;
  EXPECT_EQ(read(Field::header("x-user"), request), "(absent)");
  EXPECT_EQ(read(Field::cookie("sid"), request), "(absent)");
  EXPECT_EQ(read(Field::query_param("user"), request), "(absent)");
  EXPECT_EQ(read(*Field::json_pointer("/user"), request), "(absent)");
}

TEST(Field, IsAbsentInARequestWithoutAnyFields) {
  FieldBuffer buffer;
  EXPECT_EQ(Field::header("x").read(RequestView{}, buffer).data(), nullptr);
  EXPECT_EQ(Field::cookie("x").read(RequestView{}, buffer).data(), nullptr);
}

TEST(Field, TakesTheModelFromTheBodyWhereThePathHasNone) {
  Request request = to_path("/v1/chat/completions");
  request.body = R"({"model":"gpt","messages":[]})";
  EXPECT_EQ(read(Field::model(""), request), "gpt");
  EXPECT_EQ(read(Field::model("models"), request), "gpt");
  request.path = "/v1/models/other:predict";
  EXPECT_EQ(read(Field::model("models"), request), "other");
  EXPECT_EQ(read(Field::model(""), request), "gpt");
}

TEST(Field, SaysWhenItWaitsForTheBody) {
  Request request;
  request.body_is_here = false;
  EXPECT_TRUE(Field::json_pointer("/u")->awaits_body(request.view()));
  EXPECT_TRUE(Field::model("").awaits_body(request.view()));
  EXPECT_FALSE(Field::model("models").awaits_body(request.view()));
  EXPECT_FALSE(Field::header("u").awaits_body(request.view()));
  request.body_is_here = true;
  EXPECT_FALSE(Field::json_pointer("/u")->awaits_body(request.view()));
}

TEST(Field, RefusesAPointerThatIsNone) {
  EXPECT_FALSE(Field::json_pointer("user").ok());
}

}  // namespace
}  // namespace sluice::traffic
