#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/metrics/cells.hpp"

namespace sluice::upstream {

/// What one worker saw of one endpoint. One writer; read by the monitor.
struct alignas(64) EndpointCells {
  metrics::Counter answered;        ///< answers below 500, complete or not
  metrics::Counter server_errors;   ///< answers of 500 and more
  metrics::Counter gateway_errors;  ///< no answer: refused, reset, late, malformed
  metrics::Counter latency;         ///< nanoseconds from the request sent to the answer's head, summed over `answered`
  metrics::Gauge in_flight;         ///< requests that use a connection or wait for one
};

/// How far a rollout may count on an endpoint. Panic does not matter here: it gives traffic to those that are down.
enum class Standing : std::uint8_t {
  Out,        ///< it gets nothing, or only for want of another
  Unchecked,  ///< it gets traffic because nobody has doubted it yet: its first check has not ended
  Ready,
};

/// One endpoint of one version as all threads see it: workers report how their requests went, the monitor says how much
/// traffic it may get. Kept alive by whoever uses it. Nothing here waits.
class EndpointStatus {
 public:
  /// The whole of an endpoint's traffic.
  static constexpr std::uint32_t kFullShare = 1u << 16;

  /// `prompt` is called by a worker whose report completed a streak: it must be quick and must not throw.
  EndpointStatus(std::size_t workers, std::function<void()> prompt)
      : cells_(std::make_unique<EndpointCells[]>(workers)), workers_(workers), prompt_(std::move(prompt)) {}

  // --- a worker's reports ---

  /// An answer below 500 began.
  void answered(std::size_t worker, Duration latency) noexcept {
    EndpointCells& mine = cells_[worker];
    mine.answered.add();
    mine.latency.add(static_cast<std::uint64_t>(latency.count()));
    // A shared line that is only written when it has something to forget.
    if (errors_.load(std::memory_order_relaxed) != 0) errors_.store(0, std::memory_order_relaxed);
    if (gateway_errors_.load(std::memory_order_relaxed) != 0) gateway_errors_.store(0, std::memory_order_relaxed);
  }
  /// An answer of 500 or more began.
  void server_error(std::size_t worker) noexcept {
    cells_[worker].server_errors.add();
    if (gateway_errors_.load(std::memory_order_relaxed) != 0) gateway_errors_.store(0, std::memory_order_relaxed);
    count(errors_);
  }
  /// No answer, and neither the client nor the gateway was the reason.
  void gateway_error(std::size_t worker) noexcept {
    cells_[worker].gateway_errors.add();
    count(gateway_errors_);
    count(errors_);
  }
  EndpointCells& cells(std::size_t worker) noexcept { return cells_[worker]; }
  const EndpointCells& cells(std::size_t worker) const noexcept { return cells_[worker]; }
  std::size_t workers() const noexcept { return workers_; }

  /// Errors in a row, of all workers; an update that two workers make at the same time may be lost.
  std::uint32_t consecutive_errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
  std::uint32_t consecutive_gateway_errors() const noexcept { return gateway_errors_.load(std::memory_order_relaxed); }
  void forget_streaks() noexcept {
    errors_.store(0, std::memory_order_relaxed);
    gateway_errors_.store(0, std::memory_order_relaxed);
  }

  // --- the monitor's word ---

  /// 0 (none) to kFullShare: how much of its usual traffic the endpoint may get at the moment.
  std::uint32_t share() const noexcept { return share_.load(std::memory_order_relaxed); }
  void set_share(std::uint32_t share) noexcept { share_.store(share, std::memory_order_relaxed); }
  Standing standing() const noexcept { return standing_.load(std::memory_order_relaxed); }
  void set_standing(Standing standing) noexcept { standing_.store(standing, std::memory_order_relaxed); }
  /// The streak at which a worker prompts the monitor; 0: never.
  void set_prompt_at(std::uint32_t errors) noexcept { prompt_at_.store(errors, std::memory_order_relaxed); }

 private:
  void count(std::atomic<std::uint32_t>& streak) noexcept {
    const std::uint32_t now = streak.fetch_add(1, std::memory_order_relaxed) + 1;
    const std::uint32_t at = prompt_at_.load(std::memory_order_relaxed);
    if (at != 0 && now % at == 0) prompt_();
  }

  std::unique_ptr<EndpointCells[]> cells_;
  const std::size_t workers_;
  const std::function<void()> prompt_;
  alignas(64) std::atomic<std::uint32_t> errors_{0};
  std::atomic<std::uint32_t> gateway_errors_{0};
  std::atomic<std::uint32_t> prompt_at_{0};
  alignas(64) std::atomic<std::uint32_t> share_{kFullShare};
  std::atomic<Standing> standing_{Standing::Out};  // read by nobody who serves a request
};

/// The endpoints of one version, in the order of its configuration. The list never changes; the shares do.
struct VersionBoard {
  std::vector<std::shared_ptr<EndpointStatus>> endpoints;
  /// Grows whenever a share changed, so that a worker looks at the shares only then.
  std::atomic<std::uint32_t> epoch{1};
};

}  // namespace sluice::upstream
