// What concerns the whole process: a worker shared by bulk and small talk, its end, its start.
#include "e2e/e2e.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kUnderWay = 16u << 20;

/// Uploads to and downloads from itself without end; says when both are well under way.
struct Bulk {
  std::atomic<std::size_t> uploaded{0};
  std::atomic<std::size_t> downloaded{0};
  std::atomic<bool> over{false};

  FakeUpstream upstream{[this](Conversation& gateway) {
    if (gateway.read_head().method() == "POST") {
      while (true) uploaded += gateway.read_exactly(1 << 16).size();
    }
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000000\r\n\r\n");
    while (true) gateway.send_filler(1 << 16);
  }};

  void upload(std::uint16_t port) {
    try {
      RawClient client(port);
      const std::string block(1 << 18, 'u');
      client.send("POST /bulk HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n");
      while (!over && client.send(block)) continue;
      client.reset();
    } catch (const std::exception&) {
      over = true;
    }
  }
  void download(std::uint16_t port) {
    try {
      RawClient client(port);
      client.send(request_text("GET", "/bulk"));
      while (!over) {
        const auto piece = client.connection().read_some(1 << 18);
        if (piece.empty()) break;
        downloaded += piece.size();
      }
      client.reset();
    } catch (const std::exception&) {
      over = true;
    }
  }
};

TEST(Bulk, BothWaysLeavesTheOtherClientsOfItsWorkerTheirTurn) {
  Bulk bulk;
  FakeUpstream quick("quick");
  SluiceProcess sluice(
      gateway_yaml("workers: 1\nlimits: {bodyBytes: 1TiB}") +
      route_yaml("bulk", {version_yaml("v1", bulk.upstream)}, "matches: [{path: {type: PathPrefix, value: /bulk}}]") +
      route_yaml("quick", {version_yaml("w1", quick)}));
  std::thread uploading([&] { bulk.upload(sluice.port()); });
  std::thread downloading([&] { bulk.download(sluice.port()); });
  EXPECT_TRUE(eventually([&] { return bulk.uploaded > kUnderWay && bulk.downloaded > kUnderWay; }));
  const std::size_t uploaded = bulk.uploaded;
  const std::size_t downloaded = bulk.downloaded;
  try {
    RawClient client(sluice.port());
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.get("/").body, "quick");
  } catch (const std::exception& error) {
    ADD_FAILURE() << "bulk keeps the worker for itself: " << error.what();
  }
  EXPECT_TRUE(eventually([&] { return bulk.uploaded > uploaded && bulk.downloaded > downloaded; }))
      << "the bulk was not under way";
  EXPECT_FALSE(bulk.over);
  bulk.over = true;
  uploading.join();
  downloading.join();
}

TEST(Drain, WithoutPatienceCutsWhateverIsUnderWayAndEndsWithZero) {
  for (int round = 0; round < 3; ++round) {
    FakeUpstream upstream([](Conversation& gateway) {
      const auto head = gateway.read_head();
      if (head.target() == "/upload") gateway.discard_body(head);
      if (head.target() == "/stream") {
        gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while (true) gateway.send_filler(1 << 16);
      }
      gateway.sees_close();
    });
    SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 0s, timeout: 0s}"));
    std::vector<std::unique_ptr<RawClient>> clients;
    const auto sends = [&](const std::string& bytes) {
      clients.push_back(std::make_unique<RawClient>(sluice.port(), 4096));
      clients.back()->send(bytes);
    };
    for (int i = 0; i < 8; ++i) {
      sends("GET /half HTTP/1.1\r\nHost: a\r\nX-Ha");
      sends("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin");
      sends("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n4");
      sends(request_text("GET", "/stream"));
      sends(request_text("GET", "/silent") + request_text("GET", "/pipelined"));
      sends("");
    }
    EXPECT_TRUE(eventually([&] { return upstream.request_count() >= 32; }));
    std::atomic<bool> over{false};
    std::thread dialling([&] {  // connections that are still being accepted when the end comes
      while (!over) {
        try {
          RawClient(sluice.port()).send("GET / HT");
        } catch (const std::exception&) {
          return;
        }
      }
    });
    sluice.signal(SIGTERM);
    ExitStatus exit;
    EXPECT_NO_THROW(exit = sluice.wait());
    over = true;
    dialling.join();
    EXPECT_EQ(exit.code, 0) << sluice.logs();
    EXPECT_EQ(exit.signal, 0);
  }
}

TEST(TlsListener, AnEncryptedKeyIsAClearErrorAtStartAndNoQuestion) {
  Certificates authority;
  FakeUpstream upstream;
  const auto identity = authority.issue("gateway.test");
  const TempDir dir;
  const auto locked = (dir / "locked.key").string();
  ASSERT_EQ(run({"openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", identity.key_file, "-out", locked,
                 "-passout", "pass:secret"})
                .exit.code,
            0);
  ASSERT_NE(read_file(locked).find("ENCRYPTED"), std::string::npos);
  const auto finished = serve_and_fail(policy_for(upstream, {},
                                                  "listeners: [{address: 127.0.0.1:0, tls: {certificateFile: " +
                                                      identity.certificate_file + ", keyFile: " + locked + "}}]"));
  EXPECT_EQ(finished.exit.code, 1) << finished.err;
  EXPECT_NE(finished.err.find(locked), std::string::npos) << finished.err;
  EXPECT_EQ((finished.out + finished.err).find("pass phrase"), std::string::npos) << "the terminal was asked";
}

}  // namespace
}  // namespace sluice::test
