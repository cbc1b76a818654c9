#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::http {

/// Blocks of one size for one worker: lent, given back, lent again. What was needed lately stays for reuse, so that a
/// busy worker neither allocates nor faults pages in; what a whole interval did not need goes back to the system. One
/// thread.
template <std::size_t Bytes>
class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = Bytes;

  /// A block on loan; empty when default-made or moved from. Gives itself back; the pool outlives it.
  class Block {
   public:
    Block() = default;
    Block(Block&& other) noexcept : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)) {}
    Block& operator=(Block&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(data_, other.data_);
      return *this;
    }
    ~Block() { release(); }

    explicit operator bool() const noexcept { return data_ != nullptr; }
    char* data() const noexcept { return data_; }
    static constexpr std::size_t size() noexcept { return Bytes; }
    void release() noexcept {
      if (data_) pool_->give_back(std::exchange(data_, nullptr));
    }

   private:
    friend class BlockPool;
    Block(BlockPool& pool, char* data) noexcept : pool_(&pool), data_(data) {}
    BlockPool* pool_ = nullptr;
    char* data_ = nullptr;
  };

  /// `kept` free blocks stay whatever happens.
  explicit BlockPool(std::size_t kept = 64) : kept_(kept) { free_.reserve(kept); }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  Block take() {
    if (free_.empty()) {
      // So that giving back never allocates; twice as many at a time, as reserve takes no more than it is asked for.
      if (++made_ > free_.capacity()) free_.reserve(2 * made_);
      least_free_ = 0;
      return {*this, new char[Bytes]};
    }
    char* data = free_.back().release();
    free_.pop_back();
    least_free_ = std::min(least_free_, free_.size());
    return {*this, data};
  }

  /// Ends an interval: what lay unused all through it goes, beyond the number to keep.
  void trim() noexcept {
    const std::size_t idle = std::min(least_free_, free_.size());
    // The oldest lie at the front: the back is what is lent next, and still in the cache.
    const std::size_t gone = idle > kept_ ? idle - kept_ : 0;
    free_.erase(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(gone));
    made_ -= gone;
    least_free_ = free_.size();
  }

  /// Bytes that are neither lent nor given back to the system.
  std::size_t free_bytes() const noexcept { return free_.size() * Bytes; }
  /// Blocks that may lie here before giving one back would allocate; never fewer than were made.
  std::size_t room() const noexcept { return free_.capacity(); }

 private:
  void give_back(char* data) noexcept { free_.emplace_back(data); }

  std::size_t kept_;
  std::size_t made_ = 0;        // lent and free ones
  std::size_t least_free_ = 0;  // in this interval
  std::vector<std::unique_ptr<char[]>> free_;
};

/// For what passes: relays and large heads.
using BufferPool = BlockPool<64 * 1024>;
/// For what stays a while: bodies that may be sent again. Larger, so that they pass in fewer system calls.
using BodyPool = BlockPool<256 * 1024>;

}  // namespace sluice::http
