#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Reload, FiveHundredTimesUnderLoadFailsNoRequest) {
  const int reloads = kSanitized ? 60 : 500;
  FakeUpstream first("one");
  FakeUpstream second("two");
  FakeUpstream third("three");
  SluiceProcess sluice(split_policy(first, second, 1, 1));
  Load load(sluice.port(), 4, request_text("POST", "/", "{}"));
  ASSERT_TRUE(load.answers(100));

  const auto generation = [&] { return sluice.metrics().value("sluice_config_generation"); };
  auto last = generation();
  int refused = 0;
  for (int i = 0; i < reloads; ++i) {
    const bool valid = i % 5 != 4;
    switch (i % 5) {
      case 0:
        sluice.write_policy(split_policy(first, second, 1, 1 + i));
        break;
      case 1:
        sluice.write_policy(split_policy(first, third, 1, 1));
        break;
      case 2:
        sluice.write_policy(policy_for(second));
        break;
      case 3:
        sluice.write_policy(shadow_policy(third, first, {}, {}, "limits: {bodyBytes: 2MiB}"));
        break;
      default:
        sluice.write_policy("kind: Nonsense\n" + std::to_string(i));
        break;
    }
    sluice.signal(SIGHUP);
    if (valid) {
      ASSERT_TRUE(eventually([&] { return generation() > last; })) << "reload " << i << "\n" << sluice.logs();
      last = generation();
    } else {
      ++refused;
      ASSERT_EQ(sluice.metric_becomes(0, "sluice_config_last_reload_successful"), 0) << i;
    }
  }
  EXPECT_GT(refused, 0);
  ASSERT_TRUE(load.answers(100));
  const auto failures = load.stop();
  EXPECT_TRUE(failures.empty()) << failures.size() << ", the first: " << failures.front();
}

TEST(Reload, DoesNotLeak) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 1));
  const auto generation = [&] { return sluice.metrics().value("sluice_config_generation"); };
  const auto reload = [&](int times) {
    RawClient client(sluice.port());
    for (int i = 0; i < times; ++i) {
      const auto last = generation();
      sluice.write_policy(i % 2 == 0 ? policy_for(second) : split_policy(first, second, 1, 2 + i));
      sluice.signal(SIGHUP);
      ASSERT_TRUE(eventually([&] { return generation() > last; }));
      EXPECT_EQ(client.get("/").status(), 200);
    }
  };
  reload(40);
  const auto files = sluice.process().open_files();
  const auto threads = sluice.process().threads();
  const auto memory = sluice.process().resident();
  reload(100);
  EXPECT_LE(sluice.process().open_files(), files + 6);
  EXPECT_EQ(sluice.process().threads(), threads);
  if (!kSanitized) {
    EXPECT_LT(sluice.process().resident(), memory + (3u << 20));
  }
}

}  // namespace
}  // namespace sluice::test
