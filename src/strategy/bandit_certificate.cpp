#include "sluice/strategy/bandit_certificate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <vector>

#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/stats/relative_risk.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/tally.hpp"

namespace sluice::strategy {
namespace {

/// Of shares, and of what is settled.
constexpr std::size_t most_kept = 24;
/// After new shares are set, some requests are still drawn by those before, and clocks of workers differ a little.
constexpr double share_lag = 2;
/// Ends of rows are multiples of their width, and rounded.
constexpr double a_moment = 1e-3;
/// Beyond this it does not matter any more.
constexpr double most_log_told = 200;

double since_1970(WallTime time) noexcept {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// Shares of one time become those of a longer one.
template <typename Into, typename Other>
void widen(Into& into, const Other& other) {
  for (std::size_t i = 0; i < into.least.size(); ++i) {
    into.least[i] = std::min(into.least[i], other.least[i]);
    into.most[i] = std::max(into.most[i], other.most[i]);
  }
}

/// What is lost by taking two as one: how far apart the extremes of any arm are then.
template <typename Kind>
double loss_of(const Kind& one, const Kind& other) {
  double most = 0;
  for (std::size_t i = 0; i < one.least.size(); ++i) {
    const double low = std::min(one.least[i], other.least[i]);
    most = std::max(most, std::max(one.most[i], other.most[i]) / std::max(low, 1e-9));
  }
  return most;
}

/// The neighbours that differ least become one. The last is under way and stays as it is.
void make_room(std::vector<ShareStretch>& shares) {
  if (shares.size() <= most_kept) return;
  std::size_t best = 0;
  for (std::size_t i = 1; i + 2 < shares.size(); ++i) {
    if (loss_of(shares[i], shares[i + 1]) < loss_of(shares[best], shares[best + 1])) best = i;
  }
  widen(shares[best], shares[best + 1]);
  shares.erase(shares.begin() + static_cast<std::ptrdiff_t>(best) + 1);
}

/// Any two that differ least become one: when it was does not matter any more.
void make_room(std::vector<SettledEvents>& settled) {
  if (settled.size() <= most_kept) return;
  std::pair<std::size_t, std::size_t> best{0, 1};
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < settled.size(); ++i) {
    for (std::size_t j = i + 1; j < settled.size(); ++j) {
      const double loss = loss_of(settled[i], settled[j]);
      if (loss >= least) continue;
      least = loss;
      best = {i, j};
    }
  }
  auto& into = settled[best.first];
  const auto& other = settled[best.second];
  widen(into, other);
  for (std::size_t arm = 0; arm < into.events.size(); ++arm) into.events[arm] += other.events[arm];
  settled.erase(settled.begin() + static_cast<std::ptrdiff_t>(best.second));
}

bool is_share_of(const ShareStretch& last, const std::vector<ArmState>& arms) {
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (last.most[i] != arms[i].share) return false;
  }
  return true;
}

/// The extremes of the shares that decisions of from…until may have been drawn by.
ShareStretch drawn_within(const std::vector<ShareStretch>& shares, double from, double until) {
  std::size_t i = 0;
  while (i + 1 < shares.size() && shares[i + 1].from <= from - share_lag) ++i;
  ShareStretch made = shares[i];
  for (++i; i < shares.size() && shares[i].from < until + share_lag; ++i) widen(made, shares[i]);
  return made;
}

double converted_in(const stats::DecisionRow& row) {
  return std::accumulate(row.converted.begin(), row.converted.end(), 0.0);
}

const stats::DelayTable* delays_of(const Evidence& evidence, const RolloutState& state, const PrimaryMetric& metric,
                                   const std::string& version) {
  const OutcomeEvidence* const seen = find_outcome(evidence_of(evidence, state, version), metric.name);
  return seen == nullptr ? nullptr : seen->delays.get();
}

/// What became known for good of one arm since the last look.
void settle(Certificate& certificate, std::size_t arm, const stats::DelayTable& table) {
  // Before that the table does not tell decisions apart by their time.
  const double until = table.rows().empty() ? certificate.shares.back().from : table.row_end(0) - table.row_width();
  const double more = converted_in(table.complete()) - certificate.seen[arm];
  if (until <= certificate.settled_until[arm]) return;
  const auto drawn = drawn_within(certificate.shares, certificate.settled_until[arm], until);
  certificate.settled_until[arm] = until;
  if (!(more > 0)) return;
  certificate.seen[arm] += more;
  SettledEvents made{drawn.least, drawn.most, std::vector<double>(certificate.seen.size(), 0)};
  made.events[arm] = more;
  const auto alike =
      std::find_if(certificate.settled.begin(), certificate.settled.end(),
                   [&](const SettledEvents& one) { return one.least == made.least && one.most == made.most; });
  if (alike != certificate.settled.end()) {
    alike->events[arm] += more;
  } else {
    certificate.settled.push_back(std::move(made));
    make_room(certificate.settled);
  }
}

/// Nothing open is as old as these.
void forget_shares(Certificate& certificate) {
  const double from = *std::min_element(certificate.settled_until.begin(), certificate.settled_until.end());
  auto& shares = certificate.shares;
  while (shares.size() > 1 && shares[1].from < from - share_lag) shares.erase(shares.begin());
}

/// The leader against one other arm.
class Duel {
 public:
  Duel(const Certificate& certificate, std::size_t leader, std::size_t other, bool higher)
      : shares_(certificate.shares),
        leader_(leader),
        other_(other),
        higher_(higher),
        process_(higher ? stats::RiskPrior::Larger : stats::RiskPrior::Smaller) {
    for (const auto& one : certificate.settled) add(one, one.events[leader], one.events[other]);
  }

  /// Decisions of one arm that may still convert. After a restart rows may be others: what was settled before is left
  /// out, and a row of which a part was counts for the other arm only.
  void add_open(const stats::DelayTable* table, double settled_until, bool is_leader) {
    if (table == nullptr) return;
    for (std::size_t row = 0; row < table->rows().size(); ++row) {
      const double events = converted_in(table->rows()[row]);
      const double end = table->row_end(row);
      const double begin = end - table->row_width();
      const double known_from = (is_leader ? begin : end - a_moment) + a_moment / 2;
      if (events < 1 || known_from < settled_until) continue;
      add(drawn_within(shares_, begin, end), is_leader ? events : 0, is_leader ? 0 : events);
    }
  }
  double log_e() const { return process_.log_e(); }

 private:
  /// By the leader's part of the two as it speaks least for the leader.
  template <typename Shares>
  void add(const Shares& drawn, double own, double others) {
    const double share = higher_ ? stats::pairwise_share(drawn.most[leader_], drawn.least[other_])
                                 : stats::pairwise_share(drawn.least[leader_], drawn.most[other_]);
    const auto mine = static_cast<std::uint64_t>(std::llround(own));
    process_.add(share, mine, mine + static_cast<std::uint64_t>(std::llround(others)));
  }

  const std::vector<ShareStretch>& shares_;
  std::size_t leader_;
  std::size_t other_;
  bool higher_;
  stats::RelativeRisk process_;
};

}  // namespace

bool can_certify(const policy::Bandit& bandit, const policy::ModelRoute& route) {
  if (bandit.reward.empty() || bandit.algorithm == policy::BanditAlgorithm::LinearThompson) return false;
  const auto metric = primary_metric(bandit.reward, route);
  return metric && metric->outcome != nullptr && metric->kind == PrimaryMetric::Kind::Events && !metric->by_units;
}

void note_shares(RolloutState& state, WallTime now) {
  const Certificate& known = *state.experiment.certificate;
  const bool fits = !known.shares.empty() && known.shares.back().most.size() == state.arms.size();
  if (fits && is_share_of(known.shares.back(), state.arms)) return;
  const double since = since_1970(now);
  Certificate& certificate = state.experiment.certificate.change();
  if (!fits) {
    certificate = {};
    certificate.whole = now <= state.window_since;
    certificate.seen.assign(state.arms.size(), 0);
    certificate.settled_until.assign(state.arms.size(), 0);
  } else if (since < certificate.shares.back().from - share_lag) {
    // The clock went back: nobody knows any more what was drawn when.
    certificate.whole = false;
  }
  ShareStretch stretch;
  stretch.from = fits ? std::max(since, certificate.shares.back().from) : since;
  for (const auto& arm : state.arms) stretch.least.push_back(arm.share);
  stretch.most = stretch.least;
  certificate.shares.push_back(std::move(stretch));
  make_room(certificate.shares);
}

bool certify(const policy::Bandit& bandit, const policy::ModelRoute& route, RolloutState& state,
             const Evidence& evidence, std::size_t leader, WallTime now) {
  if (!can_certify(bandit, route) || leader >= state.arms.size() || state.arms.size() < 2) return false;
  if (!state.experiment.certificate->whole) return false;
  const auto metric = primary_metric(bandit.reward, route);
  std::vector<const stats::DelayTable*> tables;
  for (const auto& arm : state.arms) tables.push_back(delays_of(evidence, state, *metric, arm.version));
  Certificate& certificate = state.experiment.certificate.change();
  for (std::size_t arm = 0; arm < tables.size(); ++arm) {
    if (tables[arm] != nullptr) settle(certificate, arm, *tables[arm]);
  }
  forget_shares(certificate);
  certificate.looked = now;
  certificate.leader = state.arms[leader].version;
  certificate.log_threshold = std::log(static_cast<double>(state.arms.size()) / certificate_alpha);
  certificate.log_e = std::numeric_limits<double>::infinity();
  for (std::size_t other = 0; other < state.arms.size(); ++other) {
    if (other == leader) continue;
    Duel duel(certificate, leader, other, metric->higher_is_better);
    duel.add_open(tables[leader], certificate.settled_until[leader], true);
    duel.add_open(tables[other], certificate.settled_until[other], false);
    certificate.log_e = std::min(certificate.log_e, duel.log_e());
  }
  if (certificate.log_e < certificate.log_threshold || !certificate.winner.empty()) return false;
  certificate.winner = certificate.leader;
  return true;
}

std::string certificate_text(const Certificate& certificate, const std::string& version) {
  if (certificate.winner == version) return "certified: the chance of another arm being as good was below 5%";
  if (certificate.leader != version || certificate.log_threshold == 0) return "not certified";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "not certified, E %.3g of %.0f",
                std::exp(std::min(certificate.log_e, most_log_told)), std::exp(certificate.log_threshold));
  return text.data();
}

}  // namespace sluice::strategy
