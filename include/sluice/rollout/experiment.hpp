#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"

/// How good decisions are: questions with a known answer, asked many times with traffic that is drawn.
namespace sluice::rollout {

/// What an experiment supposes, by name. Shares are 0…1, times are seconds.
using Parameters = std::map<std::string, double>;

struct Parameter {
  std::string name;
  double value = 0;  ///< unless somebody says otherwise
  std::string meaning;
};

/// One number that an experiment brings out.
struct FigureSpec {
  /// How it comes from the values of all replications.
  enum class Summary : std::uint8_t { Mean, Median, Share };
  std::string name;
  Summary summary = Summary::Mean;
  std::optional<double> at_most;   ///< what is wished, with the experiment's own parameters
  std::optional<double> at_least;  ///< both: between them
};

/// What a replication found, one value per figure; `nothing` where there was none, as when nothing was detected.
using Trial = std::function<std::vector<double>(std::uint64_t seed)>;
inline constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

struct Experiment {
  std::string name;
  std::string question;
  std::string method;  ///< what decides: the controller and a strategy, or functions of `stats` alone
  std::vector<Parameter> parameters;
  std::size_t replications = 0;  ///< that bring the Monte-Carlo error well below the figure
  std::vector<FigureSpec> figures;
  /// What can be done once for all replications is done here. A trial is called from several threads at a time.
  std::function<Result<Trial>(const Parameters&)> prepare;
};

/// All of them, in the order in which they are shown.
const std::vector<Experiment>& experiments();
const Experiment* find_experiment(std::string_view name);

struct Figure {
  std::string name;
  FigureSpec::Summary summary = FigureSpec::Summary::Mean;
  double value = 0;
  double error = 0;  ///< Monte-Carlo: one standard error
  std::uint64_t missing =
      0;  ///< replications that brought nothing; they are left out, of a median they are the largest
  std::optional<double> at_most;
  std::optional<double> at_least;
  /// Whether it is as wished, give or take two standard errors and, but for shares, 5 % of the wish; true without one.
  bool is_met() const noexcept;
};

struct ExperimentResult {
  std::string name;
  Parameters parameters;
  std::uint64_t seed = 0;
  std::size_t replications = 0;
  std::vector<Figure> figures;
};

/// `replications` 0: as many as the experiment says. On all cores, at most 8; the same result on any number of them.
/// Fails on a parameter that the experiment does not have. Wishes are only set with the experiment's own parameters.
/// `progress` is told from this thread how many replications are done.
Result<ExperimentResult> run_experiment(const Experiment& experiment, const Parameters& overrides, std::uint64_t seed,
                                        std::size_t replications = 0,
                                        const std::function<void(std::size_t)>& progress = {});

}  // namespace sluice::rollout
