#include "support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <tuple>

namespace sluice::test {

namespace {

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::size_t kHeader = 12;
constexpr std::size_t kLargestDatagram = 512;

constexpr std::uint16_t kIsAnswer = 0x8580;  // response, authoritative, recursion desired and available
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kServerFailure = 2;
constexpr std::uint16_t kNoSuchName = 3;
constexpr std::uint16_t kRefused = 5;

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

std::uint16_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

std::string encode(const std::string& name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    out += static_cast<char>(dot - at);
    out.append(name, at, dot - at);
    at = dot + 1;
  }
  return out + '\0';
}

/// The name in a question, lower case; `at` then stands behind it. Questions of c-ares hold no pointers.
std::string decode(std::string_view bytes, std::size_t& at) {
  std::string name;
  while (at < bytes.size()) {
    const auto length = static_cast<unsigned char>(bytes[at++]);
    if (length == 0) break;
    if (!name.empty()) name += '.';
    for (const char c : bytes.substr(at, length))
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    at += length;
  }
  return name;
}

std::string record(const std::string& name, std::uint16_t type, std::uint32_t ttl, std::string_view data) {
  std::string out = encode(name);
  put16(out, type);
  put16(out, 1);  // IN
  put16(out, static_cast<std::uint16_t>(ttl >> 16));
  put16(out, static_cast<std::uint16_t>(ttl & 0xffff));
  put16(out, static_cast<std::uint16_t>(data.size()));
  return out.append(data);
}

int bound_socket(int type, std::uint16_t port) {
  const int made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  ::close(made);
  return -1;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

DnsServer::DnsServer() {
  // The kernel's choice for UDP may be taken for TCP.
  for (int attempt = 0; attempt < 20 && tcp_ < 0; ++attempt) {
    if (udp_ >= 0) ::close(udp_);
    udp_ = bound_socket(SOCK_DGRAM, 0);
    port_ = port_of(udp_);
    tcp_ = bound_socket(SOCK_STREAM, port_);
  }
  if (tcp_ < 0 || ::listen(tcp_, 16) != 0 || ::pipe(wake_) != 0) {
    throw std::runtime_error(std::string("no port for a name server: ") + std::strerror(errno));
  }
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  static_cast<void>(!::write(wake_[1], "x", 1));
  thread_.join();
  for (const int open : {udp_, tcp_, wake_[0], wake_[1]}) ::close(open);
}

std::string DnsServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void DnsServer::set(const std::string& name, std::vector<std::string> addresses, std::uint32_t ttl_seconds) {
  const std::lock_guard lock(mutex_);
  names_[name] = Entry{std::move(addresses), "", ttl_seconds};
}

void DnsServer::alias(const std::string& name, const std::string& target, std::uint32_t ttl_seconds) {
  const std::lock_guard lock(mutex_);
  names_[name] = Entry{{}, target, ttl_seconds};
}

void DnsServer::behave(Manner manner) {
  behave(Family::V4, manner);
  behave(Family::V6, manner);
}

void DnsServer::behave(Family family, Manner manner) {
  const std::lock_guard lock(mutex_);
  manners_[static_cast<int>(family)] = manner;
}

std::size_t DnsServer::questions(const std::string& name, Family family) const {
  const std::lock_guard lock(mutex_);
  const auto at = questions_.find({name, family});
  return at == questions_.end() ? 0 : at->second;
}

std::size_t DnsServer::tcp_questions() const {
  const std::lock_guard lock(mutex_);
  return tcp_questions_;
}

void DnsServer::serve() {
  pollfd wanted[3] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
  while (::poll(wanted, 3, -1) > 0 && wanted[2].revents == 0) {
    if (wanted[1].revents != 0) serve_tcp_peer();
    if (wanted[0].revents == 0) continue;
    char buffer[2048];
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t got = ::recvfrom(udp_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (got <= 0) continue;
    const std::string reply = answer({buffer, static_cast<std::size_t>(got)}, false);
    if (reply.empty()) continue;
    static_cast<void>(::sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&peer), size));
  }
}

/// One question, one answer; a peer that sends nothing is left after a second.
void DnsServer::serve_tcp_peer() {
  const int peer = ::accept(tcp_, nullptr, nullptr);
  if (peer < 0) return;
  const timeval patience{1, 0};
  ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string received;
  char buffer[2048];
  while (received.size() < 2 || received.size() < 2u + get16(received, 0)) {
    const ssize_t got = ::recv(peer, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    received.append(buffer, static_cast<std::size_t>(got));
  }
  if (received.size() > 2) {
    const std::string reply = answer(std::string_view(received).substr(2), true);
    std::string framed;
    put16(framed, static_cast<std::uint16_t>(reply.size()));
    framed += reply;
    if (!reply.empty()) static_cast<void>(::send(peer, framed.data(), framed.size(), MSG_NOSIGNAL));
  }
  ::close(peer);
}

/// The records of an entry, following aliases, and how many there are.
std::pair<std::string, std::uint16_t> DnsServer::records_for(const Entry& entry, const std::string& name,
                                                             std::uint16_t type) const {
  std::string out;
  std::uint16_t count = 0;
  if (!entry.target.empty()) {
    out = record(name, kTypeCname, entry.ttl, encode(entry.target));
    count = 1;
    if (const auto target = names_.find(entry.target); target != names_.end()) {
      const auto [more, of_target] = records_for(target->second, entry.target, type);
      out += more;
      count = static_cast<std::uint16_t>(count + of_target);
    }
  }
  for (const std::string& address : entry.addresses) {
    const bool v6 = address.find(':') != std::string::npos;
    if (v6 != (type == kTypeAaaa)) continue;
    char bytes[16];
    if (::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes) != 1) continue;
    out += record(name, type, entry.ttl, {bytes, v6 ? 16u : 4u});
    ++count;
  }
  return {out, count};
}

std::string DnsServer::answer(std::string_view question, bool tcp) {
  if (question.size() < kHeader + 5) return "";
  std::size_t at = kHeader;
  const std::string name = decode(question, at);
  if (at + 4 > question.size()) return "";
  const std::uint16_t type = get16(question, at);
  const std::string_view asked = question.substr(kHeader, at + 4 - kHeader);
  if (type != kTypeA && type != kTypeAaaa) return "";

  const std::lock_guard lock(mutex_);
  const Family family = type == kTypeA ? Family::V4 : Family::V6;
  ++questions_[{name, family}];
  if (tcp) ++tcp_questions_;
  const Manner manner = manners_[static_cast<int>(family)];
  if (manner == Manner::Silent) return "";

  std::uint16_t flags = kIsAnswer;
  std::string records;
  std::uint16_t count = 0;
  const auto entry = names_.find(name);
  if (manner == Manner::ServerFailure) {
    flags |= kServerFailure;
  } else if (manner == Manner::Refuses) {
    flags |= kRefused;
  } else if (manner == Manner::NoSuchName || entry == names_.end()) {
    flags |= kNoSuchName;
  } else {
    std::tie(records, count) = records_for(entry->second, name, type);
  }
  if (manner == Manner::Garbage) {
    records = "\377\377noise that is no record";
    count = 7;
  }
  if (!tcp && (manner == Manner::Truncates || kHeader + asked.size() + records.size() > kLargestDatagram)) {
    flags |= kTruncated;
    records.clear();
    count = 0;
  }
  std::string reply;
  put16(reply, static_cast<std::uint16_t>(get16(question, 0) ^ (manner == Manner::WrongId ? 0x5555 : 0)));
  put16(reply, flags);
  put16(reply, 1);
  put16(reply, count);
  put16(reply, 0);
  put16(reply, 0);
  return reply.append(asked).append(records);
}

}  // namespace sluice::test
