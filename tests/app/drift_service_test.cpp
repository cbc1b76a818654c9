#include "sluice/app/drift_service.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace sluice::app {
namespace {

policy::ModelRoute drifting_route() {
  policy::ModelRoute route;
  route.name = "fraud";
  for (const char* const version : {"v1", "v2"}) route.versions.emplace_back().name = version;
  route.drift.emplace();
  route.drift->score.emplace();
  route.drift->label.emplace();
  route.drift->reference = 100;
  return route;
}

strategy::RolloutState rollout_number(std::uint64_t number) {
  strategy::RolloutState state;
  state.route = "fraud";
  state.number = number;
  state.window = 3;
  return state;
}

outcomes::Observation prediction_of(const std::string& version, int value) {
  outcomes::Observation made;
  made.decision.route = outcomes::name_hash("fraud");
  made.decision.version = outcomes::name_hash(version);
  made.decision.window = 3;
  made.prediction.has_score = made.prediction.has_label = true;
  made.prediction.score = static_cast<float>(value);
  made.prediction.label.set(value % 2 == 0 ? "even" : "odd");
  return made;
}

std::uint64_t in_all(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

/// A store that a test lets fail.
class FailingStore final : public state::Store {
 public:
  explicit FailingStore(bool& fails) : fails_(fails) {}
  Result<state::Contents> load(std::size_t journal) override { return store_->load(journal); }
  Result<void> commit(const state::Change& change) override {
    ++commits;
    if (fails_) return fail(Error::internal("the disk is full"));
    return store_->commit(change);
  }
  Result<std::vector<state::JournalEntry>> journal(const state::JournalQuery& query) const override {
    return store_->journal(query);
  }
  std::string name() const override { return store_->name(); }
  int commits = 0;

 private:
  bool& fails_;
  std::unique_ptr<state::Store> store_ = state::make_memory_store();
};

class DriftServiceTest : public testing::Test {
 protected:
  DriftServiceTest() {
    EXPECT_TRUE(store_.load(0));
    service_.open(store_);
    service_.set_routes({drifting_route()}, {{"fraud", rollout_number(1)}});
  }
  void fill(DriftService& service) {
    for (int i = 0; i < 100; ++i) service.observe(prediction_of("v1", i));
  }

  ManualClock clock_;
  bool fails_ = false;
  FailingStore* inner_ = new FailingStore(fails_);  // store_'s
  SharedStore store_{std::unique_ptr<state::Store>(inner_), "drift/"};
  DriftService service_{clock_};
};

TEST_F(DriftServiceTest, DistributionsBecomeEvidence) {
  fill(service_);
  service_.observe(prediction_of("v2", 7));
  const auto drifts = service_.drifts("fraud", "v2", 3);
  ASSERT_EQ(drifts.size(), 2U);
  EXPECT_FALSE(drifts[0]->by_class);
  EXPECT_EQ(in_all(drifts[0]->own), 1U);
  EXPECT_EQ(in_all(drifts[0]->stable), 100U);
  EXPECT_EQ(in_all(drifts[0]->reference), 100U);
  EXPECT_TRUE(drifts[0]->moves.empty());
  EXPECT_TRUE(drifts[1]->by_class);
  EXPECT_EQ(drifts[1]->stable.size(), 3U);
}

TEST_F(DriftServiceTest, AReferenceIsKeptOnceAndFoundAfterARestart) {
  fill(service_);
  service_.keep();
  service_.keep();
  EXPECT_EQ(inner_->commits, 1);
  const auto before = service_.drifts("fraud", "v1", 3);
  DriftService next(clock_);
  next.open(store_);
  next.set_routes({drifting_route()}, {{"fraud", rollout_number(1)}});
  const auto after = next.drifts("fraud", "v1", 3);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0]->reference, before[0]->reference);
  EXPECT_EQ(after[1]->reference, before[1]->reference);
  EXPECT_EQ(in_all(after[0]->own), 0U);

  DriftService another(clock_);
  another.open(store_);
  another.set_routes({drifting_route()}, {{"fraud", rollout_number(2)}});
  EXPECT_TRUE(another.drifts("fraud", "v1", 3).empty()) << "another rollout";
  fill(another);
  another.keep();
  EXPECT_EQ(store_.records().size(), 1U) << "it takes the place of the first";
}

TEST_F(DriftServiceTest, AStoreThatFailsIsAskedAgainALittleLater) {
  fill(service_);
  fails_ = true;
  service_.keep();
  service_.keep();
  EXPECT_EQ(inner_->commits, 1) << "not with every look";
  fails_ = false;
  clock_.advance(std::chrono::seconds(11));
  service_.keep();
  EXPECT_EQ(inner_->commits, 2);
  EXPECT_EQ(store_.records().count("fraud"), 1U);
}

TEST_F(DriftServiceTest, ARecordOfARouteThatIsGoneGoesWithTheNextChange) {
  ASSERT_TRUE(store_.keep({{"gone", "{}"}}));
  fill(service_);
  service_.keep();
  EXPECT_EQ(store_.records().count("gone"), 0U);
  EXPECT_EQ(store_.records().count("fraud"), 1U);
}

TEST(DriftRecord, SaysAllOfAReference) {
  outcomes::DriftReference reference;
  reference.rollout = "fraud-3";
  reference.rules = 0xFFFF'FFFF'FFFF'FFFF;
  reference.score.emplace();
  reference.score->scores.bounds = {0.1, 0.25, 1.0 / 3};
  reference.score->reference = {1, 2, 3, 4};
  reference.label.emplace();
  reference.label->classes = {{0x8000'0000'0000'0001, "\"fraud\""}, {2, "müller"}};
  reference.label->reference = {5, 6, 7};
  EXPECT_EQ(read_drift_record(to_record(reference)), reference);
}

TEST(DriftRecord, WhatIsNoneIsNotBelieved) {
  for (const char* const text :
       {"", "{", "[]", "{}", R"({"rollout":1,"rules":2})", R"({"rollout":"a-1","rules":-1.5,"score":{}})",
        R"({"rollout":"a-1","rules":2,"score":{"bounds":[1,0],"classes":[],"counts":[1,2,3]}})",
        R"({"rollout":"a-1","rules":2,"score":{"bounds":[0,1],"classes":[],"counts":[1,2]}})",
        R"({"rollout":"a-1","rules":2,"label":{"bounds":[],"classes":[],"counts":[]}})",
        R"({"rollout":"a-1","rules":2,"label":{"bounds":[1],"classes":[{"hash":1,"text":"a"}],"counts":[1,2]}})"}) {
    EXPECT_FALSE(read_drift_record(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::app
