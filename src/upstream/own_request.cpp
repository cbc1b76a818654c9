#include "sluice/upstream/own_request.hpp"

#include <algorithm>
#include <array>

#include "sluice/http/syntax.hpp"

namespace sluice::upstream {

namespace {

constexpr std::string_view kMark = "x-sluice-warmup: true\r\n";
constexpr std::string_view kAgent = "user-agent: sluice\r\n";

bool is_ours(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 4> kOurs = {"content-length", "transfer-encoding", "connection",
                                                     "x-sluice-warmup"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view ours) { return http::equals_ignoring_case(name, ours); });
}

bool has(const WarmUpRequest& request, std::string_view lower_case_name) noexcept {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return http::equals_ignoring_case(header.first, lower_case_name); });
}

}  // namespace

std::string check_request(const HealthCheckSettings& settings, const EndpointSpec& endpoint) {
  const std::string host = settings.host.empty() ? endpoint.authority() : settings.host;
  std::string bytes = "GET " + settings.path + " HTTP/1.1\r\nhost: " + host + "\r\n";
  return bytes.append(kAgent).append("connection: close\r\n\r\n");
}

std::string warm_up_request(const WarmUpRequest& request, const EndpointSpec& endpoint) {
  std::string bytes = request.method + " " + request.path + " HTTP/1.1\r\n";
  if (!has(request, "host")) bytes += "host: " + endpoint.authority() + "\r\n";
  if (!has(request, "user-agent")) bytes += kAgent;
  bytes += kMark;
  for (const auto& [name, value] : request.headers) {
    if (!is_ours(name)) bytes.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() && !has(request, "content-type")) bytes += "content-type: application/json\r\n";
  const bool bodiless = request.body.empty() && (request.method == "GET" || request.method == "HEAD");
  if (!bodiless) bytes += "content-length: " + std::to_string(request.body.size()) + "\r\n";
  return bytes.append("\r\n").append(request.body);
}

std::string marked_as_warm_up(std::string_view recorded) {
  std::string bytes(recorded);
  const std::size_t line = bytes.find("\r\n");
  if (line != std::string::npos) bytes.insert(line + 2, kMark);
  return bytes;
}

http::Method method_of_request(std::string_view bytes) noexcept {
  return bytes.starts_with("HEAD ") ? http::Method::Head : http::Method::Post;
}

}  // namespace sluice::upstream
