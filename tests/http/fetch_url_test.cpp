#include <gtest/gtest.h>

#include "sluice/http/fetch.hpp"

namespace sluice::http {
namespace {

std::string problem_of(std::string_view text) {
  const auto url = parse_url(text);
  return url ? "none" : url.error().message;
}

TEST(Url, IsTakenApart) {
  const auto url = parse_url("https://hooks.svc:8443/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "hooks.svc");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->authority, "hooks.svc:8443");
  EXPECT_EQ(url->target, "/a/b?c=d");
}

TEST(Url, HasDefaultsForPortAndPath) {
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("https://a")->port, 443);
  EXPECT_EQ(parse_url("http://a")->target, "/");
  EXPECT_EQ(parse_url("http://a?b")->target, "/?b");
  EXPECT_EQ(parse_url("http://a#b")->target, "/");
}

TEST(Url, AnIPv6AddressStandsInBrackets) {
  const auto url = parse_url("http://[::1]:9090/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 9090);
  EXPECT_EQ(url->authority, "[::1]:9090");
  EXPECT_EQ(problem_of("http://[::1/x"), "the URL has no valid host");
  EXPECT_EQ(problem_of("http://[hooks]/x"), "the URL has no valid host");
}

TEST(Url, WhatIsNoneIsRefusedWithTheReason) {
  EXPECT_EQ(problem_of("ftp://a"), "a URL begins with http:// or https://");
  EXPECT_EQ(problem_of(""), "a URL begins with http:// or https://");
  EXPECT_EQ(problem_of("http://"), "the URL has no valid host");
  EXPECT_EQ(problem_of("http://:80/"), "the URL has no valid host");
  EXPECT_EQ(problem_of("http://a b/"), "a URL has no blanks and only ASCII characters");
  EXPECT_EQ(problem_of("http://a/\r\nx: y"), "a URL has no blanks and only ASCII characters");
  EXPECT_EQ(problem_of("http://me:secret@a/"), "a URL has no user name or password here");
  for (const char* const port : {"0", "65536", "x", "", "80x", "-1"}) {
    EXPECT_EQ(problem_of("http://a:" + std::string(port) + "/"), "the port of the URL is not a number from 1 to 65535");
  }
}

}  // namespace
}  // namespace sluice::http
