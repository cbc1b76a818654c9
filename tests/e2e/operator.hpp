#pragma once

#include <string>
#include <vector>

#include "e2e/e2e.hpp"

namespace sluice::test {

/// What a person or a preStop hook does with a running gateway: asks its admin port, or runs a verb.
class Operator {
 public:
  explicit Operator(const SluiceProcess& sluice) : port_(sluice.admin_port()) {}

  std::uint16_t port() const noexcept { return port_; }

  HttpMessage get(const std::string& target, const Fields& fields = {}) const {
    RawClient client(port_);
    return client.exchange(request("GET", target, {}, fields));
  }
  HttpMessage post(const std::string& target, const std::string& json = {}, Fields fields = {}) const {
    fields.emplace_back("Content-Type", "application/json");
    RawClient client(port_);
    return client.exchange(request("POST", target, json, fields));
  }
  HttpMessage drain(const nlohmann::json& order = nlohmann::json::object()) const {
    return post("/api/v1/drain", order.dump());
  }
  nlohmann::json json(const std::string& target) const { return nlohmann::json::parse(get(target).body); }

  /// `serving`, `announced`, `closing`, `drained`.
  std::string phase() const { return json("/api/v1/drain")["phase"]; }
  bool phase_becomes(const std::string& wanted) const {
    return eventually([&] { return phase() == wanted; });
  }

  /// The endpoint as the route's page shows it; null when it does not.
  nlohmann::json endpoint(const std::string& route, const std::string& address) const {
    const auto page = json("/api/v1/routes/" + route);
    for (const auto& version : page["versions"]) {
      for (const auto& endpoint : version["endpoints"]) {
        if (endpoint["endpoint"] == address) return endpoint;
      }
    }
    return nullptr;
  }
  bool endpoint_becomes(const std::string& route, const std::string& address, const std::string& state) const {
    return eventually([&] {
      const auto found = endpoint(route, address);
      return found.is_object() && found["state"] == state;
    });
  }

  /// `sluice VERB…` against this gateway, to its end.
  Finished verb(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), sluice_binary());
    arguments.insert(arguments.end(), {"--admin", "127.0.0.1:" + std::to_string(port_)});
    return run(std::move(arguments));
  }

 private:
  std::string request(const char* method, const std::string& target, const std::string& body,
                      const Fields& fields) const {
    std::string text = std::string(method) + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
    bool host = false;
    for (const auto& [name, value] : fields) {
      text += name + ": " + value + "\r\n";
      host = host || name == "Host";
    }
    if (!host) text += "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n";
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::uint16_t port_;
};

inline std::string error_of(const HttpMessage& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  return body.is_object() ? body.value("error", "") : "no JSON: " + answer.body;
}

inline int readiness(const SluiceProcess& sluice) {
  RawClient client(sluice.metrics_port());
  return client.get("/readyz", {{"Connection", "close"}}).status();
}

/// False when the port refuses connections.
inline bool accepts(std::uint16_t port) {
  try {
    const RawClient late(port);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

inline std::string address_of(const FakeUpstream& upstream) {
  return "127.0.0.1:" + std::to_string(upstream.port());
}

}  // namespace sluice::test
