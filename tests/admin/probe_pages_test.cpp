#include "sluice/admin/probe_pages.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sluice::admin {
namespace {

class ProbePages : public ::testing::Test {
 protected:
  ProbePages() { readiness_.set("listeners", true); }

  Page get(std::string_view target, std::string_view method = "GET") {
    return answer_probe(method, target, readiness_, [] { return std::string("m 1\n"); });
  }

  Readiness readiness_;
};

TEST_F(ProbePages, MetricsCarryTheTypeOfTheExpositionFormat) {
  const Page page = get("/metrics");
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(page.body, "m 1\n");
}

TEST_F(ProbePages, ReadyIsTerseUntilAsked) {
  EXPECT_EQ(get("/readyz").body, "ok\n");
  EXPECT_EQ(get("/readyz?verbose").body, "[+]listeners ok\nreadyz check passed\n");
  EXPECT_EQ(get("/readyz?a=1&verbose=true").body, "[+]listeners ok\nreadyz check passed\n");
  EXPECT_EQ(get("/readyz?verbosely").body, "ok\n");
  EXPECT_EQ(get("/readyz?&&=").body, "ok\n");
}

TEST_F(ProbePages, NotReadySaysWhyWithoutBeingAsked) {
  readiness_.set("draining", false, "SIGTERM");
  readiness_.declare("endpoints", Readiness::Kind::Informational);
  readiness_.set("endpoints", true, "3 of 3");
  const Page page = get("/readyz");
  EXPECT_EQ(page.status, 503U);
  EXPECT_EQ(page.body,
            "[+]listeners ok\n[-]draining failed: SIGTERM\n[+]endpoints ok: 3 of 3 (informational)\n"
            "readyz check failed\n");
}

TEST_F(ProbePages, LiveDoesNotDependOnReadiness) {
  readiness_.set("listeners", false, "gone");
  EXPECT_EQ(get("/livez").status, 200U);
  EXPECT_EQ(get("/livez?verbose").body, "[+]process ok\nlivez check passed\n");
}

TEST_F(ProbePages, OtherPathsAreNotFound) {
  for (const char* target : {"/", "", "/metricsx", "/metrics/", "*", "?verbose", "//metrics"}) {
    EXPECT_EQ(get(target).status, 404U) << target;
  }
}

TEST_F(ProbePages, OnlyReadingIsAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""}) {
    const Page page = get("/metrics", method);
    EXPECT_EQ(page.status, 405U) << method;
    EXPECT_EQ(page.allow, "GET, HEAD");
  }
  EXPECT_EQ(get("/metrics", "HEAD").status, 200U);
}

TEST_F(ProbePages, ACollectorThatThrowsIsAServerError) {
  const Page page =
      answer_probe("GET", "/metrics", readiness_, []() -> std::string { throw std::runtime_error("no memory"); });
  EXPECT_EQ(page.status, 500U);
  EXPECT_EQ(page.body, "cannot collect metrics: no memory\n");
}

}  // namespace
}  // namespace sluice::admin
