#include "sluice/gateway/receive_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

namespace sluice::gateway {
namespace {

constexpr std::size_t kInline = ReceiveBuffer::kInlineBytes;
constexpr std::size_t kBufferBlock = http::BufferPool::kBlockBytes;

class ReceiveBufferTest : public testing::Test {
 protected:
  /// Puts bytes behind what is there, as reads would.
  void receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto room = buffer.room();
      ASSERT_FALSE(room.empty());
      const std::size_t part = std::min(room.size(), bytes.size());
      std::copy_n(bytes.data(), part, room.data());
      buffer.received(part);
      bytes.remove_prefix(part);
    }
  }
  void receive_next(std::span<char> span, std::string_view bytes) {
    ASSERT_LE(bytes.size(), span.size());
    std::copy_n(bytes.data(), bytes.size(), span.data());
    buffer.received_next(bytes.size());
  }
  /// Bytes inside the object itself are not in a block.
  bool holds_no_block() const {
    const auto* const object = reinterpret_cast<const char*>(&buffer);
    return buffer.data() >= object && buffer.data() < object + sizeof buffer;
  }

  http::BufferPool pool;
  ReceiveBuffer buffer{pool};
};

TEST_F(ReceiveBufferTest, IsEmptyAtFirstAndHoldsNoBlock) {
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.room().size(), kInline);
  EXPECT_TRUE(holds_no_block());
}

TEST_F(ReceiveBufferTest, ASmallMessageStaysWhereItArrived) {
  receive("hello");
  const char* const where = buffer.data();
  receive(" world");
  EXPECT_EQ(buffer.unfinished(), "hello world");
  EXPECT_EQ(buffer.data(), where);
  EXPECT_TRUE(holds_no_block());
}

TEST_F(ReceiveBufferTest, AMessageThatOutgrowsTheSmallBufferMovesToABlock) {
  std::string message(kInline, 'a');
  receive(message);
  EXPECT_TRUE(holds_no_block());
  receive("b");
  EXPECT_EQ(buffer.unfinished(), message + "b");
  EXPECT_FALSE(holds_no_block());
  buffer.finish(message.size() + 1, false);
  EXPECT_TRUE(holds_no_block()) << "an idle connection never holds one";
}

TEST_F(ReceiveBufferTest, AFullBlockHasNoRoomLeft) {
  receive(std::string(kBufferBlock, 'x'));
  EXPECT_TRUE(buffer.room().empty());
  EXPECT_EQ(buffer.size(), kBufferBlock);
}

TEST_F(ReceiveBufferTest, TheNextSpanLiesBesideTheMessageInUse) {
  receive("first");
  const auto span = buffer.next_span();
  receive_next(span, "second");
  EXPECT_EQ(buffer.unfinished(), "first") << "what comes next does not show before its turn";
  buffer.finish(5, false);
  EXPECT_EQ(buffer.unfinished(), "second");
}

TEST_F(ReceiveBufferTest, ANextSpanWhoseReadIsStillPendingBecomesTheBuffersEnd) {
  receive("first");
  const auto span = buffer.next_span();
  buffer.finish(5, true);
  EXPECT_EQ(buffer.size(), 0u);
  std::copy_n("late", 4, span.data());
  buffer.received(4);
  EXPECT_EQ(buffer.unfinished(), "late");
}

TEST_F(ReceiveBufferTest, TheNextSpanWrapsToTheFrontWhenThereIsMoreRoom) {
  receive(std::string(1200, 'a'));
  auto span = buffer.next_span();
  EXPECT_EQ(span.size(), kInline - 1200);
  receive_next(span, std::string(800, 'b'));
  buffer.finish(1200, false);
  const char* const second = buffer.data();
  span = buffer.next_span();
  EXPECT_LT(span.data(), second) << "48 bytes behind, 1200 in front";
  EXPECT_EQ(span.size(), 1200u);
  receive_next(span, "third");
  EXPECT_EQ(buffer.unfinished(), std::string(800, 'b'));
  buffer.finish(800, false);
  EXPECT_EQ(buffer.unfinished(), "third");
  EXPECT_TRUE(holds_no_block());
}

TEST_F(ReceiveBufferTest, WithoutRoomForTheNextTheMessageMovesAway) {
  const std::string message(kInline - 100, 'm');
  receive(message);
  const auto span = buffer.next_span();
  EXPECT_EQ(span.size(), kInline) << "the small buffer is free now";
  EXPECT_EQ(buffer.unfinished(), message);
  EXPECT_FALSE(holds_no_block());
  receive_next(span, "next");
  EXPECT_EQ(buffer.unfinished(), message) << "the block is not touched by the next one";
  buffer.finish(message.size(), false);
  EXPECT_EQ(buffer.unfinished(), "next");
  EXPECT_TRUE(holds_no_block());
}

TEST_F(ReceiveBufferTest, PipelinedMessagesAreFinishedOneByOne) {
  receive("onetwothree");
  buffer.finish(3, false);
  EXPECT_EQ(buffer.unfinished(), "twothree");
  buffer.finish(3, false);
  receive("four");
  EXPECT_EQ(buffer.unfinished(), "threefour");
  buffer.finish(5, false);
  buffer.finish(4, false);
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.room().size(), kInline) << "all of it is free again";
}

TEST_F(ReceiveBufferTest, LeftoversMoveToTheFrontBeforeABlockIsTaken) {
  receive(std::string(kInline - 10, 'a') + "0123456789");
  buffer.finish(kInline - 10, false);
  receive(std::string(500, 'b'));
  EXPECT_EQ(buffer.unfinished(), "0123456789" + std::string(500, 'b'));
  EXPECT_TRUE(holds_no_block());
}

/// The bytes of a long conversation: numbered, so that any mix-up shows.
std::string conversation(std::uint64_t from, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(((from + i) * 0x9e3779b97f4a7c15u) >> 56);
  return bytes;
}

class ReceiveBufferProperty : public ReceiveBufferTest {
 protected:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random() % bound); }
  std::size_t message_size() {
    switch (below(4)) {
      case 0:
        return 1 + below(64);
      case 1:
        return 1 + below(kInline);
      case 2:
        return kInline - 4 + below(8);
      default:
        return 1 + below(kBufferBlock);
    }
  }
  void fill(std::span<char> span, std::size_t count) {
    std::ranges::copy(conversation(sent, count), span.begin());
    sent += count;
  }
  /// Reads until `size` bytes are there, at times more: the beginning of what comes next.
  void read_message(std::size_t size) {
    while (buffer.size() < size) {
      const auto room = armed ? *std::exchange(armed, std::nullopt) : buffer.room();
      ASSERT_FALSE(room.empty()) << "a message as large as a block fits";
      const std::size_t useful = below(8) == 0 ? room.size() : size - buffer.size();
      const std::size_t count = std::min(1 + below(room.size()), useful);
      fill(room, count);
      buffer.received(count);
    }
  }
  /// While the message is in use, the next one's first bytes arrive, or the read for them stays pending, or neither.
  void maybe_receive_next() {
    const std::size_t choice = below(3);
    if (choice == 0) return;
    const auto span = buffer.next_span();
    ASSERT_GE(span.size(), 512u);
    if (choice == 1) {
      const std::size_t count = 1 + below(span.size());
      fill(span, count);
      buffer.received_next(count);
    } else {
      armed = span;
    }
  }

  std::mt19937_64 random{20240611};
  std::uint64_t sent = 0;
  std::optional<std::span<char>> armed;
};

TEST_F(ReceiveBufferProperty, MessagesOfAnySizeComeOutAsTheyWereSent) {
  std::uint64_t finished = 0;
  for (int message = 0; message < 3000; ++message) {
    const std::size_t size = message_size();
    read_message(size);
    const std::string expected = conversation(finished, size);
    ASSERT_TRUE(buffer.unfinished().substr(0, size) == expected) << "message " << message;
    if (buffer.size() == size) {
      maybe_receive_next();
      ASSERT_TRUE(buffer.unfinished() == expected) << "overwritten while in use: message " << message;
    }
    buffer.finish(size, armed.has_value());
    finished += size;
    ASSERT_EQ(buffer.size(), sent - finished);
    ASSERT_TRUE(buffer.size() > 0 || holds_no_block());
  }
}

}  // namespace
}  // namespace sluice::gateway
