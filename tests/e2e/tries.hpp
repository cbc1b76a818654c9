#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "e2e/e2e.hpp"

namespace sluice::test {

/// What an endpoint makes of one request that it has read; false ends the connection.
using Turn = std::function<bool(Conversation&, const HttpMessage&)>;

inline Turn answering(int status, std::string body = "fine", Fields fields = {}) {
  return [=](Conversation& gateway, const HttpMessage&) {
    gateway.answer(status, body, fields);
    return true;
  };
}

inline Turn echoing() {
  return [](Conversation& gateway, const HttpMessage& request) {
    gateway.answer(200, request.body);
    return true;
  };
}

inline Turn resetting() {
  return [](Conversation& gateway, const HttpMessage&) {
    gateway.reset();
    return false;
  };
}

/// Says this and leaves.
inline Turn saying(std::string bytes) {
  return [=](Conversation& gateway, const HttpMessage&) {
    gateway.send(bytes);
    return false;
  };
}

/// Never answers, but notices when the gateway gives up.
inline Turn silent() {
  return [](Conversation& gateway, const HttpMessage&) {
    gateway.sees_close();
    return false;
  };
}

/// The n-th request gets the n-th turn, at whichever of the endpoints with this script it arrives; the last turn stays.
inline FakeUpstream::Script in_turn(std::vector<Turn> turns) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [next, turns = std::move(turns)](Conversation& gateway) {
    for (;;) {
      const auto request = gateway.read_request();
      const std::size_t turn = std::min(next->fetch_add(1), turns.size() - 1);
      if (!turns[turn](gateway, request)) return;
    }
  };
}

/// How long a first try has before a hedge goes beside it. Scripts go by the order in which requests arrive, so the
/// first must be there before the hedge is, however busy the machine.
inline const std::chrono::milliseconds kHedgeAfter{kSanitized ? 500 : 150};

/// `key: {after: …}` and the like: a duration as a policy has it.
inline std::string written(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + "ms";
}

inline std::string hedged_after(std::chrono::milliseconds time) {
  return "hedge: {after: " + written(time) + "}\n";
}

/// Two endpoints of one version that share a script.
struct TwoEndpoints {
  explicit TwoEndpoints(const FakeUpstream::Script& script) : first(script), second(script) {}

  std::string version(std::string_view name = "v1", std::string_view more = {}) const {
    return version_yaml(name, {first.url(), second.url()}, more);
  }
  std::size_t requests() const { return first.request_count() + second.request_count(); }
  std::size_t connections() const { return first.connections() + second.connections(); }
  std::size_t open_connections() const { return first.open_connections() + second.open_connections(); }

  FakeUpstream first;
  FakeUpstream second;
};

/// A route on `versions` where nothing but the rules under test decides: one worker, no ejection.
inline std::string tries_policy(const std::vector<std::string>& versions, std::string_view route_spec = {}) {
  return gateway_yaml("workers: 1") +
         route_yaml("model", versions, "ejection: {enabled: false}\n" + std::string(route_spec));
}

/// v1 is stable; v2, the candidate, gets half of the requests.
inline std::string canary_policy(const std::string& stable, const std::string& candidate,
                                 std::string_view route_spec = {}, std::string_view canary = {}) {
  std::string strategy = "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}, {pause: {}}]";
  if (!canary.empty()) strategy.append(", ").append(canary);
  return tries_policy({stable, candidate}, strategy + "}}\n" + std::string(route_spec));
}

/// The exact number of attempts after the first, and of requests that had any.
inline void expect_retries(const SluiceProcess& sluice, int retries, int requests, const Labels& labels = {}) {
  EXPECT_EQ(sluice.metric_becomes(retries, "sluice_retries_total", labels), retries);
  EXPECT_EQ(sluice.metric_becomes(requests, "sluice_retried_requests_total", labels), requests);
}

/// Nothing of any request is left.
inline void expect_quiet(const SluiceProcess& sluice) {
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_streams_open"), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_endpoint_connections", {{"state", "active"}}), 0);
}

template <typename Work>
std::chrono::milliseconds time_of(Work&& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
}

}  // namespace sluice::test
