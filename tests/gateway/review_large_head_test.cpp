#include <gtest/gtest.h>

#include "configs.hpp"
#include "sluice/gateway/gateway.hpp"
#include "support/fake_upstream.hpp"
#include "support/raw_client.hpp"

namespace sluice::gateway {
namespace {

TEST(LargeHead, IsRefusedWhenTheBufferIsFullHoweverHighTheLimit) {
  test::FakeUpstream upstream;
  Config config = config_for({{"v1", upstream.port()}});
  config.limits.header_bytes = 1u << 20;
  config.limits.headers = 60000;
  const SystemClock clock;
  metrics::Registry registry(1);
  Gateway gateway(registry, clock);
  const auto started = gateway.start(std::move(config));
  ASSERT_TRUE(started) << started.error().message;

  std::string many;
  while (many.size() < 70u * 1024) many += "X: " + std::string(300, 'x') + "\r\n";
  for (const auto& fields : {"X-Big: " + std::string(70 * 1024, 'x'), many}) {
    test::RawClient client(gateway.listening().at(0).port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n" + fields);
    const auto refused = client.read_response();
    EXPECT_EQ(refused.status(), 431);
    EXPECT_TRUE(refused.has("x-sluice-error"));
    EXPECT_TRUE(client.is_closed_by_peer());
  }
  EXPECT_EQ(upstream.request_count(), 0u);  // it may have been dialled: one connection is made before it is needed
}

}  // namespace
}  // namespace sluice::gateway
