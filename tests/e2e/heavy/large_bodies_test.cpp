#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

constexpr std::uint64_t kLarge = 64u << 20;
constexpr int kExchanges = 4;

/// Sends 64 MiB in pieces; memory of the test stays small too.
void upload(RawClient& client, bool in_chunks) {
  const std::string block(64 * 1024, 'u');
  client.send(in_chunks ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
  const std::string chunk = "10000\r\n" + block + "\r\n";
  for (std::uint64_t sent = 0; sent < kLarge; sent += block.size()) client.send(in_chunks ? chunk : block);
  if (in_chunks) client.send("0\r\n\r\n");
}

/// Reads every byte of the request and answers with how many there were.
FakeUpstream::Script counting() {
  return [](Conversation& gateway) {
    while (true) {
      const auto head = gateway.read_head();
      gateway.answer(200, std::to_string(gateway.discard_body(head)));
    }
  };
}

/// 64 MiB in one of three framings.
FakeUpstream::Script pouring(HttpMessage::Framing framing) {
  return [framing](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      if (framing == HttpMessage::Framing::Length) {
        gateway.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
        gateway.send_filler(kLarge);
        continue;
      }
      if (framing == HttpMessage::Framing::UntilClose) {
        gateway.send("HTTP/1.1 200 OK\r\n\r\n");
        gateway.send_filler(kLarge);
        return;
      }
      gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (std::uint64_t sent = 0; sent < kLarge; sent += 64 * 1024) {
        gateway.send("10000\r\n");
        gateway.send_filler(64 * 1024);
        gateway.send("\r\n");
      }
      gateway.send("0\r\n\r\n");
    }
  };
}

/// Runs `exchange` in several clients at once and gives how far the gateway's resident memory rose above its rest.
template <typename Exchange>
std::uint64_t memory_of(SluiceProcess& sluice, Exchange exchange) {
  {
    RawClient warm(sluice.port());
    exchange(warm);
  }
  sluice.process().forget_high_water();
  const auto before = sluice.process().resident_high_water();
  std::vector<std::thread> clients;
  for (int i = 0; i < kExchanges; ++i) {
    clients.emplace_back([&] {
      try {
        RawClient client(sluice.port());
        exchange(client);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (auto& client : clients) client.join();
  const auto after = sluice.process().resident_high_water();
  return after > before ? after - before : 0;
}

class Uploads : public testing::TestWithParam<bool> {};

TEST_P(Uploads, Of64MiBTakeLessThanAMegabyteOfMemoryEach) {
  FakeUpstream upstream(counting());
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 100s, backendRequest: 90s}"));
  const auto rise = memory_of(sluice, [](RawClient& client) {
    upload(client, GetParam());
    EXPECT_EQ(client.read_response().body, std::to_string(kLarge));
  });
  if (!kSanitized) {
    EXPECT_LT(rise, kExchanges * (1u << 20)) << rise;
  }
}

INSTANTIATE_TEST_SUITE_P(Framings, Uploads, testing::Bool(),
                         [](const auto& test) { return test.param ? "InChunks" : "WithALength"; });

class Downloads : public testing::TestWithParam<HttpMessage::Framing> {};

TEST_P(Downloads, Of64MiBTakeLessThanAMegabyteOfMemoryEach) {
  FakeUpstream upstream(pouring(GetParam()));
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 100s, backendRequest: 90s}"));
  const auto rise = memory_of(sluice, [](RawClient& client) {
    client.send(request_text("GET", "/"));
    EXPECT_TRUE(client.read_response(false, false).complete);
    EXPECT_EQ(client.reader().body_bytes(), kLarge);
  });
  if (!kSanitized) {
    EXPECT_LT(rise, kExchanges * (1u << 20)) << rise;
  }
}

std::string framing_name(const testing::TestParamInfo<HttpMessage::Framing>& test) {
  switch (test.param) {
    case HttpMessage::Framing::Length:
      return "WithALength";
    case HttpMessage::Framing::Chunked:
      return "InChunks";
    default:
      return "UntilClose";
  }
}

INSTANTIATE_TEST_SUITE_P(Framings, Downloads,
                         testing::Values(HttpMessage::Framing::Length, HttpMessage::Framing::Chunked,
                                         HttpMessage::Framing::UntilClose),
                         framing_name);

TEST(BothWays, LargeBodiesAtTheSameTimeDoNotBlockEachOther) {
  FakeUpstream upstream([](Conversation& gateway) {
    const auto head = gateway.read_head();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
    gateway.send_filler(kLarge);
    gateway.discard_body(head);
  });
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 100s, backendRequest: 90s}"));
  RawClient client(sluice.port());
  std::thread sender([&] { upload(client, false); });
  const auto response = client.read_response(false, false);
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(client.reader().body_bytes(), kLarge);
  sender.join();
}

}  // namespace
}  // namespace sluice::test
