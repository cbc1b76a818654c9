#include "sluice/http/body_meter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

/// Feeds `bytes` in pieces of `size`; gives the payload, and through `taken` how much belonged to the body.
std::string payload_of(BodyMeter& meter, std::string_view bytes, std::size_t size, std::size_t& taken) {
  std::string payload;
  taken = 0;
  while (taken < bytes.size()) {
    const auto piece = bytes.substr(taken, size);
    const std::size_t of_body = meter.take(piece, [&](std::string_view run) { payload.append(run); });
    taken += of_body;
    if (of_body < piece.size()) break;
  }
  return payload;
}

TEST(BodyMeter, NoBodyIsDoneAndTakesNothing) {
  BodyMeter meter;
  EXPECT_TRUE(meter.done());
  EXPECT_EQ(meter.take("GET / HTTP/1.1\r\n"), 0u);
  EXPECT_EQ(meter.at_most(), 0u);
  EXPECT_FALSE(meter.failed());
}

TEST(BodyMeter, AKnownLengthEndsWhereItSaid) {
  for (std::size_t piece = 1; piece <= 12; ++piece) {
    BodyMeter meter(Framing::Length, 5);
    std::size_t taken = 0;
    EXPECT_EQ(payload_of(meter, "hello, next", piece, taken), "hello") << piece;
    EXPECT_EQ(taken, 5u);
    EXPECT_TRUE(meter.done());
    EXPECT_EQ(meter.payload_bytes(), 5u);
  }
}

TEST(BodyMeter, AKnownLengthSaysHowMuchIsLeft) {
  BodyMeter meter(Framing::Length, 10);
  EXPECT_EQ(meter.at_most(), 10u);
  meter.take("abc");
  EXPECT_EQ(meter.at_most(), 7u);
  EXPECT_FALSE(meter.done());
}

TEST(BodyMeter, LengthsBeyondMemoryAreCounted) {
  BodyMeter meter(Framing::Length, ~std::uint64_t{0});
  EXPECT_EQ(meter.take("abc"), 3u);
  EXPECT_EQ(meter.at_most(), ~std::uint64_t{0} - 3);
}

TEST(BodyMeter, UntilCloseTakesEverythingAndIsNeverDone) {
  BodyMeter meter(Framing::UntilClose, 0);
  EXPECT_EQ(meter.take("anything\r\n\r\n"), 12u);
  EXPECT_FALSE(meter.done());
  EXPECT_EQ(meter.at_most(), ~std::uint64_t{0});
  EXPECT_EQ(meter.payload_bytes(), 12u);
}

TEST(BodyMeter, ChunksGiveTheirPayloadHoweverTheyArrive) {
  const std::string body = "5;x=y\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (std::size_t piece = 1; piece <= body.size() + 4; ++piece) {
    BodyMeter meter(Framing::Chunked, 0);
    std::size_t taken = 0;
    EXPECT_EQ(payload_of(meter, body + "GET /", piece, taken), "hello, world") << piece;
    EXPECT_EQ(taken, body.size()) << "stops before what follows, in pieces of " << piece;
    EXPECT_TRUE(meter.done());
    EXPECT_EQ(meter.payload_bytes(), 12u);
  }
}

TEST(BodyMeter, AChunkThatIsNoneFailsAndTakesNoMore) {
  BodyMeter meter(Framing::Chunked, 0);
  meter.take("5\r\nhello\r\nzz\r\n");
  EXPECT_TRUE(meter.failed());
  EXPECT_TRUE(meter.refusal());
  EXPECT_FALSE(meter.done());
  EXPECT_EQ(meter.take("0\r\n\r\n"), 0u);
}

TEST(BodyMeter, ChunksOfUnknownNumberMayBeAnyLength) {
  EXPECT_EQ(BodyMeter(Framing::Chunked, 0).at_most(), ~std::uint64_t{0});
}

}  // namespace
}  // namespace sluice::http
