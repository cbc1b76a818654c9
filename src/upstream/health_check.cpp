#include "sluice/upstream/health_check.hpp"

namespace sluice::upstream {

namespace {

Duration jittered(Duration interval, double jitter, double draw) noexcept {
  const double factor = 1 + jitter * (2 * draw - 1);
  return Duration(static_cast<Duration::rep>(static_cast<double>(interval.count()) * factor));
}

Health judge(const HealthCheckSettings& settings, const HealthCheckStatus& row) noexcept {
  switch (row.health) {
    case Health::Unknown:
      return row.passes > 0 ? Health::Healthy : Health::Unhealthy;
    case Health::Healthy:
      return row.failures >= settings.unhealthy_threshold ? Health::Unhealthy : Health::Healthy;
    case Health::Unhealthy:
      return row.passes >= settings.healthy_threshold ? Health::Healthy : Health::Unhealthy;
  }
  return row.health;
}

}  // namespace

HealthCheckStep after_check(const HealthCheckSettings& settings, const HealthCheckStatus& status, bool passed,
                            double draw) noexcept {
  HealthCheckStep step;
  step.status.health = status.health;
  step.status.passes = passed ? status.passes + 1 : 0;
  step.status.failures = passed ? 0 : status.failures + 1;
  step.status.health = judge(settings, step.status);
  step.changed = step.status.health != status.health;
  const bool well = step.status.health == Health::Healthy && passed;
  step.next = jittered(well ? settings.interval : settings.unhealthy_interval, settings.jitter, draw);
  return step;
}

}  // namespace sluice::upstream
