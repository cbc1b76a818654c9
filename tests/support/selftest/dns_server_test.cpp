#include "support/dns_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/patience.hpp"

namespace sluice::test {
namespace {

using namespace std::string_literals;

/// Asks over UDP for the IPv4 addresses of `model.test`; the whole answer, empty when none came in time.
std::string ask(const DnsServer& server, std::chrono::milliseconds patience = kPatience) {
  const std::string question = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\5Model\4test\0\0\1\0\1"s;
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  EXPECT_GT(::sendto(socket, question.data(), question.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                     sizeof address),
            0);
  char buffer[1024];
  const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
  ::close(socket);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "";
}
int code(const std::string& answer) {
  return answer[3] & 0xf;
}

TEST(DnsServer, AnswersWithWhatItWasToldAndCountsTheQuestions) {
  DnsServer server;
  server.set("model.test", {"10.1.2.3", "fd00::1"}, 7);
  const std::string answer = ask(server);
  ASSERT_GT(answer.size(), 12u);
  EXPECT_EQ(answer.substr(0, 2), "\x12\x34");
  EXPECT_EQ(code(answer), 0);
  EXPECT_EQ(answer.substr(6, 2), "\0\1"s) << "one record of that family";
  EXPECT_EQ(answer.substr(answer.size() - 10), "\0\0\0\7\0\4\x0a\1\2\3"s) << "life, length, address";
  EXPECT_EQ(server.questions("model.test"), 1u);
  EXPECT_EQ(server.questions("model.test", DnsServer::Family::V6), 0u);
}

TEST(DnsServer, KnowsNoOtherNames) {
  DnsServer server;
  EXPECT_EQ(code(ask(server)), 3);
}

TEST(DnsServer, Misbehaves) {
  DnsServer server;
  server.set("model.test", {"10.1.2.3"});
  server.behave(DnsServer::Manner::ServerFailure);
  EXPECT_EQ(code(ask(server)), 2);
  server.behave(DnsServer::Manner::Refuses);
  EXPECT_EQ(code(ask(server)), 5);
  server.behave(DnsServer::Manner::NoSuchName);
  EXPECT_EQ(code(ask(server)), 3);
  server.behave(DnsServer::Manner::WrongId);
  EXPECT_NE(ask(server).substr(0, 2), "\x12\x34");
  server.behave(DnsServer::Manner::Truncates);
  EXPECT_NE(ask(server)[2] & 0x02, 0);
  server.behave(DnsServer::Manner::Silent);
  EXPECT_EQ(ask(server, std::chrono::milliseconds(50)), "");
  server.behave(DnsServer::Manner::Answers);
  EXPECT_EQ(code(ask(server)), 0);
}

}  // namespace
}  // namespace sluice::test
