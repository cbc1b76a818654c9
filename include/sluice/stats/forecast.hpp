#pragma once

#include <optional>

#include "sluice/stats/risk_prior.hpp"

/// How long a decision of RelativeRisk takes: what `plan` says before a rollout and `status` during one. Rules of thumb
/// that simulation bears out to some 10 %, not promises. Pure arithmetic, thread-safe.
namespace sluice::stats {

/// What is to be decided under which traffic.
struct DecisionSetting {
  double share = 0.05;       ///< of the draws that the candidate gets, strictly inside 0…1
  double base_rate = 0.01;   ///< events per request of stable, above 0
  double log_threshold = 3;  ///< ln of the E that decides
  RiskPrior prior = RiskPrior::Guardrail;
};

/// Requests (of all arms together) until a decision; infinite where it never comes.
struct RequestForecast {
  double mean = 0;
  double median = 0;  ///< 0.8 × the mean
  double p90 = 0;     ///< 2 × the mean
};

/// Growth of ln E per event when the candidate really has `risk` times the events: with q = ρr / (ρr + 1 − ρ) the
/// divergence q ln(q/ρ) + (1−q) ln((1−q)/(1−ρ)) (Kullback and Leibler 1951).
double evidence_per_event(double share, double risk) noexcept;

/// Until "worse" (or "better") is decided for a candidate of relative risk `risk`: (ln threshold + c) / (g λ), where g
/// is evidence_per_event(), λ the events per request of all arms, c what a prior over many risks costs: 1.5 for the
/// guardrail, 1.75 for the others (0 for one known risk). Infinite for a risk on the wrong side of 1.
RequestForecast time_to_rejection(const DecisionSetting& setting, double risk) noexcept;

/// Until a candidate that is no different is accepted as "not `limit` times worse": `log_threshold` is ln(1/β).
RequestForecast time_to_acceptance(const DecisionSetting& setting, double limit) noexcept;

/// The risk nearest to 1 that is decided within so many requests on average, on the prior's side (above 1 for priors of
/// both sides), at least what the prior is sensitive to. Nothing when not even a hundredfold one would be.
std::optional<double> smallest_visible_risk(const DecisionSetting& setting, double requests) noexcept;

/// The smallest share, up to `most`, under which the decision on `risk` takes half as long; nothing when none does.
std::optional<double> share_that_halves(const DecisionSetting& setting, double risk, double most = 0.5) noexcept;

}  // namespace sluice::stats
