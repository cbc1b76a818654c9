#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <string>

#include "sluice/gateway/pump.hpp"
#include "sluice/gateway/worker.hpp"
#include "sluice/http/stream.hpp"
#include "sluice/upstream/name_service.hpp"
#include "support/patience.hpp"

namespace sluice::gateway {
namespace {

struct Nobody final : http::Stream::Observer {
  void on_unawaited_read() override {}
};

/// A sender that is always ahead: everything the kernel takes is there before each read.
void fill(http::Socket& socket) {
  static const std::string block(1 << 20, 'x');
  while (::send(socket.native_handle(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) continue;
}

struct Moved {
  int pieces = 0;
  int in_a_row = 0;  ///< since the loop last did something else
  int most_in_a_row = 0;
  std::size_t largest = 0;
};

http::Task<> move(Pump& pump, http::Socket& sender, int pieces, Moved& moved) {
  while (moved.pieces < pieces) {
    fill(sender);
    auto reading = pump.read(~std::uint64_t{0});
    const Pump::Piece piece = co_await reading;
    if (piece.status != http::IoStatus::Ok) break;
    ++moved.pieces;
    moved.most_in_a_row = std::max(moved.most_in_a_row, ++moved.in_a_row);
    moved.largest = std::max(moved.largest, piece.bytes.size());
  }
}

TEST(Pump, GivesTheLoopItsTurnHoweverMuchIsThere) {
  constexpr int kPieces = 200;
  const SystemClock clock;
  metrics::Registry registry(1);
  MemoryWatch memory;
  boost::asio::io_context elsewhere;
  upstream::NameService names(elsewhere, {});
  Worker worker(0, registry, clock, names, memory);  // its thread is this one
  auto& io = worker.io();
  http::Socket sender(io);
  http::Acceptor acceptor(io, http::Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  http::Socket receiver(io);
  receiver.connect(acceptor.local_endpoint());
  acceptor.accept(sender);
  Nobody nobody;
  http::Stream stream(std::move(receiver), nobody);

  Moved moved;
  auto pump = std::make_unique<Pump>(worker, stream);
  auto moving = move(*pump, sender, kPieces, moved);
  const std::function<void()> somebody_else = [&] {
    moved.in_a_row = 0;
    if (!moving.done()) boost::asio::post(io, somebody_else);
  };
  boost::asio::post(io, somebody_else);
  moving.start();
  io.run_for(test::kPatience);

  EXPECT_TRUE(moving.done());
  EXPECT_EQ(moved.pieces, kPieces);
  EXPECT_GT(moved.largest, http::BufferPool::kBlockBytes) << "the test is not about large pieces then";
  EXPECT_LE(moved.most_in_a_row, 8);
  stream.close();
  const auto end = std::chrono::steady_clock::now() + test::kPatience;
  while (!stream.is_quiet() && std::chrono::steady_clock::now() < end) {
    io.restart();
    io.run_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(stream.is_quiet());
}

}  // namespace
}  // namespace sluice::gateway
