#pragma once

#include "e2e/e2e.hpp"

namespace sluice::test {

/// Answers every request with its own body, once the gate is open.
inline FakeUpstream::Script echoes_after(const Gate& gate) {
  return [&gate](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, request.body);
    }
  };
}

inline std::string request_with(const std::string& body) {
  return request_text("POST", "/", body);
}

/// How many wait at a limit: the gateway's without names, the route's without a version.
inline double waiting_become(const SluiceProcess& sluice, double count, const std::string& route = {},
                             const std::string& version = {}) {
  return sluice.metric_becomes(count, "sluice_requests_waiting", {{"route", route}, {"version", version}});
}

}  // namespace sluice::test
