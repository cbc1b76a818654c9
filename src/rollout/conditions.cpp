#include "sluice/rollout/conditions.hpp"
#include "sluice/strategy/segments.hpp"
#include "sluice/strategy/split_check.hpp"

#include <algorithm>

namespace sluice::rollout {
namespace {

using strategy::Phase;
using strategy::RolloutState;
using strategy::Verdict;

constexpr const char* yes = "True";
constexpr const char* no = "False";
constexpr const char* unknown = "Unknown";

Condition serving(const Facts& facts) {
  const std::string& word = facts.serving.word;
  const char* const status = word == "Unknown" ? unknown : word == "Down" ? no : yes;
  return {"Serving", status, word, facts.serving.message, {}};
}

Condition progressing(const RolloutState& state) {
  const bool moves =
      state.phase == Phase::Pending || state.phase == Phase::Progressing || state.phase == Phase::RollingBack;
  Condition condition{"Progressing", moves ? yes : no, state.reason, state.message, state.phase_since};
  if (condition.reason.empty()) condition.reason = std::string(strategy::to_string(state.phase));
  return condition;
}

Condition paused(const RolloutState& state) {
  if (state.paused) {
    return {"Paused", yes, "PausedByPerson", "paused by " + state.paused_by, state.phase_since};
  }
  if (state.phase == Phase::Paused || state.phase == Phase::Held) {
    return {"Paused", yes, state.reason, state.message, state.phase_since};
  }
  return {"Paused", no, "NotPaused", {}, {}};
}

/// The worst of all checks that decide, in the words of the first that is so.
Condition checks_pass(const RolloutState& state) {
  const strategy::CheckMemory* failed = nullptr;
  const strategy::CheckMemory* open = nullptr;
  bool any = false;
  const auto weigh = [&](const std::vector<strategy::CheckMemory>& checks) {
    for (const auto& check : checks) {
      if (check.dry_run) continue;
      any = true;
      if (check.verdict == Verdict::Fail && failed == nullptr) failed = &check;
      if (check.verdict != Verdict::Pass && open == nullptr) open = &check;
    }
  };
  weigh(state.checks);
  for (const auto& arm : state.arms) weigh(arm.checks);
  if (!any) return {"ChecksPass", unknown, "NoChecks", {}, {}};
  if (failed != nullptr) return {"ChecksPass", no, "CheckFailed", failed->message, state.last_look};
  if (open == nullptr) return {"ChecksPass", yes, "AllPass", {}, state.last_look};
  return {"ChecksPass", unknown, std::string(strategy::to_string(open->verdict)), open->message, state.last_look};
}

Condition state_kept(const Facts& facts) {
  if (!facts.kept) return {"StateKept", no, "StoreDown", facts.store_problem, {}};
  if (!facts.in_force) {
    return {"StateKept", yes, "NotInForce", "the data plane has not taken this state yet", {}};
  }
  return {"StateKept", yes, "Kept", {}, {}};
}

/// For as long as the process lives: a person is to look at it.
Condition state_sound(const Facts& facts) {
  if (facts.damage.empty()) return {"StateSound", yes, "Sound", {}, {}};
  return {"StateSound", no, "StateDamaged", facts.damage, {}};
}

/// Doubtful is a warning; broken stops promotions.
Condition split_sound(const RolloutState& state) {
  if (!strategy::is_split_doubtful(state)) return {"SplitSound", yes, "AsDrawn", {}, state.last_look};
  const char* status = strategy::is_split_broken(state) ? no : unknown;
  return {"SplitSound", status, "SampleRatioMismatch", strategy::split_text(*state.split), state.last_look};
}

/// The first segment that went back to stable, or else the first in which the candidate is worse.
Condition segments_sound(const RolloutState& state) {
  const strategy::SegmentState* found = nullptr;
  for (const auto& segment : state.segments) {
    if (segment.worse && (found == nullptr || (segment.excluded && !found->excluded))) found = &segment;
  }
  if (found == nullptr) return {"SegmentsSound", yes, "AllAlike", {}, state.last_look};
  const std::string text = strategy::any_excluded(state) ? "stable keeps " + strategy::excluded_text(state) + "; " : "";
  return {"SegmentsSound", no, found->excluded ? "SegmentExcluded" : "SegmentWorse",
          text + found->name + ": " + found->message, found->since};
}

/// After so many pairs twins should have come.
constexpr std::uint64_t pairs_without_twins = 1000;
/// As many as would have been enough, had live not refused them.
constexpr std::uint64_t many_refused = 20;

/// Of the candidate of which least is known.
Condition noise_known(const std::vector<PairsView>& all) {
  const auto least = std::min_element(all.begin(), all.end(), [](const PairsView& a, const PairsView& b) {
    return a.noise_known != b.noise_known ? !a.noise_known : a.twins < b.twins;
  });
  const std::string twins = std::to_string(least->twins) + " requests were answered twice";
  if (least->noise_known) return {"NoiseKnown", yes, "Known", twins, {}};
  const std::string text = twins + ", beside " + std::to_string(least->compared) +
                           " compared pairs; until there are more, no difference fails a candidate";
  if (least->refused_twins >= many_refused) {
    return {"NoiseKnown",
            no,
            "TwinsRefused",
            text + ". " + std::to_string(least->refused_twins) +
                " more got another status the second time: live's server refuses requests for carrying "
                "x-sluice-shadow, for lacking what compare.dropHeaders takes off, or as too many",
            {}};
  }
  if (least->compared < pairs_without_twins) return {"NoiseKnown", unknown, "Learning", text, {}};
  return {"NoiseKnown",
          no,
          "FewTwins",
          text +
              ". In sluice_shadow_twins_total, skipped: live is hardly ever idle; failed: its server does not bear "
              "requests with x-sluice-shadow",
          {}};
}

bool has_traffic(const traffic::TrafficPlan& plan, std::size_t version) {
  const auto& segments = plan.spec().segments;
  const auto index = static_cast<traffic::VersionIndex>(version);
  return plan.target_share(index) > 0 ||
         std::any_of(segments.begin(), segments.end(), [&](const auto& segment) { return segment.only == index; });
}

/// What the rollout itself keeps out is nobody's failure.
std::uint32_t withheld(const strategy::Evidence& evidence, const std::string& version) {
  return static_cast<std::uint32_t>(
      std::count_if(evidence.endpoints.begin(), evidence.endpoints.end(),
                    [&](const auto& endpoint) { return endpoint.withheld && endpoint.version == version; }));
}

}  // namespace

Serving serving_of(const strategy::Steering& steering, const strategy::Evidence& evidence) {
  Serving out{"Unknown", {}};
  for (std::size_t i = 0; i < evidence.versions.size() && i < steering.plan.versions().size(); ++i) {
    const auto& version = evidence.versions[i];
    if (!has_traffic(steering.plan, i)) continue;
    if (out.word == "Unknown") out.word = "Healthy";
    const auto named = version.endpoints - std::min(version.endpoints, withheld(evidence, version.version));
    // Traffic goes to those, too, that nobody has doubted yet.
    const auto serving = version.usable + version.unchecked;
    if (named > 0 && serving >= named) continue;
    const std::string sentence =
        version.version + " has " + std::to_string(serving) + " of " + std::to_string(named) + " endpoints";
    const bool rescued = i < steering.fallbacks.size() && steering.fallbacks[i] >= 0;
    if (serving == 0 && !rescued) return {"Down", sentence};
    if (out.word == "Healthy") out = {"Degraded", sentence};
  }
  return out;
}

std::vector<Condition> conditions_of(const RolloutState& state, const Facts& facts) {
  std::vector<Condition> all{serving(facts),     progressing(state), paused(state),
                             checks_pass(state), state_kept(facts),  state_sound(facts)};
  if (!state.split.empty()) all.push_back(split_sound(state));
  if (!state.segments.empty()) all.push_back(segments_sound(state));
  if (facts.learns_noise && facts.pairs != nullptr && !facts.pairs->empty()) all.push_back(noise_known(*facts.pairs));
  return all;
}

}  // namespace sluice::rollout
