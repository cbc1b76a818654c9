#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "configs.hpp"
#include "sluice/gateway/gateway.hpp"
#include "support/fake_upstream.hpp"
#include "support/gate.hpp"
#include "support/raw_client.hpp"

namespace sluice::gateway {
namespace {

using test::Conversation;
using test::FakeUpstream;
using test::RawClient;

/// Gives the connections accepted from now on the smallest send buffer: the kernel takes an answer piece by piece.
bool shrink_send_buffers(std::uint16_t port) {
  for (int socket = 3; socket < 4096; ++socket) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) continue;
    sockaddr_in bound{};
    size = sizeof bound;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
    const int smallest = 1;
    if (ntohs(bound.sin_port) == port) {
      return ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) == 0;
    }
  }
  return false;
}

metrics::VersionTotals totals(const metrics::Registry& registry) {
  return registry.snapshot().routes.at(0).versions.at(0).totals;
}

TEST(HalfClose, WhileTheWholeAnswerIsBeingWrittenDoesNotCostIt) {
  constexpr std::size_t kAnswer = 30000;  // two reads, the second more than the kernel takes at once
  test::Gate answered;
  FakeUpstream upstream([&](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      if (request.target() != "/whole") {
        gateway.answer(200, "small");
        continue;
      }
      gateway.answer(200, std::string(kAnswer, 'w'));
      answered.open();
    }
  });
  const SystemClock clock;
  metrics::Registry registry(1);
  Gateway gateway(registry, clock);
  const auto started = gateway.start(config_for({{"v1", upstream.port()}}));
  ASSERT_TRUE(started) << started.error().message;
  const auto port = gateway.listening().at(0).port();
  ASSERT_TRUE(shrink_send_buffers(port));

  RawClient other(port);
  const auto worker_took_a_turn = [&] {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(other.get("/").body, "small");
  };
  worker_took_a_turn();
  RawClient client(port, 4096);
  client.send(test::request_text("GET", "/whole"));
  ASSERT_TRUE(answered.wait());
  worker_took_a_turn();
  EXPECT_TRUE(test::eventually([&] { return totals(registry).in_flight == 1; })) << "nothing is left to write";
  client.half_close();
  worker_took_a_turn();
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body.size(), kAnswer);
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(client.is_closed_by_peer());
  constexpr auto kAborted = static_cast<std::size_t>(metrics::FailureReason::ClientAbort);
  EXPECT_TRUE(test::eventually([&] { return totals(registry).in_flight == 0; }));
  EXPECT_EQ(totals(registry).failures[kAborted], 0u);
}

}  // namespace
}  // namespace sluice::gateway
