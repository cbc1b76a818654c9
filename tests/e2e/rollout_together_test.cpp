// Everybody at once: people who give orders, readers, another policy again and again, and in the end a signal. Above
// all something to watch with a sanitizer.
#include <functional>

#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

/// Does the same again and again on threads of its own; what breaks off because the gateway ends is no failure.
class Crowd {
 public:
  ~Crowd() { stop(); }

  void add(std::function<void(int)> deed) {
    threads_.emplace_back([this, deed = std::move(deed)] {
      for (int i = 0; !stopping_; ++i) {
        try {
          deed(i);
          ++done_;
        } catch (const std::exception& error) {
          if (is_ending_) return;
          const std::lock_guard lock(mutex_);
          failures_.emplace_back(error.what());
          return;
        }
      }
    });
  }
  bool does(int more) const {
    return eventually([this, goal = done_ + more] { return done_ >= goal; });
  }
  void expect_the_end() { is_ending_ = true; }
  std::vector<std::string> stop() {
    stopping_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return failures_;
  }

 private:
  std::atomic<bool> stopping_{false};
  std::atomic<bool> is_ending_{false};
  std::atomic<int> done_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

/// Two routes whose rollouts only people move on; `seconds` tells one policy from another that supersedes nothing.
std::string policy_of(const FakeUpstream& v1, const FakeUpstream& v2, const TempDir& dir, int seconds) {
  const std::vector<std::string> versions{version_yaml("v1", v1), version_yaml("v2", v2)};
  const std::string spec = "ejection: {enabled: false}\ntimeouts: {request: " + std::to_string(seconds) + "s}\n";
  const std::string steps = canary("steps: [{setWeight: 20}, {pause: {}}, {setWeight: 50}, {pause: {}}]");
  const std::string other =
      "matches: [{path: {type: PathPrefix, value: /other}}]\nstrategy: {blueGreen: {active: v1, preview: v2}}\n";
  return gateway_yaml(kept_in(dir)) + route_yaml("model", versions, spec + "strategy: {" + steps + "}\n") +
         route_yaml("other", versions, spec + other);
}

/// Nobody's order is answered with anything but done or refused.
void order(const Operator& person, const std::string& route, int i) {
  constexpr const char* kVerbs[] = {"pause", "promote", "resume", "promote", "undo", "retry", "abort", "retry"};
  const auto answer = person.post("/api/v1/routes/" + route + "/" + kVerbs[i % 8]);
  if (answer.status() != 200 && answer.status() != 409) throw std::runtime_error(answer.start_line + answer.body);
}

void read(const Operator& person, const std::string& target) {
  const auto answer = person.get(target);
  if (answer.status() != 200) throw std::runtime_error(target + ": " + answer.start_line);
}

/// True when every entry has the number after that of the one before it.
bool is_whole(const nlohmann::json& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i - 1]["sequence"].get<int>() != entries[i]["sequence"].get<int>() + 1) return false;
  }
  return !entries.empty();
}

TEST(RolloutTogether, OrdersReadersAndReloadsFromAllSidesFailNobodyUpToTheEnd) {
  const TempDir dir;
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(policy_of(v1, v2, dir, 5));
  const Operator person(sluice);
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));

  Crowd crowd;
  crowd.add([&](int i) { order(person, "model", i); });
  crowd.add([&](int i) { order(person, "model", i + 3); });
  crowd.add([&](int i) { order(person, "other", i); });
  crowd.add([&](int) { read(person, "/api/v1/routes"); });
  crowd.add([&](int i) { read(person, i % 2 == 0 ? "/api/v1/journal?limit=50" : "/api/v1/routes/model"); });
  crowd.add([&](int) { static_cast<void>(sluice.metrics()); });
  crowd.add([&](int i) {
    sluice.write_policy(policy_of(v1, v2, dir, 5 + i % 2));
    const auto answer = person.post("/api/v1/reload");
    if (answer.status() != 200) throw std::runtime_error(answer.start_line + answer.body);
  });
  RawClient events(sluice.admin_port());
  events.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(events.read_head().status(), 200);

  EXPECT_TRUE(crowd.does(kSanitized ? 100 : 300));
  EXPECT_TRUE(load.answers(100));
  const auto page = person.json("/api/v1/journal?limit=100");
  EXPECT_TRUE(is_whole(page["entries"])) << page.dump(2);
  EXPECT_EQ(load.stop(), Nothing());
  crowd.expect_the_end();
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0) << sluice.logs();
  EXPECT_EQ(crowd.stop(), Nothing());
}

}  // namespace
}  // namespace sluice::test
