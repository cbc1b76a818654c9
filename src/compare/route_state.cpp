#include "route_state.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::compare {

namespace {

/// As many as people read, in the order of their fields.
std::vector<Difference> the_gravest(std::vector<Difference> differences) {
  constexpr std::size_t most_read = 32;
  if (differences.size() <= most_read) return differences;
  std::stable_sort(differences.begin(), differences.end(),
                   [](const Difference& a, const Difference& b) { return a.gravity > b.gravity; });
  differences.resize(most_read);
  std::sort(differences.begin(), differences.end(),
            [](const Difference& a, const Difference& b) { return a.field < b.field; });
  return differences;
}

}  // namespace

RouteState::RouteState(std::shared_ptr<const RouteRules> rules, std::size_t& room)
    : rules_(std::move(rules)), room_(room) {
  new_book();
}

void RouteState::new_book() {
  if (book_) lost_ += book_->lost();
  book_.reset();  // gives its room back first
  book_ = std::make_unique<ReplayBook>(rules_->outcomes(), room_);
}

void RouteState::set_rules(std::shared_ptr<const RouteRules> rules) {
  const std::shared_ptr<const RouteRules> before = std::exchange(rules_, std::move(rules));
  if (!rules_->counts_like(*before)) return begin_anew();
  if (rules_->keep() != before->keep()) {
    kept_.clear();
    for (auto& [key, sums] : sums_) sums.forget_findings();
  }
  if (rules_->outcomes() == before->outcomes()) return;
  for (auto& [key, sums] : sums_) sums.forget_outcomes();
  new_book();
}

void RouteState::begin_anew() {
  sums_.clear();
  noise_.clear();
  kept_.clear();
  new_book();
}

void RouteState::set_current(std::uint64_t window) {
  if (current_ == window) return;
  current_ = window;
  sums_.erase(sums_.begin(), sums_.lower_bound(Key{window, 0}));
  book_->forget_before(window);
}

void RouteState::expire(WallTime now) {
  for (auto& [candidate, kept] : kept_) kept.pairs.expire(now);
}

/// Of the windows that are not in force the lowest go, so that this one has room.
void RouteState::make_room_for(std::uint64_t window) {
  std::vector<std::uint64_t> others;
  for (const auto& [key, sums] : sums_) {
    const bool is_other = key.first != window && current_ != key.first;
    if (is_other && (others.empty() || others.back() != key.first)) others.push_back(key.first);
  }
  for (std::size_t i = 0; i + kWindows <= others.size(); ++i) {
    sums_.erase(sums_.lower_bound(Key{others[i], 0}), sums_.lower_bound(Key{others[i] + 1, 0}));
    // Its decisions say in which fields they differ by numbers that are gone with it.
    book_->forget(others[i]);
  }
}

bool RouteState::takes(const AnswerPair& pair) const noexcept {
  if (!rules_->has_versions_of(pair) || pair.segment > rules_->segments().size()) return false;
  if (current_ && pair.window < *current_) return false;
  const auto found = sums_.find(Key{pair.window, pair.other});
  return pair.kind == PairKind::Twin || found == sums_.end() || found->second.live() == pair.live;
}

CandidateSums& RouteState::sums_of(const AnswerPair& pair) {
  const Key key{pair.window, pair.other};
  const auto found = sums_.find(key);
  if (found != sums_.end()) return found->second;
  const auto noise = noise_.find(pair.live);
  NoiseFloor known = noise == noise_.end() ? NoiseFloor() : noise->second.without_pairs();
  make_room_for(pair.window);
  return sums_.emplace(key, CandidateSums(std::move(known), pair.live)).first->second;
}

void RouteState::add_twin(const AnswerPair& twin, const Comparison& comparison) {
  noise_[twin.live].add_twin(comparison);
  for (auto& [key, sums] : sums_) {
    if (key.first == twin.window && sums.live() == twin.live) sums.add_twin(comparison);
  }
}

CandidateSums::Added RouteState::add(const AnswerPair& pair, const Comparison& comparison, WallTime now) {
  CandidateSums& sums = sums_of(pair);
  const CandidateSums::Added added = sums.add(pair, comparison);
  ReplayDecision decision;
  decision.nonce = pair.nonce;
  decision.window = pair.window;
  decision.at = pair.at;
  decision.candidate = pair.other;
  // Also what failed is one of all requests, of which the estimate says for how many it speaks.
  decision.set = comparison.compared ? added.set : NoiseFloor::kUnknown;
  decision.stratum = static_cast<std::uint32_t>(added.stratum);
  book_->note(decision, now, take());
  return added;
}

const NoiseFloor* RouteState::noise_of(const AnswerPair& pair) const {
  const auto found = sums_.find(Key{pair.window, pair.other});
  return found == sums_.end() ? nullptr : &found->second.noise();
}

ReplayBook::Take RouteState::take() {
  return [this](const ReplayDecision& decision, std::size_t outcome, double value) {
    const auto found = sums_.find(Key{decision.window, decision.candidate});
    if (found != sums_.end()) found->second.add_outcome(decision, outcome, value);
  };
}

void RouteState::report(std::uint64_t nonce, std::string_view outcome, double value) {
  book_->report(nonce, outcome, value, take());
}

std::optional<double> RouteState::wants(const AnswerPair& pair, const Comparison& comparison, WallTime now) {
  const NoiseFloor* const noise = noise_of(pair);
  if (!rules_->keep() || noise == nullptr) return std::nullopt;
  auto found = kept_.find(pair.other);
  if (found == kept_.end()) found = kept_.emplace(pair.other, Kept{KeptPairs(*rules_->keep()), noise->twins()}).first;
  Kept& kept = found->second;
  const auto counts = [noise](const Difference& one) { return noise->counts(one); };
  // What was kept before anybody knew that it is noise would keep the places of what is worse.
  if (std::exchange(kept.twins, noise->twins()) != noise->twins()) kept.pairs.judge_anew(counts);
  const double severity = severity_beyond(comparison.differences, counts);
  if (!kept.pairs.wants(severity, pair.at, pair.request_id, now)) return std::nullopt;
  return severity;
}

void RouteState::keep(std::uint32_t candidate, KeptPair pair, WallTime now) {
  const auto found = kept_.find(candidate);
  if (found != kept_.end()) found->second.pairs.add(std::move(pair), now);
}

CandidateSums* RouteState::newest_of(std::uint32_t candidate) {
  CandidateSums* newest = nullptr;
  for (auto& [key, sums] : sums_) {
    if (key.second == candidate) newest = &sums;
  }
  return newest;
}

std::vector<KeptPair> RouteState::kept(WallTime now) {
  std::vector<KeptPair> found;
  for (auto& [candidate, kept] : kept_) {
    const CandidateSums* const sums = newest_of(candidate);
    const auto counts = [sums](const Difference& one) { return sums == nullptr || sums->noise().counts(one); };
    for (KeptPair pair : kept.pairs.worst(now)) {
      auto& differences = pair.differences;
      differences.erase(std::remove_if(differences.begin(), differences.end(), std::not_fn(counts)), differences.end());
      pair.severity = severity_beyond(differences, counts);
      if (differences.empty()) continue;
      differences = rules_->hidden().shown(the_gravest(std::move(differences)));
      found.push_back(std::move(pair));
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const KeptPair& a, const KeptPair& b) {
    return a.severity != b.severity ? a.severity > b.severity : a.at > b.at;
  });
  return found;
}

std::vector<CopyPrediction> RouteState::take_predictions(std::string_view version, std::uint64_t window) {
  const auto place = rules_->place_of(version);
  const auto found = place ? sums_.find(Key{window, *place}) : sums_.end();
  return found == sums_.end() ? std::vector<CopyPrediction>{} : found->second.take_predictions();
}

std::shared_ptr<const Findings> RouteState::findings(std::string_view version, std::uint64_t window, WallTime now) {
  book_->mature(now, take());
  const auto place = rules_->place_of(version);
  if (!place) return nullptr;
  const auto found = sums_.find(Key{window, *place});
  if (found == sums_.end()) return nullptr;
  return found->second.findings(rules_->segments().size(), book_->outcomes(), rules_->hidden());
}

}  // namespace sluice::compare
