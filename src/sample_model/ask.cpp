#include <cstdio>
#include <thread>

#include "sample_model/asker.hpp"
#include "sample_model/commands.hpp"
#include "sample_model/quantities.hpp"
#include "sample_model/report.hpp"

namespace sluice::sample_model {
namespace {

constexpr auto scrape_timeout = std::chrono::seconds(5);

UsageError usage_error(std::string option, std::string_view why) {
  return UsageError(option.append(": ").append(why));
}

Url read_url(const std::string& option, const std::string& text) {
  auto url = parse_url(text);
  if (!url) throw usage_error(option, url.error().message);
  return std::move(url).value();
}

/// Reads `VERSION=PERCENT` words.
std::map<std::string, Ratio> read_expected(const std::string& option, const std::vector<std::string>& words) {
  std::map<std::string, Ratio> expected;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    const auto percent = equals == std::string::npos ? std::nullopt : parse_percent(word.substr(equals + 1));
    if (!percent) throw usage_error(option, "expected VERSION=PERCENT, for example v1=70%; got " + word);
    expected[word.substr(0, equals)] = *percent;
  }
  return expected;
}

Result<GatewayMetrics> scrape(const Url& url, const std::string& route) {
  const auto text = fetch(url, scrape_timeout);
  if (!text) return fail(Error::upstream("cannot read the metrics: " + text.error().message));
  return parse_gateway_metrics(*text, route);
}

double total(const GatewayMetrics& metrics) {
  double sum = 0;
  for (const auto& [version, counted] : metrics) sum += counted.requests;
  return sum;
}

/// What the gateway counted since `before`. It counts a request after the client has its answer, so the last ones may
/// come a moment later; an error when they never come.
Result<GatewayMetrics> scrape_since(const GatewayMetrics& before, const Url& url, const std::string& route,
                                    std::size_t requests) {
  for (int attempt = 0;; ++attempt) {
    auto now = scrape(url, route);
    if (!now) return now;
    auto counted = difference(*now, before);
    if (total(counted) >= static_cast<double>(requests)) return counted;
    if (attempt == 40) {
      return fail(Error::upstream("the gateway counted " + std::to_string(static_cast<long>(total(counted))) + " of " +
                                  std::to_string(requests) + " requests"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

int complain(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  return 1;
}

}  // namespace

int ask(const AskOptions& options) {
  const Round round{read_url("--url", options.url), options.model, options.users, options.concurrency};
  const Expectations expectations{read_expected("--expect-share", options.share),
                                  read_expected("--expect-accuracy", options.accuracy)};
  const auto digits = load_digits(options.data);
  if (!digits) return complain(digits.error().message);
  const auto unseen = split_digits(*digits).ask;

  std::optional<Url> metrics_url;
  GatewayMetrics before;
  if (!options.metrics.empty()) {
    metrics_url = read_url("--metrics", options.metrics);
    auto scraped = scrape(*metrics_url, options.route);
    if (!scraped) return complain(scraped.error().message);
    before = std::move(*scraped);
  }
  const auto tally = ask_all(round, unseen);
  GatewayMetrics counted;
  if (metrics_url) {
    auto scraped = scrape_since(before, *metrics_url, options.route, tally.answered());
    if (!scraped) return complain(scraped.error().message);
    counted = std::move(*scraped);
  }
  std::fputs(render_report(tally, counted).c_str(), stdout);
  std::fflush(stdout);
  const auto sentences = unmet(expectations, tally);
  for (const auto& sentence : sentences) complain(sentence);
  return sentences.empty() ? 0 : 1;
}

}  // namespace sluice::sample_model
