#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "support/connection.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Json = nlohmann::json;
using Answer = std::pair<int, std::string>;

std::string process(const char* phase, int connections = 0) {
  return Json{{"phase", phase}, {"openConnections", connections}, {"requestsInFlight", 0}}.dump();
}

/// The route `fraud` with two endpoints of v1, of which the first has so many requests in flight, and one of v2.
std::string route(const char* state, int in_flight) {
  const auto endpoint = [](const char* address, const char* state_of_it, int requests) {
    return Json{{"endpoint", address}, {"state", state_of_it}, {"inFlight", requests}};
  };
  Json out{{"route", "fraud"}};
  out["versions"] = Json::array();
  out["versions"].push_back({{"version", "v1"}});
  out["versions"][0]["endpoints"] = {endpoint("a:1", state, in_flight), endpoint("a:2", state, 0)};
  out["versions"].push_back({{"version", "v2"}});
  out["versions"][1]["endpoints"] = Json::array({endpoint("b:1", "admitted", 7)});
  return out.dump();
}

TEST(DrainVerb, OrdersAndReturnsAtOnce) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, process("announced", 3)}; }));
  const Ran ran = command({"drain", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "draining: the gateway\n");
  EXPECT_EQ(port.request(0).start_line, "POST /api/v1/drain HTTP/1.1");
  EXPECT_EQ(port.request(0).body, "{}");
}

TEST(DrainVerb, NamesWhatItsArgumentsName) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, R"({"changed": 1, "endpoints": []})"}; }));
  const auto order = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "drain");
    arguments.insert(arguments.end(), {"--admin", address_of(port)});
    const std::size_t before = port.request_count();
    const Ran ran = command(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return port.request(before).body + ran.out;
  };
  EXPECT_EQ(order({"fraud"}), R"({"route":"fraud"}draining: fraud)"
                              "\n");
  EXPECT_EQ(order({"fraud/v1"}), R"({"route":"fraud","version":"v1"}draining: v1 of fraud)"
                                 "\n");
  EXPECT_EQ(order({"fraud/v1", "--endpoint", "http://a:1"}),
            R"({"route":"fraud","version":"v1","endpoint":"a:1"}draining: a:1 of v1 of fraud)"
            "\n");
  EXPECT_EQ(order({"fraud/v1", "--undo"}), R"({"route":"fraud","version":"v1","undo":true}back in service: v1 of fraud)"
                                           "\n");
  EXPECT_EQ(order({"--undo"}), R"({"undo":true}back in service: the gateway)"
                               "\n");
}

TEST(DrainVerb, WaitsForTheProcess) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    if (request.method() == "POST") return Answer{200, process("announced", 3)};
    return Answer{200, ++looks < 3 ? process("closing", 1) : process("drained")};
  }));
  const Ran ran = command({"drain", "--wait", "-o", "json", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["phase"], "drained");
  EXPECT_GE(looks, 3);
}

TEST(DrainVerb, WaitsForTheEndpointsItNamedAndForNoOther) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    if (request.method() == "POST") return Answer{200, "{}"};
    EXPECT_EQ(request.target(), "/api/v1/routes/fraud");
    return Answer{200, route("draining", ++looks < 3 ? 2 : 0)};
  }));
  const Ran ran = command({"drain", "fraud/v1", "--wait", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "drained: v1 of fraud, 2 endpoints, 0 requests in flight\n");
  EXPECT_GE(looks, 4) << "two quiet looks in a row";
}

TEST(DrainVerb, OneQuietLookIsNotEnough) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    if (request.method() == "POST") return Answer{200, "{}"};
    return Answer{200, route("draining", ++looks == 2 ? 1 : 0)};
  }));
  EXPECT_EQ(command({"drain", "fraud/v1", "--wait", "--admin", address_of(port)}).exit_code, 0);
  EXPECT_EQ(looks, 4);
}

TEST(DrainVerb, GivesUpInTimeAndSaysWhatIsLeft) {
  const FakeUpstream port(admin_port([](const auto& request) {
    return Answer{200, request.method() == "POST" ? "{}" : route("draining", 2)};
  }));
  const Ran ran = command({"drain", "fraud/v1", "--wait", "--timeout", "200ms", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "sluice: v1 of fraud is not drained after 200ms: 2 endpoints, 2 requests in flight\n");
  EXPECT_EQ(ran.out, "");
}

TEST(DrainVerb, AnEndpointThatSomebodyLetInAgainIsNotDrained) {
  const FakeUpstream port(admin_port([](const auto& request) {
    return Answer{200, request.method() == "POST" ? "{}" : route("admitted", 0)};
  }));
  EXPECT_EQ(command({"drain", "fraud/v1", "--wait", "--timeout", "200ms", "--admin", address_of(port)}).exit_code, 1);
}

TEST(DrainVerb, AProcessThatEndsWhileItIsWaitedForIsDrained) {
  auto port = std::make_unique<FakeUpstream>(admin_port([](const auto&) {
    return Answer{200, process("closing", 1)};
  }));
  const std::string address = address_of(*port);
  std::thread end([&] {
    port->request(1);
    port->stop();
  });
  const Ran ran = command({"drain", "--wait", "--admin", address});
  end.join();
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "drained: the gateway has ended\n");
}

TEST(DrainVerb, WithNobodyThereFailsUnlessToldThatThisIsFine) {
  const std::string address = "127.0.0.1:" + std::to_string(test::refused_port());
  const Ran failed = command({"drain", "--wait", "--admin", address});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.err, "sluice: nothing listens on " + address +
                            "; start a gateway with `sluice serve FILE`, or say where it is with --admin HOST:PORT\n");
  const Ran fine = command({"drain", "--wait", "--if-running", "--admin", address});
  EXPECT_EQ(fine.exit_code, 0);
  EXPECT_EQ(fine.out, "nothing listens on " + address + ": nothing to drain\n");
}

TEST(DrainVerb, ARefusalIsSaidInTheGatewaysWords) {
  const FakeUpstream port(admin_port([](const auto&) {
    return Answer{409, R"({"error": "v1 would be left with nothing"})"};
  }));
  const Ran ran = command({"drain", "fraud/v1", "--if-running", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "sluice: v1 would be left with nothing\n");
}

TEST(DrainVerb, ACommandLineWithoutSenseIsRefused) {
  testing::internal::CaptureStderr();
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"drain", "--endpoint", "a:1"},
                                             {"drain", "--timeout", "5s"},
                                             {"drain", "--wait", "--undo"},
                                             {"drain", "--wait", "--timeout", "5"},
                                             {"drain", "-o", "yaml"}}) {
    EXPECT_EQ(command(arguments).exit_code, 2) << arguments.back();
  }
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace sluice::cli
