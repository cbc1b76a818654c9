#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

#include "sample_model/commands.hpp"

namespace {

using sluice::sample_model::AskOptions;
using sluice::sample_model::ServeOptions;

void add_serve_options(CLI::App& app, ServeOptions& options) {
  app.add_option("--model", options.model, "Name in /v2/models/NAME")->capture_default_str();
  app.add_option("--variant", options.variant, "v1 sees 4×4 pixels, v2 all 64, v3 is v2 to be spoilt by the faults")
      ->check(CLI::IsMember({"v1", "v2", "v3"}))
      ->capture_default_str();
  app.add_option("--address", options.address, "IP address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "0 picks a free one")->capture_default_str();
  app.add_option("--data", options.data, "The digits to learn from, CSV or gzip")->capture_default_str();
  app.add_option("--error-rate", options.error_rate, "Share of inferences to fail with 500")->capture_default_str();
  app.add_option("--latency", options.latency, "Time added to every inference")->capture_default_str();
  app.add_option("--drift", options.drift, "How far the ink fades before the model sees it")->capture_default_str();
  app.add_option("--load-time", options.load_time, "How long the repository API takes to load a variant")
      ->capture_default_str();
  app.add_option("--noise", options.noise, "What differs between two answers to the same: id,timestamp,sampling");
  app.add_option("--seed", options.seed, "Of errors and noise")->capture_default_str();
  app.footer(
      "Examples:\n  sluice-sample-model --variant v2 --port 9002\n"
      "  sluice-sample-model --variant v3 --port 9003 --error-rate 5% --latency 80ms --drift 30%");
}

CLI::App* add_ask_command(CLI::App& app, AskOptions& options) {
  auto* ask = app.add_subcommand("ask", "Send every digit that no model has seen; report accuracy, share, latency");
  ask->add_option("--url", options.url, "The gateway, or a model server itself")->capture_default_str();
  ask->add_option("--metrics", options.metrics, "The gateway's /metrics, for share and latency");
  ask->add_option("--route", options.route, "Count this route's metrics only");
  ask->add_option("--model", options.model, "Name in /v2/models/NAME")->capture_default_str();
  ask->add_option("--data", options.data, "The digits, CSV or gzip")->capture_default_str();
  ask->add_option("--users", options.users, "How many users share the digits")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  ask->add_option("--concurrency", options.concurrency, "Requests under way at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  ask->add_option("--expect-share", options.share, "Fail unless within 6 points: VERSION=PERCENT");
  ask->add_option("--expect-accuracy", options.accuracy, "Fail below: VERSION=PERCENT");
  ask->footer(
      "Example:\n  sluice-sample-model ask --url http://127.0.0.1:8080 --metrics http://127.0.0.1:9464/metrics");
  return ask;
}

int run(int argc, char** argv) {
  CLI::App app(
      "A small model server of the Open Inference Protocol V2, and of OpenAI's chats. It learns handwritten digits "
      "when it "
      "starts.");
  ServeOptions serve_options;
  AskOptions ask_options;
  add_serve_options(app, serve_options);
  const auto* ask_command = add_ask_command(app, ask_options);
  try {
    app.parse(argc, argv);
    return ask_command->parsed() ? ask(ask_options) : serve(serve_options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const sluice::sample_model::UsageError& error) {
    std::fprintf(stderr, "%s\nRun with --help for more information.\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
