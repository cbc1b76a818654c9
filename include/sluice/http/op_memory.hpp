#pragma once

#include <cstddef>
#include <new>

namespace sluice::http {

/// Room for one pending Asio operation, inside the object that started it, so that starting one allocates nothing.
class OpMemory {
 public:
  void* allocate(std::size_t size) {
    if (used_ || size > sizeof(room_)) return ::operator new(size);
    used_ = true;
    return room_;
  }
  void free(void* memory) noexcept {
    if (memory == room_) {
      used_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::byte room_[176];
  bool used_ = false;
};

/// The allocator through which Asio finds the room; a handler names it with get_allocator().
template <typename T>
struct OpAllocator {
  using value_type = T;
  OpMemory* memory;

  explicit OpAllocator(OpMemory& room) noexcept : memory(&room) {}
  template <typename U>
  OpAllocator(const OpAllocator<U>& other) noexcept : memory(other.memory) {}  // NOLINT: rebinding is implicit

  T* allocate(std::size_t n) { return static_cast<T*>(memory->allocate(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) noexcept { memory->free(p); }
  template <typename U>
  bool operator==(const OpAllocator<U>& other) const noexcept {
    return memory == other.memory;
  }
};

}  // namespace sluice::http
