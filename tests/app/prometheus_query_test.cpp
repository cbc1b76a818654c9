#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "sluice/app/errand_runner.hpp"
#include "support/prometheus_server.hpp"

namespace sluice::app {
namespace {

using Reply = strategy::QueryAnswer::State;

constexpr const char* kMetrics =
    "# TYPE gpu_memory gauge\n"
    "gpu_memory{version=\"v1\"} 0.25\n"
    "gpu_memory{version=\"v2\"} 0.75\n"
    "not_a_number NaN\n";

/// One server for all tests: it takes a while to begin.
class PrometheusQueryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<test::PrometheusServer>(kMetrics); }
  static void TearDownTestSuite() { server.reset(); }

  /// Asks until the answer is in this state, or none of them is: the page must be scraped first.
  strategy::QueryAnswer ask(const std::string& promql, Reply wished) {
    strategy::Query query;
    query.key = "q";
    query.address = server->url();
    query.promql = promql;
    query.timeout = std::chrono::seconds(5);
    query.interval = std::chrono::milliseconds(50);
    strategy::QueryAnswer last;
    EXPECT_TRUE(test::eventually(
        [&] {
          runner.keep({}, {query});
          last = runner.values()["q"];
          return last.state == wished;
        },
        2 * test::kPatience))
        << promql << " is in state " << static_cast<int>(last.state) << ": " << last.detail << "\n"
        << server->process().err();
    return last;
  }

  static std::unique_ptr<test::PrometheusServer> server;
  http::Fetcher fetcher;
  SystemClock clock;
  ErrandRunner runner{fetcher, clock};
};

std::unique_ptr<test::PrometheusServer> PrometheusQueryTest::server;

TEST_F(PrometheusQueryTest, OneSeriesIsItsValue) {
  const auto before = clock.wall_now();
  const auto answer = ask("gpu_memory{version=\"v2\"}", Reply::Value);
  EXPECT_DOUBLE_EQ(answer.value, 0.75);
  EXPECT_GE(answer.at, before);
}

TEST_F(PrometheusQueryTest, AnExpressionIsComputedByTheServer) {
  EXPECT_DOUBLE_EQ(ask("sum(gpu_memory) * 100 + 1 % 2", Reply::Value).value, 101);
  EXPECT_DOUBLE_EQ(ask("scalar(max(gpu_memory))", Reply::Value).value, 0.75);
}

TEST_F(PrometheusQueryTest, NoSeriesIsEmpty) {
  EXPECT_EQ(ask("no_such_metric", Reply::Empty).detail, "the query found no series");
}

TEST_F(PrometheusQueryTest, TwoSeriesAreMany) {
  EXPECT_EQ(ask("gpu_memory", Reply::Many).detail, "the query found 2 series, and one is wanted");
}

TEST_F(PrometheusQueryTest, NoNumberIsSaid) {
  EXPECT_EQ(ask("not_a_number", Reply::NotANumber).detail, "the value is NaN");
  EXPECT_EQ(ask("1 / 0", Reply::NotANumber).detail, "the value is +Inf");
}

TEST_F(PrometheusQueryTest, AMistakeInTheQueryIsToldInTheServersWords) {
  ask("gpu_memory{version=\"v1\"}", Reply::Value);  // it serves by now
  const auto answer = ask("sum(", Reply::Failed);
  EXPECT_TRUE(answer.detail.starts_with("bad_data: ")) << answer.detail;
  EXPECT_NE(answer.detail.find("parse error"), std::string::npos) << answer.detail;
}

TEST_F(PrometheusQueryTest, ARangeIsNoNumber) {
  ask("gpu_memory{version=\"v1\"}", Reply::Value);
  EXPECT_EQ(ask("gpu_memory[1m]", Reply::Failed).detail, "the query gives a matrix, not a number");
}

TEST_F(PrometheusQueryTest, AServerThatStandsStillFailsTheQueryInTime) {
  ask("gpu_memory{version=\"v1\"}", Reply::Value);
  server->process().signal(SIGSTOP);
  strategy::Query query;
  query.key = "slow";
  query.address = server->url();
  query.promql = "up";
  query.timeout = std::chrono::milliseconds(200);
  query.interval = std::chrono::milliseconds(100);  // one that came before the signal took effect is no answer
  strategy::QueryAnswer last;
  EXPECT_TRUE(test::eventually([&] {
    runner.keep({}, {query});
    last = runner.values()["slow"];
    return last.state == Reply::Failed;
  }));
  server->process().signal(SIGCONT);
  EXPECT_EQ(last.detail, "no answer within 0.2 s");
}

}  // namespace
}  // namespace sluice::app
