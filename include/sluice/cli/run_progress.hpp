#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "sluice/cli/terminal.hpp"

namespace sluice::cli {

/// A bar on the terminal for simulations that take longer than a second; silent elsewhere. One thread.
class RunProgress {
 public:
  /// `what` stands behind the numbers.
  explicit RunProgress(std::size_t all, std::string what = "runs");
  void done(std::size_t runs);

 private:
  std::size_t all_;
  std::string what_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
  ProgressLine line_;
};

}  // namespace sluice::cli
