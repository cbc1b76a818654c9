#include <gtest/gtest.h>

#include <array>

#include "scenarios/story.hpp"
#include "sluice/policy/reader.hpp"
#include "sluice/rollout/state_json.hpp"
#include "sluice/strategy/step.hpp"

/// What the traffic does is what policy and state say, at any time: otherwise a restart would do something else.
namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

policy::ModelRoute route_of(const std::string& yaml) {
  const std::array<policy::Source, 1> sources{policy::Source{"story.yaml", yaml}};
  return policy::read(sources).set.routes.at(0);
}

/// Passes the time second by second; false as soon as something else is in force than the kept state says.
bool is_followed(Story& story, const policy::ModelRoute& route, Duration time) {
  for (Duration passed{0}; passed < time; passed += 1s) {
    story.when_time_passes(1s);
    const auto state = rollout::parse_state(story.store().load(0)->records.at("rollout/fraud"));
    const auto wished = strategy::steer(route, state.value());
    const auto& done = story.world().steering("fraud");
    if (done.withheld != wished->withheld || done.fallbacks != wished->fallbacks || done.roles != wished->roles ||
        done.window != wished->window || done.copies.requests != wished->copies.requests) {
      ADD_FAILURE() << std::chrono::duration_cast<std::chrono::seconds>(passed).count() << " s"
                    << " in " << story.view().message;
      return false;
    }
  }
  return true;
}

const std::string surging = route_yaml({"v1", "v2"}, R"(rolling:
  stable: v1
  candidate: v2
  minReady: 5s
  maxSurge: 1
  maxUnavailable: 0
  replaceTimeout: 1m
  rollbackBatch: 100%)",
                                       3);

TEST(SteeringStory, ARollingUpdateOnItsWayBackIsFollowedAtEveryMoment) {
  Story story;
  const auto route = route_of(surging);
  story.given(surging).when_phase_comes(Phase::Promoted, 10min);
  story.given_unready("127.0.0.1:9001", "refuses").when_person(Verb::Undo);
  ASSERT_TRUE(is_followed(story, route, 10min));
}

}  // namespace
}  // namespace sluice::scenarios
