#include "sluice/app/evaluation_service.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "sluice/stats/drift.hpp"

namespace sluice::app {

namespace {

/// Evidence beyond this is as good as any, and stays a number.
constexpr double kMostLogShown = 100;
constexpr double kDriftAlpha = 0.05;

/// From pairs alone: where live's answers lie, and where the candidate's to the same requests do.
std::shared_ptr<const strategy::DriftEvidence> drift_of(const std::vector<std::uint64_t>& moves, std::size_t bins,
                                                        bool by_class) {
  if (bins == 0 || moves.size() != bins * bins) return nullptr;
  auto made = std::make_shared<strategy::DriftEvidence>();
  made->by_class = by_class;
  made->moves = moves;
  made->own.resize(bins);
  made->stable.resize(bins);
  for (std::size_t live = 0; live < bins; ++live) {
    for (std::size_t other = 0; other < bins; ++other) {
      made->stable[live] += moves[live * bins + other];
      made->own[other] += moves[live * bins + other];
    }
  }
  return made;
}

std::shared_ptr<const strategy::PairEvidence> to_pairs(const compare::Findings& findings) {
  auto made = std::make_shared<strategy::PairEvidence>();
  made->tally = findings.pairs;
  made->unsettled = findings.unsettled;
  made->twins = findings.twins;
  made->refused_twins = findings.refused_twins;
  made->noise_known = findings.noise_known;
  made->noisy_fields = findings.noisy_fields;
  made->worst_field = findings.worst_field;
  made->worst_field_pairs = findings.worst_field_pairs;
  made->rows = findings.rows;
  made->flips = findings.flips;
  for (const auto& segment : findings.segments) made->segments.push_back({segment.pairs, segment.disagreements});
  for (const auto& replay : findings.replays) made->replays.push_back({replay.outcome, replay.tally});
  return made;
}

std::uint64_t sum_of(const std::vector<std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

const char* word_of(const strategy::DriftEvidence& drift) {
  return drift.by_class ? "label" : "score";
}

metrics::DriftSnapshot distances(const std::vector<std::uint64_t>& own, const std::vector<std::uint64_t>& other,
                                 bool by_class) {
  metrics::DriftSnapshot made;
  made.stability_index = stats::stability_index(own, other);
  made.jensen_shannon = stats::jensen_shannon(own, other);
  made.distance = by_class ? stats::largest_difference(own, other) : stats::kolmogorov_smirnov(own, other);
  return made;
}

/// Of the answers that a value was read from: not every answer has one, and not as often in both versions.
double share_read(const strategy::DriftEvidence& drift) {
  const auto own = static_cast<double>(sum_of(drift.own));
  return own / (own + static_cast<double>(sum_of(drift.stable)));
}

double shown_e(double log_e) {
  return std::exp(std::min(log_e, kMostLogShown));
}

admin::AnswerView to_view(std::uint16_t status, float seconds, const std::string& body) {
  return {status, static_cast<double>(seconds), body};
}

admin::DisagreementView to_view(const compare::KeptPair& pair) {
  admin::DisagreementView view;
  view.version = pair.version;
  view.segment = pair.segment;
  view.request_id = pair.request_id;
  view.at = pair.at;
  view.severity = pair.severity;
  for (const compare::Difference& one : pair.differences) {
    view.differences.push_back({one.field, std::string(compare::to_string(one.change)), one.size, one.count});
  }
  view.live = to_view(pair.live_status, pair.live_latency, pair.live_body);
  view.candidate = to_view(pair.other_status, pair.other_latency, pair.other_body);
  return view;
}

}  // namespace

EvaluationService::EvaluationService(std::size_t workers, const Clock& clock, DriftService& drift, std::size_t memory)
    : drift_(drift), evaluation_(workers, clock, memory) {}

EvaluationService::~EvaluationService() {
  stop();
}

void EvaluationService::set_routes(const std::vector<policy::ModelRoute>& routes) {
  std::map<std::string, Route> next;
  std::map<std::string, bool> keeps;
  for (const policy::ModelRoute& route : routes) {
    Route& made = next[route.name];
    made.stable = outcomes::compared_with(route);
    for (const policy::Segment& segment : route.segments) made.segments.push_back(segment.name);
    const policy::Compare* const compare = policy::compare_of(route);
    keeps[route.name] = compare != nullptr && compare->keep;
  }
  routes_ = std::move(next);
  std::erase_if(made_, [this](const auto& one) { return !routes_.contains(one.first.first); });
  evaluation_.set_routes(routes);
  const std::lock_guard lock(mutex_);
  keeps_ = std::move(keeps);
}

void EvaluationService::look(const std::string& name, std::uint64_t window, strategy::VersionEvidence& version) {
  version.pairs = nullptr;
  for (const compare::CopyPrediction& one : evaluation_.take_predictions(name, version.version, window)) {
    drift_.add_copy(name, version.version, window, one);
  }
  version.drifts = drift_.drifts(name, version.version, window);
  auto findings = evaluation_.findings(name, version.version, window);
  if (!findings) {
    made_.erase({name, version.version});
    return;
  }
  Made& made = made_[{name, version.version}];
  if (made.from != findings) {
    made.pairs = to_pairs(*findings);
    made.drifts.clear();
    for (auto& drift : {drift_of(findings->score_moves, findings->score_bins, false),
                        drift_of(findings->label_moves, findings->label_bins, true)}) {
      if (drift) made.drifts.push_back(drift);
    }
    made.from = std::move(findings);
  }
  version.pairs = made.pairs;
  // The same requests answered by both say more than what each answered for itself.
  for (const auto& drift : made.drifts) {
    const auto same = std::find_if(version.drifts.begin(), version.drifts.end(),
                                   [&](const auto& one) { return one->by_class == drift->by_class; });
    if (same == version.drifts.end()) {
      version.drifts.push_back(drift);
    } else if (sum_of((*same)->own) == 0) {
      *same = drift;
    }
  }
}

void EvaluationService::add_to(std::map<std::string, strategy::Evidence>& gathered) {
  for (auto& [name, evidence] : gathered) {
    const auto route = routes_.find(name);
    if (route == routes_.end()) {
      for (strategy::VersionEvidence& version : evidence.versions) {
        version.pairs = nullptr;
        version.drifts.clear();
      }
      continue;
    }
    evaluation_.set_current(name, evidence.window);
    drift_.set_current(name, evidence.window);
    route->second.seen.clear();
    for (strategy::VersionEvidence& version : evidence.versions) {
      look(name, evidence.window, version);
      route->second.seen.push_back({version.version, version.share, version.pairs, version.drifts});
    }
  }
  drift_.keep();
}

void EvaluationService::add_comparisons(metrics::ComparisonsSnapshot& snapshot) const {
  const compare::EvaluationCounts counts = evaluation_.counts();
  snapshot.lost_queue = counts.lost_queue;
  snapshot.lost_memory = counts.lost_memory;
  snapshot.lost_over = counts.lost_over;
  snapshot.lost_replay = counts.lost_replay;
  snapshot.waiting_bytes = counts.waiting_bytes;
  snapshot.busy_seconds = counts.busy_seconds;
  for (const auto& version : counts.versions) {
    const auto route = routes_.find(version.route);
    if (route == routes_.end()) continue;
    metrics::ComparisonSnapshot& one = snapshot.comparisons.emplace_back();
    one.route = version.route;
    one.version = version.version;
    one.results = {{"match", version.match},
                   {"mismatch", version.mismatch},
                   {"noise", version.noise},
                   {"not_compared", version.not_compared}};
    one.fields = version.fields;
    const std::size_t segments = std::min(version.segment_mismatch.size(), route->second.segments.size() + 1);
    for (std::size_t i = 0; i < segments; ++i) {
      const std::string segment = i == 0 ? std::string() : route->second.segments[i - 1];
      one.segments.emplace_back(segment, version.segment_mismatch[i]);
      for (const auto& output : version.outputs) {
        if (output.rows[i] > 0) one.rows.push_back({segment, output.name, output.rows[i], output.flips[i]});
      }
    }
    one.differences = {version.difference_bounds, version.difference_counts, version.difference_sum};
    const auto& seen = route->second.seen;
    const auto now =
        std::find_if(seen.begin(), seen.end(), [&](const Seen& of) { return of.version == version.version; });
    if (now == seen.end() || now->pairs == nullptr) continue;
    one.disagreement = now->pairs->tally.disagreement();
    one.noise_known = now->pairs->noise_known;
    one.noisy_fields = now->pairs->noisy_fields;
  }
}

void EvaluationService::add_drifts(const std::string& name, const Route& route,
                                   metrics::ComparisonsSnapshot& snapshot) const {
  for (const Seen& version : route.seen) {
    const std::size_t first = snapshot.drifts.size();
    for (const auto& drift : version.drifts) {
      // What it answered to clients comes first; where that is told, its answers to copies are not told as well.
      const auto is_told = [&](std::string_view against) {
        return std::any_of(snapshot.drifts.begin() + static_cast<std::ptrdiff_t>(first), snapshot.drifts.end(),
                           [&](const auto& one) { return one.against == against && one.of == word_of(*drift); });
      };
      const auto add = [&](const char* against, metrics::DriftSnapshot made, double log_e) {
        if (is_told(against)) return;
        made.route = name;
        made.version = version.version;
        made.of = word_of(*drift);
        made.against = against;
        made.e_value = shown_e(log_e);
        snapshot.drifts.push_back(std::move(made));
      };
      if (sum_of(drift->own) == 0) continue;
      if (version.version != route.stable && !drift->stable.empty()) {
        const double log_e = !drift->moves.empty() ? stats::log_e_unlike_pairs(drift->moves, drift->own.size())
                                                   : stats::log_e_unlike(drift->own, drift->stable, share_read(*drift));
        add("stable", distances(drift->own, drift->stable, drift->by_class), log_e);
      }
      if (!drift->reference.empty()) {
        add("reference", distances(drift->own, drift->reference, drift->by_class),
            stats::log_e_moved(drift->own, drift->reference, kDriftAlpha));
      }
    }
  }
}

metrics::ComparisonsSnapshot EvaluationService::metrics() const {
  metrics::ComparisonsSnapshot snapshot;
  add_comparisons(snapshot);
  for (const auto& [name, route] : routes_) add_drifts(name, route, snapshot);
  for (const auto& shown : drift_.tallies().shown()) {
    for (const auto& [word, series, unread] : {std::tuple("score", shown.score, &shown.score_unread),
                                               std::tuple("label", shown.label, &shown.label_unread)}) {
      if (series == nullptr) continue;
      for (std::size_t i = 1; i < outcomes::unread_reasons; ++i) {
        const auto reason = std::string(outcomes::to_string(static_cast<outcomes::Unread>(i)));
        snapshot.unread.push_back({shown.route, word, reason, (*unread)[i]});
      }
      const std::vector<std::string> names = series->bin_names();
      for (std::size_t v = 0; v < shown.versions.size() && !names.empty(); ++v) {
        stats::BinCounts counts = series->counts(v);
        const stats::BinCounts& copies = series->counts(shown.versions.size() + v);
        for (std::size_t bin = 0; bin < counts.size(); ++bin) counts[bin] += copies[bin];
        metrics::DistributionSnapshot& one = snapshot.distributions.emplace_back();
        one = {shown.route, shown.versions[v], word, {}};
        for (std::size_t bin = 0; bin < names.size(); ++bin) one.bins.emplace_back(names[bin], counts[bin]);
      }
    }
  }
  return snapshot;
}

void EvaluationService::note_outcome(const outcomes::Decision& decision, std::string_view outcome, double value) {
  evaluation_.note_outcome(decision.route, decision.nonce, outcome, value);
}

Result<std::vector<admin::DisagreementView>, admin::Refusal> EvaluationService::disagreements(
    const std::string& route) const {
  {
    const std::lock_guard lock(mutex_);
    const auto known = keeps_.find(route);
    if (known == keeps_.end()) return fail(admin::Refusal{404, "there is no route " + route});
    if (!known->second) {
      return fail(admin::Refusal{403, "the policy of " + route + " keeps no pairs; compare.keep allows it"});
    }
  }
  std::vector<admin::DisagreementView> views;
  for (const compare::KeptPair& pair : evaluation_.kept(route)) views.push_back(to_view(pair));
  return views;
}

std::map<std::string, strategy::Evidence> KpisWithEvaluation::gather() {
  std::map<std::string, strategy::Evidence> gathered;
  gather_into(gathered);
  return gathered;
}

void KpisWithEvaluation::gather_into(std::map<std::string, strategy::Evidence>& gathered) {
  kpis_.gather_into(gathered);
  evaluation_.add_to(gathered);
}

}  // namespace sluice::app
