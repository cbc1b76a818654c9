#include "sluice/admin/probe_pages.hpp"

#include <algorithm>
#include <exception>

namespace sluice::admin {

namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kPaths = "not found; there are /metrics, /livez and /readyz\n";

/// `verbose` as a key of the query, with any value, as Kubernetes reads it.
bool is_verbose(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    if (pair == "verbose" || pair.starts_with("verbose=")) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

Page plain(unsigned status, std::string_view body) {
  Page page;
  page.status = status;
  page.body = body;
  return page;
}

Page live_page(bool verbose) {
  return plain(200, verbose ? "[+]process ok\nlivez check passed\n" : "ok\n");
}

void append_check(std::string& body, const Readiness::Check& check) {
  body += check.passing ? "[+]" : "[-]";
  body += check.name;
  body += check.passing ? " ok" : " failed";
  if (!check.reason.empty()) body += ": " + check.reason;
  if (check.kind == Readiness::Kind::Informational) body += " (informational)";
  body += '\n';
}

/// Says every check when asked, and whenever the answer is no: the reason belongs where the refusal is seen.
Page ready_page(const Readiness& readiness, bool verbose) {
  const Readiness::State state = readiness.state();
  if (state.ready && !verbose) return plain(200, "ok\n");
  Page page = plain(state.ready ? 200 : 503, "");
  for (const Readiness::Check& check : state.checks) append_check(page.body, check);
  page.body += state.ready ? "readyz check passed\n" : "readyz check failed\n";
  return page;
}

Page metrics_page(const std::function<std::string()>& metrics) {
  try {
    Page page = plain(200, metrics());
    page.content_type = kMetricsType;
    return page;
  } catch (const std::exception& error) {
    return plain(500, std::string("cannot collect metrics: ") + error.what() + "\n");
  }
}

}  // namespace

Page answer_probe(std::string_view method, std::string_view target, const Readiness& readiness,
                  const std::function<std::string()>& metrics) {
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  const bool verbose = is_verbose(target.substr(std::min(question + 1, target.size())));
  if (path != "/metrics" && path != "/livez" && path != "/readyz") return plain(404, kPaths);
  if (method != "GET" && method != "HEAD") {
    Page page = plain(405, "method not allowed; this port is read only: GET or HEAD\n");
    page.allow = "GET, HEAD";
    return page;
  }
  if (path == "/livez") return live_page(verbose);
  if (path == "/readyz") return ready_page(readiness, verbose);
  return metrics_page(metrics);
}

}  // namespace sluice::admin
