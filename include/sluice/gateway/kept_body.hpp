#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sluice/http/buffer_pool.hpp"

namespace sluice::gateway {

/// The part of a request's body that did not come with its head, kept in the blocks that it was read into, so that
/// another endpoint can get it again. Nothing is copied: what is kept is what was relayed. One thread; after warm-up it
/// allocates nothing but blocks beyond those that the pool keeps.
class KeptBody {
 public:
  /// Keeps up to `limit` bytes from here on.
  void begin(http::BodyPool& pool, std::uint64_t limit) noexcept {
    pool_ = &pool;
    limit_ = limit;
    keeping_ = limit > 0;
  }
  /// Forgets everything and keeps nothing.
  void end() noexcept {
    blocks_.clear();
    size_ = 0;
    keeping_ = false;
  }

  /// All of what came is here.
  bool keeping() const noexcept { return keeping_; }
  std::uint64_t size() const noexcept { return size_; }
  bool has_room() const noexcept { return size_ < limit_; }

  /// Where the next bytes go, at most `wanted`. Precondition: keeping and has_room.
  std::span<char> room(std::uint64_t wanted) {
    const std::size_t used = size_ % kBlock;
    if (used == 0 && blocks_.size() * kBlock == size_) blocks_.push_back(pool_->take());
    const std::uint64_t most = std::min({std::uint64_t{kBlock - used}, limit_ - size_, wanted});
    return {blocks_.back().data() + used, static_cast<std::size_t>(most)};
  }
  /// So many bytes were put there.
  void add(std::size_t bytes) noexcept { size_ += bytes; }

  /// Bytes from `offset` on, as many as lie together; empty at the end.
  std::string_view from(std::uint64_t offset) const noexcept {
    if (offset >= size_) return {};
    const std::size_t within = offset % kBlock;
    const std::uint64_t bytes = std::min<std::uint64_t>(kBlock - within, size_ - offset);
    return {blocks_[offset / kBlock].data() + within, static_cast<std::size_t>(bytes)};
  }

 private:
  static constexpr std::size_t kBlock = http::BodyPool::kBlockBytes;

  http::BodyPool* pool_ = nullptr;
  std::vector<http::BodyPool::Block> blocks_;
  std::uint64_t size_ = 0;
  std::uint64_t limit_ = 0;
  bool keeping_ = false;
};

}  // namespace sluice::gateway
