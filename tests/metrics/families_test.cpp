#include "sluice/metrics/families.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "sluice/metrics/registry.hpp"

namespace sluice::metrics {
namespace {

std::vector<Family> page_of(const Snapshot& snapshot) {
  Families page(snapshot);
  add_request_families(page);
  add_endpoint_families(page);
  add_shadow_families(page);
  add_gateway_families(page);
  return std::move(page).take();
}

TEST(Families, EveryFamilyIsDocumented) {
  Registry registry(1);
  registry.configure({{"r", "shadow", {{"a", "live", 1, 1}, {"b", "shadow", 0, 1}}}});
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/metrics.md");
  std::stringstream text;
  text << file.rdbuf();
  ASSERT_FALSE(text.str().empty());
  for (const Family& family : page_of(registry.snapshot())) {
    const bool ours = family.name.starts_with("sluice_");
    const std::string name = "`" + (ours ? family.name.substr(7) : family.name) + "`";
    EXPECT_NE(text.str().find(name), std::string::npos) << name << " is not in docs/metrics.md";
  }
}

TEST(Families, EveryNameIsThereOnceWithAHelpText) {
  Registry registry(1);
  std::set<std::string> names;
  for (const Family& family : page_of(registry.snapshot())) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_EQ(family.type == FamilyType::Counter, family.name.ends_with("_total")) << family.name;
    EXPECT_EQ(family.type == FamilyType::Histogram, !family.bounds.empty()) << family.name;
  }
}

TEST(Families, WhatHasNoSeriesCanBeDropped) {
  const Snapshot snapshot;
  Families page(snapshot);
  page.counter("a_total", "A.");
  page.gauge("a_full", "A.").samples.push_back({{}, 1});
  page.counter("b_total", "B.");
  page.drop_empty("a_");
  const auto left = std::move(page).take();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].name, "sluice_a_full");
  EXPECT_EQ(left[1].name, "sluice_b_total");
}

TEST(Families, StatusCodesAppearWhenTheyAreAskedForOrCounted) {
  StatusTotals totals{};
  totals[status_slot(418)] = 2;
  totals[status_slot(999)] = 1;
  Family family;
  constexpr std::array<int, 1> kAlways = {200};
  add_codes(family, labels_of("r", "v"), totals, kAlways);
  ASSERT_EQ(family.samples.size(), 3u);
  EXPECT_EQ(family.samples[0].labels.back().value, "other");
  EXPECT_EQ(family.samples[1].labels.back().value, "200");
  EXPECT_EQ(family.samples[1].value, 0);
  EXPECT_EQ(family.samples[2].value, 2);
}

}  // namespace
}  // namespace sluice::metrics
