#include "sluice/app/errand_names.hpp"

#include <gtest/gtest.h>

#include <future>

#include "sluice/upstream/name_service.hpp"
#include "sluice/upstream/service_loop.hpp"
#include "support/dns_server.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::app {
namespace {

using std::chrono::milliseconds;

/// The name service runs on the endpoints' thread, as in the daemon, and the fetcher on its own.
class ErrandNamesTest : public testing::Test {
 protected:
  ErrandNamesTest() { loop.start(); }
  ~ErrandNamesTest() override {
    fetcher.stop();
    names.stop();
    loop.stop([this] { return names.is_quiet(); });
  }
  upstream::NameServers settings() const {
    upstream::NameServers out;
    out.servers = {server.address()};
    return out;
  }
  http::FetchAnswer get(const std::string& url, Duration timeout = std::chrono::seconds(20)) {
    auto promise = std::make_shared<std::promise<http::FetchAnswer>>();
    auto answer = promise->get_future();
    fetcher.start({.url = url, .timeout = timeout},
                  [promise](http::FetchAnswer came) { promise->set_value(std::move(came)); });
    if (answer.wait_for(test::kPatience) != std::future_status::ready) return {0, {}, "(no call back)"};
    return answer.get();
  }

  test::DnsServer server;
  SystemClock clock;
  upstream::ServiceLoop loop{clock};
  upstream::NameService names{loop.context().io, settings()};
  http::Fetcher fetcher{{.resolve = resolve_with(names)}};
};

TEST_F(ErrandNamesTest, AWebhookIsFoundByItsName) {
  test::FakeUpstream hook("yes");
  server.set("hooks.test", {"127.0.0.1"});
  EXPECT_EQ(get("http://hooks.test:" + std::to_string(hook.port())).body, "yes");
}

TEST_F(ErrandNamesTest, ANameThatDoesNotExistIsSaid) {
  const std::string problem = get("http://gone.test/").problem;
  EXPECT_TRUE(problem.starts_with("cannot look up gone.test: ")) << problem;
  EXPECT_GT(problem.size(), std::string("cannot look up gone.test: ").size());
}

TEST_F(ErrandNamesTest, ASilentNameServerHoldsNobodyElseUp) {
  test::FakeUpstream hook("yes");
  server.behave(test::DnsServer::Manner::Silent);
  EXPECT_EQ(get("http://hooks.test/", milliseconds(100)).problem, "no look-up within 0.1 s");
  EXPECT_EQ(get(hook.url()).body, "yes");
}

}  // namespace
}  // namespace sluice::app
