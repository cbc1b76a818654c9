#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pool_fixture.hpp"
#include "sluice/upstream/call.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::upstream {

inline constexpr std::string_view kGetReady = "GET /ready HTTP/1.1\r\nhost: a\r\n\r\n";

inline http::Task<> make_call(Call& call, EndpointPool& pool, CallRequest request,
                              std::optional<CallOutcome>& outcome) {
  auto calling = call.run(pool, request);
  outcome = co_await calling;
}

/// What came of a body.
struct SeenBody final : AnswerSink {
  void take_head(const http::ResponseHead& /*answer*/, const char* /*base*/) noexcept override {}
  void take_payload(std::string_view payload) noexcept override { text += payload; }
  std::string text;
};

/// Makes one call at a time.
class CallFixture : public PoolFixture {
 protected:
  void begin(EndpointPool& pool, bool fresh = false, http::Method method = http::Method::Get,
             std::string_view bytes = kGetReady) {
    outcome.reset();
    life = make_call(call, pool, {method, bytes, clock.now() + std::chrono::seconds(1), fresh}, outcome);
    life.start();
  }
  CallOutcome run(EndpointPool& pool, bool fresh = false) {
    begin(pool, fresh);
    EXPECT_TRUE(run_until([&] { return outcome.has_value(); }));
    return outcome.value_or(CallOutcome{});
  }
  /// A pool that reports to `status`.
  EndpointPool& make_reporting_pool(std::uint16_t port) {
    EndpointPool& pool = make_pool(port);
    EndpointPool::Settings settings = pool.settings();
    settings.status = status;
    pool.update(settings);
    return pool;
  }
  const EndpointCells& reports() const { return status->cells(0); }

  std::shared_ptr<EndpointStatus> status = std::make_shared<EndpointStatus>(1, [] {});
  Call call{context};
  std::optional<CallOutcome> outcome;
  http::Task<> life;
};

}  // namespace sluice::upstream
