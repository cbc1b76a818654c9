#include "sluice/upstream/version_watch.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sluice/upstream/own_request.hpp"

namespace sluice::upstream {

using metrics::EndpointState;

namespace {

bool same_endpoint(const EndpointSpec& a, const EndpointSpec& b) {
  return a.host == b.host && a.port == b.port && a.tls == b.tls;
}

std::uint32_t as_share(double share) noexcept {
  if (share <= 0) return 0;
  const auto rounded = static_cast<std::uint32_t>(std::lround(share * EndpointStatus::kFullShare));
  return std::clamp(rounded, 1u, EndpointStatus::kFullShare);
}

/// The streak at which a look is worth while; looks that come by themselves see the rest.
std::uint32_t prompt_at(const EjectionSettings& settings) noexcept {
  if (!settings.enabled) return 0;
  const std::uint32_t a = settings.consecutive_errors;
  const std::uint32_t b = settings.consecutive_gateway_errors;
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

EndpointTotals totals_of(const EndpointStatus& status) noexcept {
  EndpointTotals totals;
  for (std::size_t i = 0; i < status.workers(); ++i) {
    const EndpointCells& cells = status.cells(i);
    totals.answered += cells.answered.value();
    totals.server_errors += cells.server_errors.value();
    totals.gateway_errors += cells.gateway_errors.value();
    totals.latency += cells.latency.value();
  }
  return totals;
}

}  // namespace

VersionWatch::VersionWatch(WatchedVersion config, VersionWatch* before, bool believed, const MakeStatus& make_status,
                           TimePoint now)
    : config_(std::move(config)) {
  if (before != nullptr) drained_ = before->drained_;
  config_.tls.resize(config_.endpoints.size());
  for (std::size_t i = 0; i < config_.endpoints.size(); ++i) {
    std::shared_ptr<WatchedEndpoint> endpoint = adopt(config_.endpoints[i], before);
    if (endpoint) {
      endpoint->spec = config_.endpoints[i];
      if (endpoint->life.withheld && !withholds(*endpoint)) {
        endpoint->life = let_in(endpoint->life);
        endpoint->last_check.clear();
        endpoint->standing = Standing::Out;
        endpoint->check_due = true;
      }
    } else {
      endpoint = std::make_shared<WatchedEndpoint>();
      endpoint->spec = config_.endpoints[i];
      endpoint->status = make_status();
      endpoint->since = now;
      if (believed) endpoint->life = EndpointLife::believed();
      endpoint->life = settle(config_.supervision, endpoint->life, planned_warm_ups(), now).life;
      if (endpoint->life.warm_up.phase == WarmUpPhase::Warming) ++endpoint->warm_up_round;
      endpoint->verdict = judge(config_.supervision, endpoint->life, now);
      endpoint->life.draining = is_drained(config_.endpoints[i].authority());  // the next look tells of it
      endpoint->life.withheld = withholds(*endpoint);
    }
    endpoint->tls = config_.tls[i];
    endpoint->watch = this;
    if (!config_.supervision.health.enabled) endpoint->last_check.clear();
    endpoint->status->set_prompt_at(prompt_at(config_.supervision.ejection));
    endpoints_.push_back(std::move(endpoint));
  }
  if (before != nullptr) {
    interval_end_ = before->interval_end_;
    usability_ = before->usability_;
    for (const auto& endpoint : before->endpoints_) {
      if (endpoint->watch == before) endpoint->watch = nullptr;
    }
    if (before->endpoints_ == endpoints_) board_ = before->board_;
  }
  if (board_) return;
  board_ = std::make_shared<VersionBoard>();
  for (const auto& endpoint : endpoints_) board_->endpoints.push_back(endpoint->status);
}

std::shared_ptr<WatchedEndpoint> VersionWatch::adopt(const EndpointSpec& spec, VersionWatch* before) const {
  if (before == nullptr) return nullptr;
  for (const auto& known : before->endpoints_) {
    if (known->watch == before && same_endpoint(known->spec, spec)) return known;
  }
  return nullptr;
}

Duration VersionWatch::checked(WatchedEndpoint& endpoint, bool passed, std::string text, double draw) {
  const HealthCheckStep step = after_check(config_.supervision.health, endpoint.life.health, passed, draw);
  endpoint.life.health = step.status;
  endpoint.last_check = std::move(text);
  return step.next;
}

bool VersionWatch::warmed(WatchedEndpoint& endpoint, std::uint32_t round, bool answered, TimePoint now) {
  if (round != endpoint.warm_up_round || endpoint.life.warm_up.phase != WarmUpPhase::Warming) return false;
  const auto kind = answered ? WarmUpEvent::Kind::Answered : WarmUpEvent::Kind::Failed;
  const WarmUpStep step = after_event(config_.supervision.warm_up, endpoint.life.warm_up, {kind, now});
  endpoint.life.warm_up = step.status;
  if (step.status.phase == WarmUpPhase::Done) {
    endpoint.life.slow_start = begin_ramp(config_.supervision.slow_start, now);
  }
  return step.action != WarmUpAction::End;
}

std::size_t VersionWatch::drain(const std::string& authority, bool out) {
  std::size_t changed = 0;
  for (const auto& endpoint : endpoints_) {
    const std::string own = endpoint->spec.authority();
    if (!authority.empty() && authority != own) continue;
    if (std::exchange(endpoint->life.draining, out) != out) ++changed;
    if (out) drained_.insert(own);
  }
  if (out) return changed;
  const auto is_named = [this](const std::string& one) {
    return std::any_of(endpoints_.begin(), endpoints_.end(),
                       [&](const auto& endpoint) { return endpoint->spec.authority() == one; });
  };
  std::erase_if(drained_, [&](const std::string& one) {
    if (!authority.empty() && authority != one) return false;
    if (!is_named(one)) ++changed;
    return true;
  });
  return changed;
}

bool VersionWatch::withholds(const WatchedEndpoint& endpoint) const {
  const auto& withheld = config_.withheld;
  return !withheld.empty() && std::find(withheld.begin(), withheld.end(), endpoint.spec.authority()) != withheld.end();
}

bool VersionWatch::take_out_withheld() {
  bool any = false;
  for (const auto& endpoint : endpoints_) {
    if (endpoint->life.withheld || !withholds(*endpoint)) continue;
    endpoint->life.withheld = any = true;
  }
  return any;
}

bool VersionWatch::is_stranded() const noexcept {
  return !config_.has_fallback && !endpoints_.empty() &&
         std::all_of(endpoints_.begin(), endpoints_.end(),
                     [](const auto& endpoint) { return endpoint->status->share() == 0 && !endpoint->life.withheld; });
}

WatchStep VersionWatch::look(TimePoint now, bool at_requests) {
  WatchStep step;
  settle_all(now, step);
  if (at_requests) judge_requests(now, step);
  publish(now, step);
  return step;
}

void VersionWatch::settle_all(TimePoint now, WatchStep& step) {
  for (const auto& endpoint : endpoints_) {
    const bool waits = endpoint->life.warm_up.phase == WarmUpPhase::Waiting;
    const LifeStep settled = settle(config_.supervision, endpoint->life, waits ? planned_warm_ups() : 0, now);
    endpoint->life = settled.life;
    if (settled.became_ready) endpoint->status->forget_streaks();
    if (settled.warm_up != WarmUpAction::Begin) continue;
    ++endpoint->warm_up_round;
    step.warm_up_began = true;
  }
}

void VersionWatch::judge_requests(TimePoint now, WatchStep& step) {
  VersionEjection status{{}, interval_end_};
  std::vector<EndpointEvidence> evidence;
  for (const auto& endpoint : endpoints_) {
    const EndpointLife& life = endpoint->life;
    status.endpoints.push_back(life.ejection);
    EndpointEvidence& seen = evidence.emplace_back();
    seen.totals = totals_of(*endpoint->status);
    seen.errors_in_row = endpoint->status->consecutive_errors();
    seen.gateway_errors_in_row = endpoint->status->consecutive_gateway_errors();
    seen.counted = !life.draining && !life.withheld;
    seen.eligible = seen.counted && life.ready && life.warm_up.phase == WarmUpPhase::Done;
  }
  const EjectionStep looked = upstream::look(config_.supervision.ejection, std::move(status), evidence, now);
  interval_end_ = looked.status.interval_end;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) endpoints_[i]->life.ejection = looked.status.endpoints[i];
  for (const EjectionChange& change : looked.changes) {
    WatchedEndpoint& endpoint = *endpoints_[change.endpoint];
    if (change.what != EjectionChange::What::Admit) endpoint.status->forget_streaks();
    if (change.what != EjectionChange::What::Eject) continue;
    ++endpoint.ejections;
    step.ejections.push_back(endpoint.life.ejection.cause.reason);
  }
}

void VersionWatch::publish(TimePoint now, WatchStep& step) {
  verdicts_.clear();
  for (const auto& endpoint : endpoints_) {
    verdicts_.push_back(judge(config_.supervision, endpoint->life, now));
  }
  const bool panicked = usability_.panic;
  const bool withholding =
      std::any_of(endpoints_.begin(), endpoints_.end(), [](const auto& endpoint) { return endpoint->life.withheld; });
  usability_ = apply_panic(config_.supervision, config_.has_fallback, verdicts_, withholding);
  step.panic_changed = usability_.panic != panicked;
  bool moved = false;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    WatchedEndpoint& endpoint = *endpoints_[i];
    const EndpointState from = std::exchange(endpoint.verdict, verdicts_[i]).state;
    if (endpoint.verdict.state != from) {
      endpoint.since = now;
      step.changes.push_back({&endpoint, from});
    }
    const Standing was = std::exchange(endpoint.standing, standing_of(endpoint.life));
    if (endpoint.standing == Standing::Ready && was != Standing::Ready) endpoint.ready_since = now;
    endpoint.status->set_standing(endpoint.life.withheld ? Standing::Out : endpoint.standing);
    const std::uint32_t share = as_share(endpoint.verdict.share);
    if (share == endpoint.status->share()) continue;
    endpoint.status->set_share(share);
    moved = true;
  }
  if (moved) board_->epoch.fetch_add(1, std::memory_order_release);
}

std::uint32_t VersionWatch::planned_warm_ups() const {
  const WarmUpSettings& settings = config_.supervision.warm_up;
  const auto recorded = settings.recorded > 0 && config_.recorder ? config_.recorder->size() : 0;
  return static_cast<std::uint32_t>(settings.requests.size() * settings.repeat +
                                    std::min<std::size_t>(recorded, settings.recorded));
}

std::vector<std::string> VersionWatch::warm_up_requests(const WatchedEndpoint& endpoint) const {
  const WarmUpSettings& settings = config_.supervision.warm_up;
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < settings.repeat; ++i) {
    for (const WarmUpRequest& request : settings.requests) all.push_back(warm_up_request(request, endpoint.spec));
  }
  if (settings.recorded > 0 && config_.recorder) {
    for (const std::string& request : config_.recorder->requests()) all.push_back(marked_as_warm_up(request));
  }
  // More may have been recorded since they were counted.
  if (all.size() > endpoint.life.warm_up.planned) all.resize(endpoint.life.warm_up.planned);
  return all;
}

metrics::EndpointCounts VersionWatch::counts() const noexcept {
  metrics::EndpointCounts counts{};
  for (const auto& endpoint : endpoints_) ++counts[static_cast<std::size_t>(endpoint->verdict.state)];
  return counts;
}

std::string VersionWatch::reason(const WatchedEndpoint& endpoint, TimePoint now) const {
  return explain(config_.supervision, endpoint.life, endpoint.verdict, usability_, endpoint.last_check, now);
}

}  // namespace sluice::upstream
