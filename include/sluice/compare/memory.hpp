#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace sluice::compare {

/// How many bytes of answers may wait to be compared, in the whole process. Any thread.
class Memory {
 public:
  explicit Memory(std::size_t limit) noexcept : limit_(limit) {}

  /// False when there is not so much left; a few nanoseconds.
  bool take(std::size_t bytes) noexcept {
    const std::size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// Bytes that were taken, and go back with it. The memory outlives it. One thread at a time.
class Reservation {
 public:
  Reservation() noexcept = default;
  Reservation(Reservation&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    if (this != &other) {
      release();
      memory_ = std::exchange(other.memory_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~Reservation() { release(); }

  /// Takes so many more; false leaves it as it is.
  bool grow(Memory& memory, std::size_t bytes) noexcept {
    if (!memory.take(bytes)) return false;
    memory_ = &memory;
    bytes_ += bytes;
    return true;
  }
  void release() noexcept {
    if (memory_ != nullptr) memory_->give_back(bytes_);
    memory_ = nullptr;
    bytes_ = 0;
  }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  Memory* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::compare
