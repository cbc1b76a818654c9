#include <set>

#include "e2e/operator.hpp"
#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

/// A canary that only a person moves on.
std::string operated_policy(const FakeUpstream& stable, const FakeUpstream& candidate,
                            const std::string& gateway = {}) {
  return gateway_yaml(gateway) +
         route_yaml("model", {version_yaml("v1", stable), version_yaml("v2", candidate)},
                    "strategy:\n"
                    "  canary: {stable: v1, candidate: v2, steps: [{setWeight: 20}, {pause: {}},"
                    " {setWeight: 50}, {pause: {}}]}\n");
}

std::string phase_of(const Operator& person) {
  return person.json("/api/v1/routes/model")["rollout"]["phase"];
}

TEST(RolloutVerbs, MoveARolloutFromTheCommandLine) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  const SluiceProcess sluice(operated_policy(v1, v2));
  const Operator person(sluice);
  EXPECT_TRUE(comes_to(person, "Paused"));
  EXPECT_EQ(answers(sluice), (std::set<std::string>{"one", "two"}));

  const auto refused = person.verb({"undo", "model"});
  EXPECT_EQ(refused.exit.code, 3);
  EXPECT_FALSE(refused.err.empty());
  EXPECT_EQ(person.verb({"promote", "mode"}).exit.code, 4);

  EXPECT_EQ(person.verb({"promote", "model", "--full", "--actor", "alice"}).exit.code, 0);
  EXPECT_EQ(phase_of(person), "Promoted") << "done when it is answered";
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
  EXPECT_EQ(person.verb({"promote", "model", "--full"}).exit.code, 0) << "again is harmless";
  EXPECT_EQ(person.verb({"status", "model", "--wait", "RolledBack"}).exit.code, 5);

  EXPECT_EQ(person.verb({"undo", "model", "--actor", "bob"}).exit.code, 0);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
  EXPECT_EQ(person.verb({"retry", "model"}).exit.code, 0);
  EXPECT_TRUE(comes_to(person, "Paused"));
  EXPECT_EQ(person.verb({"abort", "model"}).exit.code, 0);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});

  const auto shown = person.verb({"status", "model", "--events", "50"});
  EXPECT_NE(shown.out.find("(alice)"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("(bob)"), std::string::npos) << shown.out;
}

TEST(RolloutVerbs, APausedRolloutStaysWhereItIsOverAKillAndARestart) {
  const TempDir dir;
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  const auto path = dir.write(
      "policy.yaml", operated_policy(v1, v2, "state: {sqlite: {path: \"" + (dir.path() / "s.db").string() + "\"}}"));
  {
    SluiceProcess first = SluiceProcess::serve_path(path);
    const Operator person(first);
    EXPECT_TRUE(comes_to(person, "Paused"));
    EXPECT_EQ(person.verb({"pause", "model", "--actor", "alice"}).exit.code, 0);
    first.signal(SIGKILL);
    first.wait();
  }
  const SluiceProcess second = SluiceProcess::serve_path(path);
  const Operator person(second);
  const auto rollout = person.json("/api/v1/routes/model")["rollout"];
  EXPECT_EQ(rollout["pausedBy"], "alice");
  EXPECT_EQ(rollout["id"], "model-1") << "the same rollout goes on";
  EXPECT_EQ(answers(second), (std::set<std::string>{"one", "two"}));
  EXPECT_EQ(person.verb({"resume", "model"}).exit.code, 0);
  EXPECT_EQ(phase_of(person), "Paused") << "the policy still waits for its person";
  EXPECT_EQ(person.json("/api/v1/routes/model")["rollout"]["pausedByPerson"], false);
}

TEST(RolloutEvents, AReaderThatComesBackAfterARestartMissesNothing) {
  const TempDir dir;
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  const auto path = dir.write(
      "policy.yaml", operated_policy(v1, v2, "state: {sqlite: {path: \"" + (dir.path() / "s.db").string() + "\"}}"));
  const auto subscribe = [](RawClient& reader, const std::string& fields) {
    reader.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    return reader.read_head().status();
  };
  std::string last;
  {
    SluiceProcess first = SluiceProcess::serve_path(path);
    const Operator person(first);
    EXPECT_TRUE(comes_to(person, "Paused"));
    RawClient reader(first.admin_port());
    ASSERT_EQ(subscribe(reader, ""), 200);
    person.post("/api/v1/routes/model/pause", R"({"actor": "alice"})");
    const std::string event = reader.read_until("\n\n");
    EXPECT_NE(event.find("event: Paused\n"), std::string::npos) << event;
    last = event.substr(event.find("id: ") + 4, event.find('\n', event.find("id: ")) - event.find("id: ") - 4);
    person.post("/api/v1/routes/model/resume");
    person.post("/api/v1/routes/model/promote", R"({"full": true})");
    first.signal(SIGKILL);
    first.wait();
  }
  const SluiceProcess second = SluiceProcess::serve_path(path);
  RawClient reader(second.admin_port());
  ASSERT_EQ(subscribe(reader, "Last-Event-ID: " + last + "\r\n"), 200);
  EXPECT_NE(reader.read_until("\n\n").find("event: Resumed\n"), std::string::npos);
  EXPECT_NE(reader.read_until("\n\n").find("event: Promoted\n"), std::string::npos);
  Operator(second).post("/api/v1/routes/model/undo");
  EXPECT_NE(reader.read_until("event: Undone\n").find("id: "), std::string::npos) << "and goes on with what comes";
}

}  // namespace
}  // namespace sluice::test
