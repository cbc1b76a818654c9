#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "sluice/http/task.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUICE_POOL_FRAMES 0
#else
#define SLUICE_POOL_FRAMES 1
#endif

namespace sluice::http::detail {

#if SLUICE_POOL_FRAMES
namespace {

constexpr std::size_t kGrain = 128;
constexpr std::size_t kClasses = 32;  // frames up to 4 KiB
constexpr std::uint32_t kKeptPerClass = 512;

struct FreeFrame {
  FreeFrame* next;
};

struct FramePool {
  std::array<FreeFrame*, kClasses> free{};
  std::array<std::uint32_t, kClasses> count{};

  ~FramePool() {
    for (FreeFrame* frame : free) {
      while (frame) ::operator delete(std::exchange(frame, frame->next));
    }
  }
};

FramePool& pool() {
  thread_local FramePool instance;
  return instance;
}

std::size_t size_class(std::size_t size) {
  return (size - 1) / kGrain;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = size_class(size);
  if (index >= kClasses) return ::operator new(size);
  FramePool& frames = pool();
  if (FreeFrame* frame = frames.free[index]) {
    frames.free[index] = frame->next;
    --frames.count[index];
    return frame;
  }
  return ::operator new((index + 1) * kGrain);
}

void free_frame(void* memory, std::size_t size) noexcept {
  const std::size_t index = size_class(size);
  if (index >= kClasses) return ::operator delete(memory);
  FramePool& frames = pool();
  if (frames.count[index] >= kKeptPerClass) return ::operator delete(memory);
  frames.free[index] = new (memory) FreeFrame{frames.free[index]};
  ++frames.count[index];
}

#else

void* allocate_frame(std::size_t size) {
  return ::operator new(size);
}
void free_frame(void* memory, std::size_t) noexcept {
  ::operator delete(memory);
}

#endif

}  // namespace sluice::http::detail
