#pragma once

#include <boost/asio/io_context.hpp>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <mutex>

#include "sluice/outcomes/door.hpp"

namespace sluice::gateway {

/// A post that was handed in at the door. Its worker's thread.
struct DoorVisit {
  outcomes::Answer answer;
  bool answered = false;
  std::coroutine_handle<> waiter;  ///< nobody, once the exchange has other worries

  struct [[nodiscard]] Awaiter {
    DoorVisit* visit;
    bool await_ready() const noexcept { return visit->answered; }
    void await_suspend(std::coroutine_handle<> coroutine) const noexcept { visit->waiter = coroutine; }
    void await_resume() const noexcept {}
  };
  /// Waits for the answer, or for somebody to resume `waiter` before it came.
  Awaiter reply() noexcept { return {this}; }
};

/// One worker's way to the door for outcomes: hands posts in, and brings the answers back to the worker's own loop from
/// whatever thread they come on. Whoever asked may have left by then, or the loop have ended. One thread.
class DoorDesk {
 public:
  /// What clients may have sent of posts that are not whole yet, of one worker: 32 MiB.
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;
  /// The most that one post may be, whatever the limits say: 4 MiB.
  static constexpr std::size_t kMaxPost = std::size_t{4} << 20;

  /// `door` null: there is none. It outlives the loop.
  DoorDesk(outcomes::Door* door, boost::asio::io_context& loop) : door_(door), line_(std::make_shared<Line>(&loop)) {}

  bool has_door() const noexcept { return door_ != nullptr; }

  /// Room for posts on their way here, given back with the end of its life.
  class Room {
   public:
    explicit Room(DoorDesk& desk) noexcept : desk_(desk) {}
    ~Room() { desk_.bytes_ -= taken_; }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    /// False: there is none left.
    bool take(std::size_t bytes) noexcept {
      if (bytes > kMaxBytes - desk_.bytes_) return false;
      desk_.bytes_ += bytes;
      taken_ += bytes;
      return true;
    }

   private:
    DoorDesk& desk_;
    std::size_t taken_ = 0;
  };

  /// Precondition: has_door(). The answer comes with a later turn of the loop.
  std::shared_ptr<DoorVisit> hand_in(outcomes::Post post);

  /// The loop has ended: answers that still come are dropped.
  void close() noexcept;

 private:
  /// What the door's thread may hold on to for as long as it likes.
  struct Line {
    explicit Line(boost::asio::io_context* to) noexcept : loop(to) {}
    std::mutex mutex;
    boost::asio::io_context* loop;  // null: closed
  };
  static void bring(Line& line, std::shared_ptr<DoorVisit> visit, outcomes::Answer answer);

  outcomes::Door* door_;
  std::shared_ptr<Line> line_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::gateway
