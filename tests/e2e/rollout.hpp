#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "e2e/operator.hpp"
#include "e2e/tries.hpp"

namespace sluice::test {

using Nothing = std::vector<std::string>;

/// Looks every second, from the first twenty requests on: the shortest that a policy may say.
constexpr const char* kErrorsBelow5 =
    "analysis: {interval: 1s, minRequests: 20, checks: [{metric: error-rate, thresholdRange: {max: 5%}}]}";

/// v1 and v2 of the route `model` under this strategy, as YAML in one line. `gateway` and `route` are further lines.
inline std::string rollout_policy(const FakeUpstream& v1, const FakeUpstream& v2, const std::string& strategy,
                                  const std::string& gateway = {}, const std::string& route = {}) {
  return gateway_yaml(gateway) + route_yaml("model", {version_yaml("v1", v1), version_yaml("v2", v2)},
                                            "ejection: {enabled: false}\nstrategy: {" + strategy + "}\n" + route);
}

/// A canary of v2 behind v1; `rest` begins with its steps.
inline std::string canary(const std::string& rest) {
  return "canary: {stable: v1, candidate: v2, " + rest + "}";
}

inline std::string kept_in(const TempDir& dir) {
  return "state: {sqlite: {path: \"" + (dir / "sluice.db").string() + "\"}}";
}

inline nlohmann::json rollout_of(const Operator& person, const std::string& route = "model") {
  return person.json("/api/v1/routes/" + route)["rollout"];
}

/// How often the first check was looked at in the step under way.
inline int looks_of(const Operator& person) {
  const auto checks = rollout_of(person).value("checks", nlohmann::json::array());
  return checks.empty() ? 0 : checks[0].value("looks", 0);
}

/// `sluice status ROUTE --wait PHASE`; what it showed when it came to something else. Evidence takes requests, of which
/// a sanitizer leaves a tenth.
inline ::testing::AssertionResult comes_to(const Operator& person, const std::string& phase,
                                           const std::string& route = "model") {
  const auto shown = run({sluice_binary(), "status", route, "--wait", phase, "--timeout", kSanitized ? "90s" : "30s",
                          "--events", "30", "--admin", "127.0.0.1:" + std::to_string(person.port())},
                         {}, std::chrono::seconds(kSanitized ? 120 : 60));
  if (shown.exit.code == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "exit " << shown.exit.code << "\n" << shown.out << shown.err;
}

/// The journal of a route, oldest first, as `Kind` or, with `texts`, as `Kind: what`.
inline std::vector<std::string> journal_of(const Operator& person, bool texts = false,
                                           const std::string& route = "model") {
  std::vector<std::string> lines;
  const auto page = person.json("/api/v1/routes/" + route + "/journal?limit=1000");
  for (const auto& entry : page["entries"]) {
    std::string line = entry["kind"];
    if (texts) line += ": " + entry["text"].get<std::string>();
    lines.push_back(line);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

inline std::size_t count_of(const std::vector<std::string>& lines, const std::string& wanted) {
  return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), wanted));
}

/// Whose answers a new client gets.
inline std::set<std::string> answers(const SluiceProcess& sluice, int requests = 200) {
  std::set<std::string> bodies;
  RawClient client(sluice.port());
  for (int i = 0; i < requests; ++i) bodies.insert(client.post("/", "x").body);
  return bodies;
}

/// The part of new requests that is answered with `body`.
inline double share_of(const SluiceProcess& sluice, const std::string& body, int requests = 1000) {
  RawClient client(sluice.port());
  int found = 0;
  for (int i = 0; i < requests; ++i) found += client.post("/", "x").body == body ? 1 : 0;
  return static_cast<double>(found) / requests;
}

/// Clients that remember of every answer when it was asked for, when it came, and who gave it.
class Witnesses {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Answer {
    Time asked;
    Time came;
    std::string body;
  };

  Witnesses(const SluiceProcess& sluice, int clients) {
    for (int i = 0; i < clients; ++i) threads_.emplace_back([this, port = sluice.port()] { watch(port); });
  }
  ~Witnesses() { stop(); }
  Witnesses(const Witnesses&) = delete;
  Witnesses& operator=(const Witnesses&) = delete;

  std::uint64_t answered() const noexcept { return answered_; }
  bool see(std::uint64_t more) const {
    return eventually([this, goal = answered() + more] { return answered() >= goal; });
  }
  /// Every answer from first to last; a failed request has the body "failed: why".
  std::vector<Answer> stop() {
    stopping_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    const std::lock_guard lock(mutex_);
    std::sort(seen_.begin(), seen_.end(), [](const Answer& a, const Answer& b) { return a.asked < b.asked; });
    return seen_;
  }

 private:
  void watch(std::uint16_t port) {
    std::vector<Answer> seen;
    RawClient client(port);
    while (!stopping_) {
      Answer answer{std::chrono::steady_clock::now(), {}, {}};
      try {
        const auto response = client.post("/", "x");
        answer.body = response.status() == 200 ? response.body : "failed: " + response.start_line;
      } catch (const std::exception& error) {
        answer.body = std::string("failed: ") + error.what();
        stopping_ = true;
      }
      answer.came = std::chrono::steady_clock::now();
      seen.push_back(std::move(answer));
      ++answered_;
    }
    const std::lock_guard lock(mutex_);
    seen_.insert(seen_.end(), seen.begin(), seen.end());
  }

  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::mutex mutex_;
  std::vector<Answer> seen_;
  std::vector<std::thread> threads_;
};

/// How many requests were answered by `old_one` although they were asked after somebody had an answer by `new_one`.
/// Only answers that were asked for from `since` on are looked at.
inline std::size_t mixed(const std::vector<Witnesses::Answer>& seen, const std::string& old_one,
                         const std::string& new_one, Witnesses::Time since) {
  auto first = Witnesses::Time::max();
  for (const auto& answer : seen) {
    if (answer.asked >= since && answer.body == new_one) first = std::min(first, answer.came);
  }
  return static_cast<std::size_t>(std::count_if(seen.begin(), seen.end(), [&](const auto& answer) {
    return answer.asked >= since && answer.asked > first && answer.body == old_one;
  }));
}

inline std::vector<std::string> failures_in(const std::vector<Witnesses::Answer>& seen) {
  std::vector<std::string> failures;
  for (const auto& answer : seen) {
    if (answer.body.rfind("failed", 0) == 0) failures.push_back(answer.body);
  }
  return failures;
}

}  // namespace sluice::test
