#include "sluice/admin/assets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "sluice/rollout/webhook_payload.hpp"

namespace sluice::admin {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string field(const Page& page, std::string_view name) {
  for (const auto& [key, value] : page.fields) {
    if (key == name) return value;
  }
  return {};
}

using Words = std::set<std::string>;

/// Single words in quotes.
Words quoted(const std::string& text, char quote) {
  Words out;
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  for (std::size_t at = text.find(quote); at != std::string::npos; at = text.find(quote, at + 1)) {
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    const auto end = std::find_if_not(begin, text.end(), is_letter);
    if (end != begin && end != text.end() && *end == quote) out.emplace(begin, end);
  }
  return out;
}

/// What the journal's panel colours under that name.
Words coloured(const std::string& name) {
  const std::string script = contents(fs::path(SLUICE_SOURCE_DIR) / "dashboard/journal.js");
  const std::size_t begin = script.find("const " + name);
  return quoted(script.substr(begin, script.find(';', begin) - begin), '\'');
}

/// Every word in quotes that could be the kind of an event.
Words words_of_rollouts() {
  Words out;
  for (const char* folder : {"src/strategy", "src/rollout"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(SLUICE_SOURCE_DIR) / folder)) {
      if (entry.path().extension() == ".cpp") out.merge(quoted(contents(entry.path()), '"'));
    }
  }
  return out;
}

Page ask(const std::string& path, std::string_view accept = {}, std::string_view known = {}) {
  Request request;
  request.method = "GET";
  request.accept_encoding = accept;
  request.if_none_match = known;
  const Asset* const asset = asset_of(path);
  return asset == nullptr ? Page{} : asset_page(*asset, request);
}

TEST(Assets, WhatIsServedIsWhatIsInTheFolder) {
  const fs::path folder = fs::path(SLUICE_SOURCE_DIR) / "dashboard";
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (!entry.is_regular_file() || name.starts_with('.') || name.ends_with('~')) continue;
    names.insert(name);
    EXPECT_TRUE(ask("/dashboard/" + name).body == contents(entry.path())) << name;
  }
  EXPECT_TRUE(names.contains("index.html"));
  names.insert({"chart.js", "chunks/helpers.segment.mjs"});
  EXPECT_EQ(names.size(), dashboard_assets().size()) << "and nothing else";
  EXPECT_TRUE(ask("/").body == contents(folder / "index.html"));
}

TEST(Assets, ChartJsFindsWhatItImports) {
  const std::string chart = ask("/dashboard/chart.js").body;
  EXPECT_NE(chart.find("Chart.js v"), std::string::npos);
  EXPECT_NE(chart.find("'./chunks/helpers.segment.mjs'"), std::string::npos);
  EXPECT_FALSE(ask("/dashboard/chunks/helpers.segment.mjs").body.empty());
}

TEST(Assets, OtherPathsAreNone) {
  for (const char* path : {"", "/x", "/dashboard", "/dashboard/", "/dashboard/nothing.js", "/index.html", "dashboard/",
                           "/dashboard/../src/main.cpp", "/DASHBOARD/index.html"}) {
    EXPECT_EQ(asset_of(path), nullptr) << path;
  }
}

TEST(Assets, TypesAreSaid) {
  EXPECT_EQ(ask("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(ask("/dashboard/chart.js").content_type, "text/javascript; charset=utf-8");
}

TEST(Assets, ArePackedForThoseWhoTakeThat) {
  const Page packed = ask("/dashboard/chart.js", "br, gzip;q=0.8");
  EXPECT_EQ(field(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_LT(packed.body.size(), ask("/dashboard/chart.js").body.size() / 3);
  EXPECT_EQ(field(packed, "Vary"), "Accept-Encoding");
  const Page plain = ask("/dashboard/chart.js", "br");
  EXPECT_EQ(field(plain, "Content-Encoding"), "");
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
  EXPECT_NE(field(plain, "ETag"), field(packed, "ETag")) << "they are strong";
}

TEST(Assets, AreNotSentAgainToThoseWhoHaveThem) {
  const std::string etag = field(ask("/"), "ETag");
  ASSERT_TRUE(etag.starts_with('"') && etag.ends_with('"')) << etag;
  for (const std::string& known : {etag, "\"other\", " + etag, "W/" + etag, std::string("*")}) {
    const Page page = ask("/", {}, known);
    EXPECT_EQ(page.status, 304U) << known;
    EXPECT_TRUE(page.body.empty());
    EXPECT_EQ(field(page, "ETag"), etag);
    EXPECT_EQ(page.cache_control, "no-cache");
  }
  EXPECT_EQ(ask("/", {}, "\"other\"").status, 200U);
  EXPECT_EQ(ask("/", "gzip", etag).status, 200U) << "it has other bytes";
}

TEST(Assets, LetNothingRunThatIsNotTheirs) {
  const std::string policy = field(ask("/"), "Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("script-src 'self'"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(field(ask("/"), "Referrer-Policy"), "no-referrer");
}

TEST(Assets, TheJournalColoursKindsThatThereAre) {
  const Words grave = coloured("graveKinds");
  const Words good = coloured("goodKinds");
  const Words told = words_of_rollouts();
  EXPECT_FALSE(grave.empty() || good.empty());
  for (const Words& kinds : {grave, good}) {
    for (const std::string& kind : kinds) EXPECT_TRUE(told.contains(kind)) << kind << " is never told";
  }
  for (const std::string& kind : told) {
    EXPECT_TRUE(grave.contains(kind) || !rollout::is_warning(kind)) << kind << " is a warning to a webhook";
  }
}

TEST(Assets, AnEncodingIsTakenUnlessItIsRefused) {
  for (const char* accept : {"gzip", "deflate, gzip", "gzip;q=0.5", "*", "br;q=1.0, gzip;q=0.001", " gzip ;q=1"}) {
    EXPECT_TRUE(takes_gzip(accept)) << accept;
  }
  for (const char* accept : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped"}) {
    EXPECT_FALSE(takes_gzip(accept)) << accept;
  }
}

}  // namespace
}  // namespace sluice::admin
