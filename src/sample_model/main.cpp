#include <cstdio>
#include <exception>

#include "sample_model/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app("A small model server of the Open Inference Protocol V2. It learns handwritten digits when it starts.");
  app.footer(
      "Examples:\n  sluice-sample-model --variant v2 --port 9002\n"
      "  sluice-sample-model --variant v3 --port 9003 --error-rate 5% --latency 80ms --drift 30%");
  int exit_code = 0;
  sluice::sample_model::add_serve_command(app, exit_code);
  sluice::sample_model::add_ask_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return exit_code;
}
