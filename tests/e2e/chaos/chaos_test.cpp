// Endpoints die, hang, fail and change under load, for a minute or as many seconds as SLUICE_CHAOS_SECONDS says; in the
// end the gateway's books and the clients' must be the same. SLUICE_CHAOS_SEED repeats a run's dice.
#include <cstdlib>
#include <iostream>

#include "e2e/chaos/clients.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

unsigned number_from_environment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

/// What stands behind the gateway, and the policy that says so.
class World {
 public:
  explicit World(unsigned seed) : dice_(seed) {
    for (int i = 0; i < 3; ++i) models_.push_back(std::make_unique<MortalModel>(own_loopback(), "v1", "0%"));
    for (int i = 0; i < 2; ++i) models_.push_back(std::make_unique<MortalModel>(own_loopback(), "v2", "10%"));
    for (unsigned i = 0; i < 5; ++i) {
      moods_.push_back(std::make_shared<Mood>());
      echoes_.push_back(std::make_unique<FakeUpstream>(moody_echo(moods_.back(), seed + i)));
    }
    used_models_.assign(models_.size(), true);
    used_echoes_.assign(echoes_.size(), true);
  }

  std::string policy() {
    // Whoever is well keeps these times, also where a sanitizer takes most of the machine.
    const std::string patience =
        kSanitized ? "timeouts: {request: 10s, backendRequest: 1500ms, connect: 600ms, streamIdle: 2s}\n"
                     "health: {interval: 600ms, unhealthyInterval: 300ms, timeout: 400ms, unhealthyThreshold: 2}\n"
                   : "timeouts: {request: 4s, backendRequest: 600ms, connect: 300ms, streamIdle: 1s}\n"
                     "health: {interval: 300ms, unhealthyInterval: 150ms, timeout: 150ms, unhealthyThreshold: 2}\n";
    const std::string care =
        "protocol: OpenInference\n" + patience +
        "ejection: {baseTime: 500ms, maxTime: 2s, interval: 500ms, probation: 500ms, maxEjected: 50%}\n"
        "slowStart: {duration: 500ms}\n";
    const auto match = [](const char* path) {
      return "matches: [{path: {type: PathPrefix, value: " + std::string(path) + "}}]\n";
    };
    return gateway_yaml("drain: {delay: 0s, timeout: 5s}") +
           route_yaml("digits",
                      {version_yaml("v1", urls(models_, used_models_, 0, 3)),
                       version_yaml("v2", urls(models_, used_models_, 3, 5))},
                      care + match("/v2/models/digits") +
                          "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: " +
                          std::to_string(weight_) + "}, {pause: {}}]}}") +
           route_yaml("echo",
                      {version_yaml("v1", urls(echoes_, used_echoes_, 0, 3)),
                       version_yaml("v2", urls(echoes_, used_echoes_, 3, 5))},
                      care + match("/echo") +
                          "hedge: {after: 80ms}\nlimits: {requestsInFlight: 8, waiting: 2, waitTimeout: 100ms}\n"
                          "strategy: {abTest: {variants: [{version: v1, weight: " +
                          std::to_string(weight_) + "}, {version: v2, weight: 50}]}}") +
           route_yaml("hold", {version_yaml("v1", hold_)}, "protocol: OpenInference\n" + match("/hold")) +
           route_yaml("rude", {version_yaml("v1", urls(echoes_, used_echoes_, 0, 3))}, care + match("/rude"));
  }

  /// One thing goes wrong, or right again. True: the policy is another one now.
  bool stir() {
    MortalModel& model = *models_[roll(models_.size())];
    switch (roll(8)) {
      case 0:
        model.kill();
        return false;
      case 1:
        model.freeze();
        return false;
      case 2:
      case 3:
        heal_models();
        return false;
      case 4:
        moods_[roll(moods_.size())]->sick = roll(2) == 0;
        return false;
      case 5:
        moods_[roll(moods_.size())]->calm = roll(2) == 0;
        return false;
      case 6:
        weight_ = 5 + roll(46);
        return true;
      default:
        swap_endpoints();
        return true;
    }
  }

  /// Everything is well, and named again.
  void calm_down() {
    EXPECT_TRUE(eventually([&] { return heal_models(); }));
    for (auto& mood : moods_) {
      mood->calm = true;
      mood->sick = false;
    }
    used_models_.assign(models_.size(), true);
    used_echoes_.assign(echoes_.size(), true);
  }

  Holding& holding() noexcept { return holding_; }
  unsigned roll(std::size_t bound) { return static_cast<unsigned>((dice_() >> 4) % bound); }

 private:
  template <typename Endpoints>
  static std::vector<std::string> urls(const Endpoints& all, const std::vector<bool>& used, std::size_t begin,
                                       std::size_t end) {
    std::vector<std::string> out;
    for (std::size_t i = begin; i < end; ++i) {
      if (used[i]) out.push_back(all[i]->url());
    }
    return out;
  }

  /// False when one found its port taken.
  bool heal_models() {
    bool all = true;
    for (auto& model : models_) {
      model->thaw();
      all = model->start() && all;
    }
    return all;
  }

  /// One endpoint of each route leaves, another comes back; each version keeps one at least.
  void swap_endpoints() {
    for (std::vector<bool>* used : {&used_models_, &used_echoes_}) {
      used->assign(used->size(), true);
      const unsigned gone = roll(used->size() + 1);
      if (gone < used->size()) (*used)[gone] = false;
    }
  }

  std::minstd_rand dice_;
  std::vector<std::unique_ptr<MortalModel>> models_;  // three of stable, two of the candidate
  std::vector<std::shared_ptr<Mood>> moods_;
  std::vector<std::unique_ptr<FakeUpstream>> echoes_;
  std::vector<bool> used_models_;
  std::vector<bool> used_echoes_;
  Holding holding_;
  FakeUpstream hold_{holding_.script()};
  unsigned weight_ = 50;
};

/// Nothing of any request is left, and every endpoint is back.
void expect_recovery(SluiceProcess& sluice) {
  for (const char* gauge : {"requests_in_flight", "streams_open", "requests_waiting", "shadow_requests_in_flight"}) {
    EXPECT_EQ(sluice.metric_becomes(0, std::string("sluice_") + gauge), 0) << gauge;
  }
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_endpoint_connections", {{"state", "active"}}), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_connections_open"), 0);
  for (const char* route : {"digits", "echo"}) {
    EXPECT_EQ(sluice.metric_becomes(5, "sluice_endpoints", {{"route", route}, {"state", "admitted"}}), 5) << route;
  }
}

void expect_all_works(SluiceProcess& sluice) {
  RawClient client(sluice.port());
  for (int i = 0; i < 50; ++i) {
    const std::string body = "again " + std::to_string(i);
    EXPECT_EQ(client.post("/echo/again", body).body, body);
    EXPECT_EQ(client.get("/v2/models/digits").status(), 200);
  }
}

TEST(Chaos, LeavesNoRequestUnaccountedFor) {
  const unsigned seconds = number_from_environment("SLUICE_CHAOS_SECONDS", 60);
  const unsigned seed = number_from_environment("SLUICE_CHAOS_SEED", std::random_device{}() % 1000000);
  std::cout << "SLUICE_CHAOS_SEED=" << seed << " SLUICE_CHAOS_SECONDS=" << seconds << std::endl;
  SCOPED_TRACE("SLUICE_CHAOS_SEED=" + std::to_string(seed));

  World world(seed);
  SluiceProcess sluice(world.policy());
  Ledger ledger;
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 10; ++i) {
    threads.emplace_back([&, i] { ChaosClient(sluice.port(), world.holding(), ledger, seed + 100 + i).run(over); });
  }
  for (unsigned i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] { be_rude(sluice.port(), seed + 200 + i, over); });
  }

  // The first fifth warms buffers and pools up; from then on memory may hardly grow.
  const auto begun = std::chrono::steady_clock::now();
  const auto lasts = std::chrono::seconds(seconds);
  std::uint64_t warm = 0;
  unsigned reloads = 0;
  auto last_reload = begun;
  while (std::chrono::steady_clock::now() - begun < lasts && ledger.complaints().empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + world.roll(400)));
    const auto now = std::chrono::steady_clock::now();
    if (world.stir() && now - last_reload > 500ms) {
      sluice.write_policy(world.policy());
      last_reload = now;
      ++reloads;
    }
    if (warm == 0 && now - begun > lasts / 5) warm = sluice.process().resident();
    ASSERT_TRUE(sluice.process().is_running()) << sluice.logs();
  }
  world.calm_down();
  sluice.write_policy(world.policy());
  over = true;
  const auto ends = std::chrono::steady_clock::now();
  const auto since_the_end = [ends] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - ends).count();
  };
  for (auto& thread : threads) thread.join();
  std::cout << "last client done after " << since_the_end() << " ms";

  for (const auto& complaint : ledger.complaints()) ADD_FAILURE() << complaint;
  expect_recovery(sluice);
  std::cout << ", all endpoints back after " << since_the_end() << " ms\n";
  const auto metrics = sluice.metrics();
  std::uint64_t sent = 0;
  for (const auto& [route, seen] : ledger.routes()) {
    sent += seen.sent;
    expect_same_books(route, seen, metrics);
    std::cout << (route.empty() ? "(none)" : route) << ": " << seen.sent << " sent, " << seen.all_answered()
              << " answered, " << seen.gateway_errors << " of them refused or failed by the gateway, " << seen.cut_off
              << " cut off, " << seen.headless << " reset, " << seen.left_early + seen.left_within << " left\n";
  }
  std::cout << reloads << " reloads, retries " << metrics.value("sluice_retries_total") << ", hedges "
            << metrics.value("sluice_hedges_total") << ", fallbacks " << metrics.value("sluice_fallbacks_total")
            << ", ejections " << metrics.value("sluice_endpoint_ejections_total") << std::endl;
  EXPECT_GT(sent, 10u * seconds) << "hardly any load";
  EXPECT_EQ(metrics.value("sluice_config_reloads_total", {{"result", "failure"}}), 0);
  if (!kSanitized && warm > 0) {
    EXPECT_LT(sluice.process().resident(), warm + (48u << 20)) << "memory grew";
  }
  expect_all_works(sluice);
  EXPECT_LT(sluice.process().open_files(), 200u);
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0) << sluice.logs();
  std::cout << "drained after " << since_the_end() << " ms" << std::endl;
}

}  // namespace
}  // namespace sluice::test
