#include "sluice/strategy/fallback.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "sluice/strategy/ab_test.hpp"

namespace sluice::strategy {
namespace {

/// Who is answered for, and by whom.
struct Parachute {
  std::vector<std::string> failing;
  std::string answers;  ///< empty: nobody
};

struct ParachuteOf {
  Parachute operator()(const policy::Canary& canary) const {
    if (!canary.parachute) return {};
    return {{canary.candidate}, canary.stable};
  }
  Parachute operator()(const policy::AbTest& test) const {
    if (!test.parachute) return {};
    Parachute made{{}, control_of(test)};
    for (const auto& variant : test.variants) made.failing.push_back(variant.version);
    return made;
  }
  Parachute operator()(const policy::Bandit& bandit) const {
    if (!bandit.parachute || bandit.arms.empty()) return {};
    return {bandit.arms, bandit.arms.front()};
  }
  template <typename Other>
  Parachute operator()(const Other& /*strategy*/) const {
    return {};
  }
};

}  // namespace

std::vector<std::int32_t> fallbacks(const policy::ModelRoute& route) {
  std::vector<std::int32_t> made(route.versions.size(), -1);
  const Parachute parachute = std::visit(ParachuteOf{}, route.strategy);
  if (parachute.answers.empty()) return made;
  const auto answers = std::find_if(route.versions.begin(), route.versions.end(),
                                    [&](const policy::Version& version) { return version.name == parachute.answers; });
  if (answers == route.versions.end()) return made;
  const auto index = static_cast<std::int32_t>(answers - route.versions.begin());
  for (std::size_t i = 0; i < made.size(); ++i) {
    const std::string& name = route.versions[i].name;
    const bool fails_over =
        std::find(parachute.failing.begin(), parachute.failing.end(), name) != parachute.failing.end();
    if (fails_over && name != parachute.answers) made[i] = index;
  }
  return made;
}

}  // namespace sluice::strategy
