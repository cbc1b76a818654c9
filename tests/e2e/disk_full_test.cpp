// A disk without room: what is kept is kept whole, what cannot be kept is refused, and clients notice nothing.
#include <sys/resource.h>

#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

/// From now on no file of the process may grow beyond so many bytes: every write behind that fails.
void limit_files(SluiceProcess& sluice, rlim_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(sluice.process().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
}

class DiskFull : public ::testing::Test {
 protected:
  SluiceProcess start() {
    if (path_.empty()) {
      path_ = dir_.write("policy.yaml", rollout_policy(v1_, v2_, canary("steps: [{setWeight: 50}, {pause: {}}]"),
                                                       kept_in(dir_), "outcomes: [{name: click}]"));
    }
    return SluiceProcess::serve_path(path_);
  }
  static HttpMessage report(const SluiceProcess& sluice, const std::string& token) {
    return RawClient(sluice.port())
        .post("/sluice/v1/outcomes", R"({"decision":")" + token + R"(","click":1})",
              {{"content-type", "application/json"}});
  }
  static std::string condition(const Operator& person, const std::string& type) {
    const Json rollout = rollout_of(person);
    for (const Json& one : rollout["conditions"]) {
      if (one["type"] == type) return one["status"];
    }
    return "";
  }

  FakeUpstream v1_{"one"};
  FakeUpstream v2_{"two"};
  TempDir dir_;
  std::filesystem::path path_;
};

TEST_F(DiskFull, NothingMovesOnNothingIsLostAndAllIsWellOnceThereIsRoom) {
  std::vector<std::string> tokens;
  {
    SluiceProcess sluice = start();
    const Operator person(sluice);
    ASSERT_TRUE(comes_to(person, "Paused"));
    RawClient client(sluice.port());
    for (int i = 0; i < 3; ++i) tokens.push_back(client.post("/", "x").field("x-sluice-decision"));
    ASSERT_EQ(report(sluice, tokens[0]).status(), 200);

    limit_files(sluice, 4096);
    const HttpMessage refused = report(sluice, tokens[1]);
    EXPECT_EQ(refused.status(), 503) << refused.body;
    EXPECT_NE(refused.field("retry-after"), "");
    const HttpMessage promoted = person.post("/api/v1/routes/model/promote");
    EXPECT_EQ(promoted.status(), 409) << promoted.body;
    EXPECT_NE(error_of(promoted).find("the state cannot be kept"), std::string::npos) << promoted.body;
    EXPECT_EQ(condition(person, "StateKept"), "False");
    EXPECT_EQ(sluice.metric_becomes(1, "sluice_state_degraded", {}), 1);
    EXPECT_EQ(client.post("/", "x").status(), 200);
    EXPECT_EQ(person.post("/api/v1/routes/model/abort").status(), 200) << "back is possible without a disk";
    EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});

    limit_files(sluice, RLIM_INFINITY);
    EXPECT_TRUE(eventually([&] { return condition(person, "StateKept") == "True"; }));
    EXPECT_EQ(report(sluice, tokens[1]).status(), 200);
    EXPECT_EQ(sluice.metric_becomes(0, "sluice_state_degraded", {}), 0);
    EXPECT_EQ(count_of(journal_of(person), "Aborted"), 1u);
    sluice.signal(SIGKILL);
    sluice.wait();
  }
  SluiceProcess sluice = start();
  const Operator person(sluice);
  EXPECT_EQ(rollout_of(person)["phase"], "Aborted");
  EXPECT_EQ(condition(person, "StateSound"), "True");
  EXPECT_EQ(Json::parse(report(sluice, tokens[0]).body)["duplicates"], 1);
  EXPECT_EQ(Json::parse(report(sluice, tokens[1]).body)["duplicates"], 1);
  EXPECT_EQ(Json::parse(report(sluice, tokens[2]).body)["accepted"], 1);
}

}  // namespace
}  // namespace sluice::test
