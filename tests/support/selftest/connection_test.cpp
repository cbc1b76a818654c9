#include "support/connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include "support/certificates.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::test {
namespace {

TEST(DeafListener, LetsDialsHang) {
  const DeafListener deaf;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(deaf.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), -1);
  pollfd connected{socket, POLLOUT, 0};
  EXPECT_EQ(::poll(&connected, 1, 100), 0) << "the dial was answered";
  ::close(socket);
}

TEST(Connection, IsRefusedWhereNobodyListens) {
  EXPECT_THROW(Connection::dial(refused_port()), std::runtime_error);
}

TEST(Connection, IsRefusedByAServerThatIsGoneAndNobodyElseGetsItsPort) {
  const auto is_taken = [](std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const bool taken = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
    ::close(socket);
    return taken;
  };
  auto upstream = std::make_unique<FakeUpstream>("well");
  const std::uint16_t port = upstream->port();
  RawClient(port).get("/");
  upstream->stop();
  EXPECT_TRUE(is_taken(port));
  upstream.reset();
  EXPECT_TRUE(is_taken(port));
  EXPECT_THROW(Connection::dial(port), std::runtime_error);
  FakeUpstream back(answers(200, "again"), "127.0.0.1", port);
  EXPECT_EQ(RawClient(port).get("/").body, "again");
}

TEST(Connection, SpeaksTlsWithBothSidesChecked) {
  Certificates authority;
  const auto server = authority.issue("model.test");
  const auto client_identity = authority.issue("client.test");
  FakeUpstream upstream(answers(200, "secret"), server);
  auto wanted = client_identity;
  wanted.server_name = "model.test";
  RawClient client(upstream.port(), wanted);
  EXPECT_EQ(client.get("/").body, "secret");
}

TEST(Connection, RefusesAServerOfAnotherAuthority) {
  Certificates theirs("theirs");
  Certificates ours("ours");
  auto server = theirs.issue("model.test");
  server.ca_file.clear();
  FakeUpstream upstream(answers(200, "secret"), server);
  EXPECT_THROW(RawClient(upstream.port(), {.certificate_file = {},
                                           .key_file = {},
                                           .ca_file = ours.ca_file(),
                                           .server_name = "model.test",
                                           .maximum_protocol = 0}),
               std::runtime_error);
}

TEST(Connection, StopsWritingWhenThePeerDoesNotRead) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& peer) { peer.wait_for(gate); });
  auto connection = Connection::dial(upstream.port());
  const std::string block(1 << 20, 'x');
  std::size_t sent = 0;
  while (true) {
    const auto count = connection.write_what_fits(block);
    sent += count;
    if (count == 0) break;
    ASSERT_LT(sent, 100u << 20) << "nobody reads, yet everything fits";
  }
  gate.open();
}

}  // namespace
}  // namespace sluice::test
