#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"
#include "sluice/http/buffer_pool.hpp"
#include "sluice/http/deadline_wheel.hpp"
#include "sluice/http/stream.hpp"
#include "sluice/http/task.hpp"
#include "sluice/upstream/name_lookup.hpp"

namespace sluice::upstream {

class EndpointPool;

/// An endpoint that had closed an idle connection says so within a round trip. One that dies later was at work.
inline constexpr Duration kStaleWithin = std::chrono::milliseconds(250);

/// What the objects of one worker share; outlives them all.
struct WorkerContext {
  boost::asio::io_context& io;
  http::DeadlineWheel& wheel;
  http::BufferPool& buffers;
  const Clock& clock;
  Random& random;
  NameService* names = nullptr;  ///< null: only endpoints that are addresses can be dialled
};

/// One connection to an endpoint, with the buffer its answers arrive in.
///
/// While it waits in the pool its read is armed, so an endpoint that closes is noticed at once; the same armed read
/// then receives the next answer. One thread.
class Connection final : private http::Stream::Observer, private http::DeadlineWheel::Hook {
 public:
  Connection(WorkerContext& context, EndpointPool& pool, http::Socket socket);

  http::Stream& stream() noexcept { return stream_; }
  EndpointPool& pool() noexcept { return *pool_; }
  /// True when it carried a request before: the endpoint may have closed it while ours was on the way.
  bool reused() const noexcept { return requests_ > 1; }

  // --- the receive buffer: an answer's head and what follows it in the same reads ---
  const char* data() const noexcept { return block_ ? block_.data() : inline_.data(); }
  char* data() noexcept { return block_ ? block_.data() : inline_.data(); }
  std::size_t filled() const noexcept { return filled_; }
  std::string_view received() const noexcept { return {data(), filled_}; }
  /// Notes bytes that a read put behind what was there.
  void received_more(std::size_t bytes) noexcept { filled_ += bytes; }
  /// Forgets the first `bytes`; the rest moves to the front.
  void consume(std::size_t bytes) noexcept;
  /// Room behind what was received; takes a large block when the small one is full. Empty when that is full too.
  std::span<char> room();
  /// Arms the read for what comes next, into room(). False when there is no room.
  bool arm();

 private:
  friend class EndpointPool;
  static constexpr std::size_t kInlineBytes = 4096;

  void on_unawaited_read() override;
  void on_deadline(TimePoint now) override;
  http::Task<> wind_down();

  enum class State : std::uint8_t { Dialing, Settling, Idle, Active, Closed };

  WorkerContext* context_;
  EndpointPool* pool_;
  http::Stream stream_;
  http::BufferPool::Block block_;
  std::size_t filled_ = 0;
  State state_ = State::Dialing;
  bool timed_out_ = false;
  std::uint32_t pool_index_ = 0;  // where the pool's list of all connections holds it
  std::uint64_t requests_ = 0;
  TimePoint opened_{};
  TimePoint idle_since_{};
  NameLookup lookup_;
  http::Task<> life_;  // dialling at first, winding down at last
  http::Task<> end_;
  std::array<char, kInlineBytes> inline_;
};

}  // namespace sluice::upstream
