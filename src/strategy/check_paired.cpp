#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "check_counts.hpp"
#include "check_pairs.hpp"
#include "check_slow.hpp"
#include "check_words.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/stats/exceedance.hpp"
#include "sluice/stats/mean_confidence.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"

/// Checks of a shadow against live by pairs: what happens to both answers of one request cancels.
namespace sluice::strategy {
namespace {

/// A live version that fails more often than this is no measure for another.
constexpr double too_sick = 0.1;

/// By what part a mean must certainly not be worse before the candidate passes, where its margin is less.
constexpr double tolerated_part_of_mean = 0.25;

/// The pairs of a usual shadow: where the sequences of means are tightest.
constexpr double usual_pairs = 5000;

constexpr std::size_t paired_levels = stats::SlowLimits::kQuantiles.size();

/// The last bucket has no end.
Duration as_duration(std::uint64_t nanos) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(Duration::max().count());
  return Duration(static_cast<Duration::rep>(std::min(nanos, most)));
}

// ---- what the counters show

std::vector<PairSums> failures_now(const stats::PairTally& tally) {
  std::vector<PairSums> made;
  for (const auto& stratum : tally.strata) {
    made.push_back({stratum.weight,
                    stratum.pairs,
                    stratum.both_failed,
                    stratum.only_candidate_failed,
                    stratum.only_live_failed,
                    {},
                    {}});
  }
  return made;
}

std::vector<PairSums> means_now(const stats::PairTally& tally) {
  std::vector<PairSums> made;
  for (const auto& stratum : tally.strata) {
    made.push_back({stratum.weight, stratum.latency.count, 0, 0, 0, stratum.latency, stratum.live_latency});
  }
  return made;
}

std::vector<PairSums> slower_now(const stats::PairTally& tally, const PairTrack& track) {
  std::vector<PairSums> made;
  for (const auto& one : tally.slower(as_duration(track.stable_limit), as_duration(track.candidate_limit))) {
    made.push_back({one.weight, one.pairs, 0, one.only_candidate, one.only_stable, {}, {}});
  }
  return made;
}

PairLook slower_look(const stats::PairTally& tally, const PairRecord& record) {
  PairLook look;
  for (const PairTrack& track : record.tracks) look.push_back(slower_now(tally, track));
  return look;
}

/// Where answers of live count as slow, and the candidate's: five levels that are held against it, and behind them the
/// check's own, by which it is proven good. What the limits were read off is no evidence.
void freeze_limits(const policy::VersusStable& versus, std::size_t proves, const stats::PairTally& tally,
                   PairRecord& record) {
  const Allowance allowance = allowance_of(versus);
  record.tracks.assign(paired_levels + 1, {});
  for (std::size_t i = 0; i <= paired_levels; ++i) {
    const double quantile = stats::SlowLimits::kQuantiles[i < paired_levels ? i : proves];
    const auto bound = static_cast<std::uint64_t>(std::max<Duration::rep>(0, tally.live_quantile(quantile).count()));
    const double allowed = allowance.factor * static_cast<double>(bound) * 1e-9 + allowance.offset;
    // What the grid of the histogram hides is no difference.
    const std::uint64_t most = std::max(nanoseconds(allowed * (1 + stats::Histogram::kMaxRelativeError)), bound);
    PairTrack& track = record.tracks[i];
    track.stable_limit = std::max<std::uint64_t>(bound, 1);
    const std::size_t bucket = i < paired_levels ? bucket_not_below(most) : bucket_not_above(most);
    track.candidate_limit = std::max(stats::bucket_bound(bucket), track.stable_limit);
    track.skipped = slower_now(tally, track);
  }
  record.frozen = true;
}

std::size_t level_of_quantile(double quantile) noexcept {
  std::size_t level = 0;
  while (level + 1 < paired_levels && stats::SlowLimits::kQuantiles[level + 1] <= quantile) ++level;
  return level;
}

// ---- what they mean

/// How often the event came to either version, and the rule that a split would judge that by.
struct Split {
  stats::RiskRule rule;
  double candidate = 0;
  double stable = 0;
  double more = 0;  ///< ln of the evidence that it takes besides: one level of several has to make up for the others
};

/// One look at one check.
class PairedLook {
 public:
  PairedLook(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
             CheckEvidence& evidence, std::size_t guardrails)
      : check_(check),
        analysis_(analysis),
        subject_(subject),
        metric_(*metric_of(check.metric)),
        versus_(check.versus_stable.value_or(policy::VersusStable{})),
        record_(evidence.pairs),
        doubt_(1 - analysis.confidence.fraction) {
    proof_.log_threshold =
        std::log(static_cast<double>(std::max<std::size_t>(guardrails, 1)) / (doubt_ * subject.part_of_doubt));
    unit_ = metric_.kind == Metric::Kind::ErrorRate ? policy::QuantityUnit::Ratio : policy::QuantityUnit::Seconds;
  }

  Finding judge() {
    switch (metric_.kind) {
      case Metric::Kind::ErrorRate:
        weigh_failures();
        break;
      case Metric::Kind::Quantile:
        weigh_latencies();
        break;
      case Metric::Kind::Mean:
        weigh_means();
        break;
    }
    proof_.evidence = std::max(stats::evidence_share(proof_.log_e, proof_.log_threshold),
                               stats::evidence_share(proof_.log_good, log_enough()));
    proof_.pairs = pairs_;
    foresee();
    Finding finding = found();
    finding.samples = pairs_;
    finding.value = candidate_;
    finding.reference = live_;
    finding.proof = proof_;
    return finding;
  }

 private:
  double log_enough() const { return std::log(1 / doubt_); }

  void weigh_failures() {
    if (subject_.pairs != nullptr) absorb_pairs({failures_now(subject_.pairs->tally)}, subject_, true, record_);
    const std::vector<PairSums> all = all_pairs(record_, 0);
    pairs_ = count_of(all);
    if (pairs_ == 0) return;
    candidate_ = candidate_share(all);
    live_ = stable_share(all);
    const auto counts = discordant(all);
    const stats::RiskRule rule = rule_against_stable(versus_);
    const stats::Interval live = stable_interval(all, analysis_.confidence.fraction);
    // A margin that is a part of live's rate is taken from where that rate may lie, which costs half of the doubt: of
    // what all checks share where it can fail the candidate, of its own where it lets it pass.
    const bool is_part = rule.factor != 1;
    const double most_live = is_part ? stable_interval(all, 1 - std::exp(-proof_.log_threshold)).upper : 0;
    const double margin = rule.offset + (rule.factor - 1) * most_live;
    const double of_rate = versus_.margin ? 0 : (rule.tolerated_factor - 1) * live.lower;
    const double tolerated = std::max(rule.tolerated_offset, of_rate);
    const double half = std::log(2.0);
    const auto above = [&](const std::vector<PairSums>& sums) {
      return stats::log_e_paired_above(discordant(sums), std::min(margin, most_margin));
    };
    proof_.method = "paired";
    proof_.log_e = log_e_of_pairs(record_, 0, above) - (is_part ? half : 0);
    proof_.log_good = stats::log_e_paired_below(counts, std::min(tolerated, most_margin)) - (versus_.margin ? 0 : half);
    locate(stats::paired_difference(counts, doubt_));
    split_ = Split{rule, *candidate_, *live_};
    if (versus_.margin) split_->rule.tolerated_factor = 1;  // as much is to be shown, and pairs show the difference
    sick_ = live.lower > too_sick && proof_.upper.value_or(0) >= 0;
  }

  void weigh_latencies() {
    const std::size_t proves = level_of_quantile(metric_.quantile);
    if (subject_.pairs != nullptr) {
      const stats::PairTally& tally = subject_.pairs->tally;
      const std::uint64_t enough = std::max<std::uint64_t>(analysis_.min_requests, 20);
      if (!record_.frozen && tally.timed() >= enough) freeze_limits(versus_, proves, tally, record_);
      if (record_.frozen) absorb_pairs(slower_look(tally, record_), subject_, true, record_);
      if (tally.timed() > 0) {
        candidate_ = seconds_of(tally.candidate_quantile(metric_.quantile));
        live_ = seconds_of(tally.live_quantile(metric_.quantile));
      }
      has_pairs_ = tally.timed() > 0;
      limits_at_ = record_.frozen ? 0 : enough;
      waiting_ = tally.timed();
    }
    if (!record_.frozen || record_.tracks.size() <= paired_levels) return;
    const std::vector<PairSums> own = all_pairs(record_, paired_levels);
    pairs_ = count_of(own);
    if (pairs_ == 0) return;
    std::array<double, paired_levels> against{};
    const auto above = [](const std::vector<PairSums>& sums) { return stats::log_e_paired_above(discordant(sums), 0); };
    for (std::size_t i = 0; i < paired_levels; ++i) {
      against[i] = log_e_of_pairs(record_, i, above);
      if (against[i] > against[strongest_]) strongest_ = i;
    }
    const double share = 1 - metric_.quantile;
    proof_.method = "paired";
    proof_.log_e = stats::log_mean_e(against);
    proof_.log_good = stats::log_e_paired_below(discordant(own), doubled_odds(share) - share);
    locate(stats::paired_difference(discordant(all_pairs(record_, proves)), doubt_));
    if (is_broken()) {
      split_ = split_of(strongest_, all_pairs(record_, strongest_));
      split_->more = std::log(static_cast<double>(paired_levels));
    } else {
      split_ = split_of(proves, own);
    }
  }

  /// Pairs in which both are slow are not counted: how many they are is known by the quantile that the limit was read
  /// off.
  static Split split_of(std::size_t level, const std::vector<PairSums>& slower) {
    const double quantile = stats::SlowLimits::kQuantiles[level];
    const double only_live = stable_share(slower);
    const double live = std::max(1 - quantile, only_live);
    return {slow_rule(quantile), std::clamp(live + candidate_share(slower) - only_live, 0.0, 1.0), live};
  }

  void weigh_means() {
    if (subject_.pairs != nullptr) absorb_pairs({means_now(subject_.pairs->tally)}, subject_, true, record_);
    const std::vector<PairSums> all = all_pairs(record_, 0);
    pairs_ = count_of(all);
    if (pairs_ == 0) return;
    std::vector<stats::Moments> differences;
    std::vector<stats::Moments> references;
    std::vector<double> weights;
    for (const PairSums& one : all) {
      differences.push_back(one.difference);
      references.push_back(one.reference);
      weights.push_back(one.weight);
    }
    const stats::PairedMean seen = stats::paired_mean(differences, weights);
    live_ = stats::paired_mean(references, weights).mean;
    candidate_ = *live_ + seen.mean;
    const Allowance allowance = allowance_of(versus_);
    const double margin = (allowance.factor - 1) * *live_ + allowance.offset;
    const double tolerated = std::max(2 * margin, tolerated_part_of_mean * *live_);
    stats::PairedMean reversed = seen;
    reversed.mean = -seen.mean;
    proof_.method = "paired-mean";
    proof_.log_e = std::max(0.0, stats::log_e_paired_mean_above(seen, margin, usual_pairs));
    proof_.log_good = stats::log_e_paired_mean_above(reversed, -tolerated, usual_pairs);
    if (const auto lies = stats::paired_mean_confidence(seen, doubt_, usual_pairs); lies && *live_ > 0) {
      proof_.scale = "ratio";
      proof_.lower = lies->lower / *live_;
      proof_.upper = lies->upper / *live_;
    }
  }

  void locate(const stats::Interval& lies) {
    proof_.scale = "difference";
    proof_.lower = lies.lower;
    proof_.upper = lies.upper;
  }

  void foresee() {
    constexpr double least = 0.1;  // below it the pace says nothing
    if (proof_.log_good >= least && proof_.log_good < log_enough()) {
      proof_.still_needed =
          static_cast<std::uint64_t>(std::ceil(static_cast<double>(pairs_) * (log_enough() / proof_.log_good - 1)));
    }
    if (!is_broken() && !is_good()) return;
    const double log_e = is_broken() ? proof_.log_e : proof_.log_good;
    const double log_threshold = is_broken() ? proof_.log_threshold : log_enough();
    proof_.of_pairs = enough_pairs(pairs_, log_e, log_threshold, analysis_.min_requests);
    if (!split_) return;
    const auto of_split =
        requests_of_split(split_->rule, split_->candidate, split_->stable, is_broken(), log_threshold + split_->more);
    if (of_split) proof_.of_split = std::max(*of_split, 2 * analysis_.min_requests);
  }

  bool is_broken() const { return !proof_.method.empty() && proof_.log_e >= proof_.log_threshold; }
  bool is_good() const { return !proof_.method.empty() && proof_.log_good >= log_enough(); }

  // ---- the verdict

  Finding found() const {
    if (pairs_ == 0 && !has_pairs_) return no_data(check_, analysis_, "no pair was counted");
    if (limits_at_ > 0) {
      return decided({}, Verdict::Inconclusive,
                     check_.metric + ": " + grouped(waiting_) + " of " + grouped(limits_at_) +
                         " pairs, off which live's latency is read");
    }
    if (pairs_ < analysis_.min_requests) {
      return decided({}, Verdict::Inconclusive,
                     check_.metric + ": " + grouped(pairs_) + " of " + grouped(analysis_.min_requests) + " pairs");
    }
    Finding finding;
    finding.message = check_.metric;
    bool beyond = false;
    if (candidate_ && live_) {
      const Limit limit = limit_against(versus_, *live_, unit_);
      beyond = limit.broken_by(*candidate_);
      finding.threshold = limit.value;
      finding.message += " " + limit.comparison(quantity_text(*candidate_, unit_), beyond);
    }
    const std::string counts = ", " + grouped(pairs_) + " pairs";
    if (is_broken()) {
      return decided(finding, Verdict::Fail,
                     why_broken(beyond) + where() + counts + ", " + evidence_text(proof_.log_e, proof_.log_threshold));
    }
    if (is_good() && sick_) return decided(finding, Verdict::Inconclusive, ", but live is sick itself" + counts);
    if (is_good()) return decided(finding, Verdict::Pass, (beyond ? ", which is chance" : "") + where() + counts);
    return decided(finding, Verdict::Inconclusive,
                   (beyond ? ", which may be chance" : ", not certain yet") + where() + counts +
                       (proof_.still_needed ? ", about " + rounded(*proof_.still_needed) + " more" : ""));
  }

  /// Where the quantile that the check names is not what gives it away.
  std::string why_broken(bool beyond) const {
    if (metric_.kind != Metric::Kind::Quantile || beyond) return "";
    static constexpr std::array<const char*, paired_levels> names{"p50", "p90", "p95", "p99", "p99.9"};
    return std::string(", but slower than that for certain at ") + names[strongest_];
  }

  std::string where() const {
    // Of a latency the interval is about how many more are slow, which reads like how much slower.
    if (metric_.kind == Metric::Kind::Quantile) return "";
    const std::string lies = interval_text(proof_, analysis_.confidence.fraction);
    return lies.empty() ? "" : ", " + lies;
  }

  static Finding decided(Finding finding, Verdict verdict, const std::string& rest) {
    finding.verdict = verdict;
    finding.message += rest;
    return finding;
  }
  static double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

  static constexpr double most_margin = 0.999;

  const policy::Check& check_;
  const policy::Analysis& analysis_;
  const Subject& subject_;
  const Metric& metric_;
  const policy::VersusStable versus_;
  PairRecord& record_;
  const double doubt_;
  policy::QuantityUnit unit_ = policy::QuantityUnit::Ratio;
  std::uint64_t pairs_ = 0;
  bool has_pairs_ = false;       ///< be they evidence or not
  std::uint64_t limits_at_ = 0;  ///< so many pairs it takes until limits are read off; 0: they are
  std::uint64_t waiting_ = 0;    ///< of these
  std::optional<double> candidate_;
  std::optional<double> live_;
  std::optional<Split> split_;
  std::size_t strongest_ = 0;
  bool sick_ = false;  ///< live fails too often to be a measure, and the candidate is not clearly better
  Proof proof_;
};

}  // namespace

Finding judge_paired(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                     const Subject& subject, std::size_t guardrails) {
  return PairedLook(check, analysis, subject, evidence, guardrails).judge();
}

}  // namespace sluice::strategy
