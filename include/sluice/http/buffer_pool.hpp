#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::http {

/// Relay buffers of one worker: 64 KiB blocks, taken while a body or a large head passes, then given back. One thread.
class BufferPool {
 public:
  static constexpr std::size_t kBlockBytes = 64 * 1024;

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
    static constexpr std::size_t size() noexcept { return kBlockBytes; }
    void release() noexcept {
      if (data_) pool_->give_back(std::exchange(data_, nullptr));
    }

   private:
    friend class BufferPool;
    Block(BufferPool& pool, char* data) noexcept : pool_(&pool), data_(data) {}
    BufferPool* pool_ = nullptr;
    char* data_ = nullptr;
  };

  /// `kept` free blocks stay for reuse; the rest goes back to the system.
  explicit BufferPool(std::size_t kept = 64) : kept_(kept) { free_.reserve(kept); }
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  Block take() {
    if (free_.empty()) return {*this, new char[kBlockBytes]};
    char* data = free_.back().release();
    free_.pop_back();
    return {*this, data};
  }

 private:
  void give_back(char* data) noexcept {
    std::unique_ptr<char[]> block(data);
    if (free_.size() < kept_) free_.push_back(std::move(block));
  }
  std::size_t kept_;
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace sluice::http
