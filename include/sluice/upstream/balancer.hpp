#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/upstream/endpoint_pool.hpp"
#include "sluice/upstream/endpoint_status.hpp"

namespace sluice::upstream {

/// Picks the endpoint for a request: of those that may get traffic two are drawn, each as often as its share says, and
/// the one with fewer requests on this worker is taken (Mitzenmacher 2001). One worker's, one thread; no allocation
/// after it was built.
class Balancer {
 public:
  Balancer() = default;
  /// `pools[i]` is the endpoint that `board.endpoints[i]` speaks of; without a board all may get traffic.
  Balancer(std::vector<EndpointPool*> pools, std::shared_ptr<const VersionBoard> board);

  /// nullptr when none may get traffic. `avoid` is taken only when it is the only one left.
  EndpointPool* pick(Random& random, const EndpointPool* avoid = nullptr) noexcept;

  /// How many may get traffic now.
  std::size_t usable() noexcept;
  const std::vector<EndpointPool*>& pools() const noexcept { return pools_; }

 private:
  struct Usable {
    EndpointPool* pool;
    std::uint32_t share;
  };
  void refresh() noexcept;
  const Usable& draw(Random& random) const noexcept;

  std::vector<EndpointPool*> pools_;
  std::shared_ptr<const VersionBoard> board_;
  std::vector<Usable> usable_;
  std::uint32_t seen_ = 0;  // the board's epoch
  std::uint32_t top_ = 0;   // the largest share: shares are relative
  bool even_ = true;        // all shares are the same
};

}  // namespace sluice::upstream
