#include "sluice/upstream/prober.hpp"

#include <utility>

#include "sluice/upstream/own_request.hpp"

namespace sluice::upstream {

EndpointPool::Settings Prober::pool_settings(const Settings& settings) {
  EndpointPool::Settings pool;
  pool.endpoint = settings.endpoint;
  pool.tls = settings.tls;
  pool.connect_timeout = settings.connect_timeout;
  // A dial that ends after its check gave up leaves a connection that nobody wants: it shall not stay long.
  pool.limits = {.connections = 64, .waiting = 64, .warm = 0, .idle_timeout = std::chrono::seconds(5)};
  return pool;
}

Prober::Prober(WorkerContext& context, metrics::VersionCounters& counters, Settings settings, Events events)
    : context_(&context),
      settings_(std::move(settings)),
      events_(std::move(events)),
      pool_(new EndpointPool(context, pool_settings(settings_), counters)),
      check_call_(context),
      warm_up_call_(context),
      check_bytes_(check_request(settings_.health, settings_.endpoint)) {
  if (settings_.health.enabled) context_->wheel.set(*this, context_->clock.now());
}

void Prober::update(Settings settings) {
  const bool other_checks = settings.health != settings_.health;
  settings_ = std::move(settings);
  pool_->update(pool_settings(settings_));
  if (!other_checks) return;
  if (!settings_.health.enabled) {
    http::DeadlineWheel::cancel(*this);
  } else if (checking_.done()) {
    context_->wheel.set(*this, context_->clock.now());
  }
}

void Prober::check_now() {
  if (stopped_ || !settings_.health.enabled || !checking_.done()) return;
  context_->wheel.set(*this, context_->clock.now());
}

void Prober::on_deadline(TimePoint) {
  if (stopped_ || !checking_.done()) return;
  check_bytes_ = check_request(settings_.health, settings_.endpoint);
  checking_ = check();
  checking_.start();
}

http::Task<> Prober::check() {
  const CallRequest request{http::Method::Get, check_bytes_, context_->clock.now() + settings_.health.timeout, true};
  auto calling = check_call_.run(*pool_, request);
  const CallOutcome outcome = co_await calling;
  if (stopped_ || !settings_.health.enabled) co_return;
  const Duration pause = events_.checked(outcome);
  if (!stopped_) context_->wheel.set(*this, context_->clock.now() + pause);
}

void Prober::warm_up(std::uint32_t round, std::vector<std::string> requests, TimePoint until) {
  if (stopped_ || !warming_.done()) return;
  round_ = round;
  requests_ = std::move(requests);
  until_ = until;
  warming_ = send_warm_up();
  warming_.start();
}

http::Task<> Prober::send_warm_up() {
  for (const std::string& bytes : requests_) {
    auto calling = warm_up_call_.run(*pool_, {method_of_request(bytes), bytes, until_});
    const CallOutcome outcome = co_await calling;
    if (stopped_ || !events_.warmed(round_, outcome)) break;
  }
  requests_ = {};
}

void Prober::stop() {
  stopped_ = true;
  http::DeadlineWheel::cancel(*this);
  check_call_.cancel();
  warm_up_call_.cancel();
  pool_->close_all();
}

bool Prober::is_quiet() const noexcept {
  return stopped_ && checking_.done() && warming_.done() && pool_->is_empty();
}

}  // namespace sluice::upstream
