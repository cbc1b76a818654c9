#include "sluice/upstream/balancer.hpp"

#include <algorithm>
#include <utility>

namespace sluice::upstream {

Balancer::Balancer(std::vector<EndpointPool*> pools, std::shared_ptr<const VersionBoard> board)
    : pools_(std::move(pools)), board_(std::move(board)) {
  usable_.reserve(pools_.size());
  if (!board_) {
    for (EndpointPool* pool : pools_) usable_.push_back({pool, EndpointStatus::kFullShare});
  }
}

void Balancer::refresh() noexcept {
  if (!board_) return;
  const std::uint32_t epoch = board_->epoch.load(std::memory_order_acquire);
  if (epoch == seen_) return;
  seen_ = epoch;
  usable_.clear();
  even_ = true;
  top_ = 0;
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    const std::uint32_t share = board_->endpoints[i]->share();
    if (share == 0) continue;
    usable_.push_back({pools_[i], share});
    even_ = even_ && share == usable_.front().share;
    top_ = std::max(top_, share);
  }
}

std::size_t Balancer::usable() noexcept {
  refresh();
  return usable_.size();
}

/// Rejection: a draw that the share does not cover is repeated. Bounded, because shares may be tiny beside the largest.
const Balancer::Usable& Balancer::draw(Random& random) const noexcept {
  constexpr int kDraws = 32;
  std::size_t index = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t bits = random.next();
    index = (bits >> 32) % usable_.size();
    const std::uint64_t level = (bits & (EndpointStatus::kFullShare - 1)) * top_ / EndpointStatus::kFullShare;
    if (level < usable_[index].share) break;
  }
  return usable_[index];
}

EndpointPool* Balancer::pick(Random& random, const EndpointPool* avoid) noexcept {
  refresh();
  const std::size_t n = usable_.size();
  if (n == 0) return nullptr;
  if (n == 1) return usable_.front().pool;
  if (even_ && avoid == nullptr) {
    const std::uint64_t draw = random.next();
    const std::size_t first = (draw >> 32) % n;
    const std::size_t second = (first + 1 + (draw & 0xffffffffu) % (n - 1)) % n;
    EndpointPool* const a = usable_[first].pool;
    EndpointPool* const b = usable_[second].pool;
    return b->load() < a->load() ? b : a;
  }
  EndpointPool* a = draw(random).pool;
  EndpointPool* b = draw(random).pool;
  if (a == avoid && b == avoid) {
    // Whoever comes next: the draw insists on what shall be avoided.
    const std::size_t start = random.next() % n;
    for (std::size_t i = 0; i < n; ++i) {
      if (EndpointPool* other = usable_[(start + i) % n].pool; other != avoid) return other;
    }
  }
  if (a == avoid) return b;
  if (b == avoid) return a;
  return b->load() < a->load() ? b : a;
}

}  // namespace sluice::upstream
