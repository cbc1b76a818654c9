#include "support/sluice_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>
#include <stdexcept>

#include "support/raw_client.hpp"

namespace sluice::test {
namespace {

std::vector<std::string> serve_command(const std::filesystem::path& path, std::vector<std::string> arguments) {
  std::vector<std::string> command{sluice_binary(), "serve", path.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

void expect_healthy(const ExitStatus& exit, const std::string& logs) {
  const bool crashed = exit.signal == SIGSEGV || exit.signal == SIGABRT || exit.signal == SIGBUS ||
                       exit.signal == SIGILL || exit.signal == SIGFPE || exit.signal == SIGPIPE;
  if (crashed) ADD_FAILURE() << "sluice died of signal " << exit.signal << "\n" << logs;
  for (const auto* report : {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
                             "runtime error:", "terminate called"}) {
    if (logs.find(report) != std::string::npos) ADD_FAILURE() << logs;
  }
}

}  // namespace

SluiceProcess::SluiceProcess(std::string_view policy, std::vector<std::string> arguments)
    : path_(dir_.write("policy.yaml", policy)), process_(serve_command(path_, std::move(arguments))) {
  read_ports();
}

SluiceProcess::SluiceProcess(const std::filesystem::path& path, std::vector<std::string> arguments, int)
    : path_(path), process_(serve_command(path_, std::move(arguments))) {
  read_ports();
}

SluiceProcess SluiceProcess::serve_path(const std::filesystem::path& path, std::vector<std::string> arguments) {
  return SluiceProcess(path, std::move(arguments), 0);
}

SluiceProcess::~SluiceProcess() {
  process_.signal(SIGTERM);
  ExitStatus exit;
  try {
    exit = process_.wait();
  } catch (const TimedOut&) {
    ADD_FAILURE() << "sluice does not end after SIGTERM\n" << logs();
    return;
  }
  expect_healthy(exit, logs());
}

void SluiceProcess::read_ports() {
  if (!process_.says("ready\n", kPatience)) {
    throw std::runtime_error("sluice does not come up:\n" + process_.out() + process_.err());
  }
  std::istringstream lines(process_.out());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("listening ")) continue;
    const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
    if (line.starts_with("listening data ")) ports_.push_back(port);
    if (line.starts_with("listening metrics ")) metrics_port_ = port;
    if (line.starts_with("listening admin ")) admin_port_ = port;
  }
}

std::uint16_t SluiceProcess::port(std::size_t listener) const {
  return ports_.at(listener);
}

MetricsText SluiceProcess::metrics() const {
  RawClient client(metrics_port_);
  return MetricsText(client.get("/metrics", {{"Connection", "close"}}).body);
}

double SluiceProcess::metric_becomes(double value, std::string_view name, const Labels& labels) const {
  double last = 0;
  eventually([&] { return (last = metrics().value(name, labels)) == value; });
  return last;
}

Finished serve_and_fail(std::string_view policy) {
  TempDir dir;
  auto finished = run({sluice_binary(), "serve", dir.write("policy.yaml", policy).string()});
  expect_healthy(finished.exit, finished.err);
  return finished;
}

}  // namespace sluice::test
