#include "sluice/app/serve.hpp"
#include "sluice/cli/cli.hpp"

int main(int argc, char** argv) {
  const sluice::cli::Verb more[] = {&sluice::app::add_serve};
  return sluice::cli::run(argc, argv, SLUICE_VERSION, more);
}
