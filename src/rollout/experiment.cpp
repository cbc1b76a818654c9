#include "sluice/rollout/experiment.hpp"
#include "sluice/base/stable_hash.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "experiment_list.hpp"

namespace sluice::rollout {
namespace {

/// An interval of one standard error on either side of a median, from the order of the values.
double median_error(const std::vector<double>& sorted) {
  const auto n = static_cast<double>(sorted.size());
  const auto at = [&](double rank) { return sorted[static_cast<std::size_t>(std::clamp(rank, 0.0, n - 1))]; };
  const double half = std::sqrt(n) / 2;
  return (at(n / 2 + half) - at(n / 2 - half)) / 2;
}

Figure summed_up(const FigureSpec& spec, std::vector<double> values) {
  Figure figure;
  figure.name = spec.name;
  figure.summary = spec.summary;
  const std::size_t all = values.size();
  std::erase_if(values, [](double value) { return std::isnan(value); });
  figure.missing = all - values.size();
  if (values.empty()) {
    figure.value = nothing;
    return figure;
  }
  if (spec.summary == FigureSpec::Summary::Median) {
    values.resize(all, std::numeric_limits<double>::infinity());
    std::sort(values.begin(), values.end());
    figure.value = values[(all - 1) / 2];
    figure.error = median_error(values);
    return figure;
  }
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  figure.value = sum / n;
  double squares = 0;
  for (const double value : values) squares += (value - figure.value) * (value - figure.value);
  figure.error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  // None of n may still be one of 3 n.
  if (spec.summary == FigureSpec::Summary::Share && squares == 0) figure.error = 1 / (3 * n);
  return figure;
}

Result<Parameters> parameters_of(const Experiment& experiment, const Parameters& overrides) {
  Parameters parameters;
  for (const auto& parameter : experiment.parameters) parameters[parameter.name] = parameter.value;
  for (const auto& [name, value] : overrides) {
    if (!parameters.contains(name)) {
      return fail(Error::internal("experiment " + experiment.name + " has no parameter \"" + name + "\""));
    }
    parameters[name] = value;
  }
  return parameters;
}

bool has_own_parameters(const Experiment& experiment, const Parameters& parameters) {
  return std::all_of(experiment.parameters.begin(), experiment.parameters.end(),
                     [&](const Parameter& one) { return parameters.at(one.name) == one.value; });
}

/// Every replication's values, whoever drew them.
std::vector<std::vector<double>> replicate(const Trial& trial, std::uint64_t seed, std::size_t replications,
                                           const std::function<void(std::size_t)>& progress) {
  std::vector<std::vector<double>> made(replications);
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  const auto one = [&] {
    const std::size_t index = next++;
    if (index >= replications) return false;
    // Mixed, because Random walks on by that very constant: neighbours would share three words of their state.
    made[index] = trial(mix_bits(seed + index * 0x9e3779b97f4a7c15ULL));
    ++done;
    return true;
  };
  std::vector<std::thread> helpers;
  const std::size_t cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
  for (std::size_t i = 1; i < std::min(cores, replications); ++i) {
    helpers.emplace_back([&one] {
      while (one()) continue;
    });
  }
  while (one()) {
    if (progress) progress(done);
  }
  for (auto& helper : helpers) helper.join();
  return made;
}

}  // namespace

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all = [] {
    std::vector<Experiment> list;
    add_test_experiments(list);
    add_bandit_experiments(list);
    add_context_experiments(list);
    add_rollout_experiments(list);
    return list;
  }();
  return all;
}

const Experiment* find_experiment(std::string_view name) {
  const auto& all = experiments();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Experiment& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool Figure::is_met() const noexcept {
  const double tolerated = summary == FigureSpec::Summary::Share ? 0 : 0.05;
  if (!at_most && !at_least) return true;
  if (std::isnan(value)) return false;
  const double slack = 2 * error;
  return (!at_most || value <= *at_most * (1 + tolerated) + slack) &&
         (!at_least || value >= *at_least * (1 - tolerated) - slack);
}

Result<ExperimentResult> run_experiment(const Experiment& experiment, const Parameters& overrides, std::uint64_t seed,
                                        std::size_t replications, const std::function<void(std::size_t)>& progress) {
  auto parameters = parameters_of(experiment, overrides);
  if (!parameters) return fail(parameters.error());
  auto trial = experiment.prepare(*parameters);
  if (!trial) return fail(trial.error());
  ExperimentResult result;
  result.name = experiment.name;
  result.seed = seed;
  result.replications = replications == 0 ? experiment.replications : replications;
  const auto values = replicate(*trial, seed, result.replications, progress);
  const bool own = has_own_parameters(experiment, *parameters);
  for (std::size_t i = 0; i < experiment.figures.size(); ++i) {
    std::vector<double> column;
    for (const auto& row : values) column.push_back(i < row.size() ? row[i] : nothing);
    Figure figure = summed_up(experiment.figures[i], std::move(column));
    if (own) {
      figure.at_most = experiment.figures[i].at_most;
      figure.at_least = experiment.figures[i].at_least;
    }
    result.figures.push_back(std::move(figure));
  }
  result.parameters = std::move(parameters).value();
  return result;
}

}  // namespace sluice::rollout
