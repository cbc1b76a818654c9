// A candidate that is broken for phones only, between real processes: they go back to stable, the others are promoted.
#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

std::string request_of(const std::string& device) {
  return request_text("POST", "/", "x", {{"x-device", device}});
}

/// Fails what phones ask.
FakeUpstream broken_for_phones(const std::string& name) {
  return FakeUpstream([name](Conversation& gateway) {
    for (;;) {
      const auto request = gateway.read_request();
      gateway.answer(request.field("x-device") == "phone" ? 500 : 200, name);
    }
  });
}

/// Whose answers clients with this device get.
std::set<std::string> answers_to(const SluiceProcess& sluice, const std::string& device) {
  std::set<std::string> bodies;
  RawClient client(sluice.port());
  for (int i = 0; i < 100; ++i) bodies.insert(client.post("/", "x", {{"x-device", device}}).body);
  return bodies;
}

const std::string kPhones = "segments: [{name: phones, matches: [{headers: [{name: x-device, value: phone}]}]}]";
const std::string kSteps =
    "steps: [{setWeight: 30}, {setWeight: 50}], onSegmentFailure: ExcludeSegment, "
    "analysis: {interval: 1s, minRequests: 20, checks: [{metric: error-rate, versusStable: {margin: 2%}}]}";

TEST(RolloutSegments, OnlyPhonesGoBackAlsoAfterARestartUntilAPersonLetsThemIn) {
  const FakeUpstream v1("one");
  const FakeUpstream v2 = broken_for_phones("two");
  const TempDir dir;
  const std::string policy = rollout_policy(v1, v2, canary(kSteps), kept_in(dir), kPhones);
  {
    SluiceProcess sluice(policy);
    const Operator person(sluice);
    Load phones(sluice.port(), 1, request_of("phone"));
    Load others(sluice.port(), 2, request_of("pc"));
    ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
    EXPECT_EQ(phones.stop(), Nothing()) << "what v2 failed was answered by v1";
    EXPECT_EQ(others.stop(), Nothing());
    EXPECT_EQ(count_of(journal_of(person), "SegmentExcluded"), 1u);
    EXPECT_EQ(answers_to(sluice, "phone"), std::set<std::string>{"one"});
    EXPECT_EQ(answers_to(sluice, "pc"), std::set<std::string>{"two"});
    const auto segments = rollout_of(person)["segments"];
    ASSERT_EQ(segments.size(), 1u);
    EXPECT_EQ(segments[0]["name"], "phones");
    EXPECT_EQ(segments[0]["excluded"], true);
    EXPECT_NE(segments[0]["message"].get<std::string>().find("error-rate"), std::string::npos);
    EXPECT_EQ(sluice.metric_becomes(1, "sluice_segment_excluded", {{"route", "model"}, {"segment", "phones"}}), 1);
  }
  SluiceProcess again(policy);
  const Operator person(again);
  EXPECT_EQ(answers_to(again, "phone"), std::set<std::string>{"one"});
  EXPECT_EQ(answers_to(again, "pc"), std::set<std::string>{"two"});
  EXPECT_EQ(person.verb({"promote", "model", "--full", "--actor", "alice"}).exit.code, 0);
  EXPECT_TRUE(eventually([&] { return answers_to(again, "phone") == std::set<std::string>{"two"}; }));
}

}  // namespace
}  // namespace sluice::test
