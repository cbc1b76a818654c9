#include "sluice/upstream/connection.hpp"

#include <gtest/gtest.h>

#include <boost/asio/write.hpp>
#include <string>

#include "pool_fixture.hpp"

namespace sluice::upstream {
namespace {

http::Task<> receive(Connection& connection, std::size_t count, bool& done) {
  while (connection.filled() < count) {
    if (!connection.stream().read_armed() && !connection.stream().read_completed() && !connection.arm()) break;
    const http::IoResult result = co_await connection.stream().read_result();
    if (!result.ok()) break;
    connection.received_more(result.bytes);
  }
  done = true;
}

class ConnectionTest : public PoolFixture {
 protected:
  /// The endpoint sends `text`, of which `count` bytes are read.
  void receive_text(const std::string& text, std::size_t count) {
    ASSERT_TRUE(run_until([&] { return peer.accepted() == 1; }));
    boost::asio::async_write(peer.socket(0), boost::asio::buffer(text), [](const http::error_code&, std::size_t) {});
    bool done = false;
    const auto task = receive(*connection, count, done);
    task.start();
    ASSERT_TRUE(run_until([&] { return done; }));
  }
  EndpointPool& pool = make_pool(peer.port());
  Connection* connection = dial(pool);
};

TEST_F(ConnectionTest, TheReadThatWasArmedInThePoolReceivesTheAnswer) {
  receive_text("HTTP/1.1 200 OK\r\n", 17);
  EXPECT_EQ(connection->received(), "HTTP/1.1 200 OK\r\n");
  give_back(*connection, true);
}

TEST_F(ConnectionTest, ConsumingKeepsTheRest) {
  receive_text("abcdef", 6);
  connection->consume(2);
  EXPECT_EQ(connection->received(), "cdef");
  connection->consume(0);
  connection->consume(4);
  EXPECT_EQ(connection->filled(), 0u);
  give_back(*connection, true);
}

TEST_F(ConnectionTest, AnAnswerThatOutgrowsTheSmallBufferGoesOnInABlock) {
  std::string text;
  for (int i = 0; text.size() < 20000; ++i) text += std::to_string(i) + " ";
  receive_text(text, text.size());
  EXPECT_EQ(connection->received(), text);
  give_back(*connection, true);
  EXPECT_EQ(pool.take_idle(clock.now()), connection);
  EXPECT_EQ(connection->filled(), 0u) << "nothing of one answer shows in the next";
  give_back(*connection, true);
}

TEST_F(ConnectionTest, ABlockIsTheMostItHolds) {
  const std::string text(http::BufferPool::kBlockBytes, 'x');
  receive_text(text, text.size());
  EXPECT_EQ(connection->filled(), text.size());
  EXPECT_FALSE(connection->arm());
  give_back(*connection, false);
}

}  // namespace
}  // namespace sluice::upstream
