#include "sluice/traffic/plan.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/base/stable_hash.hpp"

namespace sluice::traffic {
namespace {

Result<void> check_versions(const PlanSpec& spec) {
  if (spec.versions.empty()) return fail(Error::internal("a plan needs at least one version"));
  if (spec.versions.size() > max_versions) {
    return fail(Error::internal("a route has at most " + std::to_string(max_versions) + " versions"));
  }
  for (auto name = spec.versions.begin(); name != spec.versions.end(); ++name) {
    if (name->empty()) return fail(Error::internal("a version needs a name"));
    if (std::find(spec.versions.begin(), name, *name) != name) {
      return fail(Error::internal("two versions are called '" + *name + "'"));
    }
  }
  if (spec.stable >= spec.versions.size())
    return fail(Error::internal("the stable version is not one of the versions"));
  return {};
}

Result<void> check_target(const PlanSpec& spec, Target target) {
  const bool to_version = target.kind == Target::Kind::Version;
  if (target.index < (to_version ? spec.versions.size() : spec.splits.size())) return {};
  return fail(Error::internal(to_version ? "a rule points to a version that is not there"
                                         : "a rule points to a split that is not there"));
}

Result<void> check_mirrors(const PlanSpec& spec) {
  std::uint64_t seen = 0;
  for (const auto& mirror : spec.mirrors) {
    if (mirror.version >= spec.versions.size()) {
      return fail(Error::internal("a mirror points to a version that is not there"));
    }
    if (mirror.of && *mirror.of >= spec.versions.size()) {
      return fail(Error::internal("a mirror copies what a version answers that is not there"));
    }
    if (!(mirror.share >= 0 && mirror.share <= 1)) {
      return fail(Error::internal("the share of a mirror lies between 0 and 1"));
    }
    if (!mirror.segment_shares.empty() && mirror.segment_shares.size() != spec.segments.size()) {
      return fail(Error::internal("a mirror has shares for " + std::to_string(mirror.segment_shares.size()) +
                                  " segments, and there are " + std::to_string(spec.segments.size())));
    }
    for (const double share : mirror.segment_shares) {
      if (share < 0 || (share >= 0 && share <= 1)) continue;
      return fail(Error::internal("the share of a mirror lies between 0 and 1, in a segment too"));
    }
    const std::uint64_t bit = std::uint64_t{1} << mirror.version;
    if ((seen & bit) != 0) {
      return fail(Error::internal("version '" + spec.versions[mirror.version] + "' is mirrored to twice"));
    }
    seen |= bit;
  }
  return {};
}

Result<void> check_segments(const PlanSpec& spec) {
  const std::vector<Segment>& segments = spec.segments;
  if (segments.size() > max_segments) {
    return fail(Error::internal("a route has at most " + std::to_string(max_segments) + " segments"));
  }
  for (auto segment = segments.begin(); segment != segments.end(); ++segment) {
    if (segment->name.empty()) return fail(Error::internal("a segment needs a name"));
    if (segment->only && *segment->only >= spec.versions.size()) {
      return fail(Error::internal("segment '" + segment->name + "' belongs to a version that is not there"));
    }
    const auto same = [&](const Segment& other) { return other.name == segment->name; };
    if (std::any_of(segments.begin(), segment, same)) {
      return fail(Error::internal("two segments are called '" + segment->name + "'"));
    }
  }
  return {};
}

Result<void> check_arms(const PlanSpec& spec, const Learned& learned) {
  if (learned.bank.arms() == 0) return {};
  if (learned.arms.size() != learned.bank.arms()) {
    return fail(Error::internal("a learned choice names " + std::to_string(learned.arms.size()) + " arms and scores " +
                                std::to_string(learned.bank.arms())));
  }
  for (auto arm = learned.arms.begin(); arm != learned.arms.end(); ++arm) {
    if (*arm >= spec.versions.size()) return fail(Error::internal("an arm is a version that is not there"));
    if (std::find(learned.arms.begin(), arm, *arm) != arm) {
      return fail(Error::internal("version '" + spec.versions[*arm] + "' is an arm twice"));
    }
  }
  return {};
}

Result<void> check_learned(const PlanSpec& spec) {
  if (!spec.learned) return {};
  const Learned& learned = *spec.learned;
  if (spec.splits.empty()) return fail(Error::internal("a learned choice needs a split to stand in for"));
  for (const auto& field : learned.fields) {
    if (field.features() == 0) return fail(Error::internal("a field of a context has no value that could count"));
  }
  const std::size_t features = features_of(learned.fields);
  if (features > stats::most_features) {
    return fail(Error::internal("a context has at most " + std::to_string(stats::most_features) + " features"));
  }
  if (learned.bank.arms() > 0 && learned.bank.features() != features) {
    return fail(Error::internal("a context of " + std::to_string(features) + " features meets scores of " +
                                std::to_string(learned.bank.features())));
  }
  return check_arms(spec, learned);
}

Result<void> check(const PlanSpec& spec) {
  if (auto checked = check_versions(spec); !checked) return checked;
  if (auto checked = check_target(spec, spec.otherwise); !checked) return checked;
  for (const auto& rule : spec.rules) {
    if (auto checked = check_target(spec, rule.target); !checked) return checked;
  }
  for (const auto& split : spec.splits) {
    for (const auto& weight : split) {
      if (auto checked = check_target(spec, Target::version(weight.version)); !checked) return checked;
    }
  }
  if (auto checked = check_mirrors(spec); !checked) return checked;
  if (auto checked = check_segments(spec); !checked) return checked;
  return check_learned(spec);
}

bool any_needs_body(const std::vector<Match>& matches) {
  return std::any_of(matches.begin(), matches.end(), [](const Match& match) { return match.needs_body(); });
}

bool looks_into_body(const PlanSpec& spec) {
  const auto any = [](const auto& parts, auto needs) { return std::any_of(parts.begin(), parts.end(), needs); };
  if (spec.unit && spec.unit->needs_body()) return true;
  if (spec.pin && any_needs_body(spec.pin->when)) return true;
  if (any(spec.rules, [](const Rule& rule) { return any_needs_body(rule.any_of); })) return true;
  if (any(spec.segments, [](const Segment& segment) { return any_needs_body(segment.any_of); })) return true;
  if (any(spec.mirrors, [](const Mirror& mirror) { return any_needs_body(mirror.any_of); })) return true;
  return spec.learned && any(spec.learned->fields, [](const auto& part) { return part.field.needs_body(); });
}

constexpr std::uint64_t always = std::uint64_t{1} << 32;

TrafficPlan::MirrorOdds odds_of(const PlanSpec& spec, std::size_t index) {
  const Mirror& mirror = spec.mirrors[index];
  TrafficPlan::MirrorOdds odds;
  odds.version = mirror.version;
  odds.mirror = static_cast<std::uint16_t>(index);
  for (std::size_t segment = 0; segment <= spec.segments.size(); ++segment) {
    const double own = segment == 0 || mirror.segment_shares.empty() ? -1 : mirror.segment_shares[segment - 1];
    const auto threshold = static_cast<std::uint64_t>(std::llround((own < 0 ? mirror.share : own) * 0x1p32));
    odds.thresholds[segment] = threshold;
    if (threshold > 0 && (odds.rarest == 0 || threshold < odds.rarest)) odds.rarest = threshold;
  }
  return odds;
}

bool is_drawn(const TrafficPlan::MirrorOdds& odds) {
  return std::any_of(odds.thresholds.begin(), odds.thresholds.end(),
                     [](std::uint64_t threshold) { return threshold > 0 && threshold < always; });
}

}  // namespace

Result<TrafficPlan> TrafficPlan::build(PlanSpec spec) {
  if (auto checked = check(spec); !checked) return fail(checked.error());
  TrafficPlan plan;
  for (const auto& weights : spec.splits) {
    auto split = Split::build(weights, spec.stable, spec.control);
    if (!split) return fail(split.error());
    plan.splits_.push_back(std::move(split).value());
  }
  for (std::size_t i = 0; i < spec.mirrors.size(); ++i) {
    const MirrorOdds odds = odds_of(spec, i);
    if (odds.rarest == 0) continue;
    plan.mirrors_are_drawn_ = plan.mirrors_are_drawn_ || is_drawn(odds);
    plan.mirror_odds_.push_back(odds);
  }
  plan.needs_body_ = looks_into_body(spec);
  plan.seed_ = stable_seed(spec.route, spec.salt);
  plan.spec_ = std::move(spec);
  return plan;
}

double TrafficPlan::target_share(VersionIndex version) const noexcept {
  if (!splits_.empty()) return splits_.front().share(version);
  return spec_.otherwise.index == version ? 1 : 0;
}

double TrafficPlan::mirror_share(VersionIndex version) const noexcept {
  for (const auto& mirror : spec_.mirrors) {
    if (mirror.version == version) return mirror.share;
  }
  return 0;
}

float TrafficPlan::mirror_weight(VersionIndex version, std::uint8_t segment) const noexcept {
  for (const auto& odds : mirror_odds_) {
    if (odds.version != version) continue;
    const std::uint64_t own = odds.thresholds[segment < odds.thresholds.size() ? segment : 0];
    return own == 0 ? 1.0F : static_cast<float>(static_cast<double>(odds.rarest) / static_cast<double>(own));
  }
  return 1.0F;
}

}  // namespace sluice::traffic
