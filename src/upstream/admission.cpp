#include "sluice/upstream/admission.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sluice::upstream {

using metrics::EndpointState;

namespace {

bool is_ready(const HealthCheckSettings& checks, const EndpointLife& life) noexcept {
  if (!checks.enabled) return true;
  switch (life.health.health) {
    case Health::Healthy:
      return true;
    case Health::Unhealthy:
      return false;
    case Health::Unknown:
      break;
  }
  return life.ever_ready;
}

WarmUpAction warm_up(const WarmUpSettings& settings, EndpointLife& life, WarmUpEvent::Kind kind, std::uint32_t planned,
                     TimePoint now) noexcept {
  const WarmUpStep step = after_event(settings, life.warm_up, {kind, now, planned});
  life.warm_up = step.status;
  return step.action;
}

}  // namespace

EndpointLife let_in(EndpointLife life) noexcept {
  EndpointLife fresh;
  fresh.draining = life.draining;
  fresh.ejection = life.ejection;
  fresh.ejection.phase = EjectionPhase::Admitted;
  return fresh;
}

Standing standing_of(const EndpointLife& life) noexcept {
  if (life.draining || !life.ready || life.ejection.phase == EjectionPhase::Ejected) return Standing::Out;
  if (!life.withheld && life.warm_up.phase != WarmUpPhase::Done) return Standing::Out;
  return life.health.health == Health::Unknown ? Standing::Unchecked : Standing::Ready;
}

LifeStep settle(const Supervision& rules, EndpointLife life, std::uint32_t planned, TimePoint now) noexcept {
  LifeStep step;
  // In use without checks: the first ones will count in a row, like those of any other that was let in.
  if (!rules.health.enabled) life.health = {.health = Health::Healthy};
  life.ready = is_ready(rules.health, life);
  life.ever_ready = life.ever_ready || life.ready;
  if (!life.ready || life.withheld) {
    step.warm_up = warm_up(rules.warm_up, life, WarmUpEvent::Kind::Unready, 0, now);
    life.slow_start = {};
    step.life = life;
    return step;
  }
  step.became_ready = life.warm_up.phase == WarmUpPhase::Waiting;
  const bool was_done = life.warm_up.phase == WarmUpPhase::Done;
  step.warm_up = warm_up(rules.warm_up, life, step.became_ready ? WarmUpEvent::Kind::Ready : WarmUpEvent::Kind::Time,
                         planned, now);
  if (life.warm_up.phase == WarmUpPhase::Done) {
    life.slow_start =
        was_done ? ramp_at(rules.slow_start, life.slow_start, now).status : begin_ramp(rules.slow_start, now);
  }
  step.life = life;
  return step;
}

EndpointVerdict judge(const Supervision& rules, const EndpointLife& life, TimePoint now) noexcept {
  if (life.draining || life.withheld) return {EndpointState::Draining, 0};
  if (!life.ready) return {life.ever_ready ? EndpointState::Unhealthy : EndpointState::Starting, 0};
  if (life.ejection.phase == EjectionPhase::Ejected) return {EndpointState::Ejected, 0};
  if (life.warm_up.phase != WarmUpPhase::Done) return {EndpointState::Starting, 0};
  const SlowStartStep ramp = ramp_at(rules.slow_start, life.slow_start, now);
  if (life.ejection.phase == EjectionPhase::Probation) {
    return {EndpointState::Probation, std::min(ramp.share, rules.ejection.probation_share)};
  }
  return {ramp.status.ramping ? EndpointState::Ramping : EndpointState::Admitted, ramp.share};
}

Usability apply_panic(const Supervision& rules, bool has_fallback, std::span<EndpointVerdict> endpoints,
                      bool withholding) noexcept {
  Usability version;
  for (const EndpointVerdict& endpoint : endpoints) {
    if (endpoint.share > 0) ++version.usable;
    if (endpoint.state != EndpointState::Draining && endpoint.state != EndpointState::Starting) ++version.counted;
  }
  if (has_fallback || rules.panic_threshold <= 0) return version;
  const double wanted = rules.panic_threshold * static_cast<double>(version.counted);
  if (version.usable > 0 && static_cast<double>(version.usable) >= wanted) return version;
  for (EndpointVerdict& endpoint : endpoints) {
    if (endpoint.state == EndpointState::Draining) continue;
    if (endpoint.state == EndpointState::Starting && (version.counted > 0 || withholding)) continue;
    endpoint.panic = endpoint.share <= 0;
    endpoint.share = 1;
    version.panic = true;
  }
  return version;
}

namespace {

std::string seconds(Duration span) {
  const auto whole = static_cast<long long>(std::ceil(std::chrono::duration<double>(span).count() - 1e-9));
  return std::to_string(std::max(whole, 0LL)) + "s";
}
std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + "%";
}
std::string in_brackets(std::string_view text) {
  return text.empty() ? std::string() : " (" + std::string(text) + ")";
}

std::string explain_starting(const EndpointLife& life, std::string_view last_check) {
  const WarmUpStatus& warm = life.warm_up;
  if (life.ready) {
    return "being warmed up: " + std::to_string(warm.answered + warm.failed) + " of " + std::to_string(warm.planned) +
           " requests sent, " + std::to_string(warm.failed) + " failed";
  }
  return last_check.empty() ? "not checked yet" : "not ready yet" + in_brackets(last_check);
}

std::string explain_unhealthy(const HealthCheckSettings& rules, const HealthCheckStatus& health,
                              std::string_view last_check) {
  if (health.passes > 0) {
    return std::to_string(health.passes) + " of " + std::to_string(rules.healthy_threshold) +
           " checks in a row passed" + in_brackets(last_check);
  }
  const bool one = health.failures == 1;
  return std::to_string(health.failures) + (one ? " check failed" : " checks in a row failed") +
         in_brackets(last_check);
}

std::string explain_state(const Supervision& rules, const EndpointLife& life, const EndpointVerdict& verdict,
                          std::string_view last_check, TimePoint now) {
  const EjectionStatus& ejection = life.ejection;
  switch (verdict.state) {
    case EndpointState::Draining:
      if (life.draining) return "taken out by an operator";
      if (life.ready) return "withheld by the rollout";
      return "withheld by the rollout; " + (life.ever_ready ? explain_unhealthy(rules.health, life.health, last_check)
                                                            : explain_starting(life, last_check));
    case EndpointState::Starting:
      return explain_starting(life, last_check);
    case EndpointState::Unhealthy:
      return explain_unhealthy(rules.health, life.health, last_check);
    case EndpointState::Ejected:
      return describe(ejection.cause) + "; ejected for " + seconds(ejection.time) +
             (ejection.count > 1 ? ", " + std::to_string(ejection.count) + " times in a row" : "");
    case EndpointState::Probation:
      return "back after " + describe(ejection.cause) + ": " + percent(rules.ejection.probation_share) +
             " of its traffic for " + seconds(rules.ejection.probation);
    case EndpointState::Ramping:
      return "ready for " + seconds(now - life.slow_start.since) + " of " + seconds(rules.slow_start.duration) + ": " +
             percent(ramp_at(rules.slow_start, life.slow_start, now).share) + " of its traffic";
    case EndpointState::Admitted:
      break;
  }
  if (!rules.health.enabled) return "nothing speaks against it";
  if (life.health.failures > 0) {
    return std::to_string(life.health.failures) + " of " + std::to_string(rules.health.unhealthy_threshold) +
           " checks in a row failed" + in_brackets(last_check);
  }
  return life.health.passes > 0 ? "its checks pass" : "nothing speaks against it";
}

}  // namespace

std::string explain(const Supervision& rules, const EndpointLife& life, const EndpointVerdict& verdict,
                    const Usability& version, std::string_view last_check, TimePoint now) {
  std::string why = explain_state(rules, life, verdict, last_check, now);
  if (verdict.panic) {
    why += "; gets traffic all the same, since " + std::to_string(version.usable) + " of " +
           std::to_string(version.counted) + " endpoints are usable";
  }
  return why;
}

}  // namespace sluice::upstream
