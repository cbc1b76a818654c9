#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// Evidence put together. All e-values are given and returned as natural logarithms. Pure arithmetic, thread-safe.
namespace sluice::stats {

/// ln of the mean of e-values: an e-value again, whatever the dependence between them (Vovk and Wang 2021, "E-values:
/// calibration, combination and applications"). −infinity for none. About 10 ns per value.
double log_mean_e(std::span<const double> log_e) noexcept;

/// The same with weights that sum to 1 (of equal length).
double log_mean_e(std::span<const double> log_e, std::span<const double> weights) noexcept;

/// What e-Holm asks of the k-th largest of `of` e-values, k from 1: ln((of − k + 1) / alpha).
double holm_log_threshold(std::size_t k, std::size_t of, double alpha) noexcept;

/// Which of several hypotheses are rejected so that any false rejection has probability `alpha` at most, ever: Holm's
/// steps on e-values, from the largest down until one falls short. Indexes into `log_e`, strongest first. A hypothesis
/// once rejected may be kept so: e-processes lose nothing by looking again.
std::vector<std::size_t> holm_rejections(std::span<const double> log_e, double alpha);

/// How far the evidence has come, 0…1: ln E / ln threshold, 0 for evidence of the other kind. Never NaN.
double evidence_share(double log_e, double log_threshold) noexcept;

}  // namespace sluice::stats
