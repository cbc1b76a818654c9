// What a finished exchange leaves behind: counters, and a line in the log where one is due.
#include "sluice/base/log.hpp"
#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"
#include "sluice/outcomes/decision_logger.hpp"
#include "sluice/outcomes/observation_ring.hpp"

namespace sluice::gateway {

using metrics::FailureReason;

void Exchange::account() {
  finished_at_ = worker_->now();
  session_->count_bytes();
  if (at_door_ && !failed()) {
    // No request for a prediction; whoever is behind the door counts outcomes.
  } else if (route_ == nullptr) {
    if (status_ != 0) worker_->counters().refused.add(status_);
    if (failed()) worker_->counters().failures[failure_->reason].add();
  } else if (!chosen_) {
    if (status_ != 0) route_->counters->refused.add(status_);
    if (failed()) route_->counters->failures[failure_->reason].add();
  } else {
    metrics::VersionCounters& counters = *version().counters;
    if (status_ != 0) counters.responses.add(status_);
    if (failed()) counters.failures[failure_->reason].add();
    // Refused at the version's limit: that took no time, and says nothing about the version.
    if (made_ > 0) count_durations(counters, *route_->counters);
    count_evidence();
    if (logs_decision_) log_decision();
    if (observes_) observe();
    note_recent_latency();
    if (pairing_) end_pairing();
  }
  if (failed() && origin_of(failure_->reason) != Origin::Client) log_failure();
  if (log::sample_access()) log_access();
}

/// For the rollout: of the version that the split assigned the request to, whoever answered it, in the window of the
/// configuration that its version was chosen by.
void Exchange::count_evidence() noexcept {
  if (!choice_.by_split()) return;
  const bool rescued = fell_back_from_ != kNoVersion;
  const std::uint32_t assigned = rescued ? fell_back_from_ : choice_.version;
  metrics::VersionEvidenceCells* const cells = route_->versions[assigned].evidence;
  if (cells == nullptr) return;
  const auto count = [&](metrics::EvidenceCells& kind) {
    if (rescued || failed()) return kind.failed();
    kind.answered(status_, answered_at_ - call_->sent_at());
    kind.first_byte.record(call_->first_byte_at() - call_->sent_at());
  };
  if (!rescued && failed() && !is_versions_failure()) return;
  count(cells->all);
  if (choice_.control) count(cells->control);
  if (first_of_unit_) count(cells->units);
  metrics::EvidenceWindow& window = *route_->window;
  if (choice_.segment > 0 && choice_.segment <= window.segments()) {
    const std::size_t segment = choice_.segment - 1U;
    count(window.cells(worker_->index(), assigned, segment));
    if (first_of_unit_) count(window.unit_cells(worker_->index(), assigned, segment));
  }
  if (rescued || failed() || status_ >= 500) note_unit_failure(assigned);
}

/// A unit that the split did not look at, because one version had everything, is read now.
void Exchange::note_unit_failure(std::uint32_t assigned) noexcept {
  metrics::EvidenceWindow& window = *route_->window;
  if (window.unit_failures() == nullptr) return;
  const bool looked = choice_.unit != 0 || choice_.reason == traffic::Reason::NoUnit;
  const std::uint64_t unit = looked ? choice_.unit : traffic::unit_hash(route_->config->plan, view());
  window.unit_failures()->note(worker_->index(), assigned, unit);
  if (choice_.segment == 0) return;
  if (auto* const own = window.unit_failures(choice_.segment - 1U)) own->note(worker_->index(), assigned, unit);
}

/// Of the version that was chosen, whoever answered; a copy, since the log's thread takes its time.
void Exchange::log_decision() noexcept {
  outcomes::DecisionRecord record;
  record.decision = decision_;
  record.status = status_;
  if (answer_complete_) record.latency = std::chrono::duration<float>(answered_at_ - call_->sent_at()).count();
  if (choice_.context.size > 0) {
    record.features = context_values_.size;
    record.context = context_values_.value;
  }
  worker_->decision_log()->note(worker_->index(), record);
}

/// Once the client has its answer: now it is time to look into what was kept of it.
void Exchange::observe() noexcept {
  const bool rescued = fell_back_from_ != kNoVersion;
  outcomes::Observation seen;
  seen.decision = decision_;
  seen.failed = rescued || failed() || status_ >= 500;
  seen.counted = rescued || !failed() || is_versions_failure();
  if (answer_complete_ && !rescued) {
    const Duration took = answered_at_ - call_->sent_at();
    seen.latency = std::chrono::duration<float>(took).count();
    reader_.finish(worker_->answer_parser(), took, seen);
  }
  worker_->observations()->note(worker_->index(), seen);
}

/// Not what the client did or left undone, nor what our own limits refused before there was a try.
bool Exchange::is_versions_failure() const noexcept {
  if (made_ == 0 || client_stalls_ || origin_of(failure_->reason) != Origin::Upstream) return false;
  return failure_->reason != FailureReason::RequestTimeout || request_body_.done();
}

/// For copies that are only made while live answers soon.
void Exchange::note_recent_latency() noexcept {
  const std::optional<IdleLimits>& idle = route_->config->mirror.idle;
  if (!idle || idle->latency.count() == 0 || choice_.version != route_->live_index()) return;
  if (call_ == nullptr || call_->sent_at() == TimePoint{}) return;
  const TimePoint end = answer_complete_ ? answered_at_ : finished_at_;
  version().gate->recent_latency().note(end - call_->sent_at(), finished_at_);
}

void Exchange::count_durations(metrics::VersionCounters& counters, metrics::RouteCounters& route) noexcept {
  const Duration total = finished_at_ - received_at_;
  counters.request_duration.record(total);
  if (call_ == nullptr || call_->first_byte_at() == TimePoint{}) return;
  const Duration first_byte = call_->first_byte_at() - call_->sent_at();
  counters.time_to_first_byte.record(first_byte);
  if (const double quantile = route_->config->hedge.quantile; quantile > 0) {
    // A hedge that won says only that the first try would have taken longer than patience lasts.
    const bool hedged = call_ == second_.get();
    route_->state->hedge_patience.record(hedged ? call_->first_byte_at() - received_at_ : first_byte, quantile);
  }
  if (!answer_complete_) return;
  const Duration upstream = answered_at_ - call_->sent_at();
  counters.upstream_duration.record(upstream);
  // While bodies stream, what the peers and the gateway take cannot be told apart.
  if (!body_streams_ && answered_at_ == call_->heard_at()) route.overhead.record(total - upstream);
}

std::string_view Exchange::route_name() const noexcept {
  return route_ == nullptr ? std::string_view{} : route_->config->name;
}

std::string_view Exchange::version_name() const noexcept {
  return route_ == nullptr || !chosen_ ? std::string_view{} : route_->versions[choice_.version].config->name;
}

void Exchange::log_failure() const {
  static constinit log::Site site;
  log::warn(site, "request failed",
            {{"reason", failure_->token},
             {"status", failure_->status},
             {"origin", to_string(origin_of(failure_->reason))},
             {"route", route_name()},
             {"version", version_name()},
             {"request_id", request_id()}});
}

void Exchange::log_access() const {
  log::AccessRecord record;
  if (head_valid_) {
    record.method = request_.method_text.in(base());
    record.path = request_.path.in(base());
  }
  record.route = route_name();
  record.version = version_name();
  if (failed()) record.reason = failure_->token;
  record.request_id = request_id();
  record.status = status_;
  record.duration = finished_at_ - received_at_;
  if (answer_complete_) record.upstream_duration = answered_at_ - call_->sent_at();
  if (head_valid_) record.bytes_received = request_.size + request_body_.payload_bytes();
  record.bytes_sent = answer_body_.payload_bytes();
  log::access(record);
}

}  // namespace sluice::gateway
