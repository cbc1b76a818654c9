#include "sluice/http/stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>

#include "sluice/http/task.hpp"
#include "sluice/http/tls_context.hpp"
#include "support/certificates.hpp"
#include "support/connection.hpp"
#include "support/run_until.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

struct Watcher final : Stream::Observer {
  void on_unawaited_read() override { ++calls; }
  int calls = 0;
};

Task<> read_once(Stream& stream, IoResult& result, bool& done) {
  result = co_await stream.read_result();
  done = true;
}
Task<> read_some(Stream& stream, std::span<char> into, IoResult& result, bool& done) {
  result = co_await stream.read_some(into.data(), into.size());
  done = true;
}
Task<> write_all(Stream& stream, std::span<iovec> pieces, IoStatus& status, bool& done) {
  auto writing = stream.write(pieces);
  status = co_await writing;
  done = true;
}
Task<> wait_for(Stream::EventAwaiter event, IoStatus& status, bool& done) {
  status = co_await event;
  done = true;
}
Task<> wait_quiet(Stream& stream, bool& done) {
  co_await stream.quiet();
  done = true;
}

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    Acceptor acceptor(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    Socket near(io);
    near.connect(acceptor.local_endpoint());
    far = acceptor.accept();
    stream = std::make_unique<Stream>(std::move(near), watcher);
  }
  ~StreamTest() override {
    stream->close();
    EXPECT_TRUE(run_until([&] { return stream->is_quiet(); }));
  }
  template <typename Fact>
  bool run_until(Fact&& fact) {
    return test::run_until(io, fact);
  }
  void peer_sends(std::string_view text) { asio::write(far, asio::buffer(text)); }
  std::string peer_reads(std::size_t count) {
    std::string text(count, '\0');
    asio::read(far, asio::buffer(text));
    return text;
  }

  asio::io_context io{1};
  Watcher watcher;
  Socket far{io};
  std::unique_ptr<Stream> stream;
  std::array<char, 64> room{};
  IoResult result;
  IoStatus status = IoStatus::Ok;
  bool done = false;
};

// --- reading ---

TEST_F(StreamTest, AnArmedReadThatNobodyAwaitsTellsTheObserver) {
  stream->arm_read(room.data(), room.size());
  EXPECT_TRUE(stream->read_armed());
  peer_sends("hello");
  ASSERT_TRUE(run_until([&] { return watcher.calls == 1; }));
  EXPECT_FALSE(stream->read_armed());
  EXPECT_TRUE(stream->read_completed());
  result = stream->take_read();
  EXPECT_EQ(std::string_view(room.data(), result.bytes), "hello");
  EXPECT_FALSE(stream->read_completed());
  EXPECT_EQ(stream->bytes_read(), 5u);
}

TEST_F(StreamTest, AnArmedReadResumesWhoeverAwaitsItAndNotTheObserver) {
  stream->arm_read(room.data(), room.size());
  const auto reading = read_once(*stream, result, done);
  reading.start();
  EXPECT_FALSE(done);
  peer_sends("hello");
  ASSERT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(result.bytes, 5u);
  EXPECT_EQ(watcher.calls, 0);
}

TEST_F(StreamTest, ACompletedReadIsThereForALaterAwait) {
  stream->arm_read(room.data(), room.size());
  peer_sends("x");
  ASSERT_TRUE(run_until([&] { return stream->read_completed(); }));
  const auto reading = read_once(*stream, result, done);
  reading.start();
  EXPECT_TRUE(done) << "without another turn of the loop";
  EXPECT_EQ(result.bytes, 1u);
}

TEST_F(StreamTest, ReadSomeTakesWhatIsThereAtOnce) {
  peer_sends("ready");
  ASSERT_TRUE(run_until([&] { return stream->socket().available() >= 5; }));
  const auto reading = read_some(*stream, room, result, done);
  reading.start();
  EXPECT_TRUE(done);
  EXPECT_EQ(std::string_view(room.data(), result.bytes), "ready");
  EXPECT_EQ(stream->read_now(room.data(), room.size()), 0u) << "nothing more there";
}

TEST_F(StreamTest, TheEndsOfAReadAreToldApart) {
  stream->arm_read(room.data(), room.size());
  far.shutdown(Socket::shutdown_send);
  ASSERT_TRUE(run_until([&] { return stream->read_completed(); }));
  EXPECT_EQ(stream->take_read().status, IoStatus::Eof);
}

TEST_F(StreamTest, AResetIsAFailure) {
  stream->arm_read(room.data(), room.size());
  far.set_option(asio::socket_base::linger(true, 0));
  far.close();
  ASSERT_TRUE(run_until([&] { return stream->read_completed(); }));
  EXPECT_EQ(stream->take_read().status, IoStatus::Failed);
}

TEST_F(StreamTest, ClosingAbortsWhatIsPending) {
  stream->arm_read(room.data(), room.size());
  const auto reading = read_once(*stream, result, done);
  reading.start();
  stream->close();
  EXPECT_FALSE(done) << "never from within close()";
  ASSERT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(result.status, IoStatus::Aborted);
  EXPECT_FALSE(stream->is_open());
  stream->close();
}

TEST_F(StreamTest, CancellingAbortsTheReadAndLeavesTheConnection) {
  stream->arm_read(room.data(), room.size());
  stream->cancel();
  ASSERT_TRUE(run_until([&] { return stream->read_completed(); }));
  EXPECT_EQ(stream->take_read().status, IoStatus::Aborted);
  stream->arm_read(room.data(), room.size());
  peer_sends("still here");
  ASSERT_TRUE(run_until([&] { return stream->read_completed(); }));
  EXPECT_EQ(stream->take_read().bytes, 10u);
}

TEST_F(StreamTest, IsQuietOnceNothingIsPending) {
  stream->arm_read(room.data(), room.size());
  const auto waiting = wait_quiet(*stream, done);
  waiting.start();
  EXPECT_FALSE(done);
  stream->close();
  EXPECT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(watcher.calls, 0) << "who winds down hears no more of reads";
}

// --- writing ---

TEST_F(StreamTest, PiecesArriveGatheredAndWithoutWaiting) {
  std::string a = "one ";
  std::string b = "two ";
  std::string c = "three";
  std::array<iovec, 5> pieces{
      {{a.data(), 0}, {a.data(), a.size()}, {b.data(), 0}, {b.data(), b.size()}, {c.data(), 5}}};
  const auto writing = write_all(*stream, pieces, status, done);
  writing.start();
  EXPECT_TRUE(done);
  EXPECT_EQ(status, IoStatus::Ok);
  EXPECT_EQ(peer_reads(13), "one two three");
  EXPECT_EQ(stream->bytes_written(), 13u);
}

TEST_F(StreamTest, NothingToWriteIsWritten) {
  const auto writing = write_all(*stream, {}, status, done);
  writing.start();
  EXPECT_TRUE(done);
  EXPECT_FALSE(stream->write_pending());
}

TEST_F(StreamTest, WhatDoesNotFitIsWrittenAsThePeerReads) {
  std::string big(8 << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 4096) big[i] = static_cast<char>('a' + (i / 4096) % 26);
  std::array<iovec, 3> pieces{{{big.data(), 5}, {big.data() + 5, big.size() - 10}, {big.data() + big.size() - 5, 5}}};
  const auto writing = write_all(*stream, pieces, status, done);
  writing.start();
  ASSERT_FALSE(done) << "8 MiB fit into no socket";
  EXPECT_TRUE(stream->write_pending());
  std::string got;
  std::array<char, 65536> piece;
  far.non_blocking(true);
  ASSERT_TRUE(run_until([&] {
    error_code error;
    const std::size_t count = far.read_some(asio::buffer(piece), error);
    got.append(piece.data(), count);
    return got.size() == big.size();
  }));
  ASSERT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(status, IoStatus::Ok);
  EXPECT_TRUE(got == big);
  EXPECT_EQ(stream->bytes_written(), big.size());
}

TEST_F(StreamTest, ClosingAbortsAPendingWrite) {
  std::string big(8 << 20, 'x');
  std::array<iovec, 1> pieces{{{big.data(), big.size()}}};
  const auto writing = write_all(*stream, pieces, status, done);
  writing.start();
  ASSERT_FALSE(done);
  stream->close();
  ASSERT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(status, IoStatus::Aborted);
}

TEST_F(StreamTest, WritingToAPeerThatIsGoneFailsWithoutASignal) {
  far.set_option(asio::socket_base::linger(true, 0));
  far.close();
  std::string text = "hello";
  ASSERT_TRUE(run_until([&] {
    std::array<iovec, 1> pieces{{{text.data(), text.size()}}};
    const auto writing = write_all(*stream, pieces, status, done);
    writing.start();
    return status == IoStatus::Failed;
  }));
  EXPECT_EQ(stream->write_now("more"), 0u);
}

TEST_F(StreamTest, WriteNowTakesWhatFits) {
  const std::string big(8 << 20, 'x');
  const std::size_t first = stream->write_now(big);
  EXPECT_GT(first, 0u);
  EXPECT_LT(first, big.size());
  EXPECT_EQ(stream->bytes_written(), first);
}

// --- ends ---

TEST_F(StreamTest, AnOrderlyEndLeavesTheOtherDirectionOpen) {
  const auto ending = wait_for(stream->shutdown_write(), status, done);
  ending.start();
  EXPECT_TRUE(done);
  error_code error;
  far.read_some(asio::buffer(room), error);
  EXPECT_EQ(error, asio::error::eof);
  peer_sends("answered after all");
  stream->arm_read(room.data(), room.size());
  ASSERT_TRUE(run_until([&] { return stream->read_completed(); }));
  EXPECT_EQ(stream->take_read().bytes, 18u);
}

TEST_F(StreamTest, AResetIsNoOrderlyEndToThePeer) {
  stream->reset();
  EXPECT_FALSE(stream->is_open());
  error_code error;
  far.read_some(asio::buffer(room), error);
  EXPECT_EQ(error, asio::error::connection_reset);
}

TEST_F(StreamTest, ARefusedDialFails) {
  Stream dialling{Socket(io), watcher};
  const Tcp::endpoint nobody(asio::ip::address_v4::loopback(), test::refused_port());
  const auto connecting = wait_for(dialling.connect(nobody), status, done);
  connecting.start();
  ASSERT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(status, IoStatus::Failed);
}

// --- TLS ---

class TlsStreamTest : public StreamTest {
 protected:
  TlsStreamTest() { server = std::make_unique<Stream>(std::move(far), server_watcher); }
  ~TlsStreamTest() override {
    server->close();
    EXPECT_TRUE(run_until([&] { return server->is_quiet(); }));
  }
  /// True when both sides are content with each other.
  bool shake_hands(const std::string& expected_name) {
    server_context = make_server_tls(identity.certificate_file, identity.key_file, {}).value();
    client_context = make_client_tls(authority.ca_file(), {}, {}, true).value();
    IoStatus server_status = IoStatus::Ok;
    bool server_done = false;
    const auto accepting = wait_for(server->handshake_as_server(*server_context), server_status, server_done);
    accepting.start();
    const auto greeting = wait_for(stream->handshake_as_client(*client_context, expected_name), status, done);
    greeting.start();
    EXPECT_TRUE(run_until([&] { return done; }));
    if (status != IoStatus::Ok) stream->close();
    EXPECT_TRUE(run_until([&] { return server_done; }));
    done = false;
    return status == IoStatus::Ok && server_status == IoStatus::Ok;
  }

  test::Certificates authority;
  test::TlsIdentity identity = authority.issue("model.test");
  TlsContext server_context;
  TlsContext client_context;
  Watcher server_watcher;
  std::unique_ptr<Stream> server;
};

TEST_F(TlsStreamTest, CarriesPiecesLargerThanARecordBothWaysUnchanged) {
  ASSERT_TRUE(shake_hands("model.test"));
  EXPECT_TRUE(stream->is_tls());
  std::string big(100000, 'x');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 131 >> 4);
  std::array<iovec, 2> pieces{{{big.data(), 7}, {big.data() + 7, big.size() - 7}}};
  const auto writing = write_all(*stream, pieces, status, done);
  writing.start();
  std::string got;
  std::array<char, 4096> piece;
  server->arm_read(piece.data(), piece.size());
  ASSERT_TRUE(run_until([&] {
    if (!server->read_completed()) return false;
    const IoResult read = server->take_read();
    got.append(piece.data(), read.bytes);
    if (got.size() < big.size()) server->arm_read(piece.data(), piece.size());
    return got.size() == big.size() || !read.ok();
  }));
  EXPECT_TRUE(got == big);
  EXPECT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(stream->write_now("x"), 0u) << "TLS has no writes beside its own";
  EXPECT_EQ(server->bytes_read(), big.size());
}

TEST_F(TlsStreamTest, AnotherNameInTheCertificateIsNotBelieved) {
  EXPECT_FALSE(shake_hands("another.test"));
}

}  // namespace
}  // namespace sluice::http
