#pragma once

#include <coroutine>
#include <cstdint>

#include "sluice/gateway/gate_rules.hpp"
#include "sluice/http/deadline_wheel.hpp"
#include "sluice/metrics/cells.hpp"

namespace sluice::gateway {

/// Why a gate let nobody in.
enum class GateRefusal : std::uint8_t {
  None,
  Full,       ///< no place inside, and none among those who wait
  TooLate,    ///< waited for as long as one may
  Cancelled,  ///< the waiter gave up
};

/// Keeps the requests in flight of a gateway, route or version within a limit, on one worker. Who comes when it is
/// full waits in a bounded queue; whoever leaves makes room for one of them. The rules are GateRules'. No allocation.
///
/// `leave` and `serve` resume coroutines before they return: the gate must be kept alive by the caller, and what else
/// the caller holds may have changed afterwards.
class Gate {
 public:
  /// `waiting` counts those who wait, for the metrics; it belongs to this worker.
  Gate(http::DeadlineWheel& wheel, metrics::Gauge& waiting) noexcept : wheel_(&wheel), gauge_(&waiting) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// In force for what comes; who is inside stays, who waits keeps the wait that was promised. Resumes nobody: call
  /// `serve` when there may be more room.
  void set(const GateLimits& limits) noexcept { rules_.set(limits); }
  void set_in_flight(std::uint32_t limit) noexcept { rules_.set_in_flight(limit); }

  /// Inside, without a wait and before nobody. The usual way: two comparisons and an addition.
  bool enter_at_once() noexcept { return rules_.enter_at_once(); }
  /// The end of a request that was inside.
  void leave(TimePoint now) {
    rules_.leave();
    if (first_ != nullptr) serve(now);
  }
  /// Lets in whoever waits while there is room.
  void serve(TimePoint now);

  /// Waits for a place. Lives in the coroutine that awaits it.
  class Waiter final : private http::DeadlineWheel::Hook {
   public:
    Waiter(Gate& gate, TimePoint now) noexcept : gate_(&gate), now_(now) {}
    /// Leaves the queue, if it still stands in it.
    ~Waiter();

    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> coroutine) noexcept { coroutine_ = coroutine; }
    /// None: inside, and `leave` is due later.
    GateRefusal await_resume() const noexcept { return refusal_; }
    /// Ends the wait with Cancelled.
    void cancel();

   private:
    friend class Gate;
    enum class Place : std::uint8_t { Nowhere, InLine, SentAway };
    void on_deadline(TimePoint now) override;
    void finish(GateRefusal refusal);

    Gate* gate_;
    TimePoint now_;
    std::coroutine_handle<> coroutine_;
    GateRefusal refusal_ = GateRefusal::None;
    Place place_ = Place::Nowhere;
    Waiter* next_ = nullptr;
    Waiter* previous_ = nullptr;
  };

  bool has_room() const noexcept { return rules_.has_room(); }
  std::uint32_t in_flight() const noexcept { return rules_.in_flight(); }
  std::uint32_t waiting() const noexcept { return rules_.waiting(); }
  const GateLimits& limits() const noexcept { return rules_.limits(); }

 private:
  void link(Waiter& waiter, TimePoint now) noexcept;
  void unlink(Waiter& waiter) noexcept;

  http::DeadlineWheel* wheel_;
  metrics::Gauge* gauge_;
  GateRules rules_;
  Waiter* first_ = nullptr;  // the oldest
  Waiter* last_ = nullptr;
  bool serving_ = false;
};

}  // namespace sluice::gateway
