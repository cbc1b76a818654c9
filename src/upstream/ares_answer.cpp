#include "ares_answer.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::upstream {

namespace {

namespace ip = boost::asio::ip;
using ip::address;

constexpr Duration kHostsFileLife = std::chrono::seconds(10);

std::optional<address> address_of(const sockaddr* raw) {
  if (raw->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(raw);
    return ip::address_v4(ntohl(v4->sin_addr.s_addr));
  }
  if (raw->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(raw);
    ip::address_v6::bytes_type bytes;
    std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
    return ip::address_v6(bytes, v6->sin6_scope_id);
  }
  return std::nullopt;
}

template <typename Address>
void read_entry(const hostent& entry, FamilyAnswer& out) {
  for (char** raw = entry.h_addr_list; *raw != nullptr; ++raw) {
    typename Address::bytes_type bytes;
    std::copy_n(*raw, bytes.size(), bytes.begin());
    out.addresses.emplace_back(Address(bytes));
  }
}

}  // namespace

FamilyAnswer failed_answer(std::string error) {
  FamilyAnswer answer;
  answer.result = LookupResult::Failed;
  answer.error = std::move(error);
  return answer;
}

FamilyAnswer read_answer(int status, const ares_addrinfo* found) {
  FamilyAnswer answer;
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) return answer;
  if (status != ARES_SUCCESS) {
    answer = failed_answer(ares_strerror(status));
    if (status == ARES_ETIMEOUT) answer.result = LookupResult::Timeout;
    return answer;
  }
  const auto at_most = [&answer](int ttl) {
    const Duration life = std::chrono::seconds(std::max(ttl, 0));
    answer.ttl = std::min(answer.ttl.value_or(life), life);
  };
  for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
    const auto known = address_of(node->ai_addr);
    if (!known) continue;
    answer.addresses.push_back(*known);
    at_most(node->ai_ttl);
  }
  for (const ares_addrinfo_cname* alias = found->cnames; alias != nullptr; alias = alias->next) at_most(alias->ttl);
  if (!answer.addresses.empty()) answer.result = LookupResult::Answered;
  return answer;
}

bool read_hosts_file(ares_channel channel, const std::string& host, FamilyAnswer& v4, FamilyAnswer& v6) {
  for (FamilyAnswer* family : {&v4, &v6}) {
    hostent* entry = nullptr;
    if (ares_gethostbyname_file(channel, host.c_str(), family == &v4 ? AF_INET : AF_INET6, &entry) != ARES_SUCCESS) {
      continue;
    }
    family == &v4 ? read_entry<ip::address_v4>(*entry, v4) : read_entry<ip::address_v6>(*entry, v6);
    ares_free_hostent(entry);
  }
  if (v4.addresses.empty() && v6.addresses.empty() && host == "localhost") {
    v4.addresses.emplace_back(ip::address_v4::loopback());
    v6.addresses.emplace_back(ip::address_v6::loopback());
  }
  for (FamilyAnswer* family : {&v4, &v6}) {
    if (family->addresses.empty()) continue;
    family->result = LookupResult::Answered;
    family->ttl = kHostsFileLife;
  }
  return !v4.addresses.empty() || !v6.addresses.empty();
}

}  // namespace sluice::upstream
