#include "sluice/outcomes/decision_logger.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/base/spsc_ring.hpp"
#include "sluice/base/stable_hash.hpp"
#include "sluice/outcomes/decision_log.hpp"

namespace sluice::outcomes {
namespace {

constexpr auto rest = std::chrono::milliseconds(50);
/// Text is handed to the file in pieces, so that a burst needs no memory of its own.
constexpr std::size_t piece = std::size_t{256} << 10;

struct SampledRoute {
  LoggedRoute route;
  std::uint64_t limit = 0;  // a nonce whose mix is below is logged
  std::map<std::uint64_t, std::size_t> versions;
};
using SampledRoutes = std::map<std::uint64_t, SampledRoute>;

std::uint64_t limit_of(double ratio) noexcept {
  if (!(ratio > 0)) return 0;
  constexpr double all = 18446744073709551616.0;  // 2^64
  return ratio >= 1 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(ratio * all);
}

bool is_sampled(const SampledRoute& known, const Decision& decision) noexcept {
  return mix_bits(decision.nonce) <= known.limit && known.limit > 0;
}

/// The shortest number that becomes this float: 34.3, which no binary number is, so that comparing with it makes sense.
double as_it_was_read(float value) noexcept {
  std::array<char, 32> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double number = 0;
  std::from_chars(text.data(), written.ptr, number);
  return number;
}

struct WaitingReport {
  Decision decision;
  std::string outcome;
  double value = 0;
  WallTime at{};
};

}  // namespace

class DecisionLogger::Impl {
 public:
  Impl(RotatingFile file, const Options& options) : file_(std::move(file)), most_reports_(options.reports) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options.workers, 1); ++i) {
      rings_.push_back(std::make_unique<SpscRing<DecisionRecord>>(options.records));
    }
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void set_routes(std::vector<LoggedRoute> routes) {
    auto made = std::make_shared<SampledRoutes>();
    for (auto& route : routes) {
      SampledRoute known;
      known.limit = limit_of(route.ratio);
      for (std::size_t i = 0; i < route.versions.size(); ++i) known.versions[name_hash(route.versions[i])] = i;
      const auto hash = name_hash(route.name);
      known.route = std::move(route);
      made->emplace(hash, std::move(known));
    }
    const std::lock_guard lock(mutex_);
    routes_ = std::move(made);
  }

  void note(std::size_t worker, const DecisionRecord& record) noexcept {
    if (!rings_[worker]->push(record)) lost_.fetch_add(1, std::memory_order_relaxed);
  }

  void report(const Decision& decision, std::string_view outcome, double value, WallTime now) {
    const std::lock_guard lock(mutex_);
    if (reports_.size() >= most_reports_) {
      lost_.fetch_add(1, std::memory_order_relaxed);
    } else {
      reports_.push_back({decision, std::string(outcome), value, now});
    }
  }

  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

  void flush() {
    std::unique_lock lock(mutex_);
    const auto wanted = ++flushes_wanted_;
    wake_.notify_all();
    flushed_.wait(lock, [&] { return flushes_done_ >= wanted; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    bool last = false;
    while (!last) {
      wake_.wait_for(lock, rest, [&] { return stopping_ || flushes_wanted_ > flushes_done_; });
      last = stopping_;
      const auto asked = flushes_wanted_;
      const auto routes = routes_;
      auto reports = std::exchange(reports_, {});
      lock.unlock();
      write_all(*routes, reports);
      lock.lock();
      flushes_done_ = asked;
      flushed_.notify_all();
    }
  }

  /// Decisions first: of a decision and its outcome that both wait, the decision stands first.
  void write_all(const SampledRoutes& routes, const std::vector<WaitingReport>& reports) {
    for (auto& ring : rings_) {
      ring->drain([&](const DecisionRecord& record) { add(routes, record); });
    }
    for (const auto& report : reports) {
      const auto known = routes.find(report.decision.route);
      if (known == routes.end() || !is_sampled(known->second, report.decision)) continue;
      append_line(
          LoggedOutcome{report.at, known->second.route.name, report.decision.nonce, report.outcome, report.value},
          text_);
      added();
    }
    write();
  }

  void add(const SampledRoutes& routes, const DecisionRecord& record) {
    const auto known = routes.find(record.decision.route);
    if (known == routes.end() || !is_sampled(known->second, record.decision)) return;
    const auto version = known->second.versions.find(record.decision.version);
    if (version == known->second.versions.end()) return;
    const LoggedRoute& route = known->second.route;
    LoggedDecision line;
    line.time = record.decision.time;
    line.route = route.name;
    line.decision = record.decision.nonce;
    line.version = route.versions[version->second];
    line.propensity = static_cast<double>(record.decision.propensity);
    line.unit = record.decision.unit;
    line.status = record.status;
    line.latency = static_cast<double>(record.latency);
    const std::size_t features = std::min<std::size_t>(record.features, route.context.size());
    for (std::size_t i = 0; i < features; ++i) {
      const float value = record.context[i];
      if (std::isnan(value)) continue;
      const auto& feature = route.context[i];
      if (feature.categories.empty()) {
        line.context.push_back({feature.name, as_it_was_read(value)});
      } else if (value >= 0 && static_cast<std::size_t>(value) < feature.categories.size()) {
        line.context.push_back({feature.name, feature.categories[static_cast<std::size_t>(value)]});
      }
    }
    append_line(line, text_);
    added();
  }

  void added() {
    ++lines_;
    if (text_.size() >= piece) write();
  }

  void write() {
    if (lines_ == 0) return;
    static constinit log::Site site;
    if (auto written = file_.write(text_); !written) {
      lost_.fetch_add(lines_, std::memory_order_relaxed);
      log::warn(site, "decisions could not be logged", {{"error", written.error().message}, {"lines", lines_}});
    }
    text_.clear();
    lines_ = 0;
  }

  RotatingFile file_;
  const std::size_t most_reports_;
  std::vector<std::unique_ptr<SpscRing<DecisionRecord>>> rings_;  // by worker
  std::atomic<std::uint64_t> lost_{0};
  std::string text_;         // of the thread
  std::uint64_t lines_ = 0;  // in text_

  std::mutex mutex_;  // over what follows
  std::condition_variable wake_;
  std::condition_variable flushed_;
  std::shared_ptr<const SampledRoutes> routes_ = std::make_shared<SampledRoutes>();
  std::vector<WaitingReport> reports_;
  std::uint64_t flushes_wanted_ = 0;
  std::uint64_t flushes_done_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

DecisionLogger::DecisionLogger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DecisionLogger::~DecisionLogger() = default;

Result<std::unique_ptr<DecisionLogger>> DecisionLogger::start(const Options& options) {
  auto file = RotatingFile::open(options.path, options.limits);
  if (!file) return fail(file.error());
  return std::unique_ptr<DecisionLogger>(new DecisionLogger(std::make_unique<Impl>(std::move(file).value(), options)));
}

void DecisionLogger::set_routes(std::vector<LoggedRoute> routes) {
  impl_->set_routes(std::move(routes));
}

void DecisionLogger::note(std::size_t worker, const DecisionRecord& record) noexcept {
  impl_->note(worker, record);
}

void DecisionLogger::report(const Decision& decision, std::string_view outcome, double value, WallTime now) {
  impl_->report(decision, outcome, value, now);
}

std::uint64_t DecisionLogger::lost() const noexcept {
  return impl_->lost();
}

void DecisionLogger::flush() {
  impl_->flush();
}

}  // namespace sluice::outcomes
