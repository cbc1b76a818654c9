#include "sluice/admin/access.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

namespace sluice::admin {

namespace {

constexpr std::string_view kScheme = "bearer ";

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// `host`, `host:1`, `[::1]:1` without the port.
std::string_view host_of(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool names_no_domain(std::string_view host) {
  if (same_ignoring_case(host, "localhost")) return true;
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(host), error);
  return !error;
}

std::string_view token_in(std::string_view authorization) noexcept {
  if (!same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return trimmed(authorization.substr(kScheme.size()));
}

}  // namespace

Page error_page(unsigned status, const std::string& reason) {
  Page page;
  page.status = status;
  page.content_type = "application/json";
  const nlohmann::json body{{"error", reason}};
  page.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return page;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

std::optional<Page> refuse_reader(const Request& request, const Lock& lock, Need need) {
  const bool is_safe = names_no_domain(host_of(request.host));
  if (lock.token.empty()) {
    if (is_safe) return std::nullopt;
    return error_page(403, "without a token only localhost or a numeric address is answered as Host");
  }
  if (need == Need::Nothing || is_authorized(request, lock)) return std::nullopt;
  const bool shows_one = !token_in(request.authorization).empty();
  const bool may_be_anonymous = need == Need::Reading && lock.anonymous_read && !shows_one;
  if (may_be_anonymous && is_safe) return std::nullopt;
  Page page = error_page(401, shows_one          ? "this is not the token"
                              : may_be_anonymous ? "a bearer token is needed; without one only localhost or a numeric "
                                                   "address is answered as Host"
                                                 : "a bearer token is needed");
  page.challenge = shows_one ? R"(Bearer realm="sluice", error="invalid_token")" : R"(Bearer realm="sluice")";
  return page;
}

bool is_authorized(const Request& request, const Lock& lock) {
  return lock.token.empty() || equal_in_constant_time(token_in(request.authorization), lock.token);
}

std::optional<Page> refuse_writer(const Request& request) {
  if (!request.origin.empty()) {
    const std::string own = "http://" + std::string(request.host);
    const std::string own_behind_tls = "https://" + std::string(request.host);
    if (!same_ignoring_case(request.origin, own) && !same_ignoring_case(request.origin, own_behind_tls)) {
      return error_page(403, "changes are not taken from another origin");
    }
  }
  const std::string_view media_type = trimmed(request.content_type.substr(0, request.content_type.find(';')));
  if (same_ignoring_case(media_type, "application/json")) return std::nullopt;
  return error_page(415, "a change needs Content-Type: application/json");
}

std::string actor_of(const Request& request, const Lock& lock) {
  const std::string peer(request.peer);
  return lock.token.empty() || !is_authorized(request, lock) ? peer : "token from " + peer;
}

}  // namespace sluice::admin
