// POST /api/v1/reload while another load is under way.
#include <algorithm>
#include <future>

#include "e2e/operator.hpp"
#include "support/dns_server.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// A load that takes three seconds, and so does the next: they wait for the first answer to a name.
class SlowLoad : public testing::Test {
 protected:
  SlowLoad() { names_.behave(DnsServer::Manner::Silent); }

  std::string gateway() const { return gateway_yaml("dns: {servers: [\"" + names_.address() + "\"], timeout: 30s}"); }
  std::string quick() const { return gateway() + route_yaml("model", {version_yaml("v1", upstream_)}); }
  std::string slow() const {
    return gateway() +
           route_yaml("model", {version_yaml("v1", std::vector<std::string>{upstream_.url(), "dns://late.test:80"})});
  }
  std::string wrong() const { return gateway() + route_yaml("model", {version_yaml("v1", upstream_)}, "timeoutz: {}"); }

  /// SIGHUP has come, and the slow policy is being put in force.
  void begin_load(const SluiceProcess& sluice) {
    replace_file(sluice.policy_path(), slow());
    sluice.signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return names_.questions("late.test") > 0; }));
  }

  FakeUpstream upstream_{"model"};
  DnsServer names_;
};

TEST_F(SlowLoad, ThatHadBegunBeforeDoesNotAnswerForTheFileOfNow) {
  SluiceProcess sluice(quick());
  begin_load(sluice);
  replace_file(sluice.policy_path(), wrong());
  const auto refused = Operator(sluice).post("/api/v1/reload");
  EXPECT_EQ(refused.status(), 422);
  EXPECT_NE(error_of(refused).find("timeoutz"), std::string::npos) << refused.body;
}

TEST_F(SlowLoad, HoldsUpNoOtherOperator) {
  SluiceProcess sluice(quick());
  const Operator admin(sluice);
  begin_load(sluice);
  replace_file(sluice.policy_path(), quick());
  auto reload = std::async(std::launch::async, [&] { return admin.post("/api/v1/reload").status(); });
  auto longest = 0ns;
  while (reload.wait_for(0s) != std::future_status::ready) {
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_EQ(admin.phase(), "serving");
    longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - asked);
  }
  EXPECT_LT(longest, 2s) << "the load alone takes three";
  EXPECT_EQ(reload.get(), 200);
}

}  // namespace
}  // namespace sluice::test
