// Gateway and models as processes that start, stop and die in every order; docs/drain.md has the table.
#include "e2e/operator.hpp"
#include "e2e/sample_model.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using Model = SampleModel;

/// A breaker that forgives within a test's time.
constexpr const char* kQuick =
    "ejection: {baseTime: 500ms, maxTime: 1s, probation: 500ms, interval: 500ms}\nslowStart: {duration: 500ms}";

std::string digits_policy(const std::vector<std::string>& urls, std::string_view spec = kQuick) {
  return gateway_yaml("drain: {delay: 1s, timeout: 5s}") +
         route_yaml("digits", {version_yaml("v1", urls)}, "protocol: OpenInference\n" + std::string(spec));
}

int status_of_one(std::uint16_t port) {
  RawClient client(port);
  return client.exchange(infer_request()).status();
}

using Nothing = std::vector<std::string>;

/// No more than may be retried at once (retry.minBudget): all of them may be with the model that dies.
constexpr std::size_t kClients = 3;

TEST(Lifecycle, ModelsBeforeTheGatewayFailNothing) {
  Model first;
  Model second;
  SluiceProcess sluice(digits_policy({first.url(), second.url()}));
  Load load(sluice.port(), kClients, infer_request());
  EXPECT_TRUE(load.answers(300));
  EXPECT_EQ(load.stop(), Nothing{});
}

TEST(Lifecycle, TheGatewayBeforeItsModelsAnswersErrorsUntilOneIsThere) {
  auto first = std::make_unique<Model>();
  const std::uint16_t port = first->port();
  const std::string url = first->url();
  EXPECT_EQ(first->stop(), 0);
  SluiceProcess sluice(digits_policy({url}));
  EXPECT_EQ(readiness(sluice), 200) << "a gateway without models still answers for them";
  EXPECT_EQ(status_of_one(sluice.port()), 502);
  first = std::make_unique<Model>(port);
  ASSERT_TRUE(eventually([&] { return status_of_one(sluice.port()) == 200; }));
  Load load(sluice.port(), kClients, infer_request());
  EXPECT_TRUE(load.answers(300));
  EXPECT_EQ(load.stop(), Nothing{});
}

TEST(Lifecycle, OneOfTwoModelsIsStoppedUnderLoadAndFailsNothing) {
  Model first;
  Model second;
  SluiceProcess sluice(digits_policy({first.url(), second.url()}));
  Load load(sluice.port(), kClients, infer_request());
  ASSERT_TRUE(load.answers(200));
  EXPECT_EQ(first.stop(), 0);
  EXPECT_TRUE(load.answers(500));
  EXPECT_EQ(load.stop(), Nothing{});
}

TEST(Lifecycle, BothModelsAreRestartedOneAfterTheOtherUnderLoadAndFailNothing) {
  auto first = std::make_unique<Model>();
  auto second = std::make_unique<Model>();
  SluiceProcess sluice(digits_policy({first->url(), second->url()}));
  const Operator admin(sluice);
  Load load(sluice.port(), kClients, infer_request());
  for (auto* model : {&first, &second}) {
    ASSERT_TRUE(load.answers(200));
    const std::uint16_t port = (*model)->port();
    EXPECT_EQ((*model)->stop(), 0);
    ASSERT_TRUE(load.answers(200));
    *model = std::make_unique<Model>(port);
    ASSERT_TRUE(admin.endpoint_becomes("digits", (*model)->address(), "admitted"));
  }
  EXPECT_TRUE(load.answers(200));
  EXPECT_EQ(load.stop(), Nothing{});
}

TEST(Lifecycle, ADrainedModelMayBeKilledUnderLoadAndComesBack) {
  auto first = std::make_unique<Model>();
  Model second;
  SluiceProcess sluice(digits_policy({first->url(), second.url()}));
  const Operator admin(sluice);
  Load load(sluice.port(), kClients, infer_request());
  ASSERT_TRUE(load.answers(200));
  const auto drained = admin.verb({"drain", "digits", "--endpoint", first->address(), "--wait"});
  ASSERT_EQ(drained.exit.code, 0) << drained.err;
  const std::uint16_t port = first->port();
  first->kill();
  ASSERT_TRUE(load.answers(200));
  first = std::make_unique<Model>(port);
  EXPECT_EQ(admin.verb({"drain", "digits", "--endpoint", first->address(), "--undo"}).exit.code, 0);
  ASSERT_TRUE(admin.endpoint_becomes("digits", first->address(), "admitted"));
  second.kill();  // without a drain: what it was working on is tried again
  ASSERT_TRUE(load.answers(200));
  EXPECT_EQ(load.stop(), Nothing{});
}

TEST(Lifecycle, TheGatewayIsStoppedFirstUnderLoadAndFailsNothing) {
  Model first;
  Model second;
  SluiceProcess sluice(digits_policy({first.url(), second.url()}));
  std::atomic<int> lost{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      try {
        RawClient client(sluice.port());
        for (bool open = true; open; ++answered) {
          const auto response = client.exchange(infer_request());
          if (response.status() != 200 || !response.complete) ++lost;
          open = !same_ignoring_case(response.field("connection"), "close");
        }
      } catch (const std::exception&) {
        ++lost;
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return answered > 100; }));
  sluice.signal(SIGTERM);
  for (auto& client : clients) client.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_EQ(first.stop(), 0);
  EXPECT_EQ(second.stop(), 0);
}

TEST(Lifecycle, AllModelsStoppedFirstIsWhereRequestsFailAndTheGatewayRecovers) {
  auto only = std::make_unique<Model>();
  const std::uint16_t port = only->port();
  SluiceProcess sluice(digits_policy({only->url()}));
  EXPECT_EQ(status_of_one(sluice.port()), 200);
  EXPECT_EQ(only->stop(), 0);
  const int status = status_of_one(sluice.port());
  EXPECT_TRUE(status == 502 || status == 503) << status;
  EXPECT_EQ(readiness(sluice), 200);
  only = std::make_unique<Model>(port);
  EXPECT_TRUE(eventually([&] { return status_of_one(sluice.port()) == 200; }));
}

TEST(Lifecycle, ADrainingGatewayOutlivesItsModels) {
  Model only;
  SluiceProcess sluice(digits_policy({only.url()}));
  RawClient idle(sluice.port());
  EXPECT_EQ(idle.exchange(infer_request()).status(), 200);
  sluice.signal(SIGTERM);
  EXPECT_EQ(only.stop(), 0);
  EXPECT_EQ(sluice.wait().code, 0);
}

}  // namespace
}  // namespace sluice::test
