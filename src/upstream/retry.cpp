#include "sluice/upstream/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

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

std::chrono::milliseconds patience_asked_for(std::string_view retry_after, WallTime now) noexcept {
  using std::chrono::milliseconds;
  constexpr milliseconds kNothing(-1);
  constexpr milliseconds kMost = std::chrono::hours(24);
  std::uint32_t seconds = 0;
  const char* const end = retry_after.data() + retry_after.size();
  const auto [stopped, error] = std::from_chars(retry_after.data(), end, seconds);
  if (error == std::errc::result_out_of_range && stopped == end) return kMost;
  if (error == std::errc{} && stopped == end) return std::min<milliseconds>(std::chrono::seconds(seconds), kMost);
  std::array<char, 30> text{};  // an IMF-fixdate has 29 characters; the two obsolete forms are not read
  if (retry_after.size() != text.size() - 1) return kNothing;
  std::copy(retry_after.begin(), retry_after.end(), text.begin());
  std::tm parts{};
  const char* const rest = ::strptime(text.data(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return kNothing;
  const auto left = std::chrono::duration_cast<milliseconds>(
      std::chrono::time_point_cast<milliseconds>(WallTime::clock::from_time_t(::timegm(&parts))) -
      std::chrono::time_point_cast<milliseconds>(now));
  return std::clamp(left, milliseconds(0), kMost);
}

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
