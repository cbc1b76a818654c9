#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What the benchmark programs share. Every socket is on 127.0.0.1: a program that is given a wrong number can load
/// nothing but this machine. A failure ends the program with a sentence on stderr and exit code 1.
namespace sluice::bench {

using Port = std::uint16_t;

/// CLOCK_MONOTONIC in nanoseconds; the same clock in every process of the machine.
std::uint64_t now_ns() noexcept;

/// Ends the program; names `what` and the current errno.
[[noreturn]] void die(std::string_view what);

/// Lets SIGALRM end the program after `limit`, whatever it hangs on, and lets a closed pipe or peer be an error code.
void stop_by_itself(std::chrono::seconds limit);

/// A non-blocking listener. Port 0 takes a free one; `port_of` tells which.
int listen_on(Port port);
Port port_of(int fd);

/// A connection attempt that does not wait, with Nagle's delay off.
int start_connect(Port port);

/// A connected blocking socket whose reads and writes give up after `patience`.
int connect_blocking(Port port, std::chrono::seconds patience);

void set_no_delay(int fd) noexcept;

/// `--name value` pairs. A name that is not in `usage` is an error; `--help` prints `usage`.
class Options {
 public:
  Options(int argc, char** argv, std::string_view usage);
  std::string text(const std::string& name, std::string_view otherwise) const;
  std::uint64_t number(const std::string& name, std::uint64_t otherwise, std::uint64_t max) const;
  Port port(const std::string& name) const { return static_cast<Port>(number(name, 0, 65535)); }

 private:
  std::map<std::string, std::string> values_;
};

/// "9001:90,9002:10" as ports with weights; a missing weight is 1.
struct WeightedPort {
  Port port = 0;
  std::uint64_t weight = 1;
};
std::vector<WeightedPort> parse_ports(std::string_view list);

/// `size` bytes of JSON (at least 16): a request body that a JSON parser accepts.
std::string json_of(std::size_t size);

/// The value below which `percent` of `samples` lie; 0 without samples. Reorders them.
std::uint64_t percentile(std::vector<std::uint64_t>& samples, double percent);

}  // namespace sluice::bench
