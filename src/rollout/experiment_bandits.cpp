#include <algorithm>
#include <cmath>
#include <queue>

#include "experiment_list.hpp"
#include "sluice/base/random.hpp"
#include "sluice/rollout/draws.hpp"
#include "sluice/stats/allocation.hpp"
#include "sluice/stats/kaplan_meier.hpp"

namespace sluice::rollout {
namespace {

using Summary = FigureSpec::Summary;

constexpr int most_arms = 6;

/// `arm1`… as far as they are there.
std::vector<double> arms_of(const Parameters& p, const char* prefix) {
  std::vector<double> arms;
  for (int i = 1; i <= most_arms; ++i) {
    const auto found = p.find(prefix + std::to_string(i));
    if (found != p.end() && found->second >= 0) arms.push_back(found->second);
  }
  return arms;
}

std::vector<Parameter> arm_parameters(const std::string& prefix, const std::vector<double>& values,
                                      const std::string& meaning) {
  std::vector<Parameter> made;
  for (std::size_t i = 0; i < most_arms; ++i) {
    made.push_back({prefix + std::to_string(i + 1), i < values.size() ? values[i] : -1,
                    meaning + (i == 0 ? "" : "; below 0: there is none")});
  }
  return made;
}

Result<std::vector<double>> checked_arms(const Parameters& p) {
  auto arms = arms_of(p, "arm");
  if (arms.size() < 2) return fail(Error::internal("a bandit has at least two arms"));
  if (std::any_of(arms.begin(), arms.end(), [](double rate) { return rate > 1; })) {
    return fail(Error::internal("an arm's rate is a share from 0 to 1"));
  }
  return arms;
}

stats::AllocationRules rules_of(const Parameters& p, stats::Algorithm algorithm) {
  stats::AllocationRules rules;
  rules.algorithm = algorithm;
  rules.floor = p.at("floor");
  rules.requests_first = p.at("first");
  rules.batch = p.at("batch");
  return rules;
}

/// So many requests dealt by shares, by arm.
std::vector<std::uint64_t> deal(Random& random, const std::vector<double>& shares, std::uint64_t requests) {
  std::vector<std::uint64_t> dealt;
  double left = 1;
  for (const double share : shares) {
    const double part = left > 0 ? std::clamp(share / left, 0.0, 1.0) : 1;
    dealt.push_back(draw_binomial(random, requests, part));
    requests -= dealt.back();
    left -= share;
  }
  dealt.back() += requests;
  return dealt;
}

/// Rewards lost to always taking the best arm, when they are known at once.
double regret_of(const std::vector<double>& arms, const Parameters& p, stats::Algorithm algorithm, Random& random) {
  const auto rules = rules_of(p, algorithm);
  const double best = *std::max_element(arms.begin(), arms.end());
  std::vector<stats::ArmStanding> standings(arms.size());
  double regret = 0;
  auto left = static_cast<std::uint64_t>(p.at("requests"));
  const auto batch = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(p.at("batch")));
  while (left > 0) {
    const std::uint64_t now = std::min(batch, left);
    left -= now;
    const auto dealt = deal(random, stats::allocate(rules, standings).share, now);
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const auto n = static_cast<double>(dealt[i]);
      const auto won = static_cast<double>(draw_binomial(random, dealt[i], arms[i]));
      regret += n * (best - arms[i]);
      standings[i].requests += n;
      standings[i].rewards.merge(stats::binary_rewards(won, n - won));
    }
  }
  return regret;
}

double uniform_regret(const std::vector<double>& arms, double requests) {
  const double best = *std::max_element(arms.begin(), arms.end());
  double lost = 0;
  for (const double rate : arms) lost += best - rate;
  return requests * lost / static_cast<double>(arms.size());
}

Experiment regret(const std::string& name, const std::vector<double>& arms, double requests, double batch, double floor,
                  double first, std::optional<double> target) {
  Experiment made;
  made.name = name;
  made.question = "How many rewards are lost to always taking the best arm?";
  made.method = "stats: (i), rewards known at once";
  made.parameters = arm_parameters("arm", arms, "reward rate of an arm");
  const std::vector<Parameter> more{{"requests", requests, "requests"},
                                    {"batch", batch, "requests between two new shares"},
                                    {"floor", floor, "least share of every arm"},
                                    {"first", first, "requests of every arm before anything is concluded"}};
  made.parameters.insert(made.parameters.end(), more.begin(), more.end());
  made.replications = 500;
  made.figures = {{"regret, Thompson sampling", Summary::Mean, target, {}},
                  {"regret, KL-UCB", Summary::Mean, {}, {}},
                  {"regret, UCB1", Summary::Mean, {}, {}},
                  {"regret, epsilon-greedy", Summary::Mean, {}, {}},
                  {"regret, equal shares", Summary::Mean, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    auto arms = checked_arms(p);
    if (!arms) return fail(arms.error());
    return Trial([p, arms = *arms](std::uint64_t seed) {
      Random random(seed);
      std::vector<double> out;
      for (const auto algorithm : {stats::Algorithm::ThompsonSampling, stats::Algorithm::KlUcb, stats::Algorithm::Ucb1,
                                   stats::Algorithm::EpsilonGreedy}) {
        out.push_back(regret_of(arms, p, algorithm, random));
      }
      out.push_back(uniform_regret(arms, p.at("requests")));
      return out;
    });
  };
  return made;
}

struct Late {
  double at = 0;
  std::size_t arm = 0;
  double decided = 0;
  bool operator<(const Late& other) const { return at > other.at; }
};

/// Rewards come late, and each arm's in its own time.
class LateRewards {
 public:
  LateRewards(const std::vector<double>& arms, const Parameters& p, bool pending_is_failure, std::uint64_t seed)
      : arms_(arms),
        p_(p),
        rules_(rules_of(p, stats::Algorithm::ThompsonSampling)),
        pending_is_failure_(pending_is_failure),
        random_(seed),
        standings_(arms.size()),
        tables_(arms.size(), stats::DelayTable(p.at("window"))),
        converted_(arms.size()),
        shares_(arms.size(), 1 / static_cast<double>(arms.size())) {
    for (std::size_t i = 0; i < arms.size(); ++i) delays_.push_back(p.at("delay" + std::to_string(i + 1)));
  }

  double regret() {
    const double best = *std::max_element(arms_.begin(), arms_.end());
    const double batch = std::max(1.0, p_.at("batch"));
    double regret = 0;
    for (double now = 0; now < p_.at("requests"); now += batch) {
      arrive(now);
      if (now > 0) share_out(now);
      const auto dealt = deal(random_, shares_, static_cast<std::uint64_t>(std::min(batch, p_.at("requests") - now)));
      for (std::size_t i = 0; i < arms_.size(); ++i) {
        regret += static_cast<double>(dealt[i]) * (best - arms_[i]);
        decide(i, dealt[i], now + batch / 2);
      }
    }
    return regret;
  }

 private:
  void decide(std::size_t arm, std::uint64_t requests, double now) {
    standings_[arm].requests += static_cast<double>(requests);
    tables_[arm].add_decisions(now, static_cast<double>(requests));
    for (auto left = draw_binomial(random_, requests, arms_[arm]); left > 0; --left) {
      late_.push({now - delays_[arm] * std::log1p(-random_.uniform()), arm, now});
    }
  }

  void arrive(double now) {
    for (; !late_.empty() && late_.top().at <= now; late_.pop()) {
      const Late& one = late_.top();
      if (tables_[one.arm].add_conversion(one.decided, one.at - one.decided)) converted_[one.arm] += 1;
    }
  }

  void share_out(double now) {
    bool settled = true;
    if (pending_is_failure_) {
      for (std::size_t i = 0; i < arms_.size(); ++i) {
        standings_[i].rewards = stats::binary_rewards(converted_[i], standings_[i].requests - converted_[i]);
      }
    } else {
      const auto found = stats::delayed_rates(tables_, now);
      settled = found.settled;
      for (std::size_t i = 0; i < arms_.size(); ++i) {
        standings_[i].rewards = stats::binary_rewards(found.arms[i].successes, found.arms[i].failures);
      }
    }
    if (settled) shares_ = stats::allocate(rules_, standings_).share;
  }

  const std::vector<double>& arms_;
  const Parameters& p_;
  stats::AllocationRules rules_;
  bool pending_is_failure_;
  Random random_;
  std::vector<stats::ArmStanding> standings_;
  std::vector<stats::DelayTable> tables_;
  std::vector<double> converted_;
  std::vector<double> shares_;
  std::vector<double> delays_;
  std::priority_queue<Late> late_;
};

Experiment delayed_better() {
  Experiment made;
  made.name = "delayed-better";
  made.question = "How many rewards are lost when the better arm's come later?";
  made.method = "stats: (i) on the censored counts of (j), and for comparison on pending rewards counted as failures";
  made.parameters = arm_parameters("arm", {0.05, 0.055}, "reward rate of an arm");
  const auto delays = arm_parameters("delay", {100, 5000, 0, 0, 0, 0}, "mean delay of its rewards, in requests");
  made.parameters.insert(made.parameters.end(), delays.begin(), delays.end());
  const std::vector<Parameter> more{{"requests", 100'000, "requests"},
                                    {"window", 50'000, "requests after which no reward comes any more"},
                                    {"batch", 1000, "requests between two new shares"},
                                    {"floor", 0.01, "least share of every arm"},
                                    {"first", 100, "requests of every arm before anything is concluded"}};
  made.parameters.insert(made.parameters.end(), more.begin(), more.end());
  made.replications = 300;
  made.figures = {{"regret, censored", Summary::Mean, 90, {}},
                  {"regret, pending is failure", Summary::Mean, {}, {}},
                  {"regret, equal shares", Summary::Mean, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    auto arms = checked_arms(p);
    if (!arms) return fail(arms.error());
    return Trial([p, arms = *arms](std::uint64_t seed) {
      return std::vector<double>{LateRewards(arms, p, false, seed).regret(), LateRewards(arms, p, true, seed).regret(),
                                 uniform_regret(arms, p.at("requests"))};
    });
  };
  return made;
}

}  // namespace

void add_bandit_experiments(std::vector<Experiment>& list) {
  list.push_back(regret("regret-easy", {0.9, 0.8}, 5000, 10, 0, 0, 8.9));
  list.push_back(regret("regret-hard", {0.05, 0.055, 0.045}, 100'000, 500, 0, 0, 85));
  list.push_back(delayed_better());
}

}  // namespace sluice::rollout
