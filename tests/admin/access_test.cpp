#include "sluice/admin/access.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

Request reader(std::string_view host, std::string_view authorization = {}) {
  Request request;
  request.method = "GET";
  request.host = host;
  request.authorization = authorization;
  request.peer = "127.0.0.1:4242";
  return request;
}

Request writer(std::string_view content_type, std::string_view origin = {}) {
  Request request = reader("127.0.0.1:9901");
  request.method = "POST";
  request.content_type = content_type;
  request.origin = origin;
  return request;
}

/// 0 when the request may go on.
unsigned status(const std::optional<Page>& refused) {
  return refused ? refused->status : 0;
}

const Lock open;

TEST(Access, WithoutATokenOnlyNamesThatCannotBeForeignAreAnswered) {
  for (const char* host : {"127.0.0.1:9901", "127.0.0.1", "localhost:9901", "LocalHost", "[::1]:9901", "10.1.2.3:80"}) {
    EXPECT_EQ(status(refuse_reader(reader(host), open, Need::Token)), 0U) << host;
  }
  for (const char* host :
       {"", "evil.example:9901", "localhost.evil.example", "127.0.0.1.evil.example", "[evil]:1", "[::1"}) {
    EXPECT_EQ(status(refuse_reader(reader(host), open, Need::Nothing)), 403U) << host;
  }
}

TEST(Access, WithATokenTheHostMayBeAnyAndTheTokenMustBeRight) {
  const Lock locked{"s3cret-token"};
  for (const Need need : {Need::Nothing, Need::Reading, Need::Token}) {
    EXPECT_EQ(status(refuse_reader(reader("sluice.example", "Bearer s3cret-token"), locked, need)), 0U);
    EXPECT_EQ(status(refuse_reader(reader("sluice.example", "bearer   s3cret-token "), locked, need)), 0U);
  }
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer s3cret-tokeN", "Bearer s3cret-token-and-more",
                            "Bearer s3cret", "Basic s3cret-token", "s3cret-token"}) {
    EXPECT_EQ(status(refuse_reader(reader("127.0.0.1", wrong), locked, Need::Token)), 401U) << wrong;
  }
}

TEST(Access, WhereATokenIsSetTheStatusMayBeReadWithoutIt) {
  const Lock locked{"s3cret-token"};
  const auto asked = [](const Request& request, const Lock& lock, Need need) {
    return status(refuse_reader(request, lock, need));
  };
  EXPECT_EQ(asked(reader("127.0.0.1:9901"), locked, Need::Reading), 0U);
  EXPECT_EQ(asked(reader("localhost"), locked, Need::Reading), 0U);
  EXPECT_EQ(asked(reader("rebound.example"), locked, Need::Reading), 401U) << "a foreign page may have sent it";
  EXPECT_EQ(asked(reader("127.0.0.1:9901", "Bearer wrong"), locked, Need::Reading), 401U) << "worse than none";
  EXPECT_EQ(asked(reader("127.0.0.1:9901"), locked, Need::Token), 401U);
  const Lock shut{"s3cret-token", false};
  EXPECT_EQ(asked(reader("127.0.0.1:9901"), shut, Need::Reading), 401U);
  EXPECT_EQ(asked(reader("127.0.0.1:9901", "Bearer s3cret-token"), shut, Need::Reading), 0U);
  EXPECT_EQ(asked(reader("sluice.example"), shut, Need::Nothing), 0U) << "else nobody could enter the token";
}

TEST(Access, AChallengeTellsAMissingTokenFromAWrongOne) {
  const Lock locked{"token"};
  EXPECT_EQ(refuse_reader(reader("x"), locked, Need::Reading)->challenge, R"(Bearer realm="sluice")");
  EXPECT_EQ(refuse_reader(reader("x", "Bearer nekot"), locked, Need::Reading)->challenge,
            R"(Bearer realm="sluice", error="invalid_token")");
}

TEST(Access, AChangeIsJson) {
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x"}) {
    EXPECT_EQ(status(refuse_writer(writer(type))), 0U) << type;
  }
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                           "application/jsonp", "text/plain; application/json"}) {
    EXPECT_EQ(status(refuse_writer(writer(type))), 415U) << type;
  }
}

TEST(Access, AChangeComesFromNowhereElse) {
  const auto from = [](std::string_view origin) { return status(refuse_writer(writer("application/json", origin))); };
  EXPECT_EQ(from("http://127.0.0.1:9901"), 0U);
  EXPECT_EQ(from("https://127.0.0.1:9901"), 0U) << "TLS ends in front of the port";
  for (const char* origin : {"null", "http://127.0.0.1", "http://127.0.0.1:9902", "http://evil.example",
                             "http://127.0.0.1:9901.evil.example", "file://", "127.0.0.1:9901"}) {
    EXPECT_EQ(from(origin), 403U) << origin;
  }
}

TEST(Access, AnActorIsAPeerAndWhetherItShowedTheToken) {
  EXPECT_EQ(actor_of(reader("x"), open), "127.0.0.1:4242");
  EXPECT_EQ(actor_of(reader("x", "Bearer token"), {"token"}), "token from 127.0.0.1:4242");
  EXPECT_EQ(actor_of(reader("x"), {"token"}), "127.0.0.1:4242") << "it only reads";
}

TEST(Access, EqualTextsAreEqual) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
}

TEST(Access, AnErrorPageIsJsonWhateverItSays) {
  const Page page = error_page(409, "a \"quoted\" name and \xff");
  EXPECT_EQ(page.status, 409U);
  EXPECT_EQ(page.content_type, "application/json");
  EXPECT_EQ(nlohmann::json::parse(page.body)["error"], "a \"quoted\" name and \xef\xbf\xbd");
}

}  // namespace
}  // namespace sluice::admin
