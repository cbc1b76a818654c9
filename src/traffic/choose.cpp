#include "sluice/traffic/choose.hpp"

#include "sluice/base/stable_hash.hpp"

namespace sluice::traffic {
namespace {

/// The request's one random number, drawn when it is first needed.
class Draw {
 public:
  explicit Draw(Random& random) noexcept : random_(random) {}

  std::uint64_t bits() noexcept {
    if (!drawn_) bits_ = random_.next();
    drawn_ = true;
    return bits_;
  }

 private:
  Random& random_;
  std::uint64_t bits_ = 0;
  bool drawn_ = false;
};

struct Ruling {
  Target target;
  bool by_rule = false;  // a rule said so, and not the lack of one
};

Ruling apply_rules(const TrafficPlan& plan, const RequestView& request) noexcept {
  for (const auto& rule : plan.spec().rules) {
    if (any_holds(rule.any_of, request)) return {rule.target, true};
  }
  return {plan.spec().otherwise, false};
}

/// True when the request names a version that exists and may do so.
bool read_pin(const TrafficPlan& plan, const RequestView& request, VersionIndex& version) noexcept {
  const auto& pin = plan.spec().pin;
  if (!pin) return false;
  const auto wanted = request.field(pin->header);
  if (wanted.empty()) return false;
  for (std::size_t i = 0; i < plan.versions().size(); ++i) {
    if (plan.versions()[i] != wanted) continue;
    version = static_cast<VersionIndex>(i);
    return pin->when.empty() || any_holds(pin->when, request);
  }
  return false;
}

/// Where on a line the request stands: by its unit, or by the draw when it carries none.
std::uint64_t place_request(const TrafficPlan& plan, const RequestView& request, Draw& draw,
                            TrafficChoice& choice) noexcept {
  choice.unit = unit_hash(plan, request);
  if (choice.unit != 0) return choice.unit;
  if (plan.spec().unit) choice.reason = Reason::NoUnit;
  return draw.bits();
}

TrafficChoice from_split(const TrafficPlan& plan, const Split& split, const RequestView& request, Draw& draw) noexcept {
  TrafficChoice choice;
  if (split.single()) {
    const Place place = split.place(0);
    choice.version = place.version;
    choice.control = place.control;
    return choice;
  }
  const std::uint64_t bits = place_request(plan, request, draw, choice);
  const Place place = split.place(static_cast<std::uint32_t>(bits >> 32));
  choice.version = place.version;
  choice.control = place.control;
  choice.propensity = split.share(choice.version);
  return choice;
}

TrafficChoice from_scores(const TrafficPlan& plan, const Learned& learned, const RequestView& request,
                          Draw& draw) noexcept {
  const stats::Context context = read_context(learned.fields, request);
  TrafficChoice choice;
  if (learned.bank.arms() == 0) {
    choice = from_split(plan, plan.splits().front(), request, draw);
  } else {
    const std::uint64_t bits = place_request(plan, request, draw, choice);
    const stats::ContextShares shares = learned.bank.shares(context.view());
    const std::size_t arm = shares.pick(static_cast<double>(bits >> 11) * 0x1p-53);
    choice.version = learned.arms[arm];
    choice.reason = Reason::Bandit;
    choice.propensity = shares.share[arm];
  }
  choice.context = context;
  return choice;
}

std::uint8_t segment_of(const TrafficPlan& plan, const RequestView& request) noexcept {
  const auto& segments = plan.spec().segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (any_holds(segments[i].any_of, request)) return static_cast<std::uint8_t>(i + 1);
  }
  return 0;
}

/// Each mirror looks at the draw through a mixer of its own, so it is independent of the split and of the others. Only
/// requests that were drawn are looked at closer.
std::uint64_t draw_mirrors(const TrafficPlan& plan, const RequestView& request, const TrafficChoice& choice,
                           Draw& draw) noexcept {
  const std::uint64_t bits = plan.mirrors_are_drawn() ? draw.bits() : 0;
  std::uint64_t mirrors = 0;
  for (const auto& odds : plan.mirror_odds()) {
    const std::uint64_t own = mix_bits(bits + (odds.version + std::uint64_t{1}) * 0x9E3779B97F4A7C15) >> 32;
    if (own >= odds.thresholds[choice.segment]) continue;
    const Mirror& mirror = plan.spec().mirrors[odds.mirror];
    if (mirror.of && *mirror.of != choice.version) continue;
    if (mirror.any_of.empty() || any_holds(mirror.any_of, request)) mirrors |= std::uint64_t{1} << odds.version;
  }
  return mirrors & ~(std::uint64_t{1} << choice.version);
}

}  // namespace

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::Weight:
      return "weight";
    case Reason::Rule:
      return "rule";
    case Reason::Pin:
      return "pin";
    case Reason::Bandit:
      return "bandit";
    case Reason::NoUnit:
      return "no_unit";
  }
  return "weight";
}

std::uint64_t unit_hash(const TrafficPlan& plan, const RequestView& request) noexcept {
  const auto& unit = plan.spec().unit;
  if (!unit) return 0;
  FieldBuffer buffer;
  const auto value = unit->read(request, buffer);
  return value.empty() ? 0 : stable_hash(plan.seed(), value);
}

TrafficChoice choose(const TrafficPlan& plan, const RequestView& request, Random& random) noexcept {
  const Ruling ruling = apply_rules(plan, request);
  const bool to_version = ruling.target.kind == Target::Kind::Version;
  const std::uint8_t segment = segment_of(plan, request);
  Draw draw(random);
  TrafficChoice choice;
  if (ruling.by_rule && to_version) {
    choice = {ruling.target.index, Reason::Rule};
  } else if (read_pin(plan, request, choice.version)) {
    choice.reason = Reason::Pin;
  } else if (to_version) {
    choice = {ruling.target.index, plan.spec().rules.empty() ? Reason::Weight : Reason::Rule};
  } else if (segment != 0 && plan.spec().segments[segment - 1U].only) {
    choice = {*plan.spec().segments[segment - 1U].only, Reason::Rule};
  } else if (plan.spec().learned && ruling.target.index == 0) {
    choice = from_scores(plan, *plan.spec().learned, request, draw);
  } else {
    choice = from_split(plan, plan.splits()[ruling.target.index], request, draw);
  }
  choice.segment = segment;
  if (!plan.mirror_odds().empty()) choice.mirrors = draw_mirrors(plan, request, choice, draw);
  return choice;
}

}  // namespace sluice::traffic
