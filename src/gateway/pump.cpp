#include "sluice/gateway/pump.hpp"

#include <algorithm>

#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using http::IoResult;
using http::IoStatus;

Pump::Pump(Worker& worker, http::Stream& from) : worker_(worker), from_(from), block_(worker.buffers().take()) {}

http::Task<Pump::Piece> Pump::read(std::uint64_t limit) {
  // Now and then the loop gets its turn, however much is there.
  constexpr int kInARow = 4;
  if (more_is_there_ && ++in_a_row_ <= kInARow) {
    const auto scratch = worker_.scratch();
    const std::size_t wanted = std::min<std::uint64_t>(scratch.size(), limit);
    const std::size_t got = from_.read_now(scratch.data(), wanted);
    more_is_there_ = got == wanted;
    if (got > 0) co_return Piece{IoStatus::Ok, {scratch.data(), got}};
  }
  in_a_row_ = 0;
  const std::size_t wanted = std::min<std::uint64_t>(block_.size(), limit);
  if (!from_.read_armed() && !from_.read_completed()) from_.arm_read(block_.data(), wanted);
  const IoResult result = co_await from_.read_result();
  more_is_there_ = result.bytes == block_.size();
  co_return Piece{result.status, {block_.data(), result.bytes}};
}

http::Task<IoStatus> Pump::write(http::Stream& to, std::string_view bytes) {
  const bool shared = bytes.data() < block_.data() || bytes.data() >= block_.data() + block_.size();
  if (shared) {
    bytes.remove_prefix(to.write_now(bytes));
    if (bytes.empty()) co_return IoStatus::Ok;
    spill_.assign(bytes.begin(), bytes.end());
    bytes = {spill_.data(), spill_.size()};
  }
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  auto writing = to.write({&piece, 1});
  co_return co_await writing;
}

}  // namespace sluice::gateway
