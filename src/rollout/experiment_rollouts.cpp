#include <array>
#include <cmath>
#include <memory>

#include "experiment_list.hpp"
#include "sluice/policy/reader.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/rollout/simulation.hpp"

namespace sluice::rollout {
namespace {

using Summary = FigureSpec::Summary;

constexpr int most_versions = 6;

Duration in_seconds_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string percent_of(double share) {
  return policy::format_number(share * 100) + "%";
}

std::string seconds_text(double seconds) {
  return policy::format_number(std::ceil(seconds)) + "s";
}

/// A route with so many versions, v1 first, and this strategy; `more` stands beside it.
Result<policy::ModelRoute> route_of(std::size_t versions, const std::string& strategy, const std::string& more = {}) {
  std::string text = "apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: experiment}\nspec:\n" + more;
  text += "  versions:\n";
  for (std::size_t i = 1; i <= versions; ++i) {
    text += "    - {name: v" + std::to_string(i) + ", endpoints: [\"http://127.0.0.1:" + std::to_string(9000 + i) +
            "\"]}\n";
  }
  text += "  strategy: " + strategy + "\n";
  const std::array<policy::Source, 1> sources{policy::Source{"experiment.yaml", text}};
  auto reading = policy::read(sources);
  if (!reading.ok() || reading.set.routes.empty()) {
    return fail(Error::internal(reading.problems.empty() ? "the parameters make no policy"
                                                         : policy::describe(reading.problems.front())));
  }
  return std::move(reading.set.routes.front());
}

using Reading = std::function<std::vector<double>(const Run&)>;

Result<Trial> trial_of(Result<policy::ModelRoute> route, Scenario scenario, Reading reading) {
  if (!route) return fail(route.error());
  scenario.route = std::move(route).value();
  auto shared = std::make_shared<const Scenario>(std::move(scenario));
  if (auto tried = simulate(*shared, 1, [](WallTime, const RolloutView&, const Tally&) { return false; }); !tried) {
    return fail(tried.error());
  }
  return Trial([shared, reading = std::move(reading)](std::uint64_t seed) {
    const auto run = simulate(*shared, seed);
    return run ? reading(*run) : std::vector<double>{};
  });
}

// ---- canary

const std::vector<Parameter>& canary_parameters() {
  static const std::vector<Parameter> parameters{
      {"rate", 40, "requests per second"},
      {"error", 0.01, "error rate of stable"},
      {"risk", 1, "how many times as many errors the candidate has"},
      {"slower", 1, "how many times as long everything takes with the candidate"},
      {"share", 0.05, "the candidate's share of the requests in the first step"},
      {"hours", 24, "how long the first step lasts"},
      {"ramp", 0, "1: 10 %, 25 % and 50 % follow, each as long"},
      {"margin", 0.1, "relative margin of the check against stable"},
      {"latency", 0, "1: a check on latency-p99 stands beside the one on errors"},
      {"interval", 10, "seconds between two looks"},
      {"drift", 0, "the error rate of both goes up and down by this share, once a day"},
      {"rate-drift", 0, "so does the rate of requests"},
      {"users", 0, "how many users come again and stick to their version; 0: nobody does"},
      {"heterogeneity", 0, "correlation of two requests of one user"},
      {"skew", 0, "deviation of the logarithm of how often users come"},
      {"lost", 0, "share of the candidate's requests that vanish"},
      {"days", 14, "time after which a rollout counts as undecided"}};
  return parameters;
}

std::string canary_of(const Parameters& p) {
  const std::string pause = "{pause: {duration: " + seconds_text(p.at("hours") * 3600) + "}}";
  std::string steps = "{setWeight: " + policy::format_number(p.at("share") * 100) + "}, " + pause;
  if (p.at("ramp") > 0) {
    for (const char* weight : {"10", "25", "50"}) steps += std::string(", {setWeight: ") + weight + "}, " + pause;
  }
  const std::string versus = "versusStable: {relativeMargin: " + percent_of(p.at("margin")) + "}}";
  std::string checks = "{metric: error-rate, " + versus;
  if (p.at("latency") > 0) checks += ", {metric: latency-p99, " + versus;
  return "{canary: {stable: v1, candidate: v2, progressDeadline: 30d, steps: [" + steps +
         "], analysis: {interval: " + seconds_text(p.at("interval")) + ", checks: [" + checks + "]}}}";
}

TrafficModel canary_traffic(const Parameters& p) {
  TrafficModel traffic;
  traffic.rate = p.at("rate");
  traffic.error_rate = p.at("error");
  Injection& candidate = traffic.injections["v2"];
  candidate.error_rate = std::min(1.0, p.at("error") * p.at("risk"));
  candidate.latency = std::chrono::duration_cast<Duration>(traffic.latency * p.at("slower"));
  const auto day = std::chrono::hours(24);
  if (p.at("drift") > 0) traffic.drifts.push_back({"", "error-rate", Drift::Kind::Wave, p.at("drift"), day});
  if (p.at("rate-drift") > 0) traffic.drifts.push_back({"", "rate", Drift::Kind::Wave, p.at("rate-drift"), day});
  traffic.population = {static_cast<std::size_t>(p.at("users")), p.at("heterogeneity"), p.at("skew")};
  if (p.at("lost") > 0) traffic.lost["v2"] = p.at("lost");
  return traffic;
}

Result<Trial> prepare_canary(const Parameters& p) {
  Scenario scenario;
  scenario.traffic = canary_traffic(p);
  scenario.longest = in_seconds_of(p.at("days") * 86400);
  const std::string unit = p.at("users") > 0 ? "  unit: {header: x-user-id}\n" : "";
  return trial_of(route_of(2, canary_of(p), unit), std::move(scenario), [](const Run& run) -> std::vector<double> {
    const bool back = run.ending == Ending::Aborts;
    const bool promoted = run.ending == Ending::Promotes;
    const auto requests = static_cast<double>(run.tally.requests);
    return {promoted ? 1.0 : 0.0,
            back ? 1.0 : 0.0,
            promoted ? requests : nothing,
            back ? requests : nothing,
            back ? static_cast<double>(run.tally.trial) : nothing,
            std::max(0.0, run.tally.bad_answers)};
  });
}

/// `changes`: what this one supposes otherwise.
Experiment canary(const std::string& name, const std::string& question, const Parameters& changes,
                  std::size_t replications) {
  Experiment made;
  made.name = name;
  made.question = question;
  made.method = "the controller with a canary";
  made.parameters = canary_parameters();
  for (auto& parameter : made.parameters) {
    if (const auto found = changes.find(parameter.name); found != changes.end()) parameter.value = found->second;
  }
  made.replications = replications;
  made.figures = {{"promoted", Summary::Share, {}, {}},
                  {"rolled back", Summary::Share, {}, {}},
                  {"requests until promoted", Summary::Mean, {}, {}},
                  {"requests until rolled back", Summary::Mean, {}, {}},
                  {"of the candidate, median", Summary::Median, {}, {}},
                  {"bad answers beyond stable's", Summary::Mean, {}, {}}};
  made.prepare = prepare_canary;
  return made;
}

void add_canaries(std::vector<Experiment>& list) {
  constexpr std::size_t promoted = 0;
  constexpr std::size_t back = 1;
  constexpr std::size_t until_back = 3;
  list.push_back(canary("healthy-promoted", "How often is a candidate promoted that is as good as stable?",
                        {{"hours", 1}, {"ramp", 1}}, 400));
  list.back().figures[promoted].at_least = 0.97;
  list.push_back(
      canary("canary-false-alarms", "How often is it rolled back while it stays at 5 % for a day?", {}, 400));
  list.back().figures[back].at_most = 0.05;
  list.push_back(canary("canary-no-margin", "How much of the doubt is used up where nothing is allowed?",
                        {{"margin", 0}, {"rate", 10}, {"hours", 10}}, 1000));
  list.back().figures[back].at_most = 0.05;
  list.back().figures[back].at_least = 0.03;
  list.push_back(canary("canary-drift", "The same on a ramp, while errors and requests go up and down?",
                        {{"hours", 6}, {"ramp", 1}, {"drift", 0.5}, {"rate-drift", 0.6}}, 400));
  list.back().figures[back].at_most = 0.05;
  list.push_back(canary("canary-users", "The same where users stick, and some of them fail again and again?",
                        {{"users", 2000}, {"heterogeneity", 0.3}, {"skew", 1}, {"share", 0.2}, {"hours", 6}}, 200));
  list.back().figures[back].at_most = 0.05;
  list.push_back(canary("canary-detect-1.5x", "How soon is a candidate rolled back that fails half as often again?",
                        {{"risk", 1.5}, {"margin", 0}, {"hours", 48}}, 1000));
  list.back().figures[until_back].at_most = 84'849;
  list.push_back(canary("canary-detect-5x", "How soon is a candidate rolled back that fails five times as often?",
                        {{"risk", 5}}, 1000));
  list.back().figures[back].at_least = 0.99;
  list.push_back(canary("canary-detect-slow", "How soon is one rolled back that takes half as long again?",
                        {{"slower", 1.5}, {"latency", 1}}, 1000));
  list.back().figures[back].at_least = 0.99;
  list.push_back(canary("canary-broken-split", "Is one promoted that half of its requests never reached?",
                        {{"lost", 0.5}, {"hours", 1}, {"days", 3}}, 100));
  list.back().figures[promoted].at_most = 0.01;
}

// ---- A/B tests and bandits

/// `v1`… as far as they are there.
std::vector<double> rates_of(const Parameters& p) {
  std::vector<double> rates;
  for (int i = 1; i <= most_versions; ++i) {
    const double rate = p.at("v" + std::to_string(i));
    if (rate >= 0) rates.push_back(rate);
  }
  return rates;
}

std::vector<Parameter> version_parameters(const std::vector<double>& rates, const std::vector<double>& delays) {
  std::vector<Parameter> made;
  for (std::size_t i = 0; i < most_versions; ++i) {
    const std::string name = "v" + std::to_string(i + 1);
    made.push_back({name, i < rates.size() ? rates[i] : -1, "clicks per decision; below 0: there is no such version"});
    made.push_back({name + "-delay", i < delays.size() ? delays[i] : 0, "mean delay of its clicks in seconds"});
  }
  return made;
}

TrafficModel clicks_of(const Parameters& p, std::size_t versions) {
  TrafficModel traffic;
  traffic.rate = p.at("rate");
  for (std::size_t i = 1; i <= versions; ++i) {
    const std::string name = "v" + std::to_string(i);
    OutcomeLaw& law = traffic.injections[name].outcomes["click"];
    law.rate = p.at(name);
    law.delay = in_seconds_of(p.at(name + "-delay"));
  }
  if (p.contains("users")) {
    traffic.population = {static_cast<std::size_t>(p.at("users")), p.at("heterogeneity"), p.at("skew")};
  }
  return traffic;
}

std::string outcome_of(const Parameters& p) {
  return "  outcomes: [{name: click, attributionWindow: " + seconds_text(p.at("window")) + "}]\n";
}

/// v1, v2… of so many.
std::string names_of(std::size_t versions, const std::string& before, const std::string& behind) {
  std::string names;
  for (std::size_t i = 1; i <= versions; ++i) {
    names += (i == 1 ? "" : ", ") + before + "v" + std::to_string(i) + behind;
  }
  return names;
}

Result<Trial> prepare_test(const Parameters& p) {
  const auto rates = rates_of(p);
  const double best = *std::max_element(rates.begin(), rates.end());
  Scenario scenario;
  scenario.traffic = clicks_of(p, rates.size());
  scenario.longest = in_seconds_of(p.at("days") * 86400);
  const std::string unit = p.at("users") > 0 ? "  unit: {header: x-user-id}\n" : "";
  const std::string strategy =
      "{abTest: {variants: [" + names_of(rates.size(), "{version: ", "}") +
      "], control: v1, primaryMetric: click, maxDuration: " + seconds_text(p.at("days") * 86400) + "}}";
  const auto is_best = [rates, best](const std::string& version) {
    const auto index = static_cast<std::size_t>(std::atoi(version.c_str() + 1));
    return index >= 1 && index <= rates.size() && rates[index - 1] == best;
  };
  const bool all_alike = std::all_of(rates.begin(), rates.end(), [&](double rate) { return rate == best; });
  return trial_of(
      route_of(rates.size(), strategy, unit + outcome_of(p)), std::move(scenario),
      [is_best, all_alike](const Run& run) -> std::vector<double> {
        const bool won = !run.winner.empty();
        const bool right = won && !all_alike && is_best(run.winner);
        return {right ? 1.0 : 0.0, won && !right ? 1.0 : 0.0, won ? static_cast<double>(run.tally.requests) : nothing};
      });
}

Experiment test(const std::string& name, const std::string& question, const std::vector<double>& rates, double users,
                std::size_t replications) {
  Experiment made;
  made.name = name;
  made.question = question;
  made.method = "the controller with an A/B test on a Binary outcome";
  made.parameters = version_parameters(rates, {});
  const std::vector<Parameter> more{
      {"rate", 10, "requests per second"},
      {"days", 14, "how long the test may take"},
      {"window", 1800, "attribution window in seconds"},
      {"users", users, "how many users come again and stick to their variant"},
      {"heterogeneity", users > 0 ? 0.2 : 0, "correlation of two requests of one user"},
      {"skew", users > 0 ? 1.0 : 0, "deviation of the logarithm of how often users come"}};
  made.parameters.insert(made.parameters.end(), more.begin(), more.end());
  made.replications = replications;
  made.figures = {{"the best variant wins", Summary::Share, {}, {}},
                  {"another one is said to win", Summary::Share, 0.05, {}},
                  {"requests until a winner", Summary::Mean, {}, {}}};
  made.prepare = prepare_test;
  return made;
}

Result<Trial> prepare_bandit(const Parameters& p) {
  const auto rates = rates_of(p);
  Scenario scenario;
  scenario.traffic = clicks_of(p, rates.size());
  scenario.longest = in_seconds_of(p.at("requests") / p.at("rate"));
  const std::string strategy = "{bandit: {arms: [" + names_of(rates.size(), "", "") +
                               "], reward: click, minimumShare: " + percent_of(p.at("floor")) +
                               ", updateInterval: " + seconds_text(p.at("update")) + "}}";
  return trial_of(route_of(rates.size(), strategy, outcome_of(p)), std::move(scenario), [](const Run& run) {
    const Tally& tally = run.tally;
    if (tally.worth.empty()) return std::vector<double>{nothing};
    return std::vector<double>{tally.best_worth.front() - tally.worth.front()};
  });
}

Experiment bandit(const std::string& name, const std::vector<double>& rates, const std::vector<double>& delays,
                  const std::vector<double>& rate_requests_update_window, std::optional<double> target) {
  Experiment made;
  made.name = name;
  made.question = "How many clicks does the controller's bandit lose to always taking the best arm?";
  made.method = "the controller with a bandit (Thompson sampling)";
  made.parameters = version_parameters(rates, delays);
  const auto& numbers = rate_requests_update_window;
  const std::vector<Parameter> more{{"rate", numbers[0], "requests per second"},
                                    {"requests", numbers[1], "requests in all"},
                                    {"update", numbers[2], "seconds between two new shares"},
                                    {"window", numbers[3], "attribution window in seconds"},
                                    {"floor", 0.01, "least share of every arm"}};
  made.parameters.insert(made.parameters.end(), more.begin(), more.end());
  made.replications = 200;
  made.figures = {{"regret", Summary::Mean, target, {}}};
  made.prepare = prepare_bandit;
  return made;
}

}  // namespace

void add_rollout_experiments(std::vector<Experiment>& list) {
  add_canaries(list);
  list.push_back(
      test("ab-alike", "How often is a winner named among three variants that are alike?", {0.05, 0.05, 0.05}, 0, 300));
  list.push_back(test("ab-alike-users", "The same where users stick, and some click much more than others?",
                      {0.05, 0.05, 0.05}, 5000, 100));
  list.push_back(
      test("ab-winner", "How often, and how soon, is the better one of three found?", {0.05, 0.06, 0.05}, 0, 300));
  list.back().figures[0].at_least = 0.95;
  // Without a wish: a hundred requests of each arm first and a share of 1 % for ever cost up to 15 of themselves.
  list.push_back(bandit("bandit-easy", {0.9, 0.8}, {}, {10, 5000, 1, 60}, {}));
  list.push_back(bandit("bandit-hard", {0.05, 0.055, 0.045}, {}, {50, 100'000, 1, 60}, 85));
  list.push_back(bandit("bandit-delayed", {0.05, 0.055}, {2, 100}, {50, 100'000, 20, 1000}, 90));
}

}  // namespace sluice::rollout
