#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "sluice/http/buffer_pool.hpp"

namespace sluice::gateway {

/// Where a client's bytes arrive: a small buffer inside the connection, and a 64 KiB block while a message needs it.
///
/// While a message is being answered its bytes stay in place, and the read for what comes next is armed beside them
/// (the *next span*). So an idle connection never holds a block, and a usual request is never copied. One thread.
class ReceiveBuffer {
 public:
  static constexpr std::size_t kInlineBytes = 2048;

  explicit ReceiveBuffer(http::BufferPool& pool) noexcept : pool_(&pool) {}

  /// What was received and not finished yet; the current message first.
  std::string_view unfinished() const noexcept { return {base() + begin_, end_ - begin_}; }
  const char* data() const noexcept { return base() + begin_; }
  std::size_t size() const noexcept { return end_ - begin_; }

  /// Room behind what is there, for the rest of a message; moves it when there is none. Empty: a block is full.
  std::span<char> room() {
    if (end_ == capacity()) make_room();
    return {base() + end_, capacity() - end_};
  }
  void received(std::size_t bytes) noexcept { end_ += bytes; }

  /// A place for the first bytes after the current message, while that is still in use. Only when nothing of the next
  /// one is there. May move the current message: call before anything points into it.
  std::span<char> next_span() {
    constexpr std::size_t kEnough = 512;
    if (!block_) {
      const std::size_t behind = kInlineBytes - end_;
      next_ = behind >= begin_ ? inline_.data() + end_ : inline_.data();
      const std::size_t size = behind >= begin_ ? behind : begin_;
      if (size >= kEnough) return {next_, size};
      move_to_block();
    }
    next_ = inline_.data();
    return inline_;
  }
  void received_next(std::size_t bytes) noexcept { next_bytes_ = bytes; }

  /// The current message, `bytes` long, was dealt with. `next_armed`: a read into the next span is pending.
  void finish(std::size_t bytes, bool next_armed) noexcept {
    begin_ += bytes;
    if (begin_ < end_) return;
    if (next_bytes_ > 0 || next_armed) {
      block_.release();  // the next span lies in the small buffer
      begin_ = static_cast<std::size_t>(next_ - inline_.data());
      end_ = begin_ + next_bytes_;
      next_bytes_ = 0;
    } else {
      block_.release();
      begin_ = end_ = 0;
    }
  }

 private:
  char* base() noexcept { return block_ ? block_.data() : inline_.data(); }
  const char* base() const noexcept { return block_ ? block_.data() : inline_.data(); }
  std::size_t capacity() const noexcept { return block_ ? http::BufferPool::kBlockBytes : kInlineBytes; }

  void make_room() {
    if (begin_ > 0) {
      std::memmove(base(), base() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else if (!block_) {
      move_to_block();
    }
  }
  void move_to_block() {
    auto block = pool_->take();
    std::memcpy(block.data(), base() + begin_, end_ - begin_);
    block_ = std::move(block);
    end_ -= begin_;
    begin_ = 0;
  }

  http::BufferPool* pool_;
  http::BufferPool::Block block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  char* next_ = nullptr;
  std::size_t next_bytes_ = 0;
  std::array<char, kInlineBytes> inline_;
};

}  // namespace sluice::gateway
