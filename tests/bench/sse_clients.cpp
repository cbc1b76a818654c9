// Many long streams at once. Every event carries the time at which the backend sent it, so the delay measured here is
// that of the way through the proxy, event by event.

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

#include "loopback.hpp"
#include "reply_reader.hpp"

namespace sluice::bench {
namespace {

constexpr std::string_view kUsage =
    "sse_clients --port N [--streams N (200)] [--seconds N (5)] [--interval-ms N (10)] [--path P (/sse)]\n"
    "Reads streams of events, all of them as long as the run; prints events, errors and the delay of events on their\n"
    "way from the backend, as name=value.";

constexpr std::string_view kStamp = "\"sent_ns\":";

struct Stream {
  int fd = -1;
  ReplyReader reply;
  std::string text;  ///< of events that have not arrived whole
};

class SseClients {
 public:
  SseClients(const Options& options)
      : streams_(std::max<std::uint64_t>(1, options.number("streams", 200, 5000))),
        interval_ms_(std::max<std::uint64_t>(1, options.number("interval-ms", 10, 60'000))),
        seconds_(std::max<std::uint64_t>(1, options.number("seconds", 5, 600))),
        events_each_(std::max<std::uint64_t>(1, seconds_ * 1000 / interval_ms_)),
        port_(options.port("port")),
        path_(options.text("path", "/sse")) {}

  void run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    const std::uint64_t start = now_ns();
    const std::uint64_t give_up = start + (seconds_ + 5) * 1'000'000'000u;
    // Spread over one interval: streams that tick together would measure the queue, not the way.
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      const std::uint64_t starts_at = start + i * interval_ms_ * 1'000'000u / streams_.size();
      while (now_ns() < starts_at) poll_once(starts_at);
      open(i);
    }
    while (open_ > 0 && now_ns() < give_up) poll_once(give_up);
    report(start);
  }

 private:
  void open(std::size_t index) {
    const std::string request = "GET " + path_ + "?events=" + std::to_string(events_each_) +
                                "&interval_ms=" + std::to_string(interval_ms_) +
                                " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n";
    Stream& stream = streams_[index];
    stream.fd = connect_blocking(port_, std::chrono::seconds(5));
    if (send(stream.fd, request.data(), request.size(), 0) < 0) die("send");
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.fd, &event) != 0) die("epoll_ctl");
    ++open_;
  }

  void poll_once(std::uint64_t until) {
    const std::uint64_t now = now_ns();
    const std::uint64_t pause = until > now ? until - now : 0;
    const timespec timeout{static_cast<time_t>(pause / 1'000'000'000u), static_cast<long>(pause % 1'000'000'000u)};
    std::array<epoll_event, 64> events;
    const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) on_readable(streams_[events[static_cast<std::size_t>(i)].data.u64]);
  }

  void on_readable(Stream& stream) {
    const ssize_t got = recv(stream.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    const std::uint64_t arrived = now_ns();
    if (got > 0) stream.reply.feed({buffer_.data(), static_cast<std::size_t>(got)}, &stream.text);
    count_events(stream, arrived);
    if (got > 0 && !stream.reply.done() && !stream.reply.broken()) return;
    if (!stream.reply.done() || stream.reply.status() != 200) ++errors_;
    close(stream.fd);
    --open_;
  }

  void count_events(Stream& stream, std::uint64_t arrived) {
    for (std::size_t end = stream.text.find("\n\n"); end != std::string::npos; end = stream.text.find("\n\n")) {
      const std::size_t stamp = stream.text.find(kStamp);
      std::uint64_t sent = 0;
      if (stamp < end) {
        std::from_chars(stream.text.data() + stamp + kStamp.size(), stream.text.data() + end, sent);
        delays_.push_back(arrived - sent);
      } else {
        ++errors_;
      }
      stream.text.erase(0, end + 2);
    }
  }

  void report(std::uint64_t start) {
    const double seconds = static_cast<double>(now_ns() - start) / 1e9;
    const std::uint64_t missing = streams_.size() * events_each_ - delays_.size();
    const auto micros = [this](double percent) { return static_cast<double>(percentile(delays_, percent)) / 1000; };
    std::printf("requests=%zu errors=%llu seconds=%.3f rps=%.0f p50_us=%.1f p99_us=%.1f\n", delays_.size(),
                static_cast<unsigned long long>(errors_ + missing), seconds,
                static_cast<double>(delays_.size()) / seconds, micros(50), micros(99));
  }

  std::vector<Stream> streams_;
  std::uint64_t interval_ms_, seconds_, events_each_;
  Port port_;
  std::string path_;
  std::vector<std::uint64_t> delays_;
  std::size_t open_ = 0;
  std::uint64_t errors_ = 0;
  int epoll_ = -1;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, kUsage);
  stop_by_itself(std::chrono::seconds(options.number("seconds", 5, 600) + 20));
  static SseClients clients(options);
  clients.run();
}
