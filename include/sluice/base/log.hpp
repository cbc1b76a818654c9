#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "sluice/base/clock.hpp"
#include "sluice/base/rate_limit.hpp"
#include "sluice/base/result.hpp"

/// One line per event: a fixed message and fields. Lines go through a bounded queue to one writing thread, so a slow
/// terminal or pipe never holds a worker up; when the queue is full the oldest line is dropped and counted.
///
///     log::info("policy in force", {{"generation", 7}, {"file", path}});
///
///     static constinit log::Site site;                       // at a place that can fire thousands of times a second
///     log::warn(site, "cannot connect", {{"endpoint", name}, {"error", text}});
///
/// Before `start` and after `stop`, warnings and errors go straight to stderr as text. All functions are thread-safe
/// except `start` and `stop`, which belong to the main thread. A line costs a few microseconds: not for every request.
namespace sluice::log {

enum class Level : std::uint8_t { Trace, Debug, Info, Warn, Error, Off };
enum class Format : std::uint8_t { Text, Json };

std::string_view to_string(Level level) noexcept;
/// `trace`, `debug`, `info`, `warn`, `error`, `off`; `text`, `json`. Anything else: an error that names the choices.
Result<Level> parse_level(std::string_view text);
Result<Format> parse_format(std::string_view text);

struct Options {
  Format format = Format::Text;
  Level level = Level::Info;
  double access_ratio = 0;           ///< share of requests that get an access line: 0 … 1
  std::uint32_t access_rate = 1000;  ///< access lines per second at most
  std::size_t queue = 8192;          ///< lines that may wait for the writing thread
  std::FILE* stream = stderr;
};

/// Starts the writing thread; a second call replaces the options.
void start(const Options& options);
/// Writes what waits, then ends the writing thread. Harmless when not started.
void stop();
/// May change while running.
void set_level(Level level) noexcept;
void set_access_ratio(double ratio) noexcept;

/// Lines dropped because the queue was full, and lines that rate limits held back, since the process began.
std::uint64_t dropped_lines() noexcept;
std::uint64_t suppressed_lines() noexcept;

/// A value of a field; borrows text, so it lives no longer than the call.
class Value {
 public:
  Value(std::string_view text) noexcept : value_(text) {}                      // NOLINT: implicit by intent
  Value(const char* text) noexcept : value_(std::string_view(text)) {}         // NOLINT
  Value(const std::string& text) noexcept : value_(std::string_view(text)) {}  // NOLINT
  Value(bool flag) noexcept : value_(flag) {}                                  // NOLINT
  Value(double number) noexcept : value_(number) {}                            // NOLINT
  template <std::signed_integral T>
  Value(T number) noexcept : value_(static_cast<std::int64_t>(number)) {}  // NOLINT
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Value(T number)
  noexcept : value_(static_cast<std::uint64_t>(number)) {}  // NOLINT
  /// In seconds, as metrics are.
  template <typename Rep, typename Period>
  Value(std::chrono::duration<Rep, Period> span) noexcept  // NOLINT
      : value_(std::chrono::duration<double>(span).count()) {}

  const auto& get() const noexcept { return value_; }

 private:
  std::variant<std::string_view, bool, double, std::int64_t, std::uint64_t> value_;
};

struct Field {
  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

bool enabled(Level level) noexcept;
void write(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::Debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::Info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::Warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::Error, message, fields);
}

/// One place in the code that may log `per_second` lines; the next line that passes says `suppressed=N`.
class Site {
 public:
  explicit constexpr Site(std::uint32_t per_second = 10) noexcept : limit_(per_second) {}
  RateLimit& limit() noexcept { return limit_; }

 private:
  RateLimit limit_;
};

void write(Site& site, Level level, std::string_view message, Fields fields = {});

inline void debug(Site& site, std::string_view message, Fields fields = {}) {
  write(site, Level::Debug, message, fields);
}
inline void info(Site& site, std::string_view message, Fields fields = {}) {
  write(site, Level::Info, message, fields);
}
inline void warn(Site& site, std::string_view message, Fields fields = {}) {
  write(site, Level::Warn, message, fields);
}
inline void error(Site& site, std::string_view message, Fields fields = {}) {
  write(site, Level::Error, message, fields);
}

/// One answered request. Borrowed text; empty fields are left out.
struct AccessRecord {
  std::string_view method;
  std::string_view path;  ///< without the query, which may hold personal data
  std::string_view route;
  std::string_view version;
  std::string_view reason;  ///< why the gateway failed it
  std::string_view request_id;
  int status = 0;
  Duration duration{0};
  Duration upstream_duration{0};
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
};

/// True when this request shall get an access line: a random share of them. Costs one load while access lines are off.
/// Ask first, then fill a record.
bool sample_access() noexcept;
/// Writes the line, whatever the level; held to `Options::access_rate`.
void access(const AccessRecord& record);

}  // namespace sluice::log
