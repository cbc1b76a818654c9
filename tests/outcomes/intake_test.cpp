#include "sluice/outcomes/intake.hpp"

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "outcomes/fixtures.hpp"
#include "sluice/state/store.hpp"
#include "support/temp_dir.hpp"

namespace sluice::outcomes {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// A clock that one thread moves while another one looks.
class SharedClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return TimePoint(elapsed_.load()); }
  WallTime wall_now() const noexcept override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(1'700'000'000s + elapsed_.load() + ahead_.load()));
  }
  /// The wall clock alone.
  void set_ahead(Duration by) { ahead_ = by; }
  void advance(Duration by) { elapsed_ = elapsed_.load() + by; }

 private:
  std::atomic<Duration> elapsed_{1h};
  std::atomic<Duration> ahead_{0s};
};

/// Takes nothing for as long as it is told so.
class FailingLedger final : public state::Ledger {
 public:
  explicit FailingLedger(std::unique_ptr<state::Ledger> inner) : inner_(std::move(inner)) {}
  Result<void> read(const state::LedgerReader& reader) const override {
    ++reads;
    return inner_->read(reader);
  }
  Result<std::vector<Taken>> commit(const state::LedgerBatch& batch) override {
    if (!batch.reports.empty()) ++commits;
    if (fails) return fail(Error::internal("the disk is full"));
    return inner_->commit(batch);
  }
  Result<std::size_t> expire(std::int64_t before_ms, std::size_t at_most) override {
    return inner_->expire(before_ms, at_most);
  }
  Result<bool> fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) override {
    return inner_->fold(route, window, before_ms);
  }
  Result<std::vector<state::LedgerKey>> keys() const override { return inner_->keys(); }
  Result<void> keep_keys(const std::vector<state::LedgerKey>& keys) override { return inner_->keep_keys(keys); }
  std::size_t size() const noexcept override { return inner_->size(); }
  std::size_t capacity() const noexcept override { return inner_->capacity(); }
  std::string name() const override { return inner_->name(); }

  std::atomic<bool> fails{false};
  std::atomic<int> commits{0};
  mutable std::atomic<int> reads{0};

 private:
  std::unique_ptr<state::Ledger> inner_;
};

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() { begin({a_route()}); }

  void begin(const std::vector<policy::ModelRoute>& routes, Intake::Options options = {}) {
    intake_.reset();
    intake_ = std::make_unique<Intake>(ledger_, clock_, options);
    ASSERT_TRUE(intake_->open());
    ASSERT_TRUE(intake_->set_routes(routes));
    intake_->start([this](const Decision&, std::string_view outcome, double, WallTime) { heard_ += outcome; }, {});
  }
  std::future<Answer> send(std::string body, std::string type = "application/json") {
    auto promise = std::make_shared<std::promise<Answer>>();
    intake_->submit({std::move(body), std::move(type)}, [promise](Answer answer) { promise->set_value(answer); });
    return promise->get_future();
  }
  Answer answer_to(const std::string& body) { return send(body).get(); }
  std::string token(std::uint64_t nonce, const std::string& version = "v1") const {
    return token_of(a_decision(nonce, clock_.wall_now(), version), *intake_->keys());
  }
  std::string click(const std::string& token, int value = 1) const {
    return R"({"decision":")" + token + R"(","click":)" + std::to_string(value) + "}";
  }
  OutcomeTally clicks(const std::string& version = "v1") {
    const auto all = intake_->evidence("fraud", version, 3);
    return all.empty() ? OutcomeTally{} : all[0];
  }
  std::uint64_t refused(Refusal refusal) const {
    return intake_->counts().routes.at(0).refused[static_cast<std::size_t>(refusal)];
  }

  SharedClock clock_;
  FailingLedger ledger_{state::make_memory_ledger(100)};
  std::string heard_;
  std::unique_ptr<Intake> intake_;
};

TEST_F(IntakeTest, AReportIsKeptCountedAndAnswered) {
  const std::string decision = token(1);
  clock_.advance(40s);
  const Answer answer = answer_to(click(decision));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, R"({"accepted":1,"duplicates":0,"rejected":0})");
  EXPECT_EQ(clicks().events, 1U);
  const IntakeCounts::Outcome counted = intake_->counts().routes.at(0).versions.at(0).outcomes.at(0);
  EXPECT_EQ(counted.reports, 1U);
  EXPECT_EQ(counted.value, 1);
  EXPECT_EQ(counted.delays.sum, 40);
  EXPECT_EQ(counted.delays.counts[2], 1U) << "10 to 60 seconds";
  intake_->close();
  EXPECT_EQ(heard_, "click");
}

TEST_F(IntakeTest, WhatIsSentTwiceCountsOnceAndTheFirstValueStays) {
  const std::string decision = token(1);
  answer_to(click(decision, 1));
  EXPECT_EQ(answer_to(click(decision, 0)).body, R"({"accepted":0,"duplicates":1,"rejected":0})");
  EXPECT_EQ(answer_to("[" + click(decision) + "," + click(token(2)) + "," + click(decision) + "]").body,
            R"({"accepted":1,"duplicates":2,"rejected":0})");
  EXPECT_EQ(clicks().reports, 2U);
  EXPECT_EQ(clicks().events, 2U);
}

TEST_F(IntakeTest, GoodItemsCountBesideBadOnesOfEveryKind) {
  const std::string old = token(1);
  clock_.advance(31min);
  std::string forged = token(2);
  forged[30] = forged[30] == 'A' ? 'B' : 'A';
  const Answer answer =
      answer_to("[" + click(old) + "," + click(token(3)) + "," + click(forged) + ",7," + click(token(4, "v9")) + "," +
                R"({"decision":")" + token(5) + R"(","clack":1,"click":1,"revenue":"much"})" + "]");
  EXPECT_EQ(answer.status, 200U);
  const Json json = Json::parse(answer.body);
  EXPECT_EQ(json["accepted"], 2);
  EXPECT_EQ(json["rejected"], 6);
  std::vector<std::string> problems;
  for (const Json& problem : json["problems"]) {
    problems.push_back(std::to_string(problem["index"].get<int>()) + " " + problem["reason"].get<std::string>());
  }
  EXPECT_EQ(problems, (std::vector<std::string>{"0 expired", "2 forged", "3 malformed", "4 unknown_version",
                                                "5 unknown_outcome", "5 invalid_value"}));
  EXPECT_EQ(clicks().events, 2U);
  EXPECT_EQ(refused(Refusal::Expired), 1U);
  EXPECT_EQ(refused(Refusal::UnknownVersion), 1U);
  EXPECT_EQ(intake_->counts().refused[static_cast<std::size_t>(Refusal::Forged)], 1U) << "of no route";
}

TEST_F(IntakeTest, WhatIsNoPostIsABadRequest) {
  EXPECT_EQ(answer_to("{").status, 400U);
  EXPECT_EQ(answer_to("").body, R"({"error":"the post is empty"})");
  EXPECT_EQ(answer_to(click("nonsense")).status, 400U);
}

TEST_F(IntakeTest, DecisionsAreDenominatorsAlsoAfterARestart) {
  intake_->note_decisions("fraud", "v1", 3, 70);
  clock_.advance(5s);
  intake_->note_decisions("fraud", "v1", 3, 30);
  intake_->note_decisions("fraud", "v2", 3, 5);
  answer_to(click(token(1)));
  EXPECT_EQ(clicks().decisions, 100U);
  begin({a_route()});
  EXPECT_EQ(clicks().decisions, 100U);
  EXPECT_EQ(clicks("v2").decisions, 5U);
  EXPECT_EQ(clicks().events, 1U);
  EXPECT_EQ(clicks().delays->decisions(), 100);
  EXPECT_EQ(clicks().delays->conversions(), 1);
}

TEST_F(IntakeTest, TokensOfBeforeARestartCountAfterIt) {
  const std::string decision = token(1);
  const std::string other = token(2);
  answer_to(click(other));
  begin({a_route()});
  EXPECT_EQ(answer_to(click(decision)).body, R"({"accepted":1,"duplicates":0,"rejected":0})");
  EXPECT_EQ(answer_to(click(other)).body, R"({"accepted":0,"duplicates":1,"rejected":0})");
  EXPECT_EQ(clicks().events, 2U);
}

TEST_F(IntakeTest, WhatExpiresInTheLedgerStaysInTheSums) {
  answer_to(click(token(1)));
  clock_.advance(25h);
  answer_to(click(token(2)));  // and then the intake tends
  begin({a_route()});
  EXPECT_EQ(clicks().events, 2U);
}

TEST_F(IntakeTest, AFullLedgerSaysSoAndHasRoomOnceReportsExpire) {
  for (std::uint64_t i = 0; i < 100; ++i) answer_to(click(token(i)));
  const std::string decision = token(1000);
  const Answer full = answer_to(click(decision));
  EXPECT_EQ(full.status, 503U);
  EXPECT_GT(full.retry_after_s, 0U);
  EXPECT_EQ(Json::parse(full.body)["problems"][0]["reason"], "full");
  EXPECT_EQ(refused(Refusal::Full), 1U);
  EXPECT_TRUE(intake_->health().is_full());
  EXPECT_EQ(answer_to(click(token(5))).status, 200U) << "what is known is known";
}

TEST_F(IntakeTest, AStorageThatFailsKeepsNothingAndTheSameReportsCountLater) {
  const std::string decision = token(1);
  ledger_.fails = true;
  const Answer answer = answer_to("[" + click(decision) + ",7]");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, R"({"error":"the disk is full"})");
  EXPECT_TRUE(intake_->health().failing);
  EXPECT_EQ(clicks().events, 0U);
  EXPECT_EQ(answer_to("{").status, 400U) << "which needs no storage";
  clock_.advance(5s);
  answer_to("{");  // behind which the intake looks after its ledger
  answer_to("{");
  EXPECT_TRUE(intake_->health().failing) << "until something was kept";
  ledger_.fails = false;
  EXPECT_EQ(answer_to(click(decision)).body, R"({"accepted":1,"duplicates":0,"rejected":0})");
  EXPECT_FALSE(intake_->health().failing);
}

TEST_F(IntakeTest, ANewPolicyHoldsForTheNextPost) {
  const std::string decision = token(1);
  answer_to(click(token(2)));
  policy::ModelRoute route = a_route();
  route.outcomes = {an_outcome("bought"), an_outcome("click", policy::OutcomeType::Binary, 2h)};
  ASSERT_TRUE(intake_->set_routes({route}));
  clock_.advance(1h);
  EXPECT_EQ(answer_to(click(decision)).body, R"({"accepted":1,"duplicates":0,"rejected":0})");
  const auto seen = intake_->evidence("fraud", "v1", 3);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].name, "bought");
  EXPECT_EQ(seen[1].events, 2U) << "what was reported before still counts";
  EXPECT_EQ(intake_->counts().routes.at(0).versions.at(0).outcomes.at(1).reports, 2U);
  ASSERT_TRUE(intake_->set_routes({}));
  EXPECT_EQ(answer_to(click(token(3))).status, 404U);
}

TEST_F(IntakeTest, WhatOtherRoutesCountIsNoReasonToReadTheLedger) {
  intake_->note_decisions("fraud", "v1", 3, 70);
  answer_to(click(token(1)));
  const int before = ledger_.reads;
  ASSERT_TRUE(intake_->set_routes({a_route("other"), a_route()}));
  answer_to(click(token(2)));
  ASSERT_TRUE(intake_->set_routes({a_route()}));
  answer_to(click(token(3)));
  EXPECT_EQ(ledger_.reads, before);
  EXPECT_EQ(clicks().events, 3U);
  EXPECT_EQ(clicks().decisions, 70U);
  ASSERT_TRUE(intake_->set_routes({}));
  answer_to("{}");
  ASSERT_TRUE(intake_->set_routes({a_route()}));
  answer_to(click(token(4)));
  EXPECT_EQ(clicks().events, 4U) << "what was gone for a while is read again";
  EXPECT_EQ(clicks().decisions, 70U);
}

TEST_F(IntakeTest, TheWindowInForceHasTheRoomOfThoseThatAreOver) {
  Intake::Options options;
  options.most_units = 3;
  const auto report = [this](std::uint64_t nonce, std::uint64_t window) {
    Decision decision = a_decision(nonce, clock_.wall_now());
    decision.window = window;
    decision.unit = nonce;
    answer_to(click(token_of(decision, *intake_->keys())));
  };
  begin({a_route()}, options);
  intake_->note_decisions("fraud", "v1", 2, 9);
  for (std::uint64_t nonce = 1; nonce <= 3; ++nonce) report(nonce, 2);
  intake_->note_decisions("fraud", "v1", 3, 9);
  report(4, 3);
  report(5, 3);
  EXPECT_TRUE(clicks().units_known);
  EXPECT_EQ(clicks().units, 2U);
  begin({a_route()}, options);
  EXPECT_TRUE(clicks().units_known) << "also when the ledger was read";
  EXPECT_EQ(clicks().units, 2U);
}

TEST_F(IntakeTest, AClockThatIsAheadForAMomentMakesNothingOld) {
  intake_->note_decisions("fraud", "v1", 3, 70);
  const std::string decision = token(1);
  answer_to(click(token(2)));
  clock_.advance(1s);
  clock_.set_ahead(240h);
  intake_->note_decisions("fraud", "v1", 3, 10);
  for (int i = 0; i < 2; ++i) answer_to("{");  // behind the first it looks after the ledger
  clock_.set_ahead(0s);
  EXPECT_EQ(answer_to(click(decision)).status, 200U);
  clock_.advance(1s);
  intake_->note_decisions("fraud", "v1", 3, 20);
  EXPECT_EQ(clicks().delays->decisions(), 100);
  EXPECT_EQ(clicks().delays->complete().decisions, 0) << "all may still be reported";
}

TEST_F(IntakeTest, AClockThatWasAheadForLongIsForgivenOnceItIsRight) {
  intake_->note_decisions("fraud", "v1", 3, 70);
  clock_.set_ahead(240h);
  for (int i = 0; i < 2; ++i, clock_.advance(61s)) intake_->note_decisions("fraud", "v1", 3, 10);
  EXPECT_EQ(clicks().delays->complete().decisions, 80) << "it is believed";
  clock_.set_ahead(0s);
  intake_->note_decisions("fraud", "v1", 3, 10);
  answer_to("{");
  clock_.advance(1s);
  EXPECT_EQ(clicks().delays->decisions(), 100);
  EXPECT_EQ(clicks().delays->complete().decisions, 0);
  begin({a_route()});
  EXPECT_EQ(clicks().delays->decisions(), 100);
  EXPECT_EQ(clicks().delays->complete().decisions, 0) << "nor with the next start";
}

TEST_F(IntakeTest, NoDecisionIsOf1970) {
  clock_.set_ahead(-1'700'000'000s);
  intake_->note_decisions("fraud", "v1", 3, 70);
  clock_.set_ahead(0s);
  intake_->note_decisions("fraud", "v1", 3, 0);
  EXPECT_EQ(clicks().decisions, 70U);
  EXPECT_EQ(clicks().delays->began(), 1'700'003'600) << "when the clock was set";
}

TEST_F(IntakeTest, ATokenOfAClockThatIsAheadMakesNothingOld) {
  intake_->note_decisions("fraud", "v1", 3, 70);
  answer_to(click(token_of(a_decision(1, clock_.wall_now() + 240h), *intake_->keys())));
  EXPECT_EQ(clicks().delays->conversions(), 1);
  EXPECT_EQ(clicks().delays->complete().decisions, 0);
}

TEST_F(IntakeTest, MoreThanCanWaitIsTurnedAwayAtOnce) {
  Intake::Options options;
  options.bytes = 1000;
  begin({a_route()}, options);
  EXPECT_EQ(send(std::string(1001, ' ')).get().status, 503U);
  EXPECT_EQ(intake_->counts().turned_away, 1U);
  options.posts = 0;
  begin({a_route()}, options);
  const Answer answer = answer_to(click(token(1)));
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.retry_after_s, 1U);
}

TEST_F(IntakeTest, WhatWasTakenIsKeptAndAnsweredWhenItCloses) {
  std::vector<std::future<Answer>> answers;
  for (std::uint64_t i = 0; i < 50; ++i) answers.push_back(send(click(token(i))));
  intake_->note_decisions("fraud", "v1", 3, 7);
  intake_->close();
  for (auto& answer : answers) {
    ASSERT_EQ(answer.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(answer.get().status, 200U);
  }
  EXPECT_LE(ledger_.commits.load(), 50) << "what waits together is kept together";
  EXPECT_EQ(answer_to(click(token(99))).status, 503U);
  intake_->close();
  begin({a_route()});
  EXPECT_EQ(clicks().events, 50U);
  EXPECT_EQ(clicks().decisions, 7U);
}

TEST_F(IntakeTest, EverySeriesIsThereFromTheStart) {
  const IntakeCounts counts = intake_->counts();
  ASSERT_EQ(counts.routes.size(), 1U);
  ASSERT_EQ(counts.routes[0].versions.size(), 2U);
  EXPECT_EQ(counts.routes[0].versions[1].name, "v2");
  EXPECT_EQ(counts.routes[0].versions[1].outcomes.at(1).name, "revenue");
}

/// Over a real file.
TEST(IntakeOnAFile, SumsAreThoseOfTheClientWhateverEndsInBetween) {
  const test::TempDir dir;
  const std::string path = (dir / "sluice.db").string();
  SharedClock clock;
  double sent = 0;
  for (int round = 0; round < 3; ++round) {
    const auto store = state::make_sqlite_store({path}).value();
    const auto ledger = state::make_sqlite_ledger({path}).value();
    Intake intake(*ledger, clock);
    ASSERT_TRUE(intake.open());
    ASSERT_TRUE(intake.set_routes({a_route()}));
    intake.start({}, {});
    std::string body;
    for (std::uint64_t i = 0; i < 200; ++i) {
      const Decision decision = a_decision(static_cast<std::uint64_t>(round) * 1000 + i, clock.wall_now(), "v2");
      body += R"({"decision":")" + token_of(decision, *intake.keys()) + R"(","revenue":)" + std::to_string(i) + "}\n";
      sent += static_cast<double>(i);
    }
    for (int again = 0; again < 2; ++again) {
      std::promise<Answer> promise;
      intake.submit({body, "application/x-ndjson"}, [&](const Answer& answer) { promise.set_value(answer); });
      const std::string expected = again == 0 ? R"({"accepted":200,"duplicates":0,"rejected":0})"
                                              : R"({"accepted":0,"duplicates":200,"rejected":0})";
      EXPECT_EQ(promise.get_future().get().body, expected);
    }
    EXPECT_EQ(intake.evidence("fraud", "v2", 3).at(1).sum, sent);
    clock.advance(1h);
  }
}

}  // namespace
}  // namespace sluice::outcomes
