// No request allocates once the gateway is warm: counted in operator new, on the worker's thread alone.
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>

#include "configs.hpp"
#include "sluice/compare/answer_pair.hpp"
#include "sluice/gateway/gateway.hpp"
#include "sluice/outcomes/answer_value.hpp"
#include "sluice/outcomes/decision_logger.hpp"
#include "sluice/outcomes/observation_ring.hpp"
#include "sluice/outcomes/token.hpp"
#include "support/fake_upstream.hpp"
#include "support/gate.hpp"
#include "support/raw_client.hpp"
#include "support/temp_dir.hpp"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0};
std::array<std::atomic<std::size_t>, 8> first_sizes{};  // to say what they were

/// Workers are known by their thread's name; asked for only while counting, so nothing else slows down.
void note_allocation(std::size_t size) noexcept {
  if (!counting.load(std::memory_order_relaxed)) return;
  char name[16];
  if (::pthread_getname_np(::pthread_self(), name, sizeof name) != 0) return;
  if (std::strncmp(name, "worker-", 7) != 0) return;
  const std::size_t index = allocations.fetch_add(1);
  if (index < first_sizes.size()) first_sizes[index] = size;
}

}  // namespace

// Every form, because memory of any is given back by the same delete. Not inlined, or the compiler sees free() on what
// it believes comes from the library's operator new.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  note_allocation(size);
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  note_allocation(size);
  const auto align = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (size + align - 1) / align * align)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}

namespace sluice::gateway {
namespace {

using test::FakeUpstream;
using test::RawClient;

constexpr std::size_t kClients = 4;
constexpr std::size_t kRequests = 2000;

/// Answers like a model, from the moment the gate is open: so the warm-up has everything in flight at once.
FakeUpstream::Script model(const test::Gate& gate) {
  return [&gate](test::Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.wait_for(gate);
      if (request.body.size() > 10000) {
        gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + test::chunked(request.body, 3000));
        continue;
      }
      gateway.answer(200, R"({"model_name":"digits","outputs":[{"name":"label","shape":[1],"data":[7]}]})",
                     {{"Content-Type", "application/json"}});
    }
  };
}

std::string request_of(std::size_t user, std::size_t digits) {
  const std::string body =
      R"({"inputs":[{"name":"x","shape":[1,64],"datatype":"FP32","data":[)" + std::string(digits, '0') + "]}]}";
  return test::request_text("POST", "/v2/models/digits/infer", body,
                            {{"X-User-Id", "user-" + std::to_string(10000 + user)},
                             {"Content-Type", "application/json"},
                             {"X-Forwarded-For", "192.0.2.1"}});
}

class WorkerAllocations : public testing::Test {
 protected:
  void SetUp() override {
    if (test::kSanitized) GTEST_SKIP() << "coroutine frames are not kept for reuse under sanitizers";
  }
  ~WorkerAllocations() override { counting = false; }

  void start(Route route, std::shared_ptr<const outcomes::TokenKeys> keys = nullptr) {
    for (Version& version : route.versions) version.pool.warm = kClients;
    Config config = config_of(std::move(route));
    config.keys = std::move(keys);
    const auto started = gateway.start(std::move(config));
    ASSERT_TRUE(started) << started.error().message;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.push_back(std::make_unique<RawClient>(gateway.listening().at(0).port()));
    }
  }
  /// One request on every connection, all under way together, then all answers.
  void one_round(std::size_t round) {
    for (std::size_t i = 0; i < kClients; ++i) clients[i]->send(request_of(round * kClients + i, body_digits));
    for (auto& client : clients) {
      const int status = client->read_response().status();
      ASSERT_TRUE(status == 200 || (some_fail && status == 500)) << status;
    }
  }
  void rounds(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) one_round(i);
  }
  /// All connections are dialled and every object that a round needs has been made once.
  void warm_up(std::vector<const FakeUpstream*> upstreams, std::size_t arriving) {
    for (const auto* upstream : upstreams) {
      ASSERT_TRUE(test::eventually([&] { return upstream->connections() >= kClients; }));
    }
    std::thread opener([&] {
      test::eventually([&] {
        std::size_t arrived = 0;
        for (const auto* upstream : upstreams) arrived += upstream->request_count();
        return arrived >= arriving;
      });
      gate.open();
    });
    one_round(0);
    opener.join();
    rounds(100);
  }
  /// Four times as many uploads held half way as the measurement can ever have: how deep the stocks must be then
  /// depends on how the peers are scheduled, and a plain round may not need that much.
  void deepen(const FakeUpstream& upstream) {
    constexpr std::size_t kHeld = 4 * kClients;
    std::vector<std::unique_ptr<RawClient>> held;
    for (std::size_t i = 0; i < kHeld; ++i) {
      held.push_back(std::make_unique<RawClient>(gateway.listening().at(0).port()));
      held.back()->send(request_of(i, body_digits).substr(0, 8000));
    }
    ASSERT_TRUE(test::eventually([&] { return totals(0).in_flight >= static_cast<std::int64_t>(kHeld); }));
    ASSERT_TRUE(test::eventually([&] { return upstream.connections() >= kHeld; }));
    for (std::size_t i = 0; i < kHeld; ++i) held[i]->send(request_of(i, body_digits).substr(8000));
    for (auto& client : held) ASSERT_EQ(client->read_response().status(), 200);
  }
  std::size_t counted(std::size_t count) {
    allocations = 0;
    counting = true;
    rounds(count / kClients);
    counting = false;
    return allocations;
  }
  static std::string sizes() {
    std::string text = "sizes:";
    for (const auto& size : first_sizes) text += " " + std::to_string(size.load());
    return text;
  }
  metrics::VersionTotals totals(std::size_t version) {
    return registry.snapshot().routes.at(0).versions[version].totals;
  }

  std::size_t body_digits = 180;
  bool some_fail = false;
  test::Gate gate;
  FakeUpstream v1{model(gate)};
  FakeUpstream v2{model(gate)};
  SystemClock clock;
  metrics::Registry registry{1};
  const test::TempDir dir;
  std::unique_ptr<outcomes::DecisionLogger> log = *outcomes::DecisionLogger::start({(dir / "log.ndjson").string(), {}});
  Gateway gateway{registry, clock};
  std::vector<std::unique_ptr<RawClient>> clients;
};

TEST_F(WorkerAllocations, AreSeenWhenThereAreAny) {
  start(route_of({{"v1", v1.port()}}));
  gate.open();
  allocations = 0;
  counting = true;
  rounds(1);
  counting = false;
  EXPECT_GT(allocations, 0u) << "a cold gateway makes its exchanges and frames";
}

TEST_F(WorkerAllocations, AreNoneInASplitByStickyUnits) {
  start(route_of({{"v1", v1.port(), 75}, {"v2", v2.port(), 25}}, traffic::Field::header("x-user-id")));
  warm_up({&v1, &v2}, kClients);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  EXPECT_GT(v1.request_count(), kRequests / 2);
  EXPECT_GT(v2.request_count(), kRequests / 8);
}

TEST_F(WorkerAllocations, AreNoneForDecisionTokens) {
  Route route = route_of({{"v1", v1.port(), 75}, {"v2", v2.port(), 25}}, traffic::Field::header("x-user-id"));
  route.tokens = true;
  start(std::move(route), std::make_shared<outcomes::TokenKeys>(outcomes::TokenKey{1, {}}));
  warm_up({&v1, &v2}, kClients);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  EXPECT_TRUE(clients[0]->get("/").has("x-sluice-decision"));
}

TEST_F(WorkerAllocations, AreNoneForTheDecisionLog) {
  gateway.set_decision_log(log.get());
  log->set_routes({{"digits", {"v1", "v2"}, {}, 1}});
  start(route_of({{"v1", v1.port(), 75}, {"v2", v2.port(), 25}}, traffic::Field::header("x-user-id")));
  warm_up({&v1, &v2}, kClients);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  gateway.stop();
  log->flush();
  const std::string text = test::read_file(dir / "log.ndjson");
  EXPECT_GE(std::count(text.begin(), text.end(), '\n'), static_cast<std::ptrdiff_t>(kRequests)) << "it was written";
  EXPECT_EQ(log->lost(), 0u);
}

/// The first value of the output, and a header that is not there.
std::shared_ptr<const outcomes::AnswerFields> some_answers() {
  outcomes::AnswerFields fields(2);
  fields[0].part = policy::AnswerPart::Tensor;
  fields[0].type = policy::OutcomeType::Value;
  fields[0].name = "label";
  fields[1].part = policy::AnswerPart::Header;
  fields[1].name = "x-score";
  return std::make_shared<const outcomes::AnswerFields>(std::move(fields));
}

TEST_F(WorkerAllocations, AreNoneForValuesThatStandInAnswers) {
  outcomes::ObservationRing ring(1);
  ring.open();
  gateway.set_observations(&ring);
  Route route = route_of({{"v1", v1.port(), 75}, {"v2", v2.port(), 25}}, traffic::Field::header("x-user-id"));
  route.observed = true;
  route.answers = some_answers();
  start(std::move(route));
  warm_up({&v1, &v2}, kClients);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  gateway.stop();
  std::size_t read = 0;
  ring.drain([&](const outcomes::Observation& seen) { read += seen.read == 1 && seen.values[0] == 7 ? 1 : 0; });
  EXPECT_GE(read, kRequests) << "they were read";
}

TEST_F(WorkerAllocations, AreNoneForValuesInAnswersThatComeInPieces) {
  outcomes::ObservationRing ring(1);
  ring.open();
  gateway.set_observations(&ring);
  body_digits = 20000;
  Route route = route_of({{"v1", v1.port()}});
  route.observed = true;
  route.answers = some_answers();
  start(std::move(route));
  warm_up({&v1}, kClients);
  deepen(v1);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  gateway.stop();
}

TEST_F(WorkerAllocations, AreNoneWhenRequestsOfUnitsFail) {
  FakeUpstream faulty([this](test::Conversation& asked) {
    while (true) {
      asked.read_request();
      asked.wait_for(gate);
      asked.answer(500, "x");
    }
  });
  Route route = route_of({{"v1", v1.port(), 1}, {"v2", faulty.port(), 1}}, traffic::Field::header("x-user-id"));
  route.versions[1].supervision.ejection.enabled = false;  // telling of a row of errors takes memory
  some_fail = true;
  start(std::move(route));
  warm_up({&v1, &faulty}, kClients);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  EXPECT_GT(faulty.request_count(), kRequests / 4);
}

TEST_F(WorkerAllocations, AreNoneWhileBodiesStreamBothWays) {
  body_digits = 20000;
  start(route_of({{"v1", v1.port()}}));
  warm_up({&v1}, kClients);
  deepen(v1);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
}

TEST_F(WorkerAllocations, AreNoneWhenEveryRequestIsMirrored) {
  Route route = route_of({{"v1", v1.port()}, {"v2", v2.port(), 0, true}});
  route.mirror.requests_in_flight = kClients;
  start(std::move(route));
  warm_up({&v1, &v2}, 2 * kClients);
  const auto before = totals(1);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  const auto sent = v2.request_count();
  EXPECT_GT(sent, kRequests / 4) << "copies were really made";
  EXPECT_EQ(before.shadow_dropped[static_cast<std::size_t>(metrics::ShadowDropReason::Failed)], 0u);
}

/// Pairs come to their end here.
struct Discards final : compare::PairSink {
  void note(std::size_t /*worker*/, std::unique_ptr<compare::AnswerPair> pair) noexcept override {
    ++count;
    pair.reset();
  }
  compare::Memory& memory() noexcept override { return all; }
  compare::Memory all{std::size_t{1} << 20};
  std::atomic<std::size_t> count{0};
};

TEST_F(WorkerAllocations, AreNoneForWhatIsNotCopiedWhereAnswersAreCompared) {
  Discards pairs;
  gateway.set_pair_sink(&pairs);
  Route route = route_of({{"v1", v1.port()}, {"v2", v2.port(), 0, true}});
  traffic::PlanSpec spec = route.plan.spec();
  spec.mirrors[0].share = 0;
  route.plan = traffic::TrafficPlan::build(std::move(spec)).value();
  route.pairs.emplace();
  route.pairs->bodies = true;
  route.pairs->twin_share = 1;
  route.mirror.idle = IdleLimits{64, std::chrono::seconds(10)};
  route.mirror.deduplicate = std::chrono::hours(1);
  start(std::move(route));
  warm_up({&v1}, kClients);
  EXPECT_EQ(counted(kRequests), 0u) << sizes();
  gateway.stop();
  EXPECT_EQ(pairs.count, 0u);
}

TEST_F(WorkerAllocations, AreFewForEachPair) {
  Discards pairs;
  gateway.set_pair_sink(&pairs);
  Route route = route_of({{"v1", v1.port()}, {"v2", v2.port(), 0, true}});
  route.mirror.requests_in_flight = kClients;
  route.pairs.emplace();
  route.pairs->bodies = true;
  start(std::move(route));
  warm_up({&v1, &v2}, 2 * kClients);
  const std::size_t before = pairs.count;
  const std::size_t allocated = counted(kRequests);
  const std::size_t made = pairs.count - before;
  EXPECT_GT(made, kRequests / 4) << "pairs were really made";
  EXPECT_LE(allocated, 8 * made) << sizes();
  gateway.stop();
}

}  // namespace
}  // namespace sluice::gateway
