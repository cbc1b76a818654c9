#include "sluice/cli/admin_client.hpp"

#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "support/temp_dir.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;

AdminOptions options(const std::string& address, const std::string& token_file = {}) {
  AdminOptions made;
  made.address = address;
  made.token_file = token_file;
  return made;
}

TEST(AdminClient, AsksAndBringsTheAnswer) {
  const FakeUpstream port(admin_port([](const auto& request) {
    return std::pair(request.method() == "GET" ? 200 : 409, request.body.empty() ? "{}" : request.body);
  }));
  const auto client = AdminClient::make(options(address_of(port)));
  ASSERT_TRUE(client);
  const auto read = client->get("/api/v1/routes");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->status, 200U);
  EXPECT_EQ(read->body, "{}");
  const auto changed = client->post("/api/v1/drain", "{\"undo\":true}");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->status, 409U);
  EXPECT_EQ(changed->body, "{\"undo\":true}");
  EXPECT_EQ(port.request(1).field("content-type"), "application/json");
  EXPECT_EQ(port.request(1).field("host"), address_of(port));
  EXPECT_FALSE(port.request(1).has("authorization"));
}

TEST(AdminClient, ShowsTheFirstWordOfTheTokenFile) {
  const FakeUpstream port(admin_port([](const auto&) { return std::pair(200, std::string("{}")); }));
  const test::TempDir dir;
  const auto client = AdminClient::make(options(address_of(port), dir.write("token", " s3cret\n").string()));
  ASSERT_TRUE(client);
  ASSERT_TRUE(client->get("/"));
  EXPECT_EQ(port.request(0).field("authorization"), "Bearer s3cret");
  EXPECT_FALSE(AdminClient::make(options("127.0.0.1:1", dir.write("empty", " \n").string())));
  EXPECT_FALSE(AdminClient::make(options("127.0.0.1:1", "/nowhere/token")));
}

TEST(AdminClient, TellsAMissingProcessFromABrokenOne) {
  const auto missing = AdminClient::make(options("127.0.0.1:" + std::to_string(test::refused_port())));
  const auto refused = missing->get("/");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().nobody_listens);
  const FakeUpstream rude([](test::Conversation& client) { client.reset(); });
  const auto broken = AdminClient::make(options(address_of(rude)))->get("/");
  ASSERT_FALSE(broken);
  EXPECT_FALSE(broken.error().nobody_listens);
  EXPECT_NE(broken.error().message.find(address_of(rude)), std::string::npos) << broken.error().message;
}

TEST(AdminClient, WaitsNoLongerThanItsPatience) {
  const FakeUpstream silent(test::never_answers());
  const auto client = AdminClient::make(options(address_of(silent)), std::chrono::milliseconds(50));
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = client->get("/");
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().nobody_listens);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, test::kPatience);
}

TEST(AdminClient, AnAddressHasAHostAndAPort) {
  for (const char* address : {"", "127.0.0.1", ":9901", "localhost:", "localhost:http", "http://localhost:x"}) {
    EXPECT_FALSE(AdminClient::make(options(address))) << address;
  }
  EXPECT_TRUE(AdminClient::make(options("[::1]:9901")));
}

TEST(AdminClient, AReasonIsTheErrorOrTheStatus) {
  EXPECT_EQ(reason_of({409, R"({"error": "no"})"}), "no");
  EXPECT_EQ(reason_of({502, "<html>"}), "the answer is 502 and no reason");
  EXPECT_EQ(reason_of({500, R"({"error": 1})"}), "the answer is 500 and no reason");
}

}  // namespace
}  // namespace sluice::cli
