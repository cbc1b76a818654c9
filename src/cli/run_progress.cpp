#include "sluice/cli/run_progress.hpp"

#include <utility>

namespace sluice::cli {

RunProgress::RunProgress(std::size_t all, std::string what) : all_(all), what_(std::move(what)) {}

void RunProgress::done(std::size_t runs) {
  const auto now = std::chrono::steady_clock::now();
  if (now - begun_ < std::chrono::seconds(1) || now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  constexpr std::size_t width = 30;
  const std::size_t filled = all_ == 0 ? width : runs * width / all_;
  line_.show("[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + std::to_string(runs) + " of " +
             std::to_string(all_) + " " + what_);
}

}  // namespace sluice::cli
