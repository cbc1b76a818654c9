#include "sluice/outcomes/observation_ring.hpp"

namespace sluice::outcomes {

ObservationRing::ObservationRing(std::size_t workers, std::size_t observations)
    : observations_(observations), lanes_(workers) {}

void ObservationRing::open() {
  if (is_open_.load(std::memory_order_relaxed)) return;
  for (Lane& lane : lanes_) lane.waiting = std::make_unique<SpscRing<Observation>>(observations_);
  is_open_.store(true, std::memory_order_release);
}

void ObservationRing::note(std::size_t worker, const Observation& observation) noexcept {
  Lane& lane = lanes_[worker];
  if (is_open_.load(std::memory_order_acquire) && lane.waiting->push(observation)) return;
  lane.lost.store(lane.lost.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

std::uint64_t ObservationRing::lost() const noexcept {
  std::uint64_t lost = 0;
  for (const Lane& lane : lanes_) lost += lane.lost.load(std::memory_order_relaxed);
  return lost;
}

}  // namespace sluice::outcomes
