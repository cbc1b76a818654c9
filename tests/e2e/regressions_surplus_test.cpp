// Bytes that an endpoint sends behind its answer belong to nobody.
#include "e2e/e2e.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

const std::string kPoison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

/// An answer to GET of exactly `size` bytes, head included.
std::string answer_of(std::size_t size) {
  const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: ";
  const auto body = size - start.size() - std::to_string(size).size() - 4;  // as many digits as `size`
  return start + std::to_string(body) + "\r\n\r\n" + std::string(body, 'a');
}

/// An answer to HEAD of exactly `size` bytes; its length is that of the body which must not follow.
std::string head_of(std::size_t size) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kPoison.size()) + "\r\nX-Pad: ";
  return head + std::string(size - head.size() - 4, 'p') + "\r\n\r\n";
}

/// The first connection gets `first` for its first request; all others are served well.
///
/// Answer and surplus leave in one piece, so the surplus is there before the gateway can be done with the answer; the
/// sizes under test fill the gateway's reads, which leaves it in the socket (or in TLS) for a later read.
FakeUpstream::Script poisons_once(std::string first) {
  return [first = std::move(first)](Conversation& gateway) {
    if (gateway.number() > 0) return answers(200, "fresh")(gateway);
    gateway.read_request();
    gateway.send(first);
    gateway.sees_close();
  };
}

constexpr std::size_t kSurplusSizes[] = {2048, 4096, 8192, 4096 + 65536};

void expect_fresh_next(SluiceProcess& sluice, const std::string& first_request, bool pipelined) {
  const auto next = request_text("GET", "/next");
  RawClient client(sluice.port());
  client.send(pipelined ? first_request + next : first_request);
  EXPECT_EQ(client.read_response(first_request.starts_with("HEAD ")).status(), 200);
  if (pipelined) {
    EXPECT_EQ(client.read_response().body, "fresh");
  } else {
    RawClient other(sluice.port());
    EXPECT_EQ(other.exchange(next).body, "fresh");
    EXPECT_EQ(client.exchange(next).body, "fresh");
  }
}

void check_surplus(const std::optional<TlsIdentity>& server, const std::string& version_fields) {
  for (const auto size : kSurplusSizes) {
    for (const bool pipelined : {true, false}) {
      for (const bool head : {true, false}) {
        SCOPED_TRACE(std::to_string(size) + (pipelined ? " pipelined" : "") + (head ? " HEAD" : " GET"));
        if (head && size > 8192) continue;
        FakeUpstream upstream(poisons_once((head ? head_of(size) : answer_of(size)) + kPoison), server);
        SluiceProcess sluice(gateway_yaml("workers: 1") +
                             route_yaml("model", {version_yaml("v1", upstream, version_fields)}));
        expect_fresh_next(sluice, request_text(head ? "HEAD" : "GET", "/"), pipelined);
        EXPECT_TRUE(upstream.script_errors().empty());
      }
    }
  }
}

TEST(Surplus, OfAnEndpointNeverBecomesTheNextAnswer) {
  check_surplus(std::nullopt, {});
}

TEST(Surplus, OfAnEndpointWithTlsNeverBecomesTheNextAnswer) {
  Certificates authority;
  auto server = authority.issue("model.test");
  server.ca_file.clear();
  check_surplus(server, "tls: {caFile: " + authority.ca_file() + ", serverName: model.test}");
}

TEST(Surplus, ThatComesLaterEndsTheIdleConnection) {
  Gate answered;
  FakeUpstream upstream([&](Conversation& gateway) {
    if (gateway.number() > 0) return answers(200, "fresh")(gateway);
    gateway.read_request();
    gateway.answer(200, "first");
    gateway.wait_for(answered);
    gateway.send(kPoison);
    gateway.sees_close();
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "first");
  answered.open();
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; })) << "what nobody asked for is kept";
  EXPECT_EQ(client.get("/").body, "fresh");
}

}  // namespace
}  // namespace sluice::test
