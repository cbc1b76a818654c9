#include "sluice/policy/address.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

TEST(Addresses, AreNumericWithAPort) {
  const auto v4 = parse_address("127.0.0.1:8080");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8080);
  const auto v6 = parse_address("[::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(to_string(*v6), "[::1]:0");
  for (const char* bad : {"", ":", ":80", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                          "::1:80", "[::1]", "[::1", "[127.0.0.1]:80", "1.2.3:80", "127.0.0.1:80 "}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

TEST(Endpoints, HaveASchemeAndAHost) {
  const auto plain = parse_endpoint("http://127.0.0.1:9001").endpoint;
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->scheme, Scheme::Http);
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, 9001);
  const auto tls = parse_endpoint("https://models.example/").endpoint;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->scheme, Scheme::Https);
  EXPECT_EQ(tls->port, 443);
  const auto v6 = parse_endpoint("http://[::1]:9001").endpoint;
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(parse_endpoint("dns://models:8080").endpoint->scheme, Scheme::Dns);
  EXPECT_FALSE(parse_endpoint("dns://10.0.0.1:8080").endpoint) << "an address needs no look-up";
  EXPECT_FALSE(parse_endpoint("dns://[::1]:8080").endpoint);
  for (const char* bad : {"",
                          "http",
                          "http:/a",
                          "ftp://a",
                          "http://",
                          "http://:80",
                          "http://a:0",
                          "http://a:65536",
                          "http://a:b",
                          "http://a/b",
                          "http://a?b",
                          "http://a#b",
                          "http://u@a",
                          "http://u:p@a:80",
                          "http://[::1",
                          "http://[x]",
                          "http://a b",
                          "http://a..b",
                          "http://-a",
                          "http://1.2.3",
                          "http://256.0.0.1",
                          "HTTP://a"}) {
    const EndpointText result = parse_endpoint(bad);
    EXPECT_FALSE(result.endpoint) << bad;
    EXPECT_FALSE(result.problem.empty()) << bad;
  }
}

}  // namespace
}  // namespace sluice::policy
