#include "sluice/strategy/rollout_state.hpp"

#include <array>
#include <cstddef>

namespace sluice::strategy {
namespace {

constexpr std::array<std::string_view, 11> phase_names{"Idle",       "Pending",     "Progressing", "Paused",
                                                       "Held",       "RollingBack", "Promoted",    "Concluded",
                                                       "RolledBack", "Aborted",     "Superseded"};
constexpr std::array<std::string_view, 5> verdict_names{"Pending", "Pass", "Fail", "Inconclusive", "Error"};
constexpr std::array<std::string_view, 7> slot_names{"Old",     "Draining", "Replacing", "Readying",
                                                     "Warming", "Settling", "New"};

static_assert(static_cast<std::size_t>(Phase::Superseded) + 1 == phase_names.size());
static_assert(static_cast<std::size_t>(Verdict::Error) + 1 == verdict_names.size());
static_assert(static_cast<std::size_t>(SlotPhase::New) + 1 == slot_names.size());

template <typename Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  return phase_names[static_cast<std::size_t>(phase)];
}
std::optional<Phase> parse_phase(std::string_view text) noexcept {
  return parse<Phase>(phase_names, text);
}

bool is_over(Phase phase) noexcept {
  switch (phase) {
    case Phase::Promoted:
    case Phase::Concluded:
    case Phase::RolledBack:
    case Phase::Aborted:
    case Phase::Superseded:
      return true;
    case Phase::Idle:
    case Phase::Pending:
    case Phase::Progressing:
    case Phase::Paused:
    case Phase::Held:
    case Phase::RollingBack:
      break;
  }
  return false;
}

std::string_view to_string(Verdict verdict) noexcept {
  return verdict_names[static_cast<std::size_t>(verdict)];
}
std::optional<Verdict> parse_verdict(std::string_view text) noexcept {
  return parse<Verdict>(verdict_names, text);
}

std::string_view to_string(SlotPhase phase) noexcept {
  return slot_names[static_cast<std::size_t>(phase)];
}
std::optional<SlotPhase> parse_slot_phase(std::string_view text) noexcept {
  return parse<SlotPhase>(slot_names, text);
}

std::string id_of(const RolloutState& state) {
  return state.route + "-" + std::to_string(state.number);
}

}  // namespace sluice::strategy
