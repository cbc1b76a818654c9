#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "check_pairs.hpp"
#include "check_words.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

/// Nothing could ever be proven at the ends.
constexpr double hardly_any = 1e-6;

std::vector<PairSums> comparisons_now(const PairEvidence& pairs) {
  std::vector<PairSums> made;
  for (std::size_t i = 0; i < pairs.tally.strata.size(); ++i) {
    const auto& stratum = pairs.tally.strata[i];
    const std::uint64_t doubtful = i < pairs.unsettled.size() ? pairs.unsettled[i] : 0;
    made.push_back({stratum.weight, stratum.compared, doubtful, stratum.disagreements, 0, {}, {}});
  }
  return made;
}

/// Weighted share of those that disagree.
double share_apart(const std::vector<stats::WeightedPairs>& counts) {
  double all = 0;
  double apart = 0;
  for (const auto& one : counts) {
    all += one.weight * static_cast<double>(one.pairs);
    apart += one.weight * static_cast<double>(one.disagreements);
  }
  return all > 0 ? std::min(1.0, apart / all) : 0;
}

/// One look at how often answers differ.
///
/// Passing asks nothing of noise: what is taken for a disagreement and is noise makes it only harder, and what may be
/// either is held against it. Failing does: noise must be known, and so many twins must have come that a field which
/// differs by itself as often as the pairs do would have shown in one of them.
class DisagreementLook {
 public:
  DisagreementLook(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                   PairRecord& record, std::size_t guardrails)
      : check_(check),
        analysis_(analysis),
        pairs_(subject.pairs),
        learns_(subject.learns_noise),
        record_(record),
        doubt_(1 - analysis.confidence.fraction),
        limit_(nearest_limit(*check.threshold_range, 0)),
        max_(std::clamp(limit_.value, hardly_any, 1 - hardly_any)) {
    const bool sound = pairs_ == nullptr ? !record.unsound : !learns_ || pairs_->noise_known;
    if (pairs_ != nullptr) absorb_pairs({comparisons_now(*pairs_)}, subject, sound, record);
    proof_.log_threshold =
        std::log(static_cast<double>(std::max<std::size_t>(guardrails, 1)) / (doubt_ * subject.part_of_doubt));
    weigh();
  }

  Finding judge() const {
    Finding finding = found();
    finding.threshold = limit_.value;
    finding.samples = count_;
    if (count_ > 0) finding.value = value_;
    finding.proof = proof_;
    return finding;
  }

 private:
  double log_enough() const { return std::log(1 / doubt_); }

  void weigh() {
    const std::vector<PairSums> all = all_pairs(record_, 0);
    count_ = count_of(all);
    if (count_ == 0) return;
    const auto counts = disagreeing(all);
    const auto at_most = disagreeing(all, true);
    value_ = share_apart(counts);
    proof_.method = "agreement";
    proof_.log_e = log_e_of_pairs(record_, 0, [&](const std::vector<PairSums>& sums) {
      return stats::log_e_disagreement(disagreeing(sums), max_);
    });
    proof_.log_good = stats::log_e_agreement(at_most, max_);
    proof_.scale = "value";
    proof_.lower = stats::disagreement_confidence(counts, doubt_).lower;
    proof_.upper = stats::disagreement_confidence(at_most, doubt_).upper;
    proof_.pairs = count_;
    if (missing_twins() > 0) proof_.log_e = std::min(proof_.log_e, 0.0);  // nor together with other checks
    proof_.evidence = std::max(stats::evidence_share(proof_.log_e, proof_.log_threshold),
                               stats::evidence_share(proof_.log_good, log_enough()));
    const bool fails = proof_.log_e >= proof_.log_threshold;
    if (is_good() || fails) {
      proof_.of_pairs = is_good() ? enough_pairs(count_, proof_.log_good, log_enough(), analysis_.min_requests)
                                  : enough_pairs(count_, proof_.log_e, proof_.log_threshold, analysis_.min_requests);
    }
    constexpr double least = 0.1;  // below it the pace says nothing
    if (proof_.log_good < least || is_good()) return;
    proof_.still_needed =
        static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * (log_enough() / proof_.log_good - 1)));
  }

  bool is_good() const { return proof_.log_good >= log_enough(); }

  /// (1 − share)^twins must be at most the doubt.
  std::uint64_t missing_twins() const {
    if (!learns_ || !(value_ > 0)) return 0;
    const double share = std::min(value_, 1 - hardly_any);
    const auto needed = static_cast<std::uint64_t>(std::ceil(std::log(doubt_) / std::log1p(-share)));
    return needed - std::min(needed, record_.twins + record_.twins_seen);
  }

  Finding found() const {
    if (count_ == 0) return no_data(check_, analysis_, "no pair was compared");
    if (count_ < analysis_.min_requests) {
      return decided(Verdict::Inconclusive,
                     check_.metric + ": " + grouped(count_) + " of " + grouped(analysis_.min_requests) + " pairs");
    }
    const bool beyond = limit_.broken_by(value_);
    const std::string text = check_.metric + " " + text_of(value_) + " (" + text_of(proof_.lower.value_or(0)) + "…" +
                             text_of(proof_.upper.value_or(1)) + ")" + (beyond ? " > " : " <= ") + limit_.text;
    const std::string counts = ": " + grouped(count_) + " pairs" + most_at();
    if (is_good()) return decided(Verdict::Pass, text + counts);
    if (proof_.log_e >= proof_.log_threshold) {
      return decided(Verdict::Fail, text + counts + ", " + evidence_text(proof_.log_e, proof_.log_threshold));
    }
    if (beyond && record_.unsound) return decided(Verdict::Inconclusive, text + ", noise is not known yet" + counts);
    if (const std::uint64_t twins = missing_twins(); beyond && twins > 0) {
      return decided(Verdict::Inconclusive, text + ", which may be noise until about " + rounded(twins) +
                                                " more requests were answered by live twice" + counts);
    }
    return decided(Verdict::Inconclusive,
                   text + (beyond ? ", which may be chance" : ", not certain yet") + counts +
                       (proof_.still_needed ? ", about " + rounded(*proof_.still_needed) + " more" : ""));
  }

  /// "; most differ at /outputs/score".
  std::string most_at() const {
    if (pairs_ == nullptr || pairs_->worst_field.empty() || !(value_ > 0)) return "";
    return "; most differ at " + pairs_->worst_field;
  }

  static Finding decided(Verdict verdict, std::string message) {
    Finding finding;
    finding.verdict = verdict;
    finding.message = std::move(message);
    return finding;
  }
  static std::string text_of(double share) { return quantity_text(share, policy::QuantityUnit::Ratio); }

  const policy::Check& check_;
  const policy::Analysis& analysis_;
  const PairEvidence* pairs_;
  const bool learns_;
  PairRecord& record_;
  const double doubt_;
  const Limit limit_;
  const double max_;
  std::uint64_t count_ = 0;
  double value_ = 0;
  Proof proof_;
};

}  // namespace

Finding judge_disagreement(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                           const Subject& subject, std::size_t guardrails) {
  if (!check.threshold_range) return no_data(check, analysis, "it has no limit");
  return DisagreementLook(check, analysis, subject, evidence.pairs, guardrails).judge();
}

}  // namespace sluice::strategy
