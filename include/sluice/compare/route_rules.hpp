#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/comparison.hpp"
#include "sluice/compare/hidden_fields.hpp"
#include "sluice/compare/replay_book.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::compare {

/// How AnswerPair names routes and versions: as decision tokens do, see outcomes::name_hash.
std::uint64_t route_hash(std::string_view name) noexcept;

/// What the policy says of the pairs of one route. Immutable.
class RouteRules {
 public:
  explicit RouteRules(const policy::ModelRoute& route);

  const std::string& name() const noexcept { return name_; }
  const std::vector<std::string>& versions() const noexcept { return versions_; }
  const std::vector<std::string>& segments() const noexcept { return segments_; }
  /// The place of a version; nothing for a name that is none.
  std::optional<std::uint32_t> place_of(std::string_view version) const noexcept;
  /// Whether the versions of the pair stand where it says; what it does not tell is taken for right.
  bool has_versions_of(const AnswerPair& pair) const noexcept;
  /// Places of the versions that get copies at some time.
  const std::vector<std::uint32_t>& candidates() const noexcept { return candidates_; }
  const CompareRules& how() const noexcept { return how_; }
  /// Nothing where the policy allows no bodies to be kept.
  const std::optional<policy::KeepPairs>& keep() const noexcept { return keep_; }
  /// What `keep` redacts, wherever fields are named to people.
  const HiddenFields& hidden() const noexcept { return hidden_; }
  /// Those that applications report.
  const std::vector<ReplayOutcome>& outcomes() const noexcept { return outcomes_; }

  /// Whether what was counted under those others goes on under these: answers are compared alike, versions and segments
  /// stand at the same places.
  bool counts_like(const RouteRules& other) const;

 private:
  std::string name_;
  std::vector<std::string> versions_;
  std::vector<std::uint64_t> version_hashes_;
  std::vector<std::string> segments_;
  std::vector<std::uint32_t> candidates_;
  policy::Protocol protocol_;
  std::optional<policy::Compare> compare_;  // what does not say how answers are compared is as by default
  std::optional<policy::Drift> drift_;
  std::optional<policy::KeepPairs> keep_;
  HiddenFields hidden_;
  std::vector<ReplayOutcome> outcomes_;
  CompareRules how_;
};

/// By route_hash(): the routes that make copies.
using RouteTable = std::map<std::uint64_t, std::shared_ptr<const RouteRules>>;
RouteTable route_table(const std::vector<policy::ModelRoute>& routes);

}  // namespace sluice::compare
