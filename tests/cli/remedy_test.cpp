#include "sluice/cli/remedy.hpp"

#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "support/connection.hpp"
#include "support/temp_dir.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Answer = std::pair<int, std::string>;

/// A gateway with the routes fraud and churn, which refuses everything else with this.
FakeUpstream::Script refusing(int status, const std::string& reason) {
  return admin_port([=](const test::HttpMessage& request) {
    const std::string target = request.target();
    if (target == "/api/v1/routes") {
      return Answer{200, R"({"routes": [{"route": "fraud"}, {"route": "churn"}, {"route": "_other"}]})"};
    }
    if (target == "/api/v1/routes/fraud" && status == 409) {
      return Answer{200, R"({"rollout": {"verbs": ["promote", "abort"]}})"};
    }
    return Answer{status, R"({"error": ")" + reason + "\"}"};
  });
}

std::string said(const FakeUpstream& port, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--admin", address_of(port)});
  return command(std::move(arguments)).err;
}

TEST(Remedy, OfAGatewayThatIsNotThereIsToStartOneOrToSayWhereItIs) {
  const auto away = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--admin", "127.0.0.1:1"});
    const Ran ran = command(std::move(arguments));
    EXPECT_EQ(ran.exit_code, 1);
    return ran.err;
  };
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"status"},
                                               {"status", "fraud"},
                                               {"journal"},
                                               {"promote", "fraud"},
                                               {"drain"},
                                               {"disagreements", "fraud"}}) {
    EXPECT_EQ(away(verb),
              "sluice: nothing listens on 127.0.0.1:1; start a gateway with `sluice serve FILE`, or say where it is "
              "with --admin HOST:PORT\n")
        << verb.front();
  }
}

TEST(Remedy, OfAWrongNameIsTheNearestOrAllOfThem) {
  const FakeUpstream port(refusing(404, "there is no such route"));
  EXPECT_EQ(said(port, {"promote", "fruad"}), "sluice: there is no such route; did you mean fraud?\n");
  EXPECT_EQ(said(port, {"pause", "chrun"}), "sluice: there is no such route; did you mean churn?\n");
  EXPECT_EQ(said(port, {"journal", "x"}).find("sluice: there is no such route"), 0U);
  EXPECT_EQ(said(port, {"disagreements", "nothing-like-it"}),
            "sluice: there is no such route; there is fraud, churn\n");
  EXPECT_EQ(said(port, {"drain", "fruad"}), "sluice: there is no such route; did you mean fraud?\n");
  EXPECT_EQ(said(port, {"drain", "fraud/v9"}), "sluice: there is no such route\n") << "the route is right";
}

TEST(Remedy, OfAMissingTokenIsTheFileThatHoldsIt) {
  const FakeUpstream port(refusing(401, "a bearer token is needed"));
  const char* const wanted =
      "sluice: a bearer token is needed; --token-file FILE names the file that holds it, the one of the policy's "
      "spec.admin.tokenFile\n";
  EXPECT_EQ(said(port, {"promote", "fraud"}), wanted);
  EXPECT_EQ(said(port, {"status", "fraud"}), wanted);
  EXPECT_EQ(said(port, {"drain"}), wanted);
}

TEST(Remedy, OfAWrongMomentIsWhatFitsIt) {
  const FakeUpstream port(refusing(409, "there is nothing to undo"));
  EXPECT_EQ(said(port, {"undo", "fraud"}), "sluice: there is nothing to undo (what fits now: promote, abort)\n");
}

TEST(Remedy, OfAnotherPortIsTheFieldThatNamesTheRightOne) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, "<html>"}; }));
  EXPECT_NE(said(port, {"status"}).find("--admin is the policy's spec.admin.address"), std::string::npos);
}

TEST(Remedy, OfADataPortIsTheFieldThatNamesTheAdminPort) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{404, "No route matches this request.\n"}; }));
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"status"},
                                               {"status", "fraud"},
                                               {"status", "fraud", "--wait", "Promoted"},
                                               {"journal"},
                                               {"promote", "fraud"},
                                               {"drain"},
                                               {"disagreements", "fraud"}}) {
    std::vector<std::string> arguments = verb;
    arguments.insert(arguments.end(), {"--admin", address_of(port)});
    const Ran ran = command(std::move(arguments));
    EXPECT_EQ(ran.exit_code, 1) << verb.front();
    EXPECT_NE(ran.err.find(" does not answer as a gateway's admin port does; --admin is the policy's "
                           "spec.admin.address\n"),
              std::string::npos)
        << verb.front() << ": " << ran.err;
  }
}

TEST(Remedy, OfAHostThatIsNotKnownIsTheFieldThatNamesIt) {
  EXPECT_NE(command({"status", "--admin", "nowhere.invalid:9901"})
                .err.find("; is --admin HOST:PORT the policy's spec.admin.address?\n"),
            std::string::npos);
}

TEST(Remedy, FilesThatCannotBeReadSayWhy) {
  const test::TempDir dir;
  EXPECT_EQ(command({"status", "--token-file", "/nowhere/token"}).err,
            "sluice: no token can be read from --token-file /nowhere/token: no such file or directory\n");
  EXPECT_EQ(command({"status", "--token-file", dir.write("empty", "\n").string()}).err.find("there is none in it\n"),
            command({"status", "--token-file", dir.write("empty", "\n").string()}).err.size() -
                std::string("there is none in it\n").size());
  EXPECT_NE(command({"check", "/nowhere/policy.yaml"}).out.find("/nowhere/policy.yaml: cannot be read: No such file"),
            std::string::npos);
  EXPECT_EQ(command({"status", "--admin", "nowhere"}).err,
            "sluice: \"nowhere\" is no address with a port, such as 127.0.0.1:9901\n");
}

}  // namespace
}  // namespace sluice::cli
