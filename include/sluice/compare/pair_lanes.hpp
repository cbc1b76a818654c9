#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/base/spsc_ring.hpp"
#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/memory.hpp"

namespace sluice::compare {

/// Brings pairs from the workers to the one thread that compares them. A lane per worker, bounded, without locks. That
/// thread is woken seldom: while pairs come it naps and looks again by itself, earlier only where half a lane or half
/// the memory is taken. Once none came for many naps it sleeps until the next one wakes it, which costs that worker a
/// system call.
class PairLanes {
 public:
  struct Rests {
    std::chrono::milliseconds nap{20};
    int naps_until_sleep = 50;  ///< without pairs
  };

  /// Of each worker so many may wait. `memory` outlives the lanes.
  PairLanes(std::size_t workers, std::size_t pairs, const Memory& memory);
  PairLanes(std::size_t workers, std::size_t pairs, const Memory& memory, Rests rests);
  ~PairLanes();
  PairLanes(const PairLanes&) = delete;
  PairLanes& operator=(const PairLanes&) = delete;

  /// That worker's thread. Below 100 ns while the other thread is awake or naps. What finds no room is lost, and so is
  /// all of it once they are closed.
  void note(std::size_t worker, std::unique_ptr<AnswerPair> pair) noexcept;
  /// Nothing is taken in any more, and who waits stops waiting. Any thread.
  void close() noexcept;
  bool is_closed() const noexcept { return is_closed_.load(std::memory_order_acquire); }

  /// The comparing thread: adds a few pairs of each lane to the batch; false when there were none.
  bool take(std::vector<std::unique_ptr<AnswerPair>>& batch);
  /// The comparing thread: waits until it is worth looking again. `found`: whether there was something since the last
  /// time.
  void wait(bool found) noexcept;

  /// Pairs that found no room. Any thread.
  std::uint64_t lost() const noexcept;
  /// Throws away what waits, and counts it. The comparing thread, or nobody's once that has ended.
  void drop();

 private:
  struct alignas(64) Lane {
    explicit Lane(std::size_t pairs) : waiting(pairs) {}
    SpscRing<AnswerPair*> waiting;
    std::atomic<std::uint64_t> lost{0};  // one writer
  };
  enum class Rest : std::uint8_t { Awake, Nap, Sleep };

  bool is_urgent(const Lane& lane) const noexcept;
  bool may_rest(Rest how) const noexcept;
  void rest(Rest how) noexcept;
  void wake() noexcept;

  const Memory& memory_;
  const Rests rests_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<Rest> rest_{Rest::Awake};
  std::atomic<bool> is_closed_{false};
  std::atomic<std::uint64_t> dropped_{0};
  int event_ = -1;
  int naps_ = 0;  // without pairs; of the comparing thread
};

}  // namespace sluice::compare
