#pragma once

#include <array>
#include <cstdint>

#include "sluice/base/clock.hpp"

namespace sluice::http {

/// Deadlines of thousands of connections on one timer: a hashed wheel whose entries move lazily.
///
/// Setting a later deadline only stores it; the entry is put where it belongs when its slot comes round. So a deadline
/// that moves with every piece of a body costs a store. Fires at most one tick late, never early. One thread; no
/// allocation.
class DeadlineWheel {
 public:
  /// Something with a deadline. Must be cancelled (or never set) when it is destroyed; the destructor checks by
  /// unlinking.
  class Hook {
   public:
    Hook() = default;
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;
    /// The deadline has passed. The hook is off the wheel and may be set again.
    virtual void on_deadline(TimePoint now) = 0;

   protected:
    ~Hook() { unlink(); }

   private:
    friend class DeadlineWheel;
    void unlink() noexcept;
    Hook* next_ = nullptr;
    Hook* previous_ = nullptr;
    TimePoint deadline_{};
    std::uint64_t tick_ = 0;  ///< the tick whose slot holds the hook
  };

  /// `tick` is rounded down to a power of two of nanoseconds.
  explicit DeadlineWheel(TimePoint start, Duration tick = std::chrono::milliseconds(20));

  /// Fires `hook` once `deadline` has passed; replaces an earlier setting.
  void set(Hook& hook, TimePoint deadline) noexcept;
  static void cancel(Hook& hook) noexcept { hook.unlink(); }
  static bool is_set(const Hook& hook) noexcept { return hook.next_ != nullptr; }

  /// Fires everything due at `now`. A fired hook may set and cancel any hook, itself too.
  void advance(TimePoint now);

  Duration tick() const noexcept { return Duration(Duration::rep{1} << tick_shift_); }

 private:
  static constexpr std::size_t kSlots = 1024;
  struct List final : Hook {
    List();
    void on_deadline(TimePoint) override {}
  };
  std::uint64_t tick_of(TimePoint deadline) const noexcept;
  void link(Hook& hook) noexcept;
  void sweep(List& slot, TimePoint now);

  TimePoint start_;
  int tick_shift_;
  std::uint64_t current_ = 0;  ///< the last tick that was swept
  std::array<List, kSlots> slots_;
};

}  // namespace sluice::http
