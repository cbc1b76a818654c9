#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/outcomes/decision_logger.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::app {

/// The log of this process's decisions, as the policy wishes it; off until it is opened. One thread at a time.
class DecisionLog {
 public:
  /// Once, with as many workers as will tell decisions. Fails with one sentence when the file cannot be written; its
  /// directory must be there.
  Result<void> open(const policy::DecisionLog& wished, std::size_t workers);
  /// Null when it is off.
  outcomes::DecisionLogger* logger() noexcept { return logger_.get(); }

  /// These routes are about to be put in force. Those of the policy before stay known: their last requests are not
  /// over.
  void expect(const std::vector<policy::ModelRoute>& routes);
  /// They are in force; what only an older policy knew is forgotten with the next.
  void settle();

  /// Lines, since the start.
  std::uint64_t lost() const noexcept { return logger_ ? logger_->lost() : 0; }

 private:
  std::unique_ptr<outcomes::DecisionLogger> logger_;
  double ratio_ = 0;
  std::vector<outcomes::LoggedRoute> in_force_;
  std::vector<outcomes::LoggedRoute> expected_;
};

}  // namespace sluice::app
