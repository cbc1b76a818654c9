#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/base/spsc_ring.hpp"
#include "sluice/outcomes/observation.hpp"

namespace sluice::outcomes {

/// Brings observations from the workers to the controller. Bounded: what finds no room is counted and gone, for every
/// version alike.
class ObservationRing {
 public:
  /// Of each worker so many may wait: at a look every 250 ms, 65 000 requests a second.
  static constexpr std::size_t kObservations = 16384;

  explicit ObservationRing(std::size_t workers, std::size_t observations = kObservations);

  /// Takes the memory, 4 MiB per worker. Before the first configuration with a route that is observed; harmless when
  /// repeated. One thread.
  void open();

  /// That worker's thread; some twenty nanoseconds, no allocation. Lost while nobody has opened it.
  void note(std::size_t worker, const Observation& observation) noexcept;

  /// Calls `take(observation)` for all that are there, worker by worker. The reading thread.
  template <typename F>
  void drain(F&& take) {
    for (Lane& lane : lanes_) {
      if (lane.waiting) lane.waiting->drain(take);
    }
  }

  /// That were lost since the start. Any thread.
  std::uint64_t lost() const noexcept;

 private:
  struct alignas(64) Lane {
    std::unique_ptr<SpscRing<Observation>> waiting;
    std::atomic<std::uint64_t> lost{0};  // one writer
  };

  const std::size_t observations_;
  std::vector<Lane> lanes_;
  std::atomic<bool> is_open_{false};
};

}  // namespace sluice::outcomes
