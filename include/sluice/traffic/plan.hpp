#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/traffic/context.hpp"
#include "sluice/traffic/field.hpp"
#include "sluice/traffic/match.hpp"
#include "sluice/traffic/split.hpp"

namespace sluice::traffic {

/// The most versions a route can have: mirrors are a set of bits.
inline constexpr std::size_t max_versions = 64;

/// Where a rule sends a request: to one version, or into the split with this index.
struct Target {
  enum class Kind : std::uint8_t { Version, Split };
  Kind kind = Kind::Version;
  std::uint16_t index = 0;

  static Target version(VersionIndex index) { return {Kind::Version, index}; }
  static Target split(std::uint16_t index) { return {Kind::Split, index}; }
};

/// Requests for which one of the matches holds go to the target.
struct Rule {
  std::vector<Match> any_of;
  Target target;
};

/// A version that gets copies of what another one answers.
struct Mirror {
  VersionIndex version = 0;
  double share = 1;                      ///< of the requests, 0 to 1
  std::vector<Match> any_of{};           ///< only requests that match one; empty: all
  std::vector<double> segment_shares{};  ///< by segment, instead of `share`; below 0: `share`; empty: all of them
  std::optional<VersionIndex> of{};      ///< only what that version answers; none: whoever does
};

/// Lets a request name its version in a header field.
struct Pin {
  std::string header = "x-sluice-version";  ///< in lower case
  std::vector<Match> when;                  ///< who may, any one is enough; empty: everyone
};

/// Requests that are counted by themselves as well: a kind of device, a region.
struct Segment {
  std::string name;
  std::vector<Match> any_of;
  std::optional<VersionIndex> only{};  ///< gets all of what would be split; none: the split deals it out
};
/// The most segments of a route.
inline constexpr std::size_t max_segments = 8;

/// What a plan is made of; `TrafficPlan::build` checks it as a whole.
struct PlanSpec {
  std::string route;
  std::string salt;                         ///< another salt deals the units anew
  std::vector<std::string> versions;        ///< names, in the order of the policy
  VersionIndex stable = 0;                  ///< the version that has what the others leave; where splits start from
  std::vector<Rule> rules;                  ///< the first that matches decides
  std::vector<std::vector<Weight>> splits;  ///< what targets point to
  double control = 0;                       ///< share of every split's line that is stable's control slice; 0: none
  Target otherwise;                         ///< when no rule matches
  std::vector<Mirror> mirrors;
  std::optional<Field> unit;               ///< who sticks; none: every request is drawn for itself
  std::optional<Pin> pin;                  ///< none: no request may
  std::vector<Segment> segments;           ///< a request is of the first that matches
  std::shared_ptr<const Learned> learned;  ///< chooses instead of the first split's weights; null: those do
};

/// Where a route's traffic goes: plain, immutable data that every strategy is expressed in. Thread-safe.
///
/// Built on the control side, published whole, read by `choose`.
class TrafficPlan {
 public:
  /// A plan that sends everything to version 0; a placeholder until a built one is moved in.
  TrafficPlan() = default;

  /// Fails with a sentence on indexes out of range, weights that make no split, empty or double version names, a share
  /// outside 0…1, a version mirrored twice, shares of another number of segments than there are, more segments than
  /// there may be or two of one name, a learned part that fits neither its bank nor the versions. A control slice that
  /// is larger than what stable has is made smaller.
  static Result<TrafficPlan> build(PlanSpec spec);

  const PlanSpec& spec() const noexcept { return spec_; }
  const std::string& route() const noexcept { return spec_.route; }
  const std::vector<std::string>& versions() const noexcept { return spec_.versions; }
  const std::vector<Split>& splits() const noexcept { return splits_; }

  /// True when a rule, the unit, a segment, a mirror or a context looks into the body, so the gateway buffers (the
  /// beginning of) it before `choose`.
  bool needs_body() const noexcept { return needs_body_; }

  /// The share a version is meant to get of the requests that are split (the first split), or of all where nothing is
  /// split; rules and pins aside. 0 to 1.
  double target_share(VersionIndex version) const noexcept;

  /// The share of requests of which a version gets a copy, of those that its mirror selects and outside the segments
  /// that have shares of their own. 0 to 1.
  double mirror_share(VersionIndex version) const noexcept;

  /// How much a pair of a copy to this version stands for, (0, 1]: the smallest share with which its mirror copies
  /// anything, divided by that of the segment (counted from 1; 0: none).
  float mirror_weight(VersionIndex version, std::uint8_t segment) const noexcept;

  /// For `choose`: the unit's hash starts here, and the odds of a mirror in 2^32nds.
  std::uint64_t seed() const noexcept { return seed_; }
  struct MirrorOdds {
    VersionIndex version = 0;
    std::uint16_t mirror = 0;                                  // of the spec's, whose matches must hold as well
    std::uint64_t rarest = 0;                                  // the least of the thresholds that are above 0
    std::array<std::uint64_t, max_segments + 1> thresholds{};  // by segment, 0 is none of them; 2^32 is always
  };
  const std::vector<MirrorOdds>& mirror_odds() const noexcept { return mirror_odds_; }
  bool mirrors_are_drawn() const noexcept { return mirrors_are_drawn_; }

 private:
  PlanSpec spec_;
  std::vector<Split> splits_;
  std::vector<MirrorOdds> mirror_odds_;
  std::uint64_t seed_ = 0;
  bool needs_body_ = false;
  bool mirrors_are_drawn_ = false;
};

}  // namespace sluice::traffic
