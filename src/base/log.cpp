#include "sluice/base/log.hpp"

#include <pthread.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "sluice/base/log_format.hpp"
#include "sluice/base/stable_hash.hpp"

namespace sluice::log {

namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"trace", "debug", "info", "warn", "error", "off"};

/// Only the writing thread enters it.
class StreamSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit StreamSink(std::FILE* stream) : stream_(stream) {}

 private:
  void sink_it_(const spdlog::details::log_msg& event) override {
    spdlog::memory_buf_t line;
    formatter_->format(event, line);
    std::fwrite(line.data(), 1, line.size(), stream_);
    std::fflush(stream_);
  }
  void flush_() override { std::fflush(stream_); }

  std::FILE* stream_;
};

/// What one `start` made. Never freed, so a thread that logs during `stop` meets no dangling pointer.
struct Engine {
  explicit Engine(const Options& options) : format(options.format), access_limit(options.access_rate) {
    pool = std::make_shared<spdlog::details::thread_pool>(std::max<std::size_t>(options.queue, 1), 1, [] {
      pthread_setname_np(pthread_self(), "sluice-log");
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
    });
    logger = std::make_shared<spdlog::async_logger>("sluice", std::make_shared<StreamSink>(options.stream), pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(spdlog::level::trace);
    const char* pattern =
        format == Format::Json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%fZ\",%v}" : "%Y-%m-%dT%H:%M:%S.%fZ %v";
    logger->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, std::string("\n")));
  }

  const Format format;
  RateLimit access_limit;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // guarded by lifecycle(); the logger holds a weak reference
  std::shared_ptr<spdlog::async_logger> logger;
};

constexpr Level kUnstartedLevel = Level::Warn;

constinit std::atomic<Engine*> engine{nullptr};
constinit std::atomic<Level> threshold{kUnstartedLevel};
constinit std::atomic<std::uint64_t> suppressed_total{0};
constinit std::atomic<std::uint64_t> access_threshold{0};  // a random 64-bit number below it gets a line
constinit std::uint64_t dropped_before = 0;                // of engines that have ended; guarded by lifecycle()

std::mutex& lifecycle() {
  static std::mutex mutex;
  return mutex;
}

std::vector<std::unique_ptr<Engine>>& engines() {
  static auto* kept = new std::vector<std::unique_ptr<Engine>>();
  return *kept;
}

void end_current_engine() {
  Engine* current = engine.exchange(nullptr);
  if (current == nullptr) return;
  current->pool.reset();  // writes what waits, then joins
}

void emit(Level level, std::string_view message, std::span<const Field> fields, std::uint64_t suppressed) {
  if (Engine* current = engine.load(std::memory_order_acquire)) {
    const std::string line = format_event(current->format, level, message, fields, suppressed);
    current->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    return;
  }
  const std::string line = format_event(Format::Text, level, message, fields, suppressed) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::span<const Field> as_span(Fields fields) noexcept {
  return {fields.begin(), fields.size()};
}

}  // namespace

std::string_view to_string(Level level) noexcept {
  const auto index = static_cast<std::size_t>(level);
  return index < kLevelNames.size() ? kLevelNames[index] : "off";
}

Result<Level> parse_level(std::string_view text) {
  const auto found = std::find(kLevelNames.begin(), kLevelNames.end(), text);
  if (found != kLevelNames.end()) return static_cast<Level>(found - kLevelNames.begin());
  return fail(
      Error::client("unknown log level \"" + std::string(text) + "\"; one of trace, debug, info, warn, error, off"));
}

Result<Format> parse_format(std::string_view text) {
  if (text == "text") return Format::Text;
  if (text == "json") return Format::Json;
  return fail(Error::client("unknown log format \"" + std::string(text) + "\"; one of text, json"));
}

void start(const Options& options) {
  const std::lock_guard lock(lifecycle());
  if (Engine* current = engine.load()) dropped_before += current->pool->overrun_counter();
  end_current_engine();
  engines().push_back(std::make_unique<Engine>(options));
  set_level(options.level);
  set_access_ratio(options.access_ratio);
  engine.store(engines().back().get(), std::memory_order_release);
}

void stop() {
  const std::lock_guard lock(lifecycle());
  set_access_ratio(0);
  set_level(kUnstartedLevel);
  if (Engine* current = engine.load()) dropped_before += current->pool->overrun_counter();
  end_current_engine();
}

void set_level(Level level) noexcept {
  threshold.store(level, std::memory_order_relaxed);
}

void set_access_ratio(double ratio) noexcept {
  constexpr double kAll = 18446744073709551616.0;  // 2^64
  std::uint64_t limit = 0;
  if (ratio >= 1) {
    limit = std::numeric_limits<std::uint64_t>::max();
  } else if (ratio > 0) {
    limit = static_cast<std::uint64_t>(ratio * kAll);
  }
  access_threshold.store(limit, std::memory_order_relaxed);
}

std::uint64_t dropped_lines() noexcept {
  const std::lock_guard lock(lifecycle());
  const Engine* current = engine.load();
  return dropped_before + (current != nullptr ? current->pool->overrun_counter() : 0);
}

std::uint64_t suppressed_lines() noexcept {
  return suppressed_total.load(std::memory_order_relaxed);
}

bool enabled(Level level) noexcept {
  return level >= threshold.load(std::memory_order_relaxed) && level < Level::Off;
}

void write(Level level, std::string_view message, Fields fields) {
  if (enabled(level)) emit(level, message, as_span(fields), 0);
}

void write(Site& site, Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  if (const auto suppressed = site.limit().admit(std::chrono::steady_clock::now())) {
    emit(level, message, as_span(fields), *suppressed);
  } else {
    suppressed_total.fetch_add(1, std::memory_order_relaxed);
  }
}

bool sample_access() noexcept {
  const std::uint64_t limit = access_threshold.load(std::memory_order_relaxed);
  if (limit == 0) return false;
  if (limit == std::numeric_limits<std::uint64_t>::max()) return true;
  // A counter through a mixer; its own address and the time make threads differ.
  thread_local std::uint64_t counter =
      reinterpret_cast<std::uintptr_t>(&counter) ^
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return mix_bits(counter += 0x9E3779B97F4A7C15) < limit;
}

void access(const AccessRecord& record) {
  Engine* current = engine.load(std::memory_order_acquire);
  if (current == nullptr) return;
  const auto suppressed = current->access_limit.admit(std::chrono::steady_clock::now());
  if (!suppressed) {
    suppressed_total.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::vector<Field> fields;
  fields.reserve(11);
  const auto add_text = [&](std::string_view key, std::string_view text) {
    if (!text.empty()) fields.push_back({key, text});
  };
  add_text("method", record.method);
  add_text("path", record.path);
  add_text("route", record.route);
  add_text("version", record.version);
  fields.push_back({"status", record.status});
  add_text("reason", record.reason);
  fields.push_back({"duration", record.duration});
  fields.push_back({"upstream_duration", record.upstream_duration});
  fields.push_back({"bytes_received", record.bytes_received});
  fields.push_back({"bytes_sent", record.bytes_sent});
  add_text("request_id", record.request_id);
  emit(Level::Info, "access", fields, *suppressed);
}

}  // namespace sluice::log
