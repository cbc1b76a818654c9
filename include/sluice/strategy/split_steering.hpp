#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// A split among equals: what an A/B test and a bandit do.
struct SplitWish {
  struct Part {
    std::string version;
    double share = 0;  ///< relative to the sum
    std::string role;
  };
  std::vector<Part> parts;
  std::string first;                    ///< answers everyone outside the audience, and what others fail
  std::vector<policy::Match> audience;  ///< empty: everyone
  bool parachute = false;
  std::shared_ptr<const traffic::Learned> learned;  ///< chooses by context instead of the shares; null: those do
};

/// The steering of it. Everything goes to `first` when no part has a share. Fails on versions that do not exist and on
/// matches that no plan can be made of.
Result<Steering> steer_split(const policy::ModelRoute& route, const SplitWish& wish, std::uint64_t window);

/// The same when one version has everyone, in or out of the audience; `role` is its role, the others keep theirs.
SplitWish all_to(const std::string& version, const std::string& role, SplitWish wish);

/// What is remembered of the arms says the same.
void give_all(std::vector<ArmState>& arms, const std::string& version);

}  // namespace sluice::strategy
