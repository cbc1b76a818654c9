#pragma once

#include <string>
#include <vector>

#include "sample_model/digits.hpp"
#include "sample_model/gateway_metrics.hpp"
#include "sample_model/tally.hpp"
#include "sample_model/url.hpp"
#include "sluice/base/clock.hpp"

namespace sluice::sample_model {

/// A round of questions.
struct Round {
  Url url;                  ///< a gateway or a model server
  std::string model;        ///< asked as /v2/models/MODEL/infer under `url`
  std::size_t users = 300;  ///< the digits are dealt out to so many users, in turn
  std::size_t concurrency = 4;
  Duration timeout = std::chrono::seconds(10);  ///< per request, connecting included
};

/// Asks every digit once, each under its user's name in `x-user-id`, and compares the answers with the labels. What
/// fails is counted, never repeated. Blocks until the last answer or its timeout.
Tally ask_all(const Round& round, const std::vector<Digit>& digits);

/// The body of a GET; an error for anything but 200.
Result<std::string> fetch(const Url& url, Duration timeout);

}  // namespace sluice::sample_model
