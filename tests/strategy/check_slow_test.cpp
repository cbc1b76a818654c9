// Latencies against stable where users stick: what one slow user may say, and what many.
#include <gtest/gtest.h>

#include <chrono>

#include "checks.hpp"
#include "sluice/base/random.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::milliseconds;

const WallTime at_ten{std::chrono::hours(500'010)};

/// A canary of a tenth, whose users stay with their version.
struct Crowd {
  Crowd() {
    world.window = world.counters = 1;
    world.versions.resize(2);
    world.versions[0].version = "v1";
    world.versions[1].version = "v2";
    world.versions[0].share = 0.9;
    world.versions[1].share = 0.1;
    route.unit = {policy::UnitSource::Header, "x-user", ""};
  }
  /// Users of a version come, each with so many requests of that time.
  void serve(std::size_t version, int users, int requests, Duration took) {
    VersionEvidence& seen = world.versions[version];
    for (int user = 0; user < users; ++user) {
      ++seen.units.requests;
      seen.units.latency.record(took);
    }
    seen.all.requests += static_cast<std::uint64_t>(users * requests);
    seen.assigned = seen.all.requests;
    seen.all.latency.record(took, static_cast<std::uint64_t>(users * requests));
  }
  Finding look() {
    return judge_check(check, analysis, gathered, subject_of(world.versions[1], world.versions[0], world, route, "k"),
                       0, at_ten);
  }
  /// Stable's latencies are read off.
  void settle() {
    serve(0, 900, 2, milliseconds(10));
    serve(1, 100, 2, milliseconds(10));
    look();
  }

  policy::Check check = no_worse_by_part("latency-p95", 0.2);
  policy::Analysis analysis;
  Evidence world;
  CheckEvidence gathered;
  policy::ModelRoute route;
};

TEST(CheckSlow, AUserWithManySlowRequestsIsOneUser) {
  Crowd crowd;
  crowd.settle();
  crowd.serve(0, 450, 2, milliseconds(10));
  crowd.serve(1, 50, 2, milliseconds(10));
  crowd.serve(1, 1, 5000, milliseconds(80));
  const auto found = crowd.look();
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
  EXPECT_NE(found.verdict, Verdict::Pass) << "its requests are slow all the same: " << found.message;
  EXPECT_LT(found.proof.log_e, 2);
}

TEST(CheckSlow, ManyUsersWithASlowRequestEachAreCertain) {
  Crowd crowd;
  crowd.settle();
  crowd.serve(0, 450, 2, milliseconds(10));
  crowd.serve(1, 50, 2, milliseconds(80));
  const auto found = crowd.look();
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_EQ(found.proof.method, "exceedance");
}

TEST(CheckSlow, WhereNobodySticksEveryRequestCounts) {
  Crowd crowd;
  crowd.route.unit = {};
  crowd.settle();
  crowd.serve(0, 450, 2, milliseconds(10));
  crowd.serve(1, 1, 100, milliseconds(80));
  EXPECT_EQ(crowd.look().verdict, Verdict::Fail);
}

TEST(CheckSlow, UsersWhoAreNotToldApartAreJudgedByTheirRequests) {
  Crowd crowd;
  crowd.settle();
  Crowd untold;
  untold.serve(0, 900, 2, milliseconds(10));
  untold.serve(1, 100, 2, milliseconds(10));
  for (auto& version : untold.world.versions) version.units = {};
  untold.look();
  EXPECT_EQ(untold.gathered.tracks.size(), 5u);
  EXPECT_EQ(crowd.gathered.tracks.size(), 10u);
}

TEST(CheckSlow, APassIsHadAsSoonAsWithoutUsers) {
  Crowd with_users;
  Crowd without;
  without.route.unit = {};
  int looks = 0;
  Verdict of_users = Verdict::Pending;
  for (with_users.settle(), without.settle(); of_users != Verdict::Pass && looks < 100; ++looks) {
    for (Crowd* crowd : {&with_users, &without}) {
      crowd->serve(0, 450, 4, milliseconds(10));
      crowd->serve(1, 50, 4, milliseconds(10));
    }
    of_users = with_users.look().verdict;
    EXPECT_EQ(without.look().verdict, of_users);
  }
  EXPECT_EQ(of_users, Verdict::Pass);
}

/// Equally fast versions whose users differ: a tenth of them is five times as slow, and each comes thirty times a look.
/// By requests most such rollouts would be taken back.
TEST(CheckSlow, SlowUsersOfHealthyVersionsRaiseFewAlarms) {
  constexpr int rollouts = 60;
  int alarms = 0;
  Random random(11);
  for (int rollout = 0; rollout < rollouts; ++rollout) {
    Crowd crowd;
    crowd.settle();
    bool alarmed = false;
    for (int look = 0; look < 100 && !alarmed; ++look) {
      for (int user = 0; user < 10; ++user) {
        const std::size_t version = random.uniform() < 0.1 ? 1 : 0;
        crowd.serve(version, 1, 30, random.uniform() < 0.1 ? milliseconds(50) : milliseconds(10));
      }
      alarmed = crowd.look().verdict == Verdict::Fail;
    }
    alarms += alarmed ? 1 : 0;
  }
  // 5 % are allowed; the 99.9 % bound of what that comes to.
  EXPECT_LE(alarms, 9);
}

}  // namespace
}  // namespace sluice::strategy
