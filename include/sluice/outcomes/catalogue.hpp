#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sluice/policy/model_route.hpp"

namespace sluice::outcomes {

/// An outcome that applications may report, or that stands in answers.
struct KnownOutcome {
  std::string name;
  std::uint64_t hash = 0;
  policy::OutcomeType type = policy::OutcomeType::Binary;
  Duration window{0};  ///< of attribution

  friend bool operator==(const KnownOutcome&, const KnownOutcome&) = default;
};

struct KnownRoute {
  std::string name;
  std::uint64_t hash = 0;
  std::string salt;  ///< of its unit
  bool has_unit = false;
  std::vector<std::string> versions;
  std::vector<std::uint64_t> version_hashes;  ///< in the same order
  std::vector<KnownOutcome> outcomes;         ///< in the order of the policy; at least one
  Duration longest_window{0};

  const KnownOutcome* find_outcome(std::string_view outcome) const noexcept;
  /// Its place; -1: none.
  int find_version(std::uint64_t version) const noexcept;
  /// The hash under which the data plane knows a unit.
  std::uint64_t unit_hash(std::string_view unit) const noexcept;

  friend bool operator==(const KnownRoute&, const KnownRoute&) = default;
};

/// Where outcomes come from.
enum class OutcomeSource : std::uint8_t { Reports, Answers };

/// What tokens may be about, by the policy in force: routes with outcomes that are reported; or those with outcomes
/// that stand in answers. Immutable.
class Catalogue {
 public:
  Catalogue() = default;
  explicit Catalogue(const std::vector<policy::ModelRoute>& routes, OutcomeSource source = OutcomeSource::Reports);

  const std::vector<KnownRoute>& routes() const noexcept { return routes_; }
  /// Nothing when no outcome of this route is of that source.
  const KnownRoute* find(std::uint64_t route) const noexcept;
  const KnownRoute* find(std::string_view route) const noexcept;
  /// 0 without routes.
  Duration longest_window() const noexcept;
  /// Both know the route and count the same outcomes for as long, so what was added up stays right.
  bool counts_like(const Catalogue& other, std::uint64_t route) const noexcept;

 private:
  std::vector<KnownRoute> routes_;
  std::unordered_map<std::uint64_t, std::size_t> by_hash_;
};

}  // namespace sluice::outcomes
