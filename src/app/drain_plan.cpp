#include "sluice/app/drain_plan.hpp"

namespace sluice::app {

namespace {

DrainStep announce(bool signalled, const DrainFacts& facts) noexcept {
  return {{DrainPhase::Announced, signalled, facts.now + facts.delay}, DrainAction::Announce};
}

DrainStep on_signal(DrainStatus status, const DrainFacts& facts) noexcept {
  if (status.signalled) return {{DrainPhase::Stopped, true, {}}, DrainAction::EndAtOnce};
  switch (status.phase) {
    case DrainPhase::Serving:
      return announce(true, facts);
    case DrainPhase::Drained:
      return {{DrainPhase::Stopped, true, {}}, DrainAction::Stop};
    case DrainPhase::Announced:
    case DrainPhase::Closing:
    case DrainPhase::Stopped:
      status.signalled = true;  // joins the drain under way
      return {status, DrainAction::None};
  }
  return {status, DrainAction::None};
}

DrainStep on_tick(const DrainStatus& status, const DrainFacts& facts) noexcept {
  if (status.phase == DrainPhase::Announced && facts.now >= status.until) {
    return {{DrainPhase::Closing, status.signalled, facts.now + facts.timeout}, DrainAction::Close};
  }
  if (status.phase != DrainPhase::Closing) return {status, DrainAction::None};
  const bool empty = facts.open_connections == 0;
  if (!empty && facts.now < status.until) return {status, DrainAction::None};
  if (status.signalled) return {{DrainPhase::Stopped, true, {}}, DrainAction::Stop};
  return {{DrainPhase::Drained, false, {}}, empty ? DrainAction::None : DrainAction::CutOff};
}

}  // namespace

bool can_be_undone(const DrainStatus& status) noexcept {
  return status.phase == DrainPhase::Announced && !status.signalled;
}

DrainStep advance(const DrainStatus& status, DrainEvent event, const DrainFacts& facts) noexcept {
  switch (event) {
    case DrainEvent::Tick:
      return on_tick(status, facts);
    case DrainEvent::Order:
      if (status.phase == DrainPhase::Serving) return announce(false, facts);
      return {status, DrainAction::None};
    case DrainEvent::Undo:
      if (can_be_undone(status)) return {DrainStatus{}, DrainAction::Resume};
      return {status, DrainAction::None};
    case DrainEvent::Signal:
      return on_signal(status, facts);
  }
  return {status, DrainAction::None};
}

std::string_view to_string(DrainPhase phase) noexcept {
  switch (phase) {
    case DrainPhase::Serving:
      return "serving";
    case DrainPhase::Announced:
      return "announced";
    case DrainPhase::Closing:
      return "closing";
    case DrainPhase::Drained:
      return "drained";
    case DrainPhase::Stopped:
      return "stopped";
  }
  return "";
}

}  // namespace sluice::app
