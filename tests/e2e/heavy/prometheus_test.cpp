#include <optional>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

/// A real Prometheus that scrapes one gateway every few hundred milliseconds.
class Prometheus {
 public:
  explicit Prometheus(std::uint16_t target)
      : port_(free_port()),  // it has no "any free port"
        process_({"prometheus", "--config.file=" + config(target), "--storage.tsdb.path=" + (dir_ / "data").string(),
                  "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=warn"}) {}

  /// The value of an instant query; nothing while it has no sample.
  std::optional<double> query(const std::string& expression) const {
    try {
      RawClient client(port_);
      const auto response = client.get("/api/v1/query?query=" + escaped(expression), {{"Connection", "close"}});
      const auto body = nlohmann::json::parse(response.body);
      const auto& result = body.at("data").at("result");
      if (result.empty()) return std::nullopt;
      return std::stod(result.at(0).at("value").at(1).get<std::string>());
    } catch (const std::exception&) {
      return std::nullopt;  // not up yet
    }
  }

  std::string logs() const { return process_.err(); }

 private:
  std::string config(std::uint16_t target) const {
    return dir_
        .write("prometheus.yaml",
               "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
               "scrape_configs: [{job_name: sluice, static_configs: [{targets: ['127.0.0.1:" +
                   std::to_string(target) + "']}]}]\n")
        .string();
  }

  static std::string escaped(const std::string& text) {
    std::string out;
    for (const unsigned char c : text) {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", c);
      out += std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : std::string(hex);
    }
    return out;
  }

  TempDir dir_;
  std::uint16_t port_;
  ChildProcess process_;
};

TEST(Prometheus, ScrapesTheGatewayAndSeesWhatHappened) {
  FakeUpstream first("one");
  FakeUpstream second([](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.answer(500, "two");
    }
  });
  SluiceProcess sluice(split_policy(first, second, 1, 1, "pinning: {allow: Everyone}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 30; ++i) client.get("/", {{"x-sluice-version", "v1"}});
  for (int i = 0; i < 10; ++i) client.get("/", {{"x-sluice-version", "v2"}});

  const Prometheus prometheus(sluice.metrics_port());
  const auto becomes = [&](const std::string& expression, double wanted) {
    std::optional<double> value;
    const bool came =
        eventually([&] { return (value = prometheus.query(expression)) == wanted; }, std::chrono::seconds(20));
    EXPECT_TRUE(came) << expression << " is " << value.value_or(-1) << ", not " << wanted << "\n" << prometheus.logs();
  };
  becomes("up{job=\"sluice\"}", 1);
  becomes("sum(sluice_requests_total{version=\"v1\",code=\"200\"})", 30);
  becomes("sum(sluice_requests_total{version=\"v2\",code=\"500\"})", 10);
  becomes("sum(sluice_request_duration_seconds_count)", 40);
  becomes("sum(sluice_request_duration_seconds_bucket{le=\"+Inf\"})", 40);
  becomes("sum(sluice_decisions_total{reason=\"pin\"})", 40);
  becomes("sluice_config_last_reload_successful", 1);
  const auto median =
      prometheus.query("histogram_quantile(0.5, sum by (le) (sluice_request_duration_seconds_bucket{version=\"v1\"}))");
  ASSERT_TRUE(median.has_value());
  EXPECT_GT(*median, 0);
  EXPECT_LT(*median, 5);
}

}  // namespace
}  // namespace sluice::test
