#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <cstdio>

#include "sample_model/commands.hpp"
#include "sample_model/quantities.hpp"
#include "sample_model/server.hpp"

namespace sluice::sample_model {
namespace {

constexpr auto drain_time = std::chrono::seconds(5);

/// The options as quantities; throws UsageError for one that has no unit or is out of range.
Faults read_faults(const ServeOptions& options) {
  const auto error_rate = parse_percent(options.error_rate);
  if (!error_rate) throw UsageError("--error-rate: expected 0% to 100%, for example 5%");
  const auto latency = parse_duration(options.latency);
  if (!latency) throw UsageError("--latency: expected a duration, for example 80ms");
  const auto drift = parse_percent(options.drift);
  if (!drift) throw UsageError("--drift: expected 0% to 100%, for example 30%");
  const auto noise = parse_noise(options.noise);
  if (!noise) throw UsageError("--noise: expected id, timestamp, sampling, separated by commas");
  return {*error_rate, *latency, *drift, *noise, options.seed};
}

Duration read_load_time(const ServeOptions& options) {
  const auto time = parse_duration(options.load_time);
  if (!time) throw UsageError("--load-time: expected a duration, for example 300ms");
  return *time;
}

/// Every variant, since any of them may be loaded later; v2 and v3 differ in nothing but their faults.
Variants train(const std::vector<Digit>& digits) {
  const auto coarse = std::make_shared<const Classifier>(Sight::Coarse, digits);
  const auto full = std::make_shared<const Classifier>(Sight::Full, digits);
  return {{"v1", coarse}, {"v2", full}, {"v3", full}};
}

/// Runs until a signal, then at most `drain_time` longer; a second signal ends it at once.
void run_until_signal(boost::asio::io_context& io, boost::asio::signal_set& signals, Server& server) {
  boost::asio::steady_timer deadline(io);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    server.stop();
    deadline.expires_after(drain_time);
    deadline.async_wait([&](boost::system::error_code cancelled) {
      if (!cancelled) io.stop();
    });
    signals.async_wait([&](boost::system::error_code failed, int) {
      if (!failed) io.stop();
    });
  });
  // One handler at a time, since the deadline and the second signal would keep io.run() going.
  while (!server.stopped() && io.run_one() > 0) {
  }
}

}  // namespace

int serve(const ServeOptions& options) {
  const auto faults = read_faults(options);
  const auto load_time = read_load_time(options);
  const auto digits = load_digits(options.data);
  if (!digits) {
    std::fprintf(stderr, "%s\n", digits.error().message.c_str());
    return 1;
  }
  const auto halves = split_digits(*digits);
  ModelService service(options.model, Repository(train(halves.train), {options.variant, faults}), load_time);

  boost::asio::io_context io(1);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(options.address, error);
  if (error) throw UsageError("--address: " + options.address + " is no IP address");
  try {
    Server server(io, service, {address, options.port});
    // Before the line that tells others to go ahead: one of them may be told to stop us at once.
    boost::asio::signal_set signals(io, SIGTERM, SIGINT);
    std::printf("listening %s:%u\n", options.address.c_str(), server.port());
    std::fflush(stdout);
    run_until_signal(io, signals, server);
  } catch (const boost::system::system_error& failure) {
    std::fprintf(stderr, "cannot listen on %s:%u: %s\n", options.address.c_str(), options.port,
                 failure.code().message().c_str());
    return 1;
  }
  return 0;
}

}  // namespace sluice::sample_model
