#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "support/fake_upstream.hpp"
#include "support/load.hpp"
#include "support/policy_text.hpp"
#include "support/raw_client.hpp"
#include "support/sluice_process.hpp"

namespace sluice::test {

/// A response that the gateway made itself: its status, its reason, and the error body of Open Inference.
inline void expect_error(const HttpMessage& response, int status, std::string_view reason) {
  EXPECT_EQ(response.status(), status) << response.start_line;
  EXPECT_EQ(response.field("x-sluice-error"), reason);
  EXPECT_TRUE(response.complete);
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  EXPECT_TRUE(body.is_object() && body.contains("error") && body["error"].is_string()) << response.body;
}

/// An answer of an upstream that broke the rules of HTTP: the field names the rule, the metric sums them up.
inline void expect_bad_response(SluiceProcess& sluice, const HttpMessage& response) {
  EXPECT_EQ(response.status(), 502) << response.start_line;
  EXPECT_TRUE(response.complete);
  EXPECT_FALSE(response.field("x-sluice-error").empty());
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "bad_response"}}), 1);
}

/// The version that answered.
inline std::string version_of(const HttpMessage& response) {
  return response.field("x-sluice-version");
}

}  // namespace sluice::test
