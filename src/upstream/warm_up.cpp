#include "sluice/upstream/warm_up.hpp"

namespace sluice::upstream {

namespace {

WarmUpStep begin(const WarmUpSettings& settings, const WarmUpEvent& event) noexcept {
  if (event.planned == 0) return {{WarmUpPhase::Done}, WarmUpAction::None};
  return {{WarmUpPhase::Warming, event.now + settings.timeout, event.planned}, WarmUpAction::Begin};
}

WarmUpStep while_warming(WarmUpStatus status, const WarmUpEvent& event) noexcept {
  if (event.kind == WarmUpEvent::Kind::Answered) ++status.answered;
  if (event.kind == WarmUpEvent::Kind::Failed) ++status.failed;
  const bool complete = status.answered + status.failed >= status.planned;
  const bool late = event.now >= status.until;
  if (!complete && !late) return {status, WarmUpAction::None};
  status.phase = WarmUpPhase::Done;
  status.timed_out = !complete;
  return {status, WarmUpAction::End};
}

}  // namespace

WarmUpStep after_event(const WarmUpSettings& settings, const WarmUpStatus& status, const WarmUpEvent& event) noexcept {
  const bool warming = status.phase == WarmUpPhase::Warming;
  if (event.kind == WarmUpEvent::Kind::Unready) return {{}, warming ? WarmUpAction::End : WarmUpAction::None};
  if (warming) return while_warming(status, event);
  if (event.kind == WarmUpEvent::Kind::Ready && status.phase == WarmUpPhase::Waiting) return begin(settings, event);
  return {status, WarmUpAction::None};
}

}  // namespace sluice::upstream
