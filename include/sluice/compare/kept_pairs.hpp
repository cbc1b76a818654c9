#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/compare/comparison.hpp"
#include "sluice/policy/shadow.hpp"

namespace sluice::compare {

/// One pair that a person may look at.
struct KeptPair {
  std::string version;
  std::string segment;
  std::string request_id;
  WallTime at{};
  double severity = 0;                  ///< of its differences beyond noise
  std::vector<Difference> differences;  ///< all, while it is kept; those beyond noise, redacted, when it is shown
  std::uint16_t live_status = 0;
  std::uint16_t other_status = 0;
  float live_latency = 0;  ///< seconds
  float other_latency = 0;
  std::string live_body;  ///< redacted, cut; not JSON: "<123 bytes, not shown>"
  std::string other_body;
};

/// How bad a pair is by those of its differences that count: 0 when none does … 1. Of two pairs that are equally wrong
/// at their worst field, the one that is wrong at more fields is worse.
double severity_beyond(const std::vector<Difference>& differences,
                       const std::function<bool(const Difference&)>& counts);

/// The worst pairs of one candidate: the most severe ones, of equally severe ones the newest to a second; each request
/// once. As many as the policy allows, and for as long. Plain data; not thread-safe.
class KeptPairs {
 public:
  explicit KeptPairs(policy::KeepPairs rules) : rules_(std::move(rules)) {}

  const policy::KeepPairs& rules() const noexcept { return rules_; }
  /// Whether such a pair would be kept now, so that its bodies are worth making ready.
  bool wants(double severity, WallTime at, std::string_view request_id, WallTime now);
  /// Keeps it, if it is still wanted; the least of those that were there makes room.
  void add(KeptPair pair, WallTime now);
  /// Other fields count now: pairs in which none does go, and the others are as bad as what is left says.
  void judge_anew(const std::function<bool(const Difference&)>& counts);
  /// The worst first, none that is expired.
  const std::vector<KeptPair>& worst(WallTime now);
  void expire(WallTime now);

 private:
  policy::KeepPairs rules_;
  std::vector<KeptPair> pairs_;  // the worst first
};

}  // namespace sluice::compare
