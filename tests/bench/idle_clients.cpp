// What a client costs that keeps its connection and asks nothing: many keep-alive clients, each with one answered
// request behind it, and the resident memory of the proxy before and after.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "loopback.hpp"
#include "reply_reader.hpp"

namespace sluice::bench {
namespace {

constexpr std::string_view kUsage =
    "idle_clients --port N --pids N,N,... [--clients N (5000)] [--at-once N (64)] [--path P (/)] [--hold-ms N (1000)]\n"
    "Prints the proxy's resident memory before, with a tenth and with all of the clients, as name=value.";

constexpr std::chrono::seconds kPatience(10);

/// Resident memory of all processes together, exact (not the batched counter of /proc/PID/status).
std::uint64_t resident_kib(const std::string& pids) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < pids.size();) {
    const std::size_t end = std::min(pids.find(',', at), pids.size());
    std::ifstream rollup("/proc/" + pids.substr(at, end - at) + "/smaps_rollup");
    if (!rollup) die("cannot read the memory of process " + pids.substr(at, end - at));
    for (std::string word; rollup >> word;) {
      std::uint64_t kib = 0;
      if (word == "Rss:" && rollup >> kib) sum += kib;
    }
    at = end + 1;
  }
  return sum;
}

class IdleClients {
 public:
  IdleClients(Port port, const std::string& path) : port_(port) {
    const std::string body = json_of(250);
    request_ = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  /// Opens clients until there are `count`, `at_once` with a request in flight at a time.
  void grow_to(std::size_t count, std::size_t at_once) {
    while (fds_.size() < count) {
      const std::size_t first = fds_.size();
      while (fds_.size() < std::min(count, first + at_once)) {
        fds_.push_back(connect_blocking(port_, kPatience));
        if (send(fds_.back(), request_.data(), request_.size(), 0) < 0) die("send");
      }
      for (std::size_t i = first; i < fds_.size(); ++i) read_answer(fds_[i]);
    }
  }

  /// Clients whose connection the proxy has closed, or that were told something unasked.
  std::size_t lost() {
    std::vector<pollfd> polls;
    for (const int fd : fds_) polls.push_back({fd, POLLIN | POLLRDHUP, 0});
    poll(polls.data(), polls.size(), 0);
    std::size_t count = failed_;
    for (const pollfd& each : polls) count += each.revents != 0 ? 1 : 0;
    return count;
  }

 private:
  void read_answer(int fd) {
    ReplyReader reply;
    std::array<char, 4096> buffer;
    while (!reply.done() && !reply.broken()) {
      const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
      if (got < 0) die("no answer");
      if (got == 0) break;
      reply.feed({buffer.data(), static_cast<std::size_t>(got)}, nullptr);
    }
    if (!reply.done() || reply.status() != 200) ++failed_;
  }

  Port port_;
  std::string request_;
  std::vector<int> fds_;
  std::size_t failed_ = 0;
};

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const Options options(argc, argv, kUsage);
  stop_by_itself(std::chrono::seconds(120));
  const std::string pids = options.text("pids", "");
  const std::size_t count = options.number("clients", 5000, 15000);
  const std::size_t at_once = std::max<std::size_t>(1, options.number("at-once", 64, 1024));
  const std::chrono::milliseconds hold(options.number("hold-ms", 1000, 60'000));

  IdleClients clients(options.port("port"), options.text("path", "/"));
  const std::uint64_t before = resident_kib(pids);
  clients.grow_to(count / 10, at_once);
  std::this_thread::sleep_for(hold);
  const std::uint64_t tenth = resident_kib(pids);
  clients.grow_to(count, at_once);
  std::this_thread::sleep_for(hold);
  const std::uint64_t after = resident_kib(pids);

  const auto per_client = [](std::uint64_t from, std::uint64_t to, std::size_t clients_between) {
    return (static_cast<double>(to) - static_cast<double>(from)) * 1024 / static_cast<double>(clients_between);
  };
  std::printf("requests=%zu errors=%zu rss_before_kib=%llu rss_kib=%llu bytes_per_client=%.0f bytes_per_further=%.0f\n",
              count, clients.lost(), static_cast<unsigned long long>(before), static_cast<unsigned long long>(after),
              per_client(before, after, count), per_client(tenth, after, count - count / 10));
}
