#include <gtest/gtest.h>

#include <functional>

#include "routes.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;
using Edit = std::function<void(policy::ModelRoute&, policy::Shadow&)>;

/// With something in every list.
policy::ModelRoute compared_route() {
  auto route = route_with({"v1", "v2"});
  route.segments = {{"phones", {header_match("x-device", "phone")}, {}}};
  route.drift.emplace().score.emplace().name = "score";
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", 10, {}}};
  shadow.select.matches = {header_match("x", "1")};
  shadow.select.oversample = {{"phones", 50, {}}};
  shadow.compare.emplace().tensors.emplace_back().name = "logits";
  shadow.compare->keep.emplace();
  route.strategy = shadow;
  return route;
}

std::string fingerprint_after(const Edit& edit) {
  auto route = compared_route();
  edit(route, std::get<policy::Shadow>(route.strategy));
  return pair_fingerprint(route, std::get_if<policy::Shadow>(&route.strategy));
}

const Edit no_edit = [](auto&, auto&) {};

TEST(PairFingerprint, IsAnotherForWhateverChangesWhatAPairMeans) {
  const std::vector<Edit> edits{
      [](auto&, auto& shadow) { shadow.compare.reset(); },
      [](auto&, auto& shadow) { shadow.compare->pointers = {"/a"}; },
      [](auto&, auto& shadow) { shadow.compare->ignore = {"/a"}; },
      [](auto&, auto& shadow) { shadow.compare->unordered = {"/a"}; },
      [](auto&, auto& shadow) { shadow.compare->tolerance = 0.1; },
      [](auto&, auto& shadow) { shadow.compare->absolute_tolerance = 0.1; },
      [](auto&, auto& shadow) { shadow.compare->ulps = 2; },
      [](auto&, auto& shadow) { shadow.compare->edit_ratio = 0.1; },
      [](auto&, auto& shadow) { shadow.compare->body_bytes = 2_KiB; },
      [](auto&, auto& shadow) { shadow.compare->noise = 0_pct; },
      [](auto&, auto& shadow) { shadow.compare->drop_headers = {"cookie"}; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].name = "other"; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].by = policy::Agreement::ArgMax; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].top = 2; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].overlap = 50_pct; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].tolerance = 0; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].absolute_tolerance = 0; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].ulps = 0; },
      [](auto&, auto& shadow) { shadow.select.matches[0].headers[0].value = "2"; },
      [](auto&, auto& shadow) { shadow.select.oversample[0].percent = 60; },
      [](auto&, auto& shadow) { shadow.select.oversample.clear(); },
      [](auto&, auto& shadow) { shadow.select.deduplicate = Duration(1h); },
      [](auto&, auto& shadow) { shadow.candidates[0].percent = 11; },
      [](auto& route, auto&) { route.protocol = policy::Protocol::Raw; },
      [](auto& route, auto&) { route.segments[0].name = "tablets"; },
      [](auto& route, auto&) { route.segments[0].matches[0].headers[0].value = "tablet"; },
      [](auto& route, auto&) { route.drift.reset(); },
      [](auto& route, auto&) { route.drift->reference = 7; },
      [](auto& route, auto&) { route.drift->score->name = "other"; },
      [](auto& route, auto&) { route.drift->label.emplace(); },
  };
  const std::string before = fingerprint_after(no_edit);
  for (std::size_t i = 0; i < edits.size(); ++i) EXPECT_NE(fingerprint_after(edits[i]), before) << "edit " << i;
}

TEST(PairFingerprint, IsTheSameForAllElse) {
  const std::vector<Edit> edits{
      [](auto&, auto& shadow) { shadow.compare->keep.reset(); },
      [](auto&, auto& shadow) { shadow.compare->noise = 5_pct; },
      [](auto&, auto& shadow) { shadow.compare->tensors[0].position.line = 7; },
      [](auto&, auto& shadow) { shadow.budget.requests = 7; },
      [](auto&, auto& shadow) { shadow.analysis.emplace(); },
      [](auto&, auto& shadow) { shadow.schedule.emplace_back(); },
      [](auto& route, auto&) { route.timeouts.request = 1s; },
      [](auto& route, auto&) { route.drift->position.line = 7; },
      [](auto& route, auto&) { route.outcomes.emplace_back(); },
  };
  const std::string before = fingerprint_after(no_edit);
  for (std::size_t i = 0; i < edits.size(); ++i) EXPECT_EQ(fingerprint_after(edits[i]), before) << "edit " << i;
}

TEST(PairFingerprint, HangsOnThePercentageOnlyWhereSomeSegmentsAreCopiedMoreOften) {
  const Edit plain = [](auto&, auto& shadow) { shadow.select.oversample.clear(); };
  const Edit more = [](auto&, auto& shadow) {
    shadow.select.oversample.clear();
    shadow.candidates[0].percent = 99;
  };
  EXPECT_EQ(fingerprint_after(plain), fingerprint_after(more));
}

TEST(PairFingerprint, OfAnotherStrategyKnowsNoSelection) {
  auto route = compared_route();
  const std::string of_the_route = pair_fingerprint(route, nullptr);
  std::get<policy::Shadow>(route.strategy).select.matches.clear();
  EXPECT_EQ(pair_fingerprint(route, nullptr), of_the_route);
  route.drift.reset();
  EXPECT_NE(pair_fingerprint(route, nullptr), of_the_route);
}

}  // namespace
}  // namespace sluice::strategy
