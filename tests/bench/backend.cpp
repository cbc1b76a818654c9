// The model servers of the benchmark: several ports, one thread, just enough HTTP/1.1 to be honest to a proxy, and as
// cheap as can be, because it shares its core with the load generator.
//
//   any path          200 with the same 250 bytes of JSON, once the whole body (Content-Length) has arrived; with
//                     --servers at the pace of so many servers per port, each of which takes --service-us for a
//                     request (evenly between half of it and one and a half), first come, first served; what was
//                     begun for a client that left is finished nevertheless, as model servers do
//   .../sse?events=N&interval_ms=M   N events, chunked, each with the time at which it was sent
//   /served           how many requests this port has answered; not counted itself

#include <netinet/in.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "loopback.hpp"

namespace sluice::bench {
namespace {

constexpr std::string_view kUsage =
    "backend --ports N,N,... (0: any) [--max-seconds N (600)] [--servers N (0: answers at once) --service-us N "
    "(10000)]\n"
    "Answers HTTP/1.1 on 127.0.0.1; prints one line \"listening backend 127.0.0.1:PORT\" per port, then \"ready\".";

constexpr std::size_t kLongestHead = 64 * 1024;
constexpr std::size_t kMostUnsent = 1024 * 1024;

std::string reply(std::string_view status, std::string_view type, std::string_view body) {
  std::string bytes = "HTTP/1.1 ";
  bytes.append(status).append("\r\nContent-Type: ").append(type);
  return bytes.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

/// What the backend needs to know of a request.
struct Request {
  std::string_view target;
  std::uint64_t body_size = 0;
  bool close_after = false;
  bool expects_continue = false;
  bool understood = true;
};

struct Connection {
  std::size_t port_index = 0;
  std::uint64_t serial = 0;  ///< tells a due event whether its connection is still the one it was made for
  std::uint64_t body_left = 0;
  bool answers_after_body = false;
  bool close_after = false;
  std::string partial_head;
  std::string unsent;
  std::uint64_t events_left = 0;
  std::uint64_t event_interval = 0;
};

/// Something to be sent later: the next event of a stream, or the answer of a server that is at work.
struct DueEvent {
  std::uint64_t at = 0;
  int fd = -1;
  std::uint64_t serial = 0;
  int server_of = -1;  ///< index of the port; -1: a stream's event
  bool operator>(const DueEvent& other) const { return at > other.at; }
};

bool has_name(std::string_view line, std::string_view name_with_colon) {
  return line.size() >= name_with_colon.size() &&
         strncasecmp(line.data(), name_with_colon.data(), name_with_colon.size()) == 0;
}

std::uint64_t number_in(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t query_number(std::string_view target, std::string_view name, std::uint64_t otherwise) {
  const std::size_t found = target.find(name);
  return found == std::string_view::npos ? otherwise : number_in(target.substr(found + name.size()));
}

void read_field(std::string_view line, Request& request) {
  switch (line.empty() ? '\0' : line.front() | 0x20) {
    case 'c':
      if (has_name(line, "content-length:")) request.body_size = number_in(line.substr(15));
      if (has_name(line, "connection: close")) request.close_after = true;
      break;
    case 't':
      if (has_name(line, "transfer-encoding:")) request.understood = false;
      break;
    case 'e':
      if (has_name(line, "expect:")) request.expects_continue = true;
      break;
    default:
      break;
  }
}

Request read_head(std::string_view head) {
  Request request;
  const std::size_t first_end = head.find("\r\n");
  const std::string_view first = head.substr(0, first_end);
  const std::size_t space = first.find(' ');
  if (space == std::string_view::npos) {
    request.understood = false;
    return request;
  }
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  request.close_after = first.ends_with("/1.0");
  for (std::size_t at = first_end + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    read_field(head.substr(at, end - at), request);
    at = end + 2;
  }
  return request;
}

class Backend {
 public:
  Backend(const std::vector<WeightedPort>& ports, std::uint64_t servers, std::uint64_t service_ns)
      : served_(ports.size()), service_ns_(service_ns), free_(ports.size(), servers), queues_(ports.size()) {
    paced_ = servers > 0;
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) die("epoll");
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const int fd = listen_on(ports[i].port);
      std::printf("listening backend 127.0.0.1:%u\n", port_of(fd));
      epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
      at(fd).port_index = i;
      last_listener_ = fd;
    }
    std::puts("ready");
    std::fflush(stdout);
  }

  void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = wait(events.data(), static_cast<int>(events.size()));
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd <= last_listener_) {
          accept_all(fd);
        } else if (connections_[static_cast<std::size_t>(fd)] != nullptr) {
          on_event(fd, events[static_cast<std::size_t>(i)].events);
        }
      }
      send_due_events();
    }
  }

 private:
  /// Listeners are opened first, so every descriptor up to the last of them is one (or is never reported).
  Connection& at(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (connections_.size() <= index) connections_.resize(index + 1);
    if (connections_[index] == nullptr) connections_[index] = std::make_unique<Connection>();
    return *connections_[index];
  }

  int wait(epoll_event* events, int room) {
    if (due_.empty()) return epoll_wait(epoll_, events, room, -1);
    const std::uint64_t now = now_ns();
    const std::uint64_t pause = due_.top().at > now ? due_.top().at - now : 0;
    const timespec timeout{static_cast<time_t>(pause / 1'000'000'000u), static_cast<long>(pause % 1'000'000'000u)};
    return epoll_pwait2(epoll_, events, room, &timeout, nullptr);
  }

  void accept_all(int listener) {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      set_no_delay(fd);
      Connection& connection = at(fd);
      connection.port_index = at(listener).port_index;
      connection.serial = ++serial_;
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
    }
  }

  void close_connection(int fd) {
    close(fd);
    connections_[static_cast<std::size_t>(fd)].reset();
  }

  void on_event(int fd, std::uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close_connection(fd);
    if (!at(fd).unsent.empty() && !send_out(fd, {})) return close_connection(fd);
    if ((events & EPOLLIN) != 0 && !read_all(fd, (events & EPOLLRDHUP) != 0)) close_connection(fd);
  }

  bool read_all(int fd, bool hung_up) {
    Connection& connection = at(fd);
    for (;;) {
      // MSG_TRUNC drops what is only there to be received, without the copy.
      const bool only_body = connection.body_left > kLongestHead;
      const std::size_t room = only_body ? connection.body_left : buffer_.size();
      const ssize_t got = recv(fd, only_body ? nullptr : buffer_.data(), room, only_body ? MSG_TRUNC : 0);
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN;
      const auto size = static_cast<std::size_t>(got);
      if (only_body) {
        connection.body_left -= size;
        if (connection.body_left == 0 && !finish_request(fd, connection)) return false;
      } else if (!take(fd, connection, {buffer_.data(), size})) {
        return false;
      }
      if (size < room && !hung_up) return true;
    }
  }

  bool take(int fd, Connection& connection, std::string_view bytes) {
    if (!connection.partial_head.empty()) {
      joined_.assign(connection.partial_head).append(bytes);
      connection.partial_head.clear();
      bytes = joined_;
    }
    while (!bytes.empty()) {
      if (connection.body_left == 0) {
        const std::size_t end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) {
          connection.partial_head.assign(bytes);
          return bytes.size() < kLongestHead;
        }
        if (!begin_request(fd, connection, bytes.substr(0, end + 2))) return false;
        bytes.remove_prefix(end + 4);
      }
      const auto body = static_cast<std::size_t>(std::min<std::uint64_t>(connection.body_left, bytes.size()));
      connection.body_left -= body;
      bytes.remove_prefix(body);
      if (connection.body_left == 0 && !finish_request(fd, connection)) return false;
    }
    return true;
  }

  bool begin_request(int fd, Connection& connection, std::string_view head) {
    const Request request = read_head(head);
    connection.body_left = request.body_size;
    connection.close_after = request.close_after;
    connection.answers_after_body = false;
    if (!request.understood) {
      send_out(fd, reply("501 Not Implemented", "text/plain", "the benchmark's backend knows Content-Length only\n"));
      return false;
    }
    if (request.expects_continue && !send_out(fd, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
    if (request.target == "/served") {
      return send_out(fd, reply("200 OK", "text/plain", std::to_string(served_[connection.port_index])));
    }
    if (request.target.find("/sse") != std::string_view::npos) return begin_stream(fd, connection, request.target);
    connection.answers_after_body = true;
    return true;
  }

  bool finish_request(int fd, Connection& connection) {
    if (!connection.answers_after_body) return !connection.close_after || connection.events_left > 0;
    connection.answers_after_body = false;
    if (paced_) {
      queues_[connection.port_index].push_back({0, fd, connection.serial, static_cast<int>(connection.port_index)});
      serve(connection.port_index);
      return true;
    }
    ++served_[connection.port_index];
    return send_out(fd, answer_) && !connection.close_after;
  }

  /// Gives requests that wait to servers that are free.
  void serve(std::size_t port) {
    while (free_[port] > 0 && !queues_[port].empty()) {
      --free_[port];
      DueEvent work = queues_[port].front();
      queues_[port].pop_front();
      random_ = random_ * 6364136223846793005u + 1442695040888963407u;
      work.at = now_ns() + service_ns_ / 2 + (random_ >> 33) % (service_ns_ + 1);
      due_.push(work);
    }
  }

  void finish_work(const DueEvent& work) {
    const auto port = static_cast<std::size_t>(work.server_of);
    ++served_[port];
    ++free_[port];
    serve(port);
    Connection* connection = connections_[static_cast<std::size_t>(work.fd)].get();
    if (connection == nullptr || connection->serial != work.serial) return;
    if (!send_out(work.fd, answer_) || connection->close_after) close_connection(work.fd);
  }

  bool begin_stream(int fd, Connection& connection, std::string_view target) {
    ++served_[connection.port_index];
    connection.events_left = std::clamp<std::uint64_t>(query_number(target, "events=", 20), 1, 100'000);
    connection.event_interval = query_number(target, "interval_ms=", 10) * 1'000'000u;
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    due_.push({now_ns() + connection.event_interval, fd, connection.serial});
    return send_out(fd, head + next_event(connection));
  }

  /// The next event as a chunk, with the end of the stream behind the last one.
  std::string next_event(Connection& connection) {
    --connection.events_left;
    std::array<char, 256> text;
    const int size = std::snprintf(text.data(), text.size(),
                                   "data: {\"sent_ns\":%llu,\"object\":\"chat.completion.chunk\",\"model\":\"bench\","
                                   "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"}}]}\n\n",
                                   static_cast<unsigned long long>(now_ns()));
    std::array<char, 300> chunk;
    const int length = std::snprintf(chunk.data(), chunk.size(), "%x\r\n%s\r\n%s", static_cast<unsigned>(size),
                                     text.data(), connection.events_left == 0 ? "0\r\n\r\n" : "");
    return {chunk.data(), static_cast<std::size_t>(length)};
  }

  void send_due_events() {
    while (!due_.empty()) {
      DueEvent due = due_.top();
      if (due.at > now_ns()) return;
      due_.pop();
      if (due.server_of >= 0) {
        finish_work(due);
        continue;
      }
      Connection* connection = connections_[static_cast<std::size_t>(due.fd)].get();
      if (connection == nullptr || connection->serial != due.serial || connection->events_left == 0) continue;
      if (!send_out(due.fd, next_event(*connection)) || (connection->events_left == 0 && connection->close_after)) {
        close_connection(due.fd);
        continue;
      }
      due.at += connection->event_interval;
      if (connection->events_left > 0) due_.push(due);
    }
  }

  /// Sends what was left over and then `bytes`; false when the connection is of no more use.
  bool send_out(int fd, std::string_view bytes) {
    Connection& connection = at(fd);
    if (!connection.unsent.empty()) bytes = connection.unsent.append(bytes);
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), 0);
    if (sent < 0 && errno != EAGAIN) return false;
    const auto size = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    if (size == bytes.size()) {
      connection.unsent.clear();
    } else {
      connection.unsent = std::string(bytes.substr(size));
    }
    return connection.unsent.size() <= kMostUnsent;
  }

  int epoll_ = -1;
  int last_listener_ = -1;
  std::uint64_t serial_ = 0;
  std::vector<std::uint64_t> served_;
  bool paced_ = false;
  std::uint64_t service_ns_;
  std::vector<std::uint64_t> free_;  ///< servers, by port
  std::vector<std::deque<DueEvent>> queues_;
  std::uint64_t random_ = 1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::priority_queue<DueEvent, std::vector<DueEvent>, std::greater<>> due_;
  const std::string answer_ = reply("200 OK", "application/json", json_of(250));
  std::string joined_;
  std::array<char, kLongestHead> buffer_;
};

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, kUsage);
  stop_by_itself(std::chrono::seconds(options.number("max-seconds", 600, 3600)));
  const auto ports = parse_ports(options.text("ports", "0"));
  static Backend backend(ports, options.number("servers", 0, 10'000),
                         options.number("service-us", 10'000, 60'000'000) * 1000);
  backend.run();
}
