#include "sluice/stats/forecast.hpp"

#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double largest_risk = 100;

bool sane(const DecisionSetting& setting) noexcept {
  return setting.share > 0 && setting.share < 1 && setting.base_rate > 0 && std::isfinite(setting.base_rate) &&
         setting.log_threshold > 0;
}

/// x ln(x / y), continuous at 0.
double divergence_term(double x, double y) noexcept {
  return x > 0 ? x * std::log(x / y) : 0;
}

double divergence(double q, double p) noexcept {
  return divergence_term(q, p) + divergence_term(1 - q, 1 - p);
}

RequestForecast spread_of(double mean) noexcept {
  return {mean, 0.8 * mean, 2 * mean};
}

bool visible_side(RiskPrior prior, double risk) noexcept {
  if (prior == RiskPrior::Smaller) return risk < 1;
  return risk > 1 || (risk < 1 && (prior == RiskPrior::Either || prior == RiskPrior::Odds));
}

double prior_cost(RiskPrior prior) noexcept {
  return prior == RiskPrior::Guardrail ? 1.5 : 1.75;
}

/// The size of ln r from which on the prior speaks for a difference.
double least_log_risk(RiskPrior prior) noexcept {
  if (prior == RiskPrior::Guardrail) return std::log(1.1);
  return prior == RiskPrior::Odds ? 0.005 : 0.02;
}

double mean_requests(const DecisionSetting& setting, double risk) noexcept {
  if (!visible_side(setting.prior, risk) || !std::isfinite(risk)) return never;
  const double events = setting.base_rate * (1 + setting.share * (risk - 1));
  const double speed = evidence_per_event(setting.share, risk) * events;
  return speed > 0 ? (setting.log_threshold + prior_cost(setting.prior)) / speed : never;
}

}  // namespace

double evidence_per_event(double share, double risk) noexcept {
  if (!(share > 0 && share < 1) || !(risk >= 0) || !std::isfinite(risk)) return 0;
  return std::fmax(0, divergence(event_share(share, risk), share));
}

RequestForecast time_to_rejection(const DecisionSetting& setting, double risk) noexcept {
  return spread_of(sane(setting) && risk >= 0 ? mean_requests(setting, risk) : never);
}

RequestForecast time_to_acceptance(const DecisionSetting& setting, double limit) noexcept {
  if (!sane(setting) || !(limit > 0) || !std::isfinite(limit) || limit == 1) return spread_of(never);
  const double speed = divergence(setting.share, event_share(setting.share, limit)) * setting.base_rate;
  return spread_of(speed > 0 ? setting.log_threshold / speed : never);
}

std::optional<double> smallest_visible_risk(const DecisionSetting& setting, double requests) noexcept {
  if (!sane(setting) || !(requests > 0)) return std::nullopt;
  const double side = setting.prior == RiskPrior::Smaller ? -1 : 1;
  double low = least_log_risk(setting.prior);
  double high = std::log(largest_risk);
  if (mean_requests(setting, std::exp(side * high)) > requests) return std::nullopt;
  if (mean_requests(setting, std::exp(side * low)) <= requests) return std::exp(side * low);
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (mean_requests(setting, std::exp(side * middle)) > requests ? low : high) = middle;
  }
  return std::exp(side * high);
}

std::optional<double> share_that_halves(const DecisionSetting& setting, double risk, double most) noexcept {
  if (!sane(setting) || !(most > setting.share) || !(most < 1)) return std::nullopt;
  const double wanted = mean_requests(setting, risk) / 2;
  if (!std::isfinite(wanted)) return std::nullopt;
  const auto with = [&](double share) {
    auto other = setting;
    other.share = share;
    return mean_requests(other, risk);
  };
  if (with(most) > wanted) return std::nullopt;
  double low = setting.share;
  double high = most;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (with(middle) > wanted ? low : high) = middle;
  }
  return high;
}

}  // namespace sluice::stats
