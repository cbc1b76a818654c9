#include <algorithm>
#include <array>

#include "experiment_list.hpp"
#include "sluice/base/random.hpp"
#include "sluice/rollout/draws.hpp"
#include "sluice/stats/allocation.hpp"
#include "sluice/stats/scoring_bank.hpp"

namespace sluice::rollout {
namespace {

/// Requests are of two kinds, as many of each, and each of two arms suits one of them.
constexpr std::size_t kinds = 2;

/// What came of a batch's requests of one kind, by arm.
struct KindOfBatch {
  std::array<double, kinds> requests{};
  std::array<double, kinds> rewards{};
};

class TwoKinds {
 public:
  TwoKinds(const Parameters& p, std::uint64_t seed) : p_(p), random_(seed) {}

  /// Rewards lost to always taking the arm that suits the request.
  double regret_by_context() {
    std::array<stats::LinearMoments, kinds> arms{stats::LinearMoments(1), stats::LinearMoments(1)};
    return regret([&] { return shares_by_context(arms); },
                  [&](std::size_t kind, const KindOfBatch& seen) {
                    const std::array context{static_cast<float>(kind)};
                    for (std::size_t arm = 0; arm < kinds; ++arm) {
                      arms[arm].add(context, 1, seen.rewards[arm]);
                      arms[arm].add(context, 0, seen.requests[arm] - seen.rewards[arm]);
                    }
                  });
  }

  /// The same for a bandit that does not look at the requests.
  double regret_without() {
    stats::AllocationRules rules;
    rules.floor = p_.at("floor");
    rules.requests_first = p_.at("first");
    rules.batch = p_.at("batch");
    std::vector<stats::ArmStanding> standings(kinds);
    return regret(
        [&] {
          const auto share = stats::allocate(rules, standings).share;
          return std::array<double, kinds>{share[0], share[0]};
        },
        [&](std::size_t /*kind*/, const KindOfBatch& seen) {
          for (std::size_t arm = 0; arm < kinds; ++arm) {
            standings[arm].requests += seen.requests[arm];
            standings[arm].rewards.merge(
                stats::binary_rewards(seen.rewards[arm], seen.requests[arm] - seen.rewards[arm]));
          }
        });
  }

 private:
  /// The first arm's share of each kind.
  std::array<double, kinds> shares_by_context(const std::array<stats::LinearMoments, kinds>& arms) {
    if (std::any_of(arms.begin(), arms.end(), [&](auto& arm) { return arm.n() < p_.at("first"); })) return {0.5, 0.5};
    const auto prior = stats::pooled_linear_prior(arms);
    const std::array posteriors{stats::linear_posterior(arms[0], prior), stats::linear_posterior(arms[1], prior)};
    const stats::ScoringBank bank(posteriors, p_.at("floor"), {}, random_);
    std::array<double, kinds> shares{};
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      shares[kind] = bank.shares(std::array{static_cast<float>(kind)}).share[0];
    }
    return shares;
  }

  template <typename Shares, typename Learn>
  double regret(const Shares& shares_of, const Learn& learn) {
    double lost = 0;
    auto left = static_cast<std::uint64_t>(p_.at("requests"));
    const auto batch = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(p_.at("batch")));
    while (left > 0) {
      const std::uint64_t now = std::min(batch, left);
      left -= now;
      const std::array<double, kinds> shares = shares_of();
      const std::uint64_t of_first = draw_binomial(random_, now, 0.5);
      for (std::size_t kind = 0; kind < kinds; ++kind) {
        const std::uint64_t requests = kind == 0 ? of_first : now - of_first;
        const std::uint64_t to_first = draw_binomial(random_, requests, shares[kind]);
        KindOfBatch seen;
        for (std::size_t arm = 0; arm < kinds; ++arm) {
          const std::uint64_t dealt = arm == 0 ? to_first : requests - to_first;
          const double rate = p_.at(arm == kind ? "suits" : "elsewhere");
          seen.requests[arm] = static_cast<double>(dealt);
          seen.rewards[arm] = static_cast<double>(draw_binomial(random_, dealt, rate));
          lost += seen.requests[arm] * (p_.at("suits") - rate);
        }
        learn(kind, seen);
      }
    }
    return lost;
  }

  const Parameters& p_;
  Random random_;
};

}  // namespace

void add_context_experiments(std::vector<Experiment>& list) {
  Experiment made;
  made.name = "bandit-context";
  made.question = "What is lost to the arm that suits each request, when each of two arms suits one kind of requests?";
  made.method = "stats: (i), linear Thompson sampling, rewards known at once";
  made.parameters = {{"suits", 0.10, "reward rate of the arm that suits the request"},
                     {"elsewhere", 0.05, "of the other one"},
                     {"requests", 50'000, "requests"},
                     {"batch", 500, "requests between two banks"},
                     {"floor", 0.01, "least share of every arm"},
                     {"first", 100, "requests of every arm before anything is concluded"}};
  made.replications = 300;
  made.figures = {{"regret, linear Thompson", FigureSpec::Summary::Mean, {}, {}},
                  {"regret, Thompson sampling without context", FigureSpec::Summary::Mean, {}, {}},
                  {"regret, equal shares", FigureSpec::Summary::Mean, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    for (const char* const rate : {"suits", "elsewhere"}) {
      if (p.at(rate) < 0 || p.at(rate) > 1) return fail(Error::internal("a rate is a share from 0 to 1"));
    }
    return Trial([p](std::uint64_t seed) {
      const double all = p.at("requests") * (p.at("suits") - p.at("elsewhere"));
      return std::vector<double>{TwoKinds(p, seed).regret_by_context(), TwoKinds(p, seed + 1).regret_without(),
                                 all / 2};
    });
  };
  list.push_back(std::move(made));
}

}  // namespace sluice::rollout
