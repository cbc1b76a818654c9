#include "sluice/app/serve.hpp"

#include <csignal>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "sluice/app/daemon.hpp"
#include "sluice/base/log.hpp"

namespace sluice::app {

namespace {

using std::chrono::milliseconds;

/// The signals this process waits for instead of being interrupted by them. Blocked before any thread starts, so that
/// all threads inherit it.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  /// The next signal, or 0 when none came in time.
  int wait(milliseconds patience) const {
    const timespec time{patience.count() / 1000, (patience.count() % 1000) * 1'000'000};
    const int number = sigtimedwait(&set_, nullptr, &time);
    return number > 0 ? number : 0;
  }

 private:
  sigset_t set_;
};

/// Waits until `done` or the deadline. A second SIGTERM or SIGINT ends the process at once.
template <typename Done>
void wait_until(const Signals& signals, std::chrono::steady_clock::time_point deadline, Done done) {
  while (!done()) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    const int number = signals.wait(std::min(left, milliseconds(20)));
    if (number != SIGTERM && number != SIGINT) continue;
    log::warn("second signal: ending at once", {{"signal", number}});
    log::stop();
    std::_Exit(128 + number);
  }
}

/// Not ready, then a delay in which load balancers notice, then connections go as they become idle, then the rest is
/// cut.
void drain(Daemon& daemon, const Signals& signals) {
  const gateway::DrainTimes times = daemon.drain_times();
  daemon.announce_drain();
  wait_until(signals, std::chrono::steady_clock::now() + times.delay, [] { return false; });
  daemon.begin_drain();
  wait_until(signals, std::chrono::steady_clock::now() + times.timeout, [&] { return daemon.drained(); });
  daemon.stop();
}

}  // namespace

int serve(const ServeOptions& options) {
  const Signals signals;
  Daemon daemon(options);
  if (const int failure = daemon.start(); failure != 0) return failure;
  for (;;) {
    const int number = signals.wait(std::chrono::hours(1));
    if (number == SIGHUP) {
      daemon.reload();
    } else if (number != 0) {
      log::info("signal received", {{"signal", number}});
      drain(daemon, signals);
      return 0;
    }
  }
}

void add_serve(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* verb = app.add_subcommand("serve", "Route traffic by a policy until SIGTERM");
  verb->add_option("path", options->path, "The policy: a file, or a directory of *.yaml files")
      ->required()
      ->type_name("FILE|DIR");
  verb->add_option("--log-level", options->log_level, "Replaces the policy's spec.log.level")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  verb->add_option("--log-format", options->log_format, "Replaces the policy's spec.log.format")
      ->check(CLI::IsMember({"text", "json"}));
  verb->add_option("--access-log", options->access_log, "Share of requests that get an access line, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  verb->footer(
      "SIGHUP or a changed file reloads the policy; SIGTERM drains, a second one ends at once.\n"
      "Exits with 0 after a drain, 1 when something failed at run time, 2 when the policy has errors.\n\n"
      "Example: sluice serve config/quickstart.yaml");
  verb->callback([options, &exit_code] { exit_code = serve(*options); });
}

}  // namespace sluice::app
