#include "sluice/strategy/bandit_context.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "sluice/base/stable_hash.hpp"
#include "sluice/stats/arm_posterior.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/context_table.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/tally.hpp"
#include "sluice/traffic/from_policy.hpp"

namespace sluice::strategy {
namespace {

/// Another bank when there is so much more to know.
constexpr double worth_a_bank = 0.05;

double in_seconds(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

const char* word_of(policy::ContextSource source) noexcept {
  switch (source) {
    case policy::ContextSource::Header:
      return "header";
    case policy::ContextSource::Cookie:
      return "cookie";
    case policy::ContextSource::QueryParam:
      return "query parameter";
    case policy::ContextSource::JsonPointer:
      break;
  }
  return "JSON";
}

bool is_sound(const stats::LinearMoments& moments, std::size_t features) noexcept {
  const std::size_t weights = features + 1;
  return moments.products.size() == weights && moments.matrix.size() == weights * (weights + 1) / 2;
}

stats::LinearMoments of_size(const stats::LinearMoments& moments, std::size_t features) {
  return is_sound(moments, features) ? moments : stats::LinearMoments(features);
}

/// The share of its conversions that has come by each age, up to the horizon; for an arm without any that of all arms.
class Coming {
 public:
  Coming(const stats::DelayTable& table, double horizon, const std::array<double, stats::delay_bins>& rates)
      : window_(table.window()), horizon_(horizon) {
    bins_ = 0;
    while (bins_ < stats::delay_bins && stats::delay_edge(window_, bins_) <= horizon_ * (1 + 1e-9)) ++bins_;
    const double all = bins_ > 0 ? rates[bins_ - 1] : 0;
    for (std::size_t bin = 0; bin < bins_; ++bin) share_[bin] = all > 0 ? rates[bin] / all : 0;
  }

  double operator()(Duration age) const noexcept {
    const double at = in_seconds(age);
    if (at >= horizon_) return 1;
    double edge = 0;
    double share = 0;
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      const double next = stats::delay_edge(window_, bin);
      if (at < next) return share + (share_[bin] - share) * (at - edge) / (next - edge);
      edge = next;
      share = share_[bin];
    }
    return 1;
  }

 private:
  double window_;
  double horizon_;
  std::size_t bins_ = 0;
  std::array<double, stats::delay_bins> share_{};
};

/// By arm, how its reported rewards come; nothing where all are there at once or nobody says when.
std::vector<ContextTable::Come> laws_of_delay(const RolloutState& state, const Evidence& evidence,
                                              const std::string& outcome, WallTime now) {
  const double at = in_seconds(now.time_since_epoch());
  std::vector<stats::DelayTable> waited_for;
  std::vector<const stats::DelayTable*> tables;
  for (const auto& arm : state.arms) {
    const auto* const seen = find_outcome(evidence_of(evidence, state, arm.version), outcome);
    tables.push_back(seen != nullptr ? seen->delays.get() : nullptr);
    if (tables.back() != nullptr && !arm.dropped) waited_for.push_back(*tables.back());
  }
  std::vector<ContextTable::Come> laws(tables.size());
  if (waited_for.empty()) return laws;
  const double horizon = stats::delayed_rates(waited_for, at).horizon;
  std::vector<std::array<double, stats::delay_bins>> rates(tables.size());
  std::array<double, stats::delay_bins> pooled{};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (tables[i] == nullptr) continue;
    rates[i] = stats::conversion_curve(*tables[i], at).rate;
    for (std::size_t bin = 0; bin < pooled.size(); ++bin) pooled[bin] += rates[i][bin];
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (tables[i] == nullptr) continue;
    laws[i] = Coming(*tables[i], horizon, tables[i]->conversions() > 0 ? rates[i] : pooled);
  }
  return laws;
}

/// Less is more: the reward is what did not happen, or the number with its sign turned.
void turn_moments(stats::LinearMoments& moments, bool numbers) {
  const double events = moments.products[0];
  for (std::size_t i = 0; i < moments.products.size(); ++i) {
    // The first column of the matrix is Σ x.
    const double decisions = numbers ? 0 : moments.matrix[i * (i + 1) / 2];
    moments.products[i] = decisions - moments.products[i];
  }
  if (!numbers) moments.squares = std::max(0.0, moments.n() - events);
}

double faded(const policy::Bandit& bandit, WallTime then, WallTime now) noexcept {
  if (!bandit.half_life || now <= then) return 1;
  return stats::retention(in_seconds(now - then), in_seconds(*bandit.half_life));
}

double floor_of(const policy::Bandit& bandit, std::size_t arms) noexcept {
  return arms == 0 ? 0 : std::min(bandit.minimum_share.fraction, 1 / static_cast<double>(arms));
}

}  // namespace

bool goes_by_contexts(const policy::Bandit& bandit) noexcept {
  return bandit.algorithm == policy::BanditAlgorithm::LinearThompson;
}

std::string context_key(const policy::Bandit& bandit) {
  if (!goes_by_contexts(bandit)) return {};
  std::string key = " by";
  for (const auto& feature : bandit.context) {
    key +=
        (&feature == &bandit.context.front() ? " " : ", ") + std::string(word_of(feature.source)) + " " + feature.name;
    if (feature.type == policy::ContextType::Number) continue;
    key += " (";
    for (const auto& value : feature.values) key += (&value == &feature.values.front() ? "" : ", ") + value;
    key += ")";
  }
  return key;
}

std::vector<ContextMemory> learn_contexts(const policy::Bandit& bandit, const policy::ModelRoute& route,
                                          const RolloutState& state, const Evidence& evidence, WallTime now) {
  const auto outcome = bandit.reward.empty() ? std::nullopt : primary_metric(bandit.reward, route);
  const auto laws = outcome ? laws_of_delay(state, evidence, outcome->name, now) : std::vector<ContextTable::Come>();
  std::vector<ContextMemory> learnt;
  for (std::size_t i = 0; i < state.arms.size(); ++i) {
    const ArmState& arm = state.arms[i];
    ContextMemory made = *arm.contexts;
    const auto table = evidence_of(evidence, state, arm.version).contexts;
    if (table != nullptr) {
      if (made.counters != table->counters()) {
        made.before = made.all;
        made.before_until = made.all_until;
        made.counters = table->counters();
      }
      ContextTable::Reading reading;
      if (outcome) {
        reading.come = laws[i];
      } else {
        reading.slow = slow_reward;
        if (state.experiment.limit) reading.limit = Duration(std::llround(*state.experiment.limit * 1e9));
      }
      made.all = table->read(reading, now);
      if (outcome && !outcome->higher_is_better) {
        turn_moments(made.all, outcome->kind == PrimaryMetric::Kind::RealMean);
      }
      made.before = of_size(made.before, table->shape().features);
      stats::LinearMoments before = made.before;
      before.fade(faded(bandit, made.before_until, now));
      made.all.merge(before);
      made.all_until = now;
    }
    made.requests = arm.successes + arm.failures;
    learnt.push_back(std::move(made));
  }
  return learnt;
}

bool is_worth_a_bank(const std::vector<ArmState>& arms, const std::vector<ContextMemory>& known) {
  double more = 0;
  double decisions = 0;
  double moved = 0;
  double earned = 0;
  for (std::size_t i = 0; i < arms.size() && i < known.size(); ++i) {
    const ContextMemory& was = *arms[i].contexts;
    more += static_cast<double>(known[i].requests - std::min(known[i].requests, was.requests));
    decisions += known[i].all.n();
    moved += std::abs(known[i].all.products[0] - was.all.products[0]);
    earned += std::abs(known[i].all.products[0]);
  }
  return decisions > 0 && (more > worth_a_bank * decisions || moved > worth_a_bank * earned);
}

Result<std::shared_ptr<const traffic::Learned>> learned_of(const policy::Bandit& bandit,
                                                           const policy::ModelRoute& route, const RolloutState& state) {
  auto fields = traffic::context_fields(bandit);
  if (!fields) return fail(fields.error());
  auto made = std::make_shared<traffic::Learned>();
  made->fields = std::move(fields).value();
  if (state.bank == 0 || state.arms.size() != bandit.arms.size()) return std::shared_ptr<const traffic::Learned>(made);
  const std::size_t features = traffic::features_of(made->fields);
  std::vector<stats::LinearMoments> moments;
  std::vector<std::uint8_t> at_floor;
  for (const auto& arm : state.arms) {
    const auto version = version_index(route, arm.version);
    if (!version) return fail(version.error());
    made->arms.push_back(*version);
    moments.push_back(of_size(arm.contexts->all, features));
    at_floor.push_back(arm.dropped ? 1 : 0);
  }
  const auto prior = stats::pooled_linear_prior(moments);
  std::vector<stats::LinearPosterior> posteriors;
  for (const auto& arm : moments) posteriors.push_back(stats::linear_posterior(arm, prior));
  Random random(mix_bits(stable_hash(state.window, route.name) + state.bank));
  made->bank = stats::ScoringBank(posteriors, bandit.minimum_share.fraction, at_floor, random);
  return std::shared_ptr<const traffic::Learned>(made);
}

void draw_bank(const policy::Bandit& bandit, const policy::ModelRoute& route, const Evidence& evidence,
               RolloutState& state) {
  ++state.bank;
  leave_out_dropped(bandit, state);
  const auto learned = learned_of(bandit, route, state);
  if (!learned || evidence.recent_contexts == nullptr || evidence.recent_contexts->empty()) return;
  const auto& contexts = *evidence.recent_contexts;
  std::vector<double> mean(state.arms.size());
  for (const auto& context : contexts) {
    const auto shares = (*learned)->bank.shares(context.view());
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += shares.share[k] / static_cast<double>(contexts.size());
  }
  set_shares(state, mean);
  const double floor = floor_of(bandit, mean.size());
  const double rest = 1 - floor * static_cast<double>(mean.size());
  for (auto& arm : state.arms) {
    arm.probability_best = rest > 0 ? std::clamp((arm.share - floor) / rest, 0.0, 1.0) : arm.share;
  }
}

void leave_out_dropped(const policy::Bandit& bandit, RolloutState& state) {
  const double floor = floor_of(bandit, state.arms.size());
  double rest = 1;
  double others = 0;
  for (const auto& arm : state.arms) {
    if (arm.dropped) rest -= floor;
    if (!arm.dropped) others += arm.share;
  }
  if (!(others > 0)) return;
  std::vector<double> shares;
  for (const auto& arm : state.arms) shares.push_back(arm.dropped ? floor : rest * arm.share / others);
  set_shares(state, shares);
}

BanditView view_by_contexts(const policy::Bandit& bandit, const policy::ModelRoute& route, const RolloutState& state) {
  auto view = view_of(bandit, route, state.arms);
  if (!goes_by_contexts(bandit) || state.bank == 0) return view;
  view.value_remaining = 0;
  double most = -1;
  for (std::size_t i = 0; i < state.arms.size(); ++i) {
    const ArmState& arm = state.arms[i];
    view.share[i] = arm.share;
    view.probability_best[i] = arm.dropped ? 0 : arm.probability_best;
    if (arm.dropped || view.probability_best[i] <= most) continue;
    most = view.probability_best[i];
    view.leader = i;
  }
  return view;
}

}  // namespace sluice::strategy
