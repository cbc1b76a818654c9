#include "sluice/upstream/connection.hpp"

#include <cstring>

#include "sluice/upstream/endpoint_pool.hpp"

namespace sluice::upstream {

Connection::Connection(WorkerContext& context, EndpointPool& pool, http::Socket socket)
    : context_(&context), pool_(&pool), stream_(std::move(socket), *this) {}

void Connection::consume(std::size_t bytes) noexcept {
  filled_ -= bytes;
  if (filled_ > 0) std::memmove(data(), data() + bytes, filled_);
}

std::span<char> Connection::room() {
  const std::size_t capacity = block_ ? http::BufferPool::kBlockBytes : kInlineBytes;
  if (filled_ == capacity && !block_) {
    block_ = context_->buffers.take();
    std::memcpy(block_.data(), inline_.data(), filled_);
    return {block_.data() + filled_, http::BufferPool::kBlockBytes - filled_};
  }
  return {data() + filled_, capacity - filled_};
}

bool Connection::arm() {
  const auto free = room();
  if (free.empty()) return false;
  stream_.arm_read(free.data(), free.size());
  return true;
}

void Connection::on_unawaited_read() {
  // An idle connection has nothing to say: it closed, died, or answers what nobody asked.
  if (state_ != State::Idle) return;
  pool_->remove_idle(*this);
  pool_->retire(*this);
}

void Connection::on_deadline(TimePoint now) {
  if (state_ == State::Dialing) {
    timed_out_ = true;
    stream_.close();
    lookup_.cancel();
    return;
  }
  if (state_ != State::Idle) return;
  const TimePoint end = idle_since_ + pool_->settings_.limits.idle_timeout;
  if (now < end) {
    context_->wheel.set(*this, end);
    return;
  }
  pool_->remove_idle(*this);
  pool_->retire(*this);
}

http::Task<> Connection::wind_down() {
  stream_.close();
  co_await stream_.quiet();
  pool_->forget(*this);
}

}  // namespace sluice::upstream
