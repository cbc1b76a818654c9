#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "fake_door.hpp"
#include "rollout_fixture.hpp"

namespace sluice::gateway {

inline constexpr std::string_view kDoorPath = "/sluice/v1/outcomes";

/// What an application sends.
inline std::string report(std::string_view body, const test::Fields& fields = {}) {
  return test::request_text("POST", kDoorPath, body, fields);
}

/// A gateway with a door that the test stands behind.
class DoorFixture : public RolloutFixture {
 protected:
  /// The door outlives the gateway's run.
  ~DoorFixture() override {
    if (gateway) gateway->stop();
  }
  Config usual() { return with_outcomes(config_for({{"v1", v1.port()}})); }
  static Config with_outcomes(Config config) {
    config.routes[0].tokens = true;
    return config;
  }
  void open(Config config, std::size_t workers = 2) {
    registry.emplace(workers);
    gateway.emplace(*registry, clock);
    gateway->set_door(&door);
    const auto started = gateway->start(at_once(std::move(config)));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  /// The door says how many bytes it got.
  void counts_bytes() {
    door.answer_at_once([](const outcomes::Post& post) {
      return outcomes::Answer{200, "{\"bytes\":" + std::to_string(post.body.size()) + "}", 0};
    });
  }

  FakeDoor door;
  test::FakeUpstream v1{"one"};
};

}  // namespace sluice::gateway
