// The floor: a TCP forwarder that reads and writes and knows nothing of HTTP. What it costs, no proxy of this shape can
// save: one epoll wake-up, two reads and two writes per exchange. One thread, edge-triggered, one client connection
// paired with one upstream connection for life; the weights are kept when connections are accepted.

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "loopback.hpp"

namespace sluice::bench {
namespace {

constexpr std::string_view kUsage =
    "floor --backends PORT:WEIGHT,... [--port N (0: any)] [--mirror PORT] [--max-seconds N (600)]\n"
    "Forwards 127.0.0.1:port to the backends. With --mirror, every byte of a client also goes to that port,\n"
    "whose answers are read and dropped.";

struct Pair;

struct Socket {
  int fd = -1;
  Pair* pair = nullptr;
  bool hung_up = false;  ///< the peer will send nothing more than what is already here
  bool ended = false;    ///< all of it was read
  std::string unsent;    ///< what the peer was too slow to take
};

struct Pair {
  Socket client, upstream, shadow;
  bool closed = false;
};

class Floor {
 public:
  Floor(std::vector<WeightedPort> backends, Port mirror) : backends_(std::move(backends)), mirror_(mirror) {
    given_.resize(backends_.size());
  }

  void run(int listener) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    if (epoll_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll");
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& happened = events[static_cast<std::size_t>(i)];
        if (happened.data.ptr == nullptr) {
          accept_all(listener);
        } else {
          on_event(*static_cast<Socket*>(happened.data.ptr), happened.events);
        }
      }
      // Not before: a later event of the same batch may still point into a closed pair.
      closed_.clear();
    }
  }

 private:
  void accept_all(int listener) {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      set_no_delay(fd);
      auto* pair = new Pair;
      pair->upstream.fd = start_connect(pick());
      if (mirror_ != 0) pair->shadow.fd = start_connect(mirror_);
      pair->client.fd = fd;
      for (Socket* socket : {&pair->upstream, &pair->shadow, &pair->client}) {
        socket->pair = pair;
        if (socket->fd >= 0) watch(*socket);
      }
    }
  }

  void watch(Socket& socket) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &socket}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event) != 0) die("epoll_ctl");
  }

  /// The backend that lies furthest behind its share, so that 64 connections already follow the weights.
  Port pick() {
    std::size_t best = 0;
    for (std::size_t i = 1; i < backends_.size(); ++i) {
      if ((given_[i] + 1) * backends_[best].weight < (given_[best] + 1) * backends_[i].weight) best = i;
    }
    ++given_[best];
    return backends_[best].port;
  }

  void on_event(Socket& socket, std::uint32_t events) {
    Pair& pair = *socket.pair;
    if (pair.closed) return;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close_pair(pair);
    if ((events & EPOLLRDHUP) != 0) socket.hung_up = true;
    if (&socket == &pair.shadow) return drop_answer(pair);
    Socket& other = &socket == &pair.client ? pair.upstream : pair.client;
    if (!socket.unsent.empty()) {
      if (!flush(socket)) return close_pair(pair);
      if (socket.unsent.empty()) forward(other, socket);
      if (pair.closed) return;
    }
    if ((events & EPOLLIN) != 0 && other.unsent.empty()) forward(socket, other);
  }

  void forward(Socket& from, Socket& to) {
    Pair& pair = *from.pair;
    while (!from.ended && to.unsent.empty()) {
      const ssize_t got = recv(from.fd, buffer_.data(), buffer_.size(), 0);
      if (got == 0) {
        from.ended = true;
        break;
      }
      if (got < 0) {
        if (errno != EAGAIN) return close_pair(pair);
        break;
      }
      const auto size = static_cast<std::size_t>(got);
      ssize_t sent = send(to.fd, buffer_.data(), size, 0);
      if (sent < 0 && errno != EAGAIN) return close_pair(pair);
      sent = std::max<ssize_t>(sent, 0);
      if (&from == &pair.client && pair.shadow.fd >= 0) copy_to_shadow(pair, size);
      if (static_cast<std::size_t>(sent) < size) {
        to.unsent.assign(buffer_.data() + sent, size - static_cast<std::size_t>(sent));
      }
      // A read that did not fill the buffer has emptied the socket; what comes later is a new edge.
      if (size < buffer_.size() && !from.hung_up) break;
    }
    if (from.ended && to.unsent.empty()) {
      if (to.ended) return close_pair(pair);
      shutdown(to.fd, SHUT_WR);
    }
  }

  bool flush(Socket& socket) {
    const ssize_t sent = send(socket.fd, socket.unsent.data(), socket.unsent.size(), 0);
    if (sent < 0) return errno == EAGAIN;
    socket.unsent.erase(0, static_cast<std::size_t>(sent));
    return true;
  }

  void copy_to_shadow(Pair& pair, std::size_t size) {
    // Without knowing requests there is nothing smaller than the whole connection to give up.
    if (send(pair.shadow.fd, buffer_.data(), size, 0) != static_cast<ssize_t>(size)) close_shadow(pair);
  }

  void drop_answer(Pair& pair) {
    while (pair.shadow.fd >= 0) {
      const ssize_t got = recv(pair.shadow.fd, buffer_.data(), buffer_.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) close_shadow(pair);
      if (got < static_cast<ssize_t>(buffer_.size())) return;
    }
  }

  static void close_shadow(Pair& pair) {
    close(pair.shadow.fd);
    pair.shadow.fd = -1;
  }

  void close_pair(Pair& pair) {
    pair.closed = true;
    close(pair.client.fd);
    close(pair.upstream.fd);
    if (pair.shadow.fd >= 0) close_shadow(pair);
    closed_.emplace_back(&pair);
  }

  std::vector<WeightedPort> backends_;
  std::vector<std::uint64_t> given_;
  Port mirror_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Pair>> closed_;
  std::array<char, 1024 * 1024> buffer_;
};

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, kUsage);
  stop_by_itself(std::chrono::seconds(options.number("max-seconds", 600, 3600)));
  const auto backends = parse_ports(options.text("backends", ""));
  if (backends.empty()) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(kUsage.size()), kUsage.data());
    return 1;
  }
  const int listener = listen_on(options.port("port"));
  std::printf("listening data 127.0.0.1:%u\nready\n", port_of(listener));
  std::fflush(stdout);
  static Floor floor(backends, options.port("mirror"));
  floor.run(listener);
}
