#include "sluice/upstream/ejection.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace sluice::upstream {

namespace {

using metrics::EjectionReason;

struct Suspect {
  std::size_t endpoint;
  EjectionCause cause;
  double excess;  ///< how far beyond its limit: who is ejected first
};

/// One look at one version; the pure function's scratch.
class Look {
 public:
  Look(const EjectionSettings& settings, VersionEjection status, std::span<const EndpointEvidence> evidence,
       TimePoint now)
      : settings_(settings), evidence_(evidence), now_(now), step_{std::move(status), {}} {}

  EjectionStep run() {
    if (!settings_.enabled) return admit_all();
    for (std::size_t i = 0; i < evidence_.size(); ++i) let_time_pass(i);
    for (std::size_t i = 0; i < evidence_.size(); ++i) look_at_streaks(i);
    eject_suspects();
    if (step_.status.interval_end == TimePoint{}) begin_interval();
    if (now_ >= step_.status.interval_end) {
      compare_success_rates();
      compare_latencies();
      eject_suspects();
      begin_interval();
    }
    return std::move(step_);
  }

 private:
  EjectionStatus& of(std::size_t i) { return step_.status.endpoints[i]; }
  bool may_be_ejected(std::size_t i) { return evidence_[i].eligible && of(i).phase != EjectionPhase::Ejected; }
  void note(std::size_t i, EjectionChange::What what) { step_.changes.push_back({i, what}); }

  EjectionStep admit_all() {
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
      if (of(i).phase != EjectionPhase::Admitted) note(i, EjectionChange::What::Admit);
      of(i) = EjectionStatus{};
    }
    step_.status.interval_end = {};
    return std::move(step_);
  }

  void let_time_pass(std::size_t i) {
    EjectionStatus& status = of(i);
    if (now_ < status.until) return;
    switch (status.phase) {
      case EjectionPhase::Ejected:
        // A trial without traffic would prove nothing.
        if (evidence_[i].eligible) begin_probation(i);
        return;
      case EjectionPhase::Probation:
        return end_probation(i);
      case EjectionPhase::Admitted:
        if (status.count == 0) return;
        --status.count;
        status.until = now_ + settings_.base_time;
    }
  }

  void begin_probation(std::size_t i) {
    of(i).phase = EjectionPhase::Probation;
    of(i).until = now_ + settings_.probation;
    of(i).probation_begin = evidence_[i].totals;
    note(i, EjectionChange::What::Try);
  }

  /// Half of its requests failed: the probation, too.
  void end_probation(std::size_t i) {
    const EndpointTotals seen = evidence_[i].totals - of(i).probation_begin;
    if (seen.errors() > 0 && seen.errors() * 2 >= seen.requests()) {
      EjectionCause cause;
      cause.reason = seen.gateway_errors > seen.server_errors ? EjectionReason::GatewayErrors : EjectionReason::Errors;
      cause.in_probation = true;
      cause.observed = static_cast<double>(seen.errors());
      cause.requests = seen.requests();
      if (evidence_[i].eligible) suspects_.push_back({i, cause, 1});
      // No room among the ejected: it goes on trying.
      of(i).until = now_ + settings_.probation;
      of(i).probation_begin = evidence_[i].totals;
      return;
    }
    of(i).phase = EjectionPhase::Admitted;
    of(i).until = now_ + settings_.base_time;
    note(i, EjectionChange::What::Admit);
  }

  void look_at_streaks(std::size_t i) {
    if (!may_be_ejected(i)) return;
    const auto suspect = [&](EjectionReason reason, std::uint32_t in_row, std::uint32_t limit) {
      if (limit == 0 || in_row < limit) return false;
      const EjectionCause cause{reason, false, static_cast<double>(in_row), static_cast<double>(limit), in_row};
      suspects_.push_back({i, cause, cause.observed / cause.bound});
      return true;
    };
    // What is more particular names the reason.
    if (suspect(EjectionReason::GatewayErrors, evidence_[i].gateway_errors_in_row,
                settings_.consecutive_gateway_errors)) {
      return;
    }
    suspect(EjectionReason::Errors, evidence_[i].errors_in_row, settings_.consecutive_errors);
  }

  /// Endpoints that had enough of what `count` counts in this interval.
  template <typename Count>
  std::vector<std::size_t> comparable(Count count) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
      const std::uint64_t n = count(seen(i));
      if (may_be_ejected(i) && n > 0 && n >= settings_.min_requests) found.push_back(i);
    }
    if (found.size() < std::max<std::size_t>(settings_.min_endpoints, 2)) found.clear();
    return found;
  }
  EndpointTotals seen(std::size_t i) { return evidence_[i].totals - of(i).interval_begin; }

  /// Each against the others: among a few endpoints one outlier widens the deviation of all so much that it would hide
  /// behind it (of n values none is further than √(n−1) deviations from the mean).
  void compare_success_rates() {
    if (settings_.success_rate_deviations <= 0) return;
    const auto all = comparable([](const EndpointTotals& totals) { return totals.requests(); });
    double sum = 0;
    double squares = 0;
    const auto rate_of = [&](std::size_t i) {
      const EndpointTotals totals = seen(i);
      return static_cast<double>(totals.answered) / static_cast<double>(totals.requests());
    };
    for (const std::size_t i : all) {
      sum += rate_of(i);
      squares += rate_of(i) * rate_of(i);
    }
    const double others = static_cast<double>(all.size()) - 1;
    for (const std::size_t i : all) {
      const double rate = rate_of(i);
      const double mean = (sum - rate) / others;
      const double between = std::max(0.0, (squares - rate * rate) / others - mean * mean);
      // So many requests would differ by so much without any reason.
      const double chance = mean * (1 - mean) / static_cast<double>(seen(i).requests());
      const double bound = std::min(mean - settings_.success_rate_deviations * std::sqrt(between + chance),
                                    mean - settings_.success_rate_margin);
      if (rate < bound) {
        const EjectionCause cause{EjectionReason::SuccessRate, false, rate, bound, seen(i).requests()};
        suspects_.push_back({i, cause, 1 + bound - rate});
      }
    }
  }

  void compare_latencies() {
    if (settings_.latency_factor <= 0) return;
    const auto all = comparable([](const EndpointTotals& totals) { return totals.answered; });
    if (all.empty()) return;
    const auto mean_of = [&](std::size_t i) {
      const EndpointTotals totals = seen(i);
      return static_cast<double>(totals.latency) * 1e-9 / static_cast<double>(totals.answered);
    };
    std::vector<double> means;
    for (const std::size_t i : all) means.push_back(mean_of(i));
    // The lower of two in the middle: half of the endpoints must not call themselves usual by being slow together.
    const auto middle = means.begin() + static_cast<std::ptrdiff_t>((means.size() - 1) / 2);
    std::nth_element(means.begin(), middle, means.end());
    const double margin = std::chrono::duration<double>(settings_.latency_margin).count();
    const double bound = std::max(*middle * settings_.latency_factor, *middle + margin);
    for (const std::size_t i : all) {
      const double mean = mean_of(i);
      if (mean <= bound) continue;
      suspects_.push_back({i, {EjectionReason::Latency, false, mean, bound, seen(i).answered}, mean / bound});
    }
  }

  /// The worst first, as long as there is room and somebody is left.
  void eject_suspects() {
    std::stable_sort(suspects_.begin(), suspects_.end(),
                     [](const Suspect& a, const Suspect& b) { return a.excess > b.excess; });
    for (const Suspect& suspect : suspects_) {
      if (may_be_ejected(suspect.endpoint) && has_room(suspect.endpoint)) eject(suspect);
    }
    suspects_.clear();
  }

  bool has_room(std::size_t candidate) {
    std::size_t counted = 0;
    std::size_t out = 0;
    bool another = false;
    for (std::size_t i = 0; i < evidence_.size(); ++i) {
      if (evidence_[i].counted) ++counted;
      if (evidence_[i].counted && of(i).phase == EjectionPhase::Ejected) ++out;
      another = another || (i != candidate && may_be_ejected(i));
    }
    return another && out < most_ejected(settings_, counted);
  }

  void eject(const Suspect& suspect) {
    EjectionStatus& status = of(suspect.endpoint);
    status.phase = EjectionPhase::Ejected;
    ++status.count;
    status.time = std::min<Duration>(settings_.base_time * status.count, settings_.max_time);
    status.until = now_ + status.time;
    status.cause = suspect.cause;
    note(suspect.endpoint, EjectionChange::What::Eject);
  }

  void begin_interval() {
    for (std::size_t i = 0; i < evidence_.size(); ++i) of(i).interval_begin = evidence_[i].totals;
    step_.status.interval_end = now_ + settings_.interval;
  }

  const EjectionSettings& settings_;
  const std::span<const EndpointEvidence> evidence_;
  const TimePoint now_;
  EjectionStep step_;
  std::vector<Suspect> suspects_;
};

}  // namespace

std::size_t most_ejected(const EjectionSettings& settings, std::size_t endpoints) noexcept {
  if (endpoints < 2) return 0;
  const auto share = static_cast<std::size_t>(settings.max_ejected * static_cast<double>(endpoints) + 1e-9);
  return std::clamp<std::size_t>(share, 1, endpoints - 1);
}

EjectionStep look(const EjectionSettings& settings, VersionEjection status, std::span<const EndpointEvidence> evidence,
                  TimePoint now) {
  status.endpoints.resize(evidence.size());
  return Look(settings, std::move(status), evidence, now).run();
}

std::string describe(const EjectionCause& cause) {
  char text[128];
  const auto requests = static_cast<unsigned long long>(cause.requests);
  if (cause.in_probation) {
    std::snprintf(text, sizeof text, "%.0f of %llu requests failed in probation", cause.observed, requests);
    return text;
  }
  switch (cause.reason) {
    case EjectionReason::Errors:
      std::snprintf(text, sizeof text, "%.0f errors in a row", cause.observed);
      break;
    case EjectionReason::GatewayErrors:
      std::snprintf(text, sizeof text, "%.0f requests in a row without an answer", cause.observed);
      break;
    case EjectionReason::SuccessRate:
      std::snprintf(text, sizeof text, "success rate %.1f%% below %.1f%% (n=%llu)", cause.observed * 100,
                    cause.bound * 100, requests);
      break;
    case EjectionReason::Latency:
      std::snprintf(text, sizeof text, "mean latency %.1fms above %.1fms (n=%llu)", cause.observed * 1e3,
                    cause.bound * 1e3, requests);
      break;
  }
  return text;
}

}  // namespace sluice::upstream
