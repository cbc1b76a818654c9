#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/http/fetch.hpp"
#include "sluice/rollout/ports.hpp"

namespace sluice::app {

/// The controller's errands over HTTP. All on the controller's thread; answers that came in between are looked at with
/// the next call, and what is due (a retry, a gate that is asked again, a value that is old) begins with the next
/// `keep`: call it with every tick.
///
/// An errand has succeeded with a status of 200…299. Anything else is tried again as often as `retries` says, after 1
/// s, then twice as long each time, at most 30 s; then it stands as Refused when an answer came, as Failed when none
/// did. One with `again` is asked again after that time for as long as it has not succeeded; in between its last answer
/// stands.
class ErrandRunner final : public rollout::Errands {
 public:
  struct Options {
    std::size_t sent = 256;  ///< of `send`, waiting or under way; then the oldest is dropped
  };

  /// Both outlive it.
  ErrandRunner(http::Fetcher& fetcher, const Clock& clock);
  ErrandRunner(http::Fetcher& fetcher, const Clock& clock, Options options);
  /// Cancels what is under way.
  ~ErrandRunner() override;

  void keep(const std::vector<strategy::Errand>& errands, const std::vector<strategy::Query>& queries) override;
  void send(const strategy::Errand& errand) override;
  std::map<std::string, strategy::ErrandAnswer> answers() override;
  std::map<std::string, strategy::QueryAnswer> values() override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::app
