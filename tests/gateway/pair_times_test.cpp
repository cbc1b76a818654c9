// Both answers of a pair are timed from the same moment: when the request was written.
#include <netinet/in.h>
#include <sys/socket.h>

#include "pair_fixture.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using test::FakeUpstream;
using test::RawClient;

std::uint16_t port_of(int socket, decltype(::getsockname)* whose) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (whose(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sin_family != AF_INET) return 0;
  return ntohs(address.sin_port);
}

/// Sockets of this process with that port on their own side (`getsockname`) or the other's (`getpeername`) get a small
/// buffer, and connections that they accept from now on.
int shrink(std::uint16_t port, decltype(::getsockname)* whose, int buffer) {
  constexpr int bytes = 4096;
  int shrunk = 0;
  for (int socket = 3; socket < 4096; ++socket) {
    if (port_of(socket, whose) == port && ::setsockopt(socket, SOL_SOCKET, buffer, &bytes, sizeof bytes) == 0) ++shrunk;
  }
  return shrunk;
}

class PairTimesTest : public PairFixture {};

TEST_F(PairTimesTest, BeginWhenTheRequestIsWrittenForLiveAsForItsCopy) {
  test::Gate reads;
  FakeUpstream live([&](test::Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "live");
    if (gateway.number() == 0) gateway.wait_for(reads);
    while (true) {
      gateway.read_request();
      gateway.answer(200, "live");
    }
  });
  FakeUpstream shadow([](test::Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      if (request.target() == "/never") return static_cast<void>(gateway.sees_close());
      gateway.answer(200, "shadow");
    }
  });
  ASSERT_GE(shrink(live.port(), ::getsockname, SO_RCVBUF), 1) << "of what is accepted";
  Route route = compared_route(live, shadow);
  route.mirror.timeout = 600ms;
  start_compared(std::move(route));
  RawClient(port).get("/first");
  pair();
  ASSERT_EQ(shrink(live.port(), ::getpeername, SO_SNDBUF), 1) << "the connection that is kept";

  RawClient large(port);
  large.send(test::request_text("GET", "/large", "", {{"x-padding", std::string(50'000, 'x')}}));
  EXPECT_TRUE(test::eventually([&] { return totals(0).in_flight == 1; }));
  // When a copy that begins later has run out of time, the request has been on its way for as long.
  EXPECT_EQ(RawClient(port).get("/never").status(), 200);
  EXPECT_EQ(pair()->other_answer.status, 0);
  EXPECT_EQ(live.request_count(), 2u) << "it is not read yet";
  reads.open();
  EXPECT_EQ(large.read_response().body, "live");
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->complete);
  EXPECT_GT(made->live_answer->latency, 0);
  EXPECT_LT(made->live_answer->latency, 0.6);
}

}  // namespace
}  // namespace sluice::gateway
