#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::test {

/// A real Prometheus under a path of its own, that scrapes one page which a test writes.
class PrometheusServer {
 public:
  explicit PrometheusServer(std::string page) : page_(std::move(page)) {
    const auto config = dir_.write("prometheus.yml",
                                   "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
                                   "scrape_configs:\n"
                                   "  - job_name: models\n"
                                   "    static_configs: [{targets: ['127.0.0.1:" +
                                       std::to_string(target_.port()) + "']}]\n");
    process_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        "prometheus", "--config.file=" + config.string(), "--storage.tsdb.path=" + (dir_ / "data").string(),
        "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--web.route-prefix=/monitoring",
        "--web.external-url=http://127.0.0.1/monitoring", "--query.timeout=1s", "--log.level=error"});
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/monitoring/"; }
  ChildProcess& process() noexcept { return *process_; }

  /// What it scrapes from now on.
  void show(std::string page) {
    const std::lock_guard lock(mutex_);
    page_ = std::move(page);
  }
  /// Answers questions by now; false when it never does.
  bool is_ready() const {
    return eventually([this] {
      try {
        return RawClient(port_).get("/monitoring/-/ready").status() == 200;
      } catch (const std::exception&) {
        return false;  // nobody listens yet
      }
    });
  }

 private:
  void serve(Conversation& prometheus) {
    while (true) {
      prometheus.read_request();
      const std::string page = [this] {
        const std::lock_guard lock(mutex_);
        return page_;
      }();
      prometheus.answer(200, page, {{"Content-Type", "text/plain; version=0.0.4"}});
    }
  }

  std::mutex mutex_;
  std::string page_;
  FakeUpstream target_{[this](Conversation& prometheus) { serve(prometheus); }};
  TempDir dir_;
  std::uint16_t port_ = free_port();
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace sluice::test
