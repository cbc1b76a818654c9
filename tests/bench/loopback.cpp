#include "loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace sluice::bench {
namespace {

sockaddr_in loopback(Port port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint64_t to_number(std::string_view text, std::string_view what, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) {
    std::fprintf(stderr, "%.*s: \"%.*s\" is not a whole number up to %llu\n", static_cast<int>(what.size()),
                 what.data(), static_cast<int>(text.size()), text.data(), static_cast<unsigned long long>(max));
    std::exit(1);
  }
  return value;
}

}  // namespace

std::uint64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

void die(std::string_view what) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(what.size()), what.data(), std::strerror(errno));
  std::exit(1);
}

void stop_by_itself(std::chrono::seconds limit) {
  std::signal(SIGPIPE, SIG_IGN);
  alarm(static_cast<unsigned>(limit.count()));
}

int listen_on(Port port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("cannot listen on 127.0.0.1:" + std::to_string(port));
  }
  if (listen(fd, 4096) != 0) die("listen");
  return fd;
}

Port port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) die("getsockname");
  return ntohs(address.sin_port);
}

int start_connect(Port port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  set_no_delay(fd);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    die("cannot connect to 127.0.0.1:" + std::to_string(port));
  }
  return fd;
}

int connect_blocking(Port port, std::chrono::seconds patience) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  set_no_delay(fd);
  const timeval limit{patience.count(), 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("cannot connect to 127.0.0.1:" + std::to_string(port));
  }
  return fd;
}

void set_no_delay(int fd) noexcept {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Options::Options(int argc, char** argv, std::string_view usage) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const bool known = name != "--help" && usage.find(name + " ") != std::string_view::npos;
    if (!known || name.size() < 3 || i + 1 == argc) {
      std::fprintf(name == "--help" ? stdout : stderr, "%.*s\n", static_cast<int>(usage.size()), usage.data());
      std::exit(name == "--help" ? 0 : 1);
    }
    values_[name.substr(2)] = argv[i + 1];
  }
}

std::string Options::text(const std::string& name, std::string_view otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second;
}

std::uint64_t Options::number(const std::string& name, std::uint64_t otherwise, std::uint64_t max) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : to_number(found->second, "--" + name, max);
}

std::vector<WeightedPort> parse_ports(std::string_view list) {
  std::vector<WeightedPort> ports;
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    const std::size_t colon = item.find(':');
    WeightedPort port{static_cast<Port>(to_number(item.substr(0, colon), "port", 65535)), 1};
    if (colon != std::string_view::npos) port.weight = to_number(item.substr(colon + 1), "weight", 1'000'000);
    ports.push_back(port);
  }
  return ports;
}

std::string json_of(std::size_t size) {
  std::string json = R"({"inputs":")";
  json.append(std::max<std::size_t>(size, 16) - json.size() - 2, 'x');
  return json + "\"}";
}

std::uint64_t percentile(std::vector<std::uint64_t>& samples, double percent) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<std::size_t>(percent / 100 * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank), samples.end());
  return samples[rank];
}

}  // namespace sluice::bench
