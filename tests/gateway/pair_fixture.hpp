#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rollout_fixture.hpp"
#include "sluice/compare/answer_pair.hpp"

namespace sluice::gateway {

/// Takes pairs and keeps them for the test.
class PairBox final : public compare::PairSink {
 public:
  using Pair = std::unique_ptr<compare::AnswerPair>;

  explicit PairBox(std::size_t limit = std::size_t{64} << 20) : memory_(limit) {}

  void note(std::size_t /*worker*/, Pair pair) noexcept override {
    const std::lock_guard lock(mutex_);
    pairs_.push_back(std::move(pair));
  }
  compare::Memory& memory() noexcept override { return memory_; }

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return pairs_.size();
  }
  std::vector<Pair> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(pairs_, {});
  }

 private:
  compare::Memory memory_;  // outlives what was taken of it
  mutable std::mutex mutex_;
  std::vector<Pair> pairs_;
};

/// A gateway whose route compares answers.
class PairFixture : public RolloutFixture {
 protected:
  ~PairFixture() override {
    if (gateway) gateway->stop();
  }
  /// v1 is live, v2 gets a copy of everything; bodies are kept.
  static Route compared_route(const test::FakeUpstream& live, const test::FakeUpstream& shadow) {
    Route route = route_of({{"v1", live.port()}, {"v2", shadow.port(), 0, true}});
    route.pairs.emplace();
    route.pairs->bodies = true;
    route.window = 7;
    return route;
  }
  void start_compared(Route route, std::size_t workers = 1) {
    registry.emplace(workers);
    gateway.emplace(*registry, clock);
    gateway->set_pair_sink(&box);
    const auto started = gateway->start(at_once(config_of(std::move(route))));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  /// So many pairs, waited for; fewer when they do not come.
  std::vector<PairBox::Pair> pairs(std::size_t count) {
    EXPECT_TRUE(test::eventually([&] { return box.count() >= count; })) << box.count() << " of " << count;
    return box.take();
  }
  PairBox::Pair pair() {
    auto taken = pairs(1);
    EXPECT_EQ(taken.size(), 1u);
    if (taken.empty()) throw test::TimedOut("no pair came");
    return std::move(taken[0]);
  }
  std::uint64_t dropped(metrics::ShadowDropReason reason, std::size_t version = 1) const {
    return totals(version).shadow_dropped[static_cast<std::size_t>(reason)];
  }
  std::uint64_t twins(metrics::TwinResult result) const {
    return totals(0).shadow_twins[static_cast<std::size_t>(result)];
  }

  PairBox box;
};

/// Answers each request with its name and what the request asked for.
inline test::FakeUpstream::Script repeats(std::string name) {
  return [name = std::move(name)](test::Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.answer(200, name + " " + request.target() + " " + request.body);
    }
  };
}

/// The same, once the gate is open.
inline test::FakeUpstream::Script repeats_late(std::string name, const test::Gate& gate) {
  return [name = std::move(name), &gate](test::Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, name + " " + request.target() + " " + request.body);
    }
  };
}

}  // namespace sluice::gateway
