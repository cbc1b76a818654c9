#include "sluice/upstream/endpoint_monitor.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/upstream/probe_set.hpp"
#include "sluice/upstream/version_watch.hpp"

namespace sluice::upstream {

using metrics::EndpointState;

namespace {

constexpr Duration kStep = std::chrono::milliseconds(250);  // ramps and warm-ups
constexpr Duration kLook = std::chrono::seconds(1);         // at what requests told
constexpr Duration kReap = std::chrono::milliseconds(20);   // while probers wind down

bool is_bad(EndpointState state) noexcept {
  return state == EndpointState::Unhealthy || state == EndpointState::Ejected;
}

/// Rings the loop from any worker; many rings before the loop hears them are one. Outlives the monitor in the statuses
/// that workers still hold.
struct Bell {
  std::atomic<bool> rung{false};
  std::atomic<ServiceLoop*> loop{nullptr};
  std::function<void()> answer;

  void ring(const std::shared_ptr<Bell>& self) {
    ServiceLoop* const target = loop.load(std::memory_order_acquire);
    if (target == nullptr || rung.exchange(true, std::memory_order_acq_rel)) return;
    target->dispatch([self] {
      // Not a mere store: who rings from here on is heard anew, and what earlier ringers reported is seen below.
      self->rung.exchange(false, std::memory_order_acq_rel);
      if (self->loop.load(std::memory_order_acquire) != nullptr) self->answer();
    });
  }
};

}  // namespace

class EndpointMonitor::Impl final : private http::DeadlineWheel::Hook {
 public:
  Impl(ServiceLoop& loop, metrics::Registry& registry)
      : loop_(loop),
        registry_(registry),
        bell_(std::make_shared<Bell>()),
        probes_(loop.context(), {[this](auto& endpoint, const auto& outcome) { return checked(endpoint, outcome); },
                                 [this](auto& endpoint, auto round, const auto& outcome) {
                                   return warmed(endpoint, round, outcome);
                                 }}) {
    bell_->answer = [this] { look_at_all(true); };
    bell_->loop.store(&loop, std::memory_order_release);
    loop_.dispatch([this] { loop_.context().wheel.set(*this, now()); });
  }
  ~Impl() { bell_->loop.store(nullptr, std::memory_order_release); }

  std::vector<std::shared_ptr<VersionBoard>> configure(std::vector<WatchedVersion> versions);
  Result<std::size_t> drain(const EndpointSelector& selector, bool out);
  void take_out_withheld();
  std::vector<EndpointReport> report(std::string_view route) const;
  void hold_warm_ups(bool held) noexcept { warm_ups_held_.store(held, std::memory_order_relaxed); }
  void stop();
  bool is_quiet() const noexcept { return stopping_ && probes_.is_empty(); }

 private:
  struct WarmUp {
    Prober* prober;
    std::uint32_t round;
    std::vector<std::string> requests;
    TimePoint until;
  };

  TimePoint now() const noexcept { return loop_.context().clock.now(); }
  void on_deadline(TimePoint now) override;

  // With the mutex held.
  VersionWatch* find(const WatchedVersion& version) const;
  void note(const VersionWatch& watch, const WatchStep& step, TimePoint now);
  void publish_counts(metrics::VersionId id);
  void warn_of_stranded(const VersionWatch& watch) const;
  static bool selects(const EndpointSelector& selector, const VersionWatch& watch);

  // On the loop, without it: what they call may call back.
  void sync_probers();
  void begin_warm_ups();
  void look_at_all(bool at_requests);
  Duration checked(WatchedEndpoint& endpoint, const CallOutcome& outcome);
  bool warmed(WatchedEndpoint& endpoint, std::uint32_t round, const CallOutcome& outcome);

  ServiceLoop& loop_;
  metrics::Registry& registry_;
  const std::shared_ptr<Bell> bell_;
  std::atomic<bool> warm_ups_held_{false};

  mutable std::mutex mutex_;  // guards the watches and their endpoints; held for microseconds, never by a worker
  std::vector<std::unique_ptr<VersionWatch>> watches_;
  bool configured_ = false;

  // The loop's own.
  ProbeSet probes_;
  TimePoint next_look_{};
  bool stopping_ = false;
};

// --- any thread ---

VersionWatch* EndpointMonitor::Impl::find(const WatchedVersion& version) const {
  for (const auto& watch : watches_) {
    if (watch && watch->config().route == version.route && watch->config().version == version.version) {
      return watch.get();
    }
  }
  return nullptr;
}

std::vector<std::shared_ptr<VersionBoard>> EndpointMonitor::Impl::configure(std::vector<WatchedVersion> versions) {
  std::vector<std::shared_ptr<VersionBoard>> boards;
  {
    const std::lock_guard lock(mutex_);
    const bool believed = !std::exchange(configured_, true);
    const auto make_status = [this] {
      return std::make_shared<EndpointStatus>(registry_.workers(), [bell = bell_] { bell->ring(bell); });
    };
    std::vector<std::unique_ptr<VersionWatch>> next;
    std::vector<bool> stranded;
    for (WatchedVersion& version : versions) {
      VersionWatch* const before = find(version);
      stranded.push_back(before != nullptr && before->is_stranded());
      next.push_back(std::make_unique<VersionWatch>(std::move(version), before, believed, make_status, now()));
      boards.push_back(next.back()->board());
    }
    std::swap(watches_, next);
    for (const auto& gone : next) {
      for (const auto& endpoint : gone->endpoints()) {
        if (endpoint->watch == gone.get()) endpoint->watch = nullptr;
      }
    }
    for (std::size_t i = 0; i < watches_.size(); ++i) {
      VersionWatch& watch = *watches_[i];
      note(watch, watch.look(now(), false), now());
      publish_counts(watch.config().id);
      if (watch.is_stranded() && !stranded[i]) warn_of_stranded(watch);
    }
  }
  loop_.dispatch([this] { sync_probers(); });
  return boards;
}

bool EndpointMonitor::Impl::selects(const EndpointSelector& selector, const VersionWatch& watch) {
  const auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  return fits(selector.route, watch.config().route) && fits(selector.version, watch.config().version);
}

Result<std::size_t> EndpointMonitor::Impl::drain(const EndpointSelector& selector, bool out) {
  const std::lock_guard lock(mutex_);
  std::size_t selected = 0;
  for (const auto& watch : watches_) {
    if (!selects(selector, *watch)) continue;
    std::size_t here = 0;
    std::size_t left = 0;
    for (const auto& endpoint : watch->endpoints()) {
      const bool chosen = selector.authority.empty() || selector.authority == endpoint->spec.authority();
      here += chosen;
      left += !chosen && !endpoint->life.draining;
    }
    selected += here;
    if (!out && here == 0 && watch->is_drained(selector.authority)) ++selected;  // no longer named, but remembered
    if (out && here > 0 && left == 0 && !watch->config().has_fallback) {
      return fail(Error::client("version \"" + watch->config().version + "\" of route \"" + watch->config().route +
                                "\" would be left with no endpoint, and no other version answers for it"));
    }
  }
  if (selected == 0) return fail(Error::client("no endpoint is selected"));
  std::size_t changed = 0;
  for (const auto& watch : watches_) {
    if (!selects(selector, *watch)) continue;
    changed += watch->drain(selector.authority, out);
    note(*watch, watch->look(now(), false), now());
  }
  return changed;
}

void EndpointMonitor::Impl::take_out_withheld() {
  const std::lock_guard lock(mutex_);
  for (const auto& watch : watches_) {
    if (watch->take_out_withheld()) note(*watch, watch->look(now(), false), now());
  }
}

std::vector<EndpointReport> EndpointMonitor::Impl::report(std::string_view route) const {
  const std::lock_guard lock(mutex_);
  std::vector<EndpointReport> all;
  for (const auto& watch : watches_) {
    if (!route.empty() && route != watch->config().route) continue;
    for (const auto& endpoint : watch->endpoints()) {
      EndpointReport& report = all.emplace_back();
      report.route = watch->config().route;
      report.version = watch->config().version;
      report.authority = endpoint->spec.authority();
      report.state = endpoint->verdict.state;
      report.share = endpoint->verdict.share;
      report.reason = watch->reason(*endpoint, now());
      report.seconds_in_state = std::chrono::duration<double>(now() - endpoint->since).count();
      report.since = endpoint->since;
      report.last_check = endpoint->last_check;
      for (std::size_t i = 0; i < endpoint->status->workers(); ++i) {
        report.in_flight += endpoint->status->cells(i).in_flight.value();
      }
      report.ejections = endpoint->ejections;
      report.withheld = endpoint->life.withheld;
      report.ready = endpoint->standing == Standing::Ready;
      report.unchecked = endpoint->standing == Standing::Unchecked;
      if (report.ready) report.seconds_ready = std::chrono::duration<double>(now() - endpoint->ready_since).count();
    }
  }
  return all;
}

void EndpointMonitor::Impl::stop() {
  loop_.dispatch([this] {
    stopping_ = true;
    sync_probers();
  });
}

/// Writes down what a look brought: log, counters, gauges.
void EndpointMonitor::Impl::note(const VersionWatch& watch, const WatchStep& step, TimePoint now) {
  static constinit log::Site changes(50);
  const WatchedVersion& config = watch.config();
  for (const StateChange& change : step.changes) {
    const EndpointVerdict& verdict = change.endpoint->verdict;
    log::write(changes, is_bad(verdict.state) ? log::Level::Warn : log::Level::Info, "endpoint changed its state",
               {{"route", config.route},
                {"version", config.version},
                {"endpoint", change.endpoint->spec.authority()},
                {"from", to_string(change.from)},
                {"to", to_string(verdict.state)},
                {"reason", watch.reason(*change.endpoint, now)}});
  }
  for (const metrics::EjectionReason reason : step.ejections) registry_.supervision(config.id).ejections[reason].add();
  if (step.panic_changed) {
    static constinit log::Site panics(10);
    const Usability& usable = watch.usability();
    log::write(
        panics, usable.panic ? log::Level::Warn : log::Level::Info,
        usable.panic ? "too few endpoints are usable: all get traffic" : "enough endpoints are usable again",
        {{"route", config.route}, {"version", config.version}, {"usable", usable.usable}, {"of", usable.counted}});
  }
  if (!step.changes.empty() || step.panic_changed) publish_counts(config.id);
}

/// What an operator took out stays out, also when the rest of a version goes: that is an order, but nobody may have
/// meant this.
void EndpointMonitor::Impl::warn_of_stranded(const VersionWatch& watch) const {
  const metrics::EndpointCounts counts = watch.counts();
  log::warn("no endpoint of a version may get traffic, and no other version answers for it",
            {{"route", watch.config().route},
             {"version", watch.config().version},
             {"endpoints", watch.endpoints().size()},
             {"draining", counts[static_cast<std::size_t>(EndpointState::Draining)]}});
}

/// Versions beyond the metrics' cap share an id.
void EndpointMonitor::Impl::publish_counts(metrics::VersionId id) {
  metrics::EndpointCounts sum{};
  bool panic = false;
  for (const auto& watch : watches_) {
    if (!watch || watch->config().id != id) continue;
    const metrics::EndpointCounts counts = watch->counts();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += counts[i];
    panic = panic || watch->usability().panic;
  }
  registry_.set_endpoints(id, sum, panic);
}

// --- the loop ---

void EndpointMonitor::Impl::on_deadline(TimePoint now) {
  const bool at_requests = now >= next_look_;
  if (at_requests) next_look_ = now + kLook;
  if (!stopping_) {
    look_at_all(at_requests);
    begin_warm_ups();
  }
  loop_.context().wheel.set(*this, now + (probes_.reap() ? kStep : kReap));
}

void EndpointMonitor::Impl::look_at_all(bool at_requests) {
  const std::lock_guard lock(mutex_);
  for (const auto& watch : watches_) note(*watch, watch->look(now(), at_requests), now());
}

/// One prober for each endpoint that is to be checked or warmed up, none for any other.
void EndpointMonitor::Impl::sync_probers() {
  std::vector<ProbeSet::Wanted> wanted;
  if (!stopping_) {
    const std::lock_guard lock(mutex_);
    for (const auto& watch : watches_) {
      const WatchedVersion& config = watch->config();
      if (!config.supervision.health.enabled && !config.supervision.warm_up.enabled()) continue;
      for (const auto& endpoint : watch->endpoints()) {
        wanted.push_back({endpoint,
                          {endpoint->spec, endpoint->tls, config.connect_timeout, config.supervision.health},
                          std::exchange(endpoint->check_due, false)});
      }
    }
  }
  probes_.replace(std::move(wanted));
  begin_warm_ups();
  loop_.context().wheel.set(*this, now());
}

Duration EndpointMonitor::Impl::checked(WatchedEndpoint& endpoint, const CallOutcome& outcome) {
  bool warm_up_began = false;
  Duration pause = kLook;
  {
    const std::lock_guard lock(mutex_);
    VersionWatch* const watch = endpoint.watch;
    if (watch == nullptr) return pause;
    const bool passed = passes(watch->config().supervision.health, outcome.status);
    metrics::SupervisionCounters& counters = registry_.supervision(watch->config().id);
    (passed ? counters.checks_passed : counters.checks_failed).add();
    counters.check_duration.record(outcome.took);
    pause = watch->checked(endpoint, passed, (passed ? "passed: " : "failed: ") + describe(outcome),
                           loop_.context().random.uniform());
    const WatchStep step = watch->look(now(), false);
    note(*watch, step, now());
    warm_up_began = step.warm_up_began;
  }
  if (warm_up_began) begin_warm_ups();
  return pause;
}

bool EndpointMonitor::Impl::warmed(WatchedEndpoint& endpoint, std::uint32_t round, const CallOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  VersionWatch* const watch = endpoint.watch;
  if (watch == nullptr) return false;
  const bool answered = outcome.answered() && outcome.status < 400;
  metrics::SupervisionCounters& counters = registry_.supervision(watch->config().id);
  (answered ? counters.warm_ups_answered : counters.warm_ups_failed).add();
  const bool more = watch->warmed(endpoint, round, answered, now());
  note(*watch, watch->look(now(), false), now());
  return more;
}

void EndpointMonitor::Impl::begin_warm_ups() {
  if (warm_ups_held_.load(std::memory_order_relaxed)) return;  // asked again with the next step
  std::vector<WarmUp> begin;
  {
    const std::lock_guard lock(mutex_);
    probes_.each([&](const WatchedEndpoint& endpoint, Prober& prober) {
      const WarmUpStatus& status = endpoint.life.warm_up;
      if (endpoint.watch == nullptr || status.phase != WarmUpPhase::Warming) return;
      if (prober.round() == endpoint.warm_up_round) return;
      begin.push_back({&prober, endpoint.warm_up_round, endpoint.watch->warm_up_requests(endpoint), status.until});
    });
  }
  for (WarmUp& warm_up : begin) warm_up.prober->warm_up(warm_up.round, std::move(warm_up.requests), warm_up.until);
}

// --- the public face ---

EndpointMonitor::EndpointMonitor(ServiceLoop& loop, metrics::Registry& registry)
    : impl_(std::make_unique<Impl>(loop, registry)) {}
EndpointMonitor::~EndpointMonitor() = default;

std::vector<std::shared_ptr<VersionBoard>> EndpointMonitor::configure(std::vector<WatchedVersion> versions) {
  return impl_->configure(std::move(versions));
}
void EndpointMonitor::hold_warm_ups(bool held) noexcept {
  impl_->hold_warm_ups(held);
}
Result<std::size_t> EndpointMonitor::drain(const EndpointSelector& selector, bool out) {
  return impl_->drain(selector, out);
}
void EndpointMonitor::take_out_withheld() {
  impl_->take_out_withheld();
}
std::vector<EndpointReport> EndpointMonitor::report(std::string_view route) const {
  return impl_->report(route);
}
void EndpointMonitor::stop() {
  impl_->stop();
}
bool EndpointMonitor::is_quiet() const noexcept {
  return impl_->is_quiet();
}

}  // namespace sluice::upstream
