// The two answers of a pair are to one request, whatever dies or changes meanwhile. Each request has a name of its own,
// which both versions repeat: two answers that do not belong together would differ.
#include <algorithm>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

std::string naming(const std::string& name) {
  return R"({"asked":")" + name + R"(","list":["a",{"and":")" + name + "\"}]}";
}

const Fields kJson{{"Content-Type", "application/json"}};

/// Repeats the name, and ends a connection now and then.
FakeUpstream::Script repeats_names(std::atomic<std::uint64_t>& asked) {
  return [&asked](Conversation& gateway) {
    while (true) {
      const std::string text = naming(gateway.read_request().body);
      if (asked.fetch_add(1) % 64 == 9) return gateway.answer(200, text, {kJson[0], {"Connection", "close"}});
      gateway.answer(200, text, kJson);
    }
  };
}

/// The same of a shadow that resets, breaks off and refuses, and takes one request for another where it is told to.
FakeUpstream::Script repeats_names_badly(std::atomic<std::uint64_t>& asked) {
  return [&asked](Conversation& gateway) {
    while (true) {
      const std::string name = gateway.read_request().body;
      const std::string text = naming(name == "mistaken" ? "another" : name);
      switch (asked.fetch_add(1) % 32) {
        case 3:
          return gateway.reset();
        case 7:
          return gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + text);
        case 11:
          gateway.answer(503, text, kJson);
          break;
        case 15:
          gateway.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       chunked(text, 5));
          break;
        default:
          gateway.answer(200, text, kJson);
      }
    }
  };
}

/// Two candidates behind one endpoint. A reload may put the versions in another order.
std::string named_policy(const std::string& live, const std::string& shadow, const std::string& compare,
                         bool reversed = false) {
  std::vector<std::string> versions{version_yaml("v1", live), version_yaml("v2", shadow), version_yaml("v3", shadow)};
  if (reversed) std::reverse(versions.begin(), versions.end());
  return gateway_yaml() + route_yaml("model", versions,
                                     "ejection: {enabled: false}\n"
                                     "strategy:\n  shadow:\n    live: v1\n"
                                     "    candidates: [{version: v2}, {version: v3, percent: 50}]\n    compare: " +
                                         compare + "\n");
}

double compared(const SluiceProcess& sluice, const std::string& result) {
  return sluice.metrics().value("sluice_shadow_comparisons_total", {{"result", result}});
}

/// So many pairs more that agree.
bool agree(const SluiceProcess& sluice, double more) {
  const double goal = compared(sluice, "match") + more;
  return eventually([&] { return compared(sluice, "match") >= goal; });
}

TEST(ShadowPairing, IsNeverOfTwoRequestsThroughKillsAndReloads) {
  std::atomic<std::uint64_t> live_asked{0};
  std::atomic<std::uint64_t> shadow_asked{0};
  FakeUpstream live(repeats_names(live_asked));
  auto shadow = std::make_unique<FakeUpstream>(repeats_names_badly(shadow_asked), "127.0.0.1", 0);
  const std::uint16_t at = shadow->port();
  const std::string url = shadow->url();
  SluiceProcess sluice(named_policy(live.url(), url, "{noise: 5%}"));
  std::atomic<std::uint64_t> name{0};
  Load load(sluice.port(), 6, [&] { return request_text("POST", "/infer", "n" + std::to_string(++name)); });
  ASSERT_TRUE(agree(sluice, 200));
  const std::vector<std::string> policies{named_policy(live.url(), url, "{noise: 5%, ignore: [/other]}"),
                                          named_policy(live.url(), url, "{noise: 0%}", true),
                                          named_policy(live.url(), url, "{noise: 5%}")};
  for (const std::string& policy : policies) {
    shadow.reset();
    ASSERT_TRUE(load.answers(100)) << "clients notice nothing";
    sluice.write_policy(policy);
    sluice.signal(SIGHUP);
    shadow = std::make_unique<FakeUpstream>(repeats_names_badly(shadow_asked), "127.0.0.1", at);
    ASSERT_TRUE(agree(sluice, 200)) << sluice.logs();
  }
  EXPECT_TRUE(load.stop().empty());
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_shadow_requests_in_flight"), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_shadow_compare_waiting_bytes"), 0);
  EXPECT_EQ(compared(sluice, "mismatch"), 0);
  EXPECT_EQ(compared(sluice, "noise"), 0) << "nor did live's answers to one request differ";
  RawClient client(sluice.port());
  EXPECT_TRUE(eventually([&] {
    client.post("/infer", "mistaken");
    return compared(sluice, "mismatch") + compared(sluice, "noise") > 0;
  })) << "one such pair would have been seen";
}

}  // namespace
}  // namespace sluice::test
