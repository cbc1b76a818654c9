#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::test {

/// A name server on loopback, UDP and TCP on one port, that knows what a test tells it and can misbehave. All functions
/// may be called from any thread while it runs.
class DnsServer {
 public:
  enum class Manner : std::uint8_t {
    Answers,
    Silent,
    ServerFailure,
    Refuses,
    NoSuchName,
    Garbage,    ///< the question comes back, then noise
    WrongId,    ///< somebody else's answer
    Truncates,  ///< over UDP, and so asks for TCP
  };
  enum class Family : std::uint8_t { V4, V6 };

  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  /// `127.0.0.1:PORT`.
  std::string address() const;

  /// From now on `name` has exactly these addresses, IPv4 and IPv6 mixed. Names never set do not exist.
  void set(const std::string& name, std::vector<std::string> addresses, std::uint32_t ttl_seconds = 60);
  /// `name` is another name for `target`.
  void alias(const std::string& name, const std::string& target, std::uint32_t ttl_seconds = 60);
  /// Any question from now on; what `answers` the records above stay.
  void behave(Manner manner);
  /// Only questions for addresses of one family.
  void behave(Family family, Manner manner);

  /// Questions for the name's addresses of one family so far, repetitions included.
  std::size_t questions(const std::string& name, Family family = Family::V4) const;
  /// Questions that came over TCP.
  std::size_t tcp_questions() const;

 private:
  struct Entry {
    std::vector<std::string> addresses;
    std::string target;  ///< of an alias
    std::uint32_t ttl = 0;
  };

  void serve();
  void serve_tcp_peer();
  std::string answer(std::string_view question, bool tcp);
  std::pair<std::string, std::uint16_t> records_for(const Entry& entry, const std::string& name,
                                                    std::uint16_t type) const;

  int udp_ = -1;
  int tcp_ = -1;
  int wake_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> names_;
  Manner manners_[2] = {Manner::Answers, Manner::Answers};
  std::map<std::pair<std::string, Family>, std::size_t> questions_;
  std::size_t tcp_questions_ = 0;
  std::thread thread_;
};

}  // namespace sluice::test
