#include "sluice/http/chunked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

struct Scan {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  std::string reason;  ///< of the refusal

  friend bool operator==(const Scan&, const Scan&) = default;
};

/// Feeds `bytes` in pieces whose sizes `piece()` tells.
template <typename Piece>
Scan scan(const std::string& bytes, Piece piece, ChunkLimits limits = {}) {
  ChunkScanner scanner(limits);
  Scan result;
  std::size_t arrived = 0;
  while (arrived < bytes.size() && !scanner.done() && !scanner.failed()) {
    const std::size_t size = std::min<std::size_t>(piece(), bytes.size() - arrived);
    const std::string copy = bytes.substr(arrived, size);  // its own allocation: ASan sees a read past the end
    arrived += size;
    std::string_view rest = copy;
    while (!rest.empty() && !scanner.done() && !scanner.failed()) {
      const auto step = scanner.next(rest);
      EXPECT_TRUE(step.consumed > 0 || scanner.failed());
      EXPECT_TRUE(step.data.empty() || step.data.data() == rest.data());
      result.payload += step.data;
      result.consumed += step.consumed;
      rest.remove_prefix(step.consumed);
    }
  }
  result.done = scanner.done();
  if (scanner.failed()) result.reason = scanner.refusal().reason;
  EXPECT_EQ(scanner.payload_bytes(), result.payload.size());
  return result;
}

Scan scan(const std::string& bytes, ChunkLimits limits = {}) {
  return scan(
      bytes, [] { return std::size_t{1} << 20; }, limits);
}

TEST(ChunkScanner, GivesThePayloadAndLeavesWhatFollows) {
  const std::string body = "5;name=\"va l\"\r\nhello\r\n00A\r\n, 10 bytes\r\n0\r\nChecksum: 1\r\n\r\n";
  const Scan result = scan(body + "GET / HTTP/1.1\r\n");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.payload, "hello, 10 bytes");
  EXPECT_EQ(result.consumed, body.size());
}

TEST(ChunkScanner, TakesAnEmptyBody) {
  const Scan result = scan("0\r\n\r\n");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.payload, "");
}

TEST(ChunkScanner, ResetStartsTheNextBody) {
  ChunkScanner scanner;
  scanner.next("zz");
  ASSERT_TRUE(scanner.failed());
  scanner.reset();
  EXPECT_FALSE(scanner.failed());
  EXPECT_EQ(scanner.next("0\r\n\r\n").consumed, 5u);
  EXPECT_TRUE(scanner.done());
  EXPECT_EQ(scanner.next("more").consumed, 0u);
}

TEST(ChunkScanner, RefusesWhateverIsNotASize) {
  for (const std::string bytes :
       {"\r\n", " 5\r\n", "5 \r\n", "5 ;a\r\n", "\t5\r\n", "+5\r\n", "-5\r\n", "0x5\r\n", "5h\r\n", "g\r\n", "5\n",
        "5\rx", "5,5\r\n", "fffffffffffffffff\r\n", "00000000000000005\r\n"}) {
    EXPECT_EQ(scan(bytes).reason, "invalid_chunk_size") << bytes;
  }
}

TEST(ChunkScanner, RefusesPayloadThatDoesNotEndWhereItShould) {
  for (const std::string bytes : {"5\r\nhelloX\r\n", "5\r\nhello\n", "5\r\nhello\rX", "5\r\nhello0\r\n\r\n"}) {
    const Scan result = scan(bytes);
    EXPECT_EQ(result.reason, "invalid_chunk_end") << bytes;
    EXPECT_EQ(result.payload, "hello");
  }
}

TEST(ChunkScanner, RefusesControlBytesInExtensions) {
  EXPECT_EQ(scan("5;a\nb\r\n").reason, "invalid_chunk_extension");
  EXPECT_EQ(scan(std::string("5;a\0b\r\n", 8)).reason, "invalid_chunk_extension");
  EXPECT_EQ(scan("5;a\rb").reason, "invalid_chunk_size");
}

TEST(ChunkScanner, BoundsSizeLinesAndTrailers) {
  const ChunkLimits limits{.header_bytes = 16, .trailer_bytes = 32};
  EXPECT_TRUE(scan("1;" + std::string(13, 'e') + "\r\nx\r\n0\r\n\r\n", limits).done);
  EXPECT_EQ(scan("1;" + std::string(14, 'e') + "\r\nx\r\n0\r\n\r\n", limits).reason, "chunk_header_too_long");
  EXPECT_TRUE(scan("0\r\nA: " + std::string(20, 't') + "\r\n\r\n", limits).done);
  EXPECT_EQ(scan("0\r\nA: " + std::string(40, 't') + "\r\n\r\n", limits).reason, "trailers_too_large");
  EXPECT_EQ(scan("0\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n\r\n", limits).reason,
            "trailers_too_large");
}

TEST(ChunkScanner, RefusesTrailersThatWouldChangeTheMessage) {
  for (const std::string name : {"Content-Length", "transfer-encoding", "HOST", "Connection", "TE", "Authorization",
                                 "X-Sluice-Version", "x-sluice-anything-of-any-length-at-all", "Proxy-Authorization"}) {
    EXPECT_EQ(scan("0\r\n" + name + ": 1\r\n\r\n").reason, "forbidden_trailer") << name;
  }
  for (const std::string name : {"Checksum", "Server-Timing", "x-sluic", "a-name-that-is-longer-than-any-known-one"}) {
    EXPECT_TRUE(scan("0\r\n" + name + ": 1\r\n\r\n").done) << name;
  }
  for (const std::string line : {": 1\r\n", "a b: 1\r\n", "A : 1\r\n", " A: 1\r\n", "A\r\n", "A: 1\n", "A: \x01\r\n"}) {
    EXPECT_EQ(scan("0\r\n" + line + "\r\n").reason, "invalid_trailer") << line;
  }
}

TEST(ChunkScanner, GivesOneVerdictForAnyCutOfAnyDamage) {
  std::mt19937 random(7);
  const std::string alphabet = "\r\n\t :;0aF\x80";
  int failures = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (std::size_t left = random() % 4; left > 0; --left) {
      const std::string data(1 + random() % 40, 'd');
      char size[32];
      std::snprintf(size, sizeof size, "%zX%s\r\n", data.size(), random() % 4 == 0 ? ";e=1" : "");
      bytes += size + data + "\r\n";
    }
    bytes += random() % 2 == 0 ? "0\r\n\r\n" : "0\r\nChecksum: abc\r\nServer-Timing: x\r\n\r\n";
    bytes += "next";
    if (random() % 2 == 0) bytes[random() % bytes.size()] = alphabet[random() % alphabet.size()];
    const Scan whole = scan(bytes);
    failures += whole.reason.empty() ? 0 : 1;
    ASSERT_EQ(scan(bytes, [] { return std::size_t{1}; }), whole) << bytes;
    ASSERT_EQ(scan(bytes, [&] { return 1 + random() % 9; }), whole) << bytes;
  }
  EXPECT_GT(failures, 2000);
}

}  // namespace
}  // namespace sluice::http
