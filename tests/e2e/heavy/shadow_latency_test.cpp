#include <algorithm>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

using Micros = std::chrono::microseconds;

/// The median time of a live answer.
Micros live_latency(SluiceProcess& sluice) {
  RawClient client(sluice.port());
  const auto request = request_text("POST", "/", std::string(250, 'j'));
  for (int i = 0; i < 50; ++i) client.exchange(request);
  std::vector<Micros> times;
  for (int i = 0; i < 500; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(client.exchange(request).status(), 200);
    times.push_back(std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - begun));
  }
  std::nth_element(times.begin(), times.begin() + 250, times.end());
  return times[250];
}

TEST(ShadowLatency, TheLiveAnswerDoesNotWaitForAShadowInTrouble) {
  FakeUpstream live("live");
  FakeUpstream silent(never_answers());
  Gate never;
  FakeUpstream deaf([&](Conversation& gateway) { gateway.wait_for(never); });
  FakeUpstream rude([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    gateway.send_filler(100000000);
  });
  SluiceProcess plain(policy_for(live));
  const auto alone = live_latency(plain);
  for (const auto* shadow : {&silent, &deaf, &rude}) {
    SluiceProcess sluice(shadow_policy(live, *shadow, "requestsInFlight: 8"));
    const auto with_shadow = live_latency(sluice);
    RecordProperty("alone_us", std::to_string(alone.count()));
    RecordProperty("with_shadow_us", std::to_string(with_shadow.count()));
    // Generous for a busy machine; a live answer that waited would take the shadow's seconds.
    EXPECT_LT(with_shadow, 3 * alone + Micros(2000));
  }
}

}  // namespace
}  // namespace sluice::test
