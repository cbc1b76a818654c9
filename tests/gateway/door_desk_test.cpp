#include "sluice/gateway/door_desk.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "fake_door.hpp"
#include "sluice/http/task.hpp"

namespace sluice::gateway {
namespace {

http::Task<> wait_at(DoorVisit& visit, std::string& got) {
  co_await visit.reply();
  got = visit.answered ? visit.answer.body : "nothing";
}

TEST(DoorDesk, BringsAnAnswerWithALaterTurnOfTheLoopWhoeverGivesIt) {
  FakeDoor door;
  boost::asio::io_context loop;
  DoorDesk desk(&door, loop);
  const auto visit = desk.hand_in({"body", "type"});
  EXPECT_EQ(door.post(0).body, "body");
  std::string got;
  auto waiting = wait_at(*visit, got);
  waiting.start();
  std::thread([&] { door.answer({200, "hello", 0}); }).join();
  EXPECT_EQ(got, "");
  loop.run();
  EXPECT_EQ(got, "hello");
}

TEST(DoorDesk, BringsAnAnswerThatWasThereAtOnceInTheSameWay) {
  FakeDoor door;
  door.answer_at_once([](const outcomes::Post&) { return outcomes::Answer{503, "full", 1}; });
  boost::asio::io_context loop;
  DoorDesk desk(&door, loop);
  const auto visit = desk.hand_in({});
  EXPECT_FALSE(visit->answered);
  loop.run();
  EXPECT_TRUE(visit->answered);
  EXPECT_EQ(visit->answer.status, 503u);
}

TEST(DoorDesk, DropsAnswersOnceItIsClosedOrGone) {
  FakeDoor door;
  std::shared_ptr<DoorVisit> visit;
  {
    boost::asio::io_context loop;
    DoorDesk desk(&door, loop);
    visit = desk.hand_in({});
    desk.hand_in({});
    door.answer({200, "never run", 0});
    desk.close();
  }
  door.answer({200, "late", 0});
  EXPECT_FALSE(visit->answered);
  EXPECT_EQ(visit.use_count(), 1) << "nobody holds on to it";
}

TEST(DoorDesk, HasRoomForAsMuchAsItsBoundAndGetsItBack) {
  boost::asio::io_context loop;
  DoorDesk desk(nullptr, loop);
  EXPECT_FALSE(desk.has_door());
  DoorDesk::Room first(desk);
  EXPECT_TRUE(first.take(DoorDesk::kMaxBytes - 10));
  {
    DoorDesk::Room second(desk);
    EXPECT_FALSE(second.take(11));
    EXPECT_TRUE(second.take(10));
    EXPECT_FALSE(second.take(1));
  }
  EXPECT_TRUE(first.take(10));
}

}  // namespace
}  // namespace sluice::gateway
