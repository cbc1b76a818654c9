#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace sluice::metrics {

/// Prometheus' own tool reads this page of metrics without a complaint. Without the tool the test fails.
inline void expect_promtool_accepts(const std::string& text) {
  ASSERT_EQ(std::system("command -v promtool >/dev/null 2>&1"), 0)
      << "promtool is missing: deploy/install-deps.sh --tests installs it";
  FILE* tool = popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(tool, nullptr);
  const std::size_t written = std::fwrite(text.data(), 1, text.size(), tool);
  EXPECT_EQ(pclose(tool), 0) << "promtool prints why, above";
  EXPECT_EQ(written, text.size());
}

}  // namespace sluice::metrics
