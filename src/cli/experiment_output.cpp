#include "sluice/cli/experiment_output.hpp"

#include <cmath>

#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

using rollout::Experiment;
using rollout::ExperimentResult;
using rollout::Figure;
using Summary = rollout::FigureSpec::Summary;

/// Four digits, and no more than that.
std::string figure_number(double value) {
  if (std::isnan(value)) return "none";
  if (std::isinf(value)) return "never";
  if (std::abs(value) >= 1000) return grouped(static_cast<std::uint64_t>(std::llround(value)));
  const double unit = std::abs(value) >= 100 ? 10 : std::abs(value) >= 10 ? 100 : 1000;
  return policy::format_number(std::round(value * unit) / unit);
}

std::string figure_value(const Figure& figure, double value) {
  if (figure.summary != Summary::Share || std::isnan(value)) return figure_number(value);
  return policy::format_number(std::round(value * 1e4) / 100) + "%";
}

std::string ours_text(const Figure& figure) {
  const std::string value = figure_value(figure, figure.value);
  return std::isfinite(figure.value) ? value + " ± " + figure_value(figure, figure.error) : value;
}

std::string wish_text(const Figure& figure) {
  std::string text;
  if (figure.at_least) text = "≥ " + figure_value(figure, *figure.at_least);
  if (figure.at_most) text += (text.empty() ? "≤ " : ", ≤ ") + figure_value(figure, *figure.at_most);
  return text;
}

std::string summary_text(Summary summary) {
  return summary == Summary::Mean ? "mean" : summary == Summary::Median ? "median" : "share";
}

std::string missing_text(const Figure& figure) {
  return figure.missing == 0 ? "" : grouped(figure.missing) + " without";
}

bool has_wish(const Figure& figure) {
  return figure.at_least || figure.at_most;
}

Json wish_as_json(const std::optional<double>& wish) {
  return wish ? Json(*wish) : Json(nullptr);
}

Json value_as_json(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

Result<std::pair<std::string, double>> parse_parameter(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  const std::string name = text.substr(0, equals);
  if (const auto number = policy::parse_number(value)) return std::pair(name, *number);
  if (const auto ratio = policy::parse_ratio(value)) return std::pair(name, ratio->fraction);
  if (const auto time = policy::parse_duration(value)) {
    return std::pair(name, std::chrono::duration<double>(*time).count());
  }
  return fail(Error::internal("\"" + text + "\" is no parameter such as share=10%, looks=500 or window=30m"));
}

std::string experiments_as_text(bool colour) {
  Table table({{"EXPERIMENT"}, {"RUNS", true}, {"QUESTION"}});
  for (const auto& one : rollout::experiments()) table.add({{one.name}, {grouped(one.replications)}, {one.question}});
  return table.text(colour);
}

std::string experiment_as_text(const Experiment& experiment, bool colour) {
  Table table({{"PARAMETER"}, {"VALUE", true}, {"MEANING"}});
  for (const auto& one : experiment.parameters) {
    table.add({{one.name}, {policy::format_number(one.value)}, {one.meaning}});
  }
  return experiment.question + "\nDecided by: " + experiment.method + "\n\n" + table.text(colour);
}

Json experiments_as_json() {
  Json out = Json::array();
  for (const auto& one : rollout::experiments()) {
    Json parameters = Json::object();
    for (const auto& parameter : one.parameters) parameters[parameter.name] = parameter.value;
    out.push_back({{"experiment", one.name},
                   {"question", one.question},
                   {"method", one.method},
                   {"replications", one.replications},
                   {"parameters", std::move(parameters)}});
  }
  return out;
}

std::string result_as_text(const Experiment& experiment, const ExperimentResult& result, bool colour) {
  std::string parameters;
  for (const auto& one : experiment.parameters) {
    const double value = result.parameters.at(one.name);
    if (value != one.value) parameters += ", " + one.name + " " + policy::format_number(value);
  }
  std::string out = painted(experiment.name, Colour::Bold, colour) + ": " + experiment.question +
                    "\nDecided by: " + experiment.method + "\n" + grouped(result.replications) +
                    " replications, seed " + std::to_string(result.seed) + parameters + "\n\n";
  Table table({{"FIGURE"}, {"", false}, {"WISHED", true}, {"OURS", true}, {"", false}, {"", false}});
  for (const auto& figure : result.figures) {
    Table::Cell verdict("");
    if (has_wish(figure)) {
      verdict = figure.is_met() ? Table::Cell("met", Colour::Green) : Table::Cell("NOT MET", Colour::Red);
    }
    table.add({{figure.name},
               {summary_text(figure.summary)},
               {wish_text(figure)},
               {ours_text(figure)},
               std::move(verdict),
               {missing_text(figure)}});
  }
  return out + table.text(colour);
}

Json result_as_json(const Experiment& experiment, const ExperimentResult& result) {
  Json figures = Json::array();
  for (const auto& figure : result.figures) {
    figures.push_back({{"figure", figure.name},
                       {"summary", summary_text(figure.summary)},
                       {"value", value_as_json(figure.value)},
                       {"error", value_as_json(figure.error)},
                       {"missing", figure.missing},
                       {"atMost", wish_as_json(figure.at_most)},
                       {"atLeast", wish_as_json(figure.at_least)},
                       {"met", figure.is_met()}});
  }
  return {{"experiment", experiment.name},       {"method", experiment.method},     {"seed", result.seed},
          {"replications", result.replications}, {"parameters", result.parameters}, {"figures", std::move(figures)}};
}

std::string result_as_markdown(const Experiment& experiment, const ExperimentResult& result) {
  std::string out;
  for (const auto& figure : result.figures) {
    const std::string met = !has_wish(figure) ? "" : figure.is_met() ? "yes" : "**no**";
    const std::string none = missing_text(figure);
    out += "| `" + experiment.name + "` | " + figure.name + " (" + summary_text(figure.summary) + ") | " +
           wish_text(figure) + " | " + ours_text(figure) + (none.empty() ? "" : ", " + none) + " | " + met + " | " +
           grouped(result.replications) + " |\n";
  }
  return out;
}

}  // namespace sluice::cli
