#pragma once

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace sluice::test {

/// This program, or the daemon that it is told to test (SLUICE_BINARY), runs under a sanitizer and so takes its time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline const bool kSanitized = true;
#else
inline const bool kSanitized = std::getenv("SLUICE_SANITIZED") != nullptr;
#endif

/// How long a test waits for what must happen before it calls it a failure. Never the time something is meant to take.
inline const std::chrono::milliseconds kPatience{kSanitized ? 30000 : 10000};

/// Nothing came within the patience of the test: the thing waited for is broken.
struct TimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Waits until `fact()` holds; false when it still does not after `patience`.
template <typename Fact>
bool eventually(Fact&& fact, std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace sluice::test
