// A second try beside the first, when that takes longer than usual: the first answer wins, the other try is ended.
#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

/// Waits until one of the attempts under way has ended, the hedge is due, or the exchange is cancelled.
struct Exchange::RaceAwaiter {
  Exchange* exchange;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const noexcept {
    exchange->race_ = waiter;
    if (!exchange->first_task_.done()) exchange->first_task_.notify(waiter);
    if (!exchange->second_task_.done()) exchange->second_task_.notify(waiter);
  }
  void await_resume() const noexcept {
    exchange->race_ = nullptr;
    exchange->first_task_.notify(std::noop_coroutine());
    exchange->second_task_.notify(std::noop_coroutine());
  }
};

bool Exchange::hedge_wanted() const noexcept {
  const upstream::HedgeRules& rules = route_->config->hedge;
  if (!route_->config->retry.unsafe_methods && !is_idempotent()) return false;
  return rules.enabled() && (rules.after.count() > 0 || route_->state->hedge_patience.known());
}

http::Task<> Exchange::race(Attempt::Plan plan) {
  const upstream::HedgeRules& rules = route_->config->hedge;
  const Duration patience = rules.after.count() > 0 ? Duration(rules.after) : route_->state->hedge_patience.value();
  first_task_ = first_.run(plan);
  first_task_.start();
  if (!first_task_.done()) session_->set_deadline(DeadlineKind::Hedge, worker_->now() + patience);
  hedge_due_ = false;
  bool launched = false;
  for (;;) {
    if (failed()) break;
    const bool first_ended = first_task_.done();
    const bool second_ended = second_task_.done();  // also when there is none
    if (first_ended && first_.answered() && answer_is_good()) break;
    if (launched && second_ended && second_->answered()) {
      call_ = second_.get();
      if (answer_is_good() || (first_ended && !first_.answered())) break;
      call_ = &first_;
    }
    if (first_ended && second_ended) break;
    if (hedge_due_ && !launched) {
      hedge_due_ = false;
      launched = launch_hedge(plan);
      if (launched) continue;  // it may have ended already
    }
    RaceAwaiter waiting{this};
    co_await waiting;
  }
  session_->clear_deadline(DeadlineKind::Hedge);
  Attempt* const loser = call_ == &first_ ? second_.get() : &first_;
  http::Task<>& losing = call_ == &first_ ? second_task_ : first_task_;
  if (loser != nullptr && !losing.done()) loser->stop();
  co_await losing.join();
  if (loser != nullptr && loser->connection() != nullptr) loser->give_back(false);
  if (failed()) {  // both were told to stop, or neither
    http::Task<>& own = call_ == &first_ ? first_task_ : second_task_;
    if (!own.done()) call_->stop();
    co_await own.join();
  }
  if (call_ != second_.get()) co_return;
  version().counters->hedges_won.add();
  first_.note_overtaken();
}

/// Only for a request that is here whole, with an endpoint to spare, and within the budget.
bool Exchange::launch_hedge(const Attempt::Plan& plan) {
  if (!request_body_.done() || !replayable() || version().balancer.usable() < 2 || !take_retry()) return false;
  if (!second_) second_ = std::make_unique<Attempt>(*this);
  version().counters->hedges.add();
  Attempt::Plan beside = plan;
  beside.avoid = first_.pool();
  beside.beside = true;
  second_task_ = second_->run(beside);
  second_task_.start();
  return true;
}

}  // namespace sluice::gateway
