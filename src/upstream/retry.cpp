#include "sluice/upstream/retry.hpp"

namespace sluice::upstream {

namespace {

std::chrono::milliseconds backoff(const RetryRules& rules, std::uint32_t made, Random& random) noexcept {
  constexpr std::uint32_t kDoublings = 16;
  const std::int64_t longest =
      std::min(rules.backoff_base.count() << std::min(made - 1, kDoublings), rules.backoff_max.count());
  if (longest <= 0) return std::chrono::milliseconds(0);
  const std::int64_t half = longest / 2;
  return std::chrono::milliseconds(half + static_cast<std::int64_t>(random.next() % (longest - half + 1)));
}

}  // namespace

NextTry next_try(const RetryRules& rules, const FailedAttempt& failed, Random& random) noexcept {
  if (failed.made > rules.attempts || !failed.replayable || !rules.on.has(failed.failure)) return {};
  if (failed.endpoint_got_it && failed.unsafe_method && !rules.unsafe_methods) return {};
  // Another endpoint did not ask for patience.
  if (failed.retry_after.count() < 0 || failed.other_endpoint) {
    return {true, backoff(rules, std::max(failed.made, 1u), random)};
  }
  if (failed.retry_after > rules.retry_after_max) return {};
  return {true, failed.retry_after};
}

}  // namespace sluice::upstream
