// An open-loop load generator: requests are due at fixed times whether or not earlier ones were answered, and latency
// counts from the time a request was due. So a proxy that stalls is charged for everyone who had to wait.

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "loopback.hpp"
#include "reply_reader.hpp"

namespace sluice::bench {
namespace {

constexpr std::string_view kUsage =
    "rate_client --port N --rate N [--connections N (64)] [--seconds N (5)] [--path P (/)]\n"
    "            [--body-bytes N (250)] [--users N (0: no x-user-id)] [--timeout-ms N (0: none)] [--skip-seconds N "
    "(0)]\n"
    "Sends POST requests at a fixed rate; prints requests, errors and latency percentiles as name=value. With\n"
    "--timeout-ms a request that is not answered in time is given up with its connection, and answers of 200 and 503\n"
    "are told apart; what was due in the first --skip-seconds does not count.";

struct Connection {
  int fd = -1;
  std::uint64_t due_at = 0;  ///< of the request that is being answered
  std::size_t request = 0;
  std::size_t sent = 0;
  std::uint64_t number = 0;  ///< of that request, from 1
  bool busy = false;
  ReplyReader reply;
};

class RateClient {
 public:
  RateClient(const Options& options)
      : port_(options.port("port")),
        rate_(std::max<std::uint64_t>(1, options.number("rate", 1000, 1'000'000))),
        total_(rate_ * options.number("seconds", 5, 600)),
        connections_(std::clamp<std::uint64_t>(options.number("connections", 64, 4096), 1, 4096)),
        timeout_(options.number("timeout-ms", 0, 60'000) * 1'000'000u),
        skipped_(rate_ * options.number("skip-seconds", 0, 600)) {
    const std::string path = options.text("path", "/");
    const std::string body = json_of(options.number("body-bytes", 250, 64u << 20));
    const std::uint64_t users = options.number("users", 0, 100'000);
    for (std::uint64_t user = 0; user < std::max<std::uint64_t>(users, 1); ++user) {
      std::string head = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
      if (users > 0) head += "\r\nx-user-id: user-" + std::to_string(user);
      requests_.push_back(head + "\r\n\r\n" + body);
    }
    latencies_.reserve(total_);
  }

  void run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
    start_ = now_ns();
    // Answers that are still out three seconds after the last request was due count as errors.
    const std::uint64_t give_up = due_at(total_) + 3'000'000'000u;
    std::array<epoll_event, 256> events;
    while (finished_ < total_ && now_ns() < give_up) {
      send_due();
      give_up_late();
      const int count = wait(events.data(), static_cast<int>(events.size()), give_up);
      for (int i = 0; i < count; ++i) on_event(events[static_cast<std::size_t>(i)].data.u64);
    }
    report();
  }

 private:
  std::uint64_t due_at(std::uint64_t request) const { return start_ + request * 1'000'000'000u / rate_; }

  void open(std::size_t index) {
    Connection& connection = connections_[index];
    connection = Connection{};
    connection.fd = start_connect(port_);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = index}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) die("epoll_ctl");
    idle_.push_back(index);
  }

  int wait(epoll_event* events, int room, std::uint64_t give_up) {
    const bool waits_for_answer = idle_.empty() || next_ == total_;
    std::uint64_t until = waits_for_answer ? give_up : due_at(next_);
    if (!by_age_.empty()) until = std::min(until, by_age_.front().due_at + timeout_);
    const std::uint64_t now = now_ns();
    const std::uint64_t pause = until > now ? until - now : 0;
    const timespec timeout{static_cast<time_t>(pause / 1'000'000'000u), static_cast<long>(pause % 1'000'000'000u)};
    return epoll_pwait2(epoll_, events, room, &timeout, nullptr);
  }

  void send_due() {
    const std::uint64_t now = now_ns();
    while (next_ < total_ && due_at(next_) <= now && !idle_.empty()) {
      const std::size_t index = idle_.front();
      idle_.pop_front();
      Connection& connection = connections_[index];
      connection.due_at = due_at(next_);
      connection.request = next_++ % requests_.size();
      connection.sent = 0;
      connection.busy = true;
      connection.number = next_;
      if (timeout_ > 0) by_age_.push_back({connection.due_at, index, connection.number});
      connection.reply.reset();
      if (!send_rest(connection)) fail(index);
    }
  }

  bool send_rest(Connection& connection) {
    const std::string& request = requests_[connection.request];
    while (connection.sent < request.size()) {
      const ssize_t sent = send(connection.fd, request.data() + connection.sent, request.size() - connection.sent, 0);
      if (sent < 0) return errno == EAGAIN;
      connection.sent += static_cast<std::size_t>(sent);
    }
    return true;
  }

  void on_event(std::size_t index) {
    Connection& connection = connections_[index];
    if (connection.busy && !send_rest(connection)) return fail(index);
    for (;;) {
      const ssize_t got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0 || !connection.busy) return fail(index);
      const auto size = static_cast<std::size_t>(got);
      connection.reply.feed({buffer_.data(), size}, nullptr);
      if (connection.reply.broken()) return fail(index);
      if (connection.reply.done()) finish(index);
      if (size < buffer_.size()) return;
    }
  }

  void finish(std::size_t index) {
    Connection& connection = connections_[index];
    connection.busy = false;
    ++finished_;
    const std::uint64_t latency = now_ns() - connection.due_at;
    const int status = connection.reply.status();
    if (status != 200) ++errors_;
    latencies_.push_back(latency);
    if (connection.number > skipped_) {
      if (status == 200) {
        good_.push_back(latency);
      } else if (status == 503) {
        refused_.push_back(latency);
      } else {
        ++failed_;
      }
    }
    idle_.push_back(index);
  }

  /// The oldest first: they all have the same patience.
  void give_up_late() {
    const std::uint64_t now = now_ns();
    while (!by_age_.empty() && by_age_.front().due_at + timeout_ <= now) {
      const Age oldest = by_age_.front();
      by_age_.pop_front();
      const Connection& connection = connections_[oldest.index];
      if (!connection.busy || connection.number != oldest.number) continue;
      if (oldest.number > skipped_) ++late_;
      fail(oldest.index, true);
    }
    // What could not even be sent is late, too.
    while (timeout_ > 0 && next_ < total_ && idle_.empty() && due_at(next_) + timeout_ <= now) {
      ++next_;
      ++finished_;
      ++errors_;
      if (next_ > skipped_) ++late_;
    }
  }

  void fail(std::size_t index, bool given_up = false) {
    const bool was_busy = connections_[index].busy;
    if (was_busy) {
      if (!given_up && connections_[index].number > skipped_) ++failed_;
      ++errors_;
      ++finished_;
    } else {
      std::erase(idle_, index);
    }
    close(connections_[index].fd);
    open(index);
  }

  void report() {
    const double seconds = static_cast<double>(now_ns() - start_) / 1e9;
    const std::uint64_t unanswered = total_ - finished_;
    const auto micros = [this](double percent) { return static_cast<double>(percentile(latencies_, percent)) / 1000; };
    std::printf("requests=%zu errors=%llu seconds=%.3f rps=%.0f p50_us=%.1f p90_us=%.1f p99_us=%.1f p999_us=%.1f\n",
                latencies_.size(), static_cast<unsigned long long>(errors_ + unanswered), seconds,
                static_cast<double>(latencies_.size()) / seconds, micros(50), micros(90), micros(99), micros(99.9));
    if (timeout_ > 0) report_overload();
  }

  void report_overload() {
    const double seconds = static_cast<double>(total_ - skipped_) / static_cast<double>(rate_);
    const auto per_second = [&](std::uint64_t count) { return static_cast<double>(count) / seconds; };
    const auto millis = [](std::vector<std::uint64_t>& values, double percent) {
      return values.empty() ? 0 : static_cast<double>(percentile(values, percent)) / 1e6;
    };
    std::printf(
        "good_per_s=%.1f refused_per_s=%.1f late_per_s=%.1f failed_per_s=%.1f good_p50_ms=%.1f good_p99_ms=%.1f "
        "refused_p99_ms=%.1f\n",
        per_second(good_.size()), per_second(refused_.size()), per_second(late_), per_second(failed_),
        millis(good_, 50), millis(good_, 99), millis(refused_, 99));
  }

  struct Age {
    std::uint64_t due_at;
    std::size_t index;
    std::uint64_t number;
  };

  Port port_;
  std::uint64_t rate_, total_;
  std::vector<Connection> connections_;
  std::uint64_t timeout_;  ///< 0: none
  std::uint64_t skipped_;  ///< requests that do not count
  std::deque<Age> by_age_;
  std::vector<std::string> requests_;
  std::vector<std::uint64_t> latencies_, good_, refused_;
  std::uint64_t late_ = 0, failed_ = 0;
  std::deque<std::size_t> idle_;
  std::uint64_t start_ = 0, next_ = 0, finished_ = 0, errors_ = 0;
  int epoll_ = -1;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, kUsage);
  stop_by_itself(std::chrono::seconds(options.number("seconds", 5, 600) + 10));
  // The default slack of 50 µs would be most of the latency that is to be measured.
  prctl(PR_SET_TIMERSLACK, 1);
  static RateClient client(options);
  client.run();
}
