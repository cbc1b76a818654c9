#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "support/patience.hpp"

namespace sluice::test {

/// Runs a loop on this thread, one event at a time, until the fact holds; false when the test's patience is over.
template <typename Fact>
bool run_until(boost::asio::io_context& io, Fact&& fact) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() > end) return false;
    io.restart();
    io.run_one_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace sluice::test
