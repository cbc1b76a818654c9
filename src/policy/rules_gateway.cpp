#include <algorithm>
#include <string>
#include <vector>

#include "sluice/policy/rules.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::policy {
namespace {

bool is_loopback(const Address& address) {
  return address.host.starts_with("127.") || address.host == "::1";
}

/// Whether two sockets would want the same port. A wildcard address takes it on every interface.
bool collide(const Address& a, const Address& b) {
  const auto wildcard = [](const Address& address) { return address.host == "0.0.0.0" || address.host == "::"; };
  return a.port != 0 && a.port == b.port && (a.host == b.host || wildcard(a) || wildcard(b));
}

}  // namespace

void check_admin(const Admin& admin, const Cursor& at) {
  if (!is_loopback(admin.address) && admin.token_file.empty()) {
    at.at("address").error(Code::NeedsAnother, "an address beyond loopback needs a tokenFile");
  }
  if (admin.token_file.empty() && at.at("anonymousRead").written()) {
    at.at("anonymousRead").warning(Code::NoEffect, "without a tokenFile nothing asks for a token");
  }
}

void check_limits(const Limits& limits, const Cursor& at) {
  if (limits.waiting == 0 && at.at("waitTimeout").written()) {
    at.at("waitTimeout").warning(Code::NoEffect, "with waiting 0 no request waits");
  }
}

void complete_dns(Dns& dns, const Cursor& at) {
  for (std::size_t i = 0; i < dns.servers.size(); ++i) {
    if (!dns.servers[i].host.empty() && dns.servers[i].port == 0) {
      at.at("servers").at(i).error(Code::OutOfBounds, "a name server has a port; usually 53");
    }
  }
  if (dns.min_ttl <= dns.max_ttl) return;
  if (at.at("maxTtl").written()) {
    at.at("maxTtl").error(Code::DeadlineOrder, "maxTtl (" + format_duration(dns.max_ttl) + ") is less than minTtl (" +
                                                   format_duration(dns.min_ttl) + ")");
  }
  dns.max_ttl = dns.min_ttl;
}

void check_gateway(const Gateway& gateway, const Cursor& at) {
  struct Taken {
    Address address;
    std::string by;
  };
  std::vector<Taken> taken;
  const auto take = [&](const Address& address, const std::string& by, const Cursor& where) {
    if (address.host.empty()) return;
    const auto other =
        std::find_if(taken.begin(), taken.end(), [&](const Taken& t) { return collide(t.address, address); });
    if (other != taken.end()) {
      where.error(Code::DuplicateAddress, to_string(address) + " is already taken by " + other->by);
    }
    taken.push_back({address, by});
  };
  for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
    take(gateway.listeners[i].address, "listeners[" + std::to_string(i) + "]", at.at("listeners").at(i).at("address"));
  }
  take(gateway.metrics.address, "metrics", at.at("metrics").at("address"));
  take(gateway.admin.address, "admin", at.at("admin").at("address"));
}

}  // namespace sluice::policy
