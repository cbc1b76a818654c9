#include "sluice/app/serve.hpp"

#include <csignal>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "sluice/app/daemon.hpp"
#include "sluice/app/service_manager.hpp"
#include "sluice/app/signals.hpp"
#include "sluice/base/log.hpp"

namespace sluice::app {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAgain(20);
constexpr milliseconds kOtherwise = std::chrono::hours(1);
/// What the end takes beyond the drain: the last outcomes are kept, threads are joined.
constexpr std::chrono::seconds kToLeave(10);

[[noreturn]] void end_at_once(int signal) {
  log::warn("second signal: ending at once", {{"signal", signal}});
  log::stop();
  std::_Exit(128 + signal);
}

}  // namespace

int serve(const ServeOptions& options) {
  const Signals signals;
  Daemon daemon(options, [&signals] { signals.wake(); });
  if (const int failure = daemon.start(); failure != 0) return failure;
  tell_service_manager("READY=1\nSTATUS=serving");
  for (;;) {
    const int number = signals.wait(daemon.drains() ? kLookAgain : kOtherwise);
    if (number == SIGHUP) {
      daemon.reload();
    } else if (number != 0) {
      log::info("signal received", {{"signal", number}});
      tell_service_manager_stopping(daemon.longest_drain() + kToLeave);
      daemon.signal();
    }
    switch (daemon.proceed()) {
      case Daemon::Progress::Going:
        break;
      case Daemon::Progress::Ended:
        return 0;
      case Daemon::Progress::EndAtOnce:
        end_at_once(number);
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
