#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sluice/http/buffer_pool.hpp"
#include "sluice/http/stream.hpp"
#include "sluice/http/task.hpp"

namespace sluice::gateway {

class Worker;

/// Moves one body: reads a piece, its owner looks at it, writes it on, and only then reads the next.
///
/// A piece is at first what one armed read brings (64 KiB at most). When that was filled there is probably more, and
/// the next piece goes through the worker's large scratch buffer, which is shared because nothing stays in it: what the
/// other side does not take at once moves to a buffer of the body's own. So bulk moves in few system calls through
/// memory that is hot in the cache, a slow reader costs a few hundred KiB, and small pieces pass as they come. One
/// thread.
class Pump {
 public:
  Pump(Worker& worker, http::Stream& from);

  struct Piece {
    http::IoStatus status = http::IoStatus::Ok;
    std::string_view bytes{};

    char* data() const noexcept { return const_cast<char*>(bytes.data()); }
  };
  /// The next piece, at most `limit` bytes of it; valid and writable until the next call or suspension of another
  /// body's pump, whichever comes first: give it to `write` at once.
  http::Task<Piece> read(std::uint64_t limit);

  /// Writes the piece, or the part of it that belongs to the body.
  http::Task<http::IoStatus> write(http::Stream& to, std::string_view bytes);

 private:
  Worker& worker_;
  http::Stream& from_;
  http::BufferPool::Block block_;
  std::vector<char> spill_;
  bool more_is_there_ = false;
  int in_a_row_ = 0;  ///< pieces moved without a turn of the loop
};

}  // namespace sluice::gateway
