// What is kept of answers to compare them, and which requests are copied for it.
#include <gtest/gtest.h>

#include "compiling.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

policy::ModelRoute shadowed_route(policy::Strategy strategy) {
  auto route = one_route();
  route.versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  route.strategy = std::move(strategy);
  return route;
}

policy::Shadow some_shadow() {
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", 30, {}}};
  return shadow;
}

policy::BlueGreen some_flip(Ratio mirror) {
  policy::BlueGreen flip;
  flip.active = "v1";
  flip.preview = "v2";
  flip.pre_promotion.mirror = mirror;
  return flip;
}

policy::FromAnswer read_from(policy::AnswerPart part, std::string name, Bytes bytes) {
  policy::FromAnswer from;
  from.part = part;
  from.name = std::move(name);
  from.body_bytes = bytes;
  return from;
}

TEST(CompilePairs, AreMadeWhereverCopiesAre) {
  EXPECT_EQ(compiled(shadowed_route(some_shadow())).routes[0].pairs, gateway::PairRules{})
      << "by status and latency alone";
  EXPECT_TRUE(compiled(shadowed_route(some_flip(5_pct))).routes[0].pairs);
  EXPECT_FALSE(compiled(shadowed_route(some_flip(0_pct))).routes[0].pairs);
  policy::Stages stages;
  stages.stages.emplace_back().strategy = some_flip(0_pct);
  EXPECT_FALSE(compiled(shadowed_route(stages)).routes[0].pairs);
  stages.stages.emplace_back().strategy = some_shadow();
  EXPECT_TRUE(compiled(shadowed_route(stages)).routes[0].pairs) << "also before that stage";
}

TEST(CompilePairs, KeepBodiesOfAnswersOnlyToCompareThem) {
  auto shadow = some_shadow();
  auto& compare = shadow.compare.emplace();
  compare.body_bytes = 2_MiB;
  compare.noise = 3_pct;
  compare.drop_headers = {"cookie"};
  const auto pairs = *compiled(shadowed_route(shadow)).routes[0].pairs;
  EXPECT_TRUE(pairs.bodies);
  EXPECT_EQ(pairs.body_bytes, 2u << 20);
  EXPECT_DOUBLE_EQ(pairs.twin_share, 0.03);
  EXPECT_EQ(pairs.drop_headers, std::vector<std::string>{"cookie"});
  policy::Stages stages;
  stages.stages.emplace_back().strategy = some_flip(5_pct);
  stages.stages.emplace_back().strategy = shadow;
  EXPECT_EQ(compiled(shadowed_route(stages)).routes[0].pairs, pairs);
}

TEST(CompilePairs, KeepOfAnswersWhatDriftIsReadFrom) {
  auto route = shadowed_route(some_shadow());
  auto& drift = route.drift.emplace();
  drift.score = read_from(policy::AnswerPart::Header, "X-Score", 64_KiB);
  auto pairs = *compiled(route).routes[0].pairs;
  EXPECT_FALSE(pairs.bodies);
  EXPECT_EQ(pairs.score_header, "x-score");
  EXPECT_EQ(pairs.label_header, "");
  drift.label = read_from(policy::AnswerPart::JsonPointer, "/label", 16_KiB);
  pairs = *compiled(route).routes[0].pairs;
  EXPECT_TRUE(pairs.bodies);
  EXPECT_EQ(pairs.body_bytes, 16u << 10) << "and no more";
  EXPECT_EQ(pairs.twin_share, 0) << "what is not compared has no noise";
  std::get<policy::Shadow>(route.strategy).compare.emplace();
  EXPECT_EQ(compiled(route).routes[0].pairs->body_bytes, 1u << 20);
}

TEST(CompilePairs, CarryWhenCopiesAreMadeAndOfWhat) {
  auto shadow = some_shadow();
  EXPECT_FALSE(compiled(shadowed_route(shadow)).routes[0].mirror.idle);
  shadow.budget.idle_only = true;
  shadow.budget.idle = {3, Duration(1500us)};
  shadow.select.deduplicate = Duration(10min);
  shadow.select.oversample = {{"phones", 60, {}}};
  shadow.select.matches.emplace_back().method = "POST";
  auto route = shadowed_route(shadow);
  route.segments.emplace_back().name = "phones";
  const auto config = compiled(route);
  const gateway::MirrorLimits& mirror = config.routes[0].mirror;
  EXPECT_EQ(mirror.idle, (gateway::IdleLimits{3, 2ms}));
  EXPECT_EQ(mirror.deduplicate, 10min);
  EXPECT_EQ(config.routes[0].plan.spec().mirrors.at(0).any_of.size(), 1u);
  EXPECT_FLOAT_EQ(config.routes[0].plan.mirror_weight(1, 1), 0.5F);
}

}  // namespace
}  // namespace sluice::app
