#include <random>

#include "rolling_world.hpp"

/// Rolling updates of every size, with every mishap, told by nothing but a seed: whatever happens, the limits hold and
/// it comes to an end.
namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

/// One random world.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}

  int of(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }
  bool once_in(int times) { return of(1, times) == 1; }

  RollingWorld world() {
    const bool servers = once_in(2);
    const int count = of(1, 6);
    RollingWorld made =
        servers ? RollingWorld::with_servers(count) : RollingWorld(count, std::max(1, count + of(-1, 1)));
    policy::Rolling& spec = made.spec();
    spec.max_unavailable.count = static_cast<std::uint32_t>(of(0, 3));
    spec.max_surge.count = static_cast<std::uint32_t>(servers ? 0 : of(0, 2));
    spec.min_ready = std::chrono::seconds(of(0, 5));
    spec.replace_timeout = 2min;
    spec.rollback_batch = Ratio{of(1, 4) * 0.25};
    if (once_in(2)) spec.analysis = errors_below(0.05);
    made.warm_up = std::chrono::seconds(of(0, 4));
    made.load_time = std::chrono::seconds(of(0, 4));
    for (auto& [who, node] : made.nodes) node.in_flight = of(0, 5);
    return made;
  }

 private:
  std::mt19937 random_;
};

/// What must serve at any time: maxUnavailable less than all, where nobody is broken.
int promised(const RollingWorld& world) {
  const auto& spec = std::get<policy::Rolling>(world.route.strategy);
  const int stable = static_cast<int>(world.route.versions[0].endpoints.size());
  const int candidate = static_cast<int>(world.route.versions[1].endpoints.size());
  const int missing = std::max<int>(static_cast<int>(spec.max_unavailable.count), spec.max_surge.count == 0 ? 1 : 0);
  return std::max(0, std::min(stable - missing, candidate));
}

TEST(RollingByChance, AHealthyUpdateKeepsItsPromisesAndIsPromoted) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Chance chance(seed);
    RollingWorld world = chance.world();
    world.begin_rollout();
    ASSERT_TRUE(world.run_until([&] {
      if (chance.once_in(50)) world.answered.clear();                               // a restart
      if (chance.once_in(20)) world.now += std::chrono::seconds(chance.of(1, 10));  // missed ticks
      return world.state.phase == Phase::Promoted;
    })) << "seed "
        << seed << "\n"
        << world.told();
    ASSERT_GE(world.least_serving, promised(world)) << "seed " << seed;
    ASSERT_LE(world.most_let_in, static_cast<int>(std::max(world.route.versions[0].endpoints.size(),
                                                           world.route.versions[1].endpoints.size()) +
                                                  world.spec().max_surge.count))
        << "seed " << seed;
    ASSERT_FALSE(world.wrong_model) << "seed " << seed;
  }
}

TEST(RollingByChance, ACandidateThatFailsSomewhereIsTakenBackEverywhere) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Chance chance(seed);
    RollingWorld world = chance.world();
    const bool servers = !world.models.empty();
    const auto bad = std::to_string(chance.of(1, static_cast<int>(world.route.versions[1].endpoints.size())));
    if (servers) {
      world.refuses = [&](const Errand& errand) {
        return errand.url == "http://s" + bad + ":80/v2/repository/models/digits/load" &&
               errand.body.find("v2") != std::string::npos;
      };
    } else {
      world.node("b" + bad).up = false;
    }
    world.begin_rollout();
    ASSERT_TRUE(world.run_until([&] {
      if (chance.once_in(50)) world.answered.clear();
      return world.state.phase == Phase::RolledBack;
    })) << "seed "
        << seed << "\n"
        << world.told();
    ASSERT_EQ(world.slots_in(SlotPhase::Old), world.state.slots.size()) << "seed " << seed;
    ASSERT_EQ(world.candidate_share(), 0) << "seed " << seed;
    ASSERT_FALSE(world.wrong_model) << "seed " << seed;
    const int stable = static_cast<int>(world.route.versions[0].endpoints.size());
    ASSERT_TRUE(world.run_until([&] { return world.serving() == stable; }, 10)) << "seed " << seed;
    if (servers && stable > 1 && world.spec().max_unavailable.count < static_cast<unsigned>(stable)) {
      ASSERT_GE(world.least_serving, 1) << "seed " << seed;
    }
    if (!servers) {
      ASSERT_GE(world.least_serving, promised(world)) << "seed " << seed;
    }
  }
}

TEST(RollingByChance, WhateverAPersonSaysItEndsAndEverybodyServesOneVersion) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Chance chance(seed);
    RollingWorld world = chance.world();
    world.begin_rollout();
    for (int i = 0; i < 120; ++i) {
      if (world.state.phase == Phase::Progressing && chance.once_in(20))
        world.command(Verb::Promote, chance.once_in(3));
      if (world.state.phase == Phase::Progressing && chance.once_in(30)) world.command(Verb::Abort);
      if (world.state.phase == Phase::Promoted && chance.once_in(20)) world.command(Verb::Undo);
      world.tick();
    }
    ASSERT_TRUE(world.run_until([&] { return is_over(world.state.phase); })) << "seed " << seed << "\n" << world.told();
    const bool promoted = world.state.phase == Phase::Promoted;
    ASSERT_EQ(world.candidate_share(), promoted ? 1 : 0) << "seed " << seed << "\n" << world.told();
    const auto endpoints = world.route.versions[promoted ? 1 : 0].endpoints.size();
    ASSERT_TRUE(world.run_until([&] { return world.serving() == static_cast<int>(endpoints); }, 10)) << "seed " << seed;
    ASSERT_FALSE(world.wrong_model) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::strategy
